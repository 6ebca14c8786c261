#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "config/configuration.h"
#include "unit/config/settings_folder.h"

using namespace portolan;

namespace {

using Types = std::set<std::string>;

config::Configuration read(const config::SettingsPlace& place) {
  return config::load({.place = place, .environment = environment({})});
}
Types enabled(const config::SettingsPlace& place) {
  const auto known = read(place);
  REQUIRE(known.mistakes.empty());
  return known.settings.plugins.enabled;
}
base::Result<std::optional<fs::path>> set_enabled(const config::SettingsPlace& place,
                                                  const std::string& type, bool on) {
  return config::set_enabled(place, environment({}), type, on);
}

}  // namespace

TEST_CASE("the two shipped types are enabled when there is no settings file", "[config]") {
  const Folder folder;
  CHECK(enabled({folder / "none.conf", {}, false}) == Types{"docker-registry", "harbor"});
}

TEST_CASE("a settings file that was named must exist", "[config]") {
  const Folder folder;
  const auto known = read(named(folder / "none.conf"));
  REQUIRE(known.mistakes.size() == 1);
  CHECK(known.mistakes[0].where == (folder / "none.conf").string());
}

TEST_CASE("plugins.enabled is read from its section", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "# ours\n[plugins]\nenabled = harbor , jfrog\n");
  CHECK(enabled(named(file)) == Types{"harbor", "jfrog"});
}

TEST_CASE("an empty plugins.enabled enables nothing", "[config]") {
  const Folder folder;
  CHECK(enabled(named(folder.write("a.conf", "[plugins]\nenabled =\n"))).empty());
}

TEST_CASE("a mistake in the settings file is told with file, line and nearest name", "[config]") {
  const Folder folder;
  const auto refused = [&](const std::string& text) {
    const auto known = read(named(folder.write("a.conf", text)));
    REQUIRE(known.mistakes.size() == 1);
    CHECK(known.mistakes[0].code == base::Code::invalid_config);
    return known.mistakes[0];
  };
  const std::string file = (folder / "a.conf").string();
  CHECK(refused("\n[plugins]\nenable = harbor\n").where == file + ":3");
  CHECK(refused("[plugins]\nenable = harbor\n").hint == "did you mean \"plugins.enabled\"?");
  CHECK(refused("[server]\nport = 1\n").message == "unknown setting \"server.port\"");
  CHECK(refused("[plugins]\nenabled\n").where == file + ":2");
  CHECK(refused("[plugins]\nenabled = a\nenabled = b\n").where == file + ":3");
  CHECK(refused("[plugins]\nenabled = Harbor!\n").message ==
        "plugins.enabled: \"Harbor!\" is no registry type");
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
  CHECK(enabled({folder / "user.conf", system, false}) == Types{"jfrog"});
}

TEST_CASE("enabling a type rewrites its line and leaves the others", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "# ours\n[plugins]\nenabled = harbor\n# end\n");
  REQUIRE(set_enabled(named(file), "jfrog", true));
  CHECK(content(file) == "# ours\n[plugins]\nenabled = harbor, jfrog\n# end\n");
  REQUIRE(set_enabled(named(file), "harbor", false));
  CHECK(content(file) == "# ours\n[plugins]\nenabled = jfrog\n# end\n");
}

TEST_CASE("enabling what is enabled changes nothing", "[config]") {
  const Folder folder;
  const config::SettingsPlace place{folder / "a.conf", {}, false};
  const auto changed = set_enabled(place, "harbor", true);
  REQUIRE(changed);
  CHECK_FALSE(*changed);
  CHECK_FALSE(fs::exists(folder / "a.conf"));
}

TEST_CASE("disabling without a file makes one, and its folder", "[config]") {
  const Folder folder;
  const config::SettingsPlace place{folder / "new/portolan.conf", {}, false};
  const auto changed = set_enabled(place, "harbor", false);
  REQUIRE(changed);
  CHECK(*changed);
  CHECK(content(folder / "new/portolan.conf") == "[plugins]\nenabled = docker-registry\n");
  CHECK(enabled(place) == Types{"docker-registry"});
}

TEST_CASE("a rewritten settings file keeps its mode and leaves nothing beside it", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  REQUIRE(set_enabled(named(file), "jfrog", true));
  struct stat facts {};
  REQUIRE(::stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(folder.count() == 1);
}

TEST_CASE("a settings file with a mistake is not rewritten", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "[plugins]\nenable = x\n");
  CHECK_FALSE(set_enabled(named(file), "jfrog", true));
  CHECK(content(file) == "[plugins]\nenable = x\n");
}

TEST_CASE("enabling changes the file that decides", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "[plugins]\nenabled = harbor\n");
  const auto part = folder.write("conf.d/1.conf", "[log]\nlevel = info\n[plugins]\nenabled = x\n");
  const auto changed = set_enabled(named(file), "jfrog", true);
  REQUIRE(changed);
  CHECK(**changed == part);
  CHECK(content(part) == "[log]\nlevel = info\n[plugins]\nenabled = jfrog, x\n");
  CHECK(content(file) == "[plugins]\nenabled = harbor\n");
}

TEST_CASE("what the environment decides no file can change", "[config]") {
  const Folder folder;
  const auto file = folder.write("a.conf", "");
  const auto changed = config::set_enabled(
      named(file), environment({{"PORTOLAN_PLUGINS_ENABLED", "x"}}), "jfrog", true);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().where == "environment PORTOLAN_PLUGINS_ENABLED");
  CHECK(content(file).empty());
}

TEST_CASE("a user's first change starts from the system's file", "[config]") {
  const Folder folder;
  const auto system = folder.write("system.conf", "# ours\n[plugins]\nenabled = x\n");
  const auto changed = set_enabled({folder / "user/portolan.conf", system, false}, "y", true);
  REQUIRE(changed);
  CHECK(content(folder / "user/portolan.conf") == "# ours\n[plugins]\nenabled = x, y\n");
  CHECK(content(system) == "# ours\n[plugins]\nenabled = x\n");
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
