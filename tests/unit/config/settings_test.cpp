#include <sys/stat.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "config/settings.h"

using namespace portolan;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "portolan-config-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path operator/(const std::string& name) const { return path_ / name; }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), {}));
  }

 private:
  fs::path path_;
};

std::string content(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

config::SettingsPlace named(const fs::path& file) { return {file, {}, true}; }

config::Environment environment(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

using Types = std::set<std::string>;

}  // namespace

TEST_CASE("the two shipped types are enabled when there is no settings file", "[config]") {
  const Folder folder;
  const auto settings = config::read_settings({folder / "none.conf", {}, false});
  REQUIRE(settings);
  CHECK(settings->enabled_types == Types{"docker-registry", "harbor"});
}

TEST_CASE("a settings file that was named must exist", "[config]") {
  const Folder folder;
  const auto settings = config::read_settings(named(folder / "none.conf"));
  REQUIRE_FALSE(settings);
  CHECK(settings.error().where == (folder / "none.conf").string());
}

TEST_CASE("plugins.enabled is read from its section", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "# ours\n[plugins]\nenabled = harbor , jfrog\n");
  const auto settings = config::read_settings(named(file));
  REQUIRE(settings);
  CHECK(settings->enabled_types == Types{"harbor", "jfrog"});
}

TEST_CASE("an empty plugins.enabled enables nothing", "[config]") {
  const Folder folder;
  const auto settings =
      config::read_settings(named(folder.write("a.conf", "[plugins]\nenabled =\n")));
  REQUIRE(settings);
  CHECK(settings->enabled_types.empty());
}

TEST_CASE("a mistake in the settings file is told with file, line and nearest name", "[config]") {
  const Folder folder;
  const auto refused = [&](const std::string& text) {
    const auto settings = config::read_settings(named(folder.write("a.conf", text)));
    REQUIRE_FALSE(settings);
    CHECK(settings.error().code == base::Code::invalid_config);
    return settings.error();
  };
  const std::string file = (folder / "a.conf").string();
  CHECK(refused("\n[plugins]\nenable = harbor\n").where == file + ":3");
  CHECK(refused("[plugins]\nenable = harbor\n").hint == "did you mean \"plugins.enabled\"?");
  CHECK(refused("[server]\nport = 1\n").message == "unknown setting \"server.port\"");
  CHECK(refused("[plugins]\nenabled\n").where == file + ":2");
  CHECK(refused("[plugins]\nenabled = a\nenabled = b\n").where == file + ":3");
  CHECK(refused("[plugins]\nenabled = Harbor!\n").message == "\"Harbor!\" is no registry type");
}

TEST_CASE("the settings file is found by option, variable, then user and system", "[config]") {
  const auto none = environment({});
  const auto all =
      environment({{"PORTOLAN_CONFIG", "/v.conf"}, {"XDG_CONFIG_HOME", "/x"}, {"HOME", "/h"}});
  CHECK(config::settings_place("/o.conf", all, true).file == "/o.conf");
  CHECK(config::settings_place("", all, true).file == "/v.conf");
  CHECK(config::settings_place("", none, true).file == "/etc/portolan/portolan.conf");
  const auto user = config::settings_place("", environment({{"HOME", "/h"}}), false);
  CHECK(user.file == "/h/.config/portolan/portolan.conf");
  CHECK(user.fallback == "/etc/portolan/portolan.conf");
  CHECK(config::settings_place("", environment({{"XDG_CONFIG_HOME", "/x"}}), false).file ==
        "/x/portolan/portolan.conf");
  CHECK(config::settings_place("", none, false).file == "/etc/portolan/portolan.conf");
}

TEST_CASE("a user without a file of their own reads the system's", "[config]") {
  const Folder folder;
  const auto system = folder.write("system.conf", "[plugins]\nenabled = jfrog\n");
  const auto settings = config::read_settings({folder / "user.conf", system, false});
  REQUIRE(settings);
  CHECK(settings->enabled_types == Types{"jfrog"});
}

TEST_CASE("enabling a type rewrites its line and leaves the others", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "# ours\n[plugins]\nenabled = harbor\n# end\n");
  REQUIRE(config::set_enabled(named(file), "jfrog", true));
  CHECK(content(file) == "# ours\n[plugins]\nenabled = harbor, jfrog\n# end\n");
  REQUIRE(config::set_enabled(named(file), "harbor", false));
  CHECK(content(file) == "# ours\n[plugins]\nenabled = jfrog\n# end\n");
}

TEST_CASE("enabling what is enabled changes nothing", "[config]") {
  const Folder folder;
  const config::SettingsPlace place{folder / "a.conf", {}, false};
  const auto changed = config::set_enabled(place, "harbor", true);
  REQUIRE(changed);
  CHECK_FALSE(*changed);
  CHECK_FALSE(fs::exists(folder / "a.conf"));
}

TEST_CASE("disabling without a file makes one, and its folder", "[config]") {
  const Folder folder;
  const config::SettingsPlace place{folder / "new/portolan.conf", {}, false};
  const auto changed = config::set_enabled(place, "harbor", false);
  REQUIRE(changed);
  CHECK(*changed);
  CHECK(content(folder / "new/portolan.conf") == "[plugins]\nenabled = docker-registry\n");
  const auto settings = config::read_settings(place);
  REQUIRE(settings);
  CHECK(settings->enabled_types == Types{"docker-registry"});
}

TEST_CASE("a rewritten settings file keeps its mode and leaves nothing beside it", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  REQUIRE(config::set_enabled(named(file), "jfrog", true));
  struct stat facts {};
  REQUIRE(::stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(folder.count() == 1);
}

TEST_CASE("a settings file with a mistake is not rewritten", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "[plugins]\nenable = x\n");
  CHECK_FALSE(config::set_enabled(named(file), "jfrog", true));
  CHECK(content(file) == "[plugins]\nenable = x\n");
}

TEST_CASE("plugin directories are split at colons", "[config]") {
  CHECK(config::plugin_directories(environment({{"PORTOLAN_PLUGIN_DIRS", "/a::/b"}})) ==
        std::vector<fs::path>{"/a", "/b"});
  CHECK(config::plugin_directories(environment({})).empty());
}

TEST_CASE("the installed plugins lie beside the executable's folder", "[config]") {
  CHECK(config::installed_plugin_directory() ==
        fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib/portolan/plugins");
}
