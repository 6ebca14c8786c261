#include <catch2/catch.hpp>

#include "base/quantity.h"
#include "unit/config/settings_folder.h"

using namespace portolan;
using namespace std::chrono_literals;
using config::Configuration;

namespace {

/// What load() makes of one file, and what else is given.
struct World {
  Folder folder{};
  std::map<std::string, std::string> variables{};
  std::vector<config::SettingFlag> flags{};
  bool root = true;

  Configuration load(const std::string& text) const {
    folder.write("portolan.conf", text);
    config::Sources sources{.place = named(folder / "portolan.conf"),
                            .environment = environment(variables),
                            .flags = flags,
                            .root = root};
    for (const auto& [name, value] : variables) sources.variables.push_back(name);
    return config::load(sources);
  }
  std::string file(int line) const {
    return (folder / "portolan.conf").string() + ":" + std::to_string(line);
  }
};

std::vector<std::string> told(const Configuration& configuration) {
  std::vector<std::string> lines;
  for (const auto& each : configuration.mistakes) lines.push_back(each.message);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("without anything every setting has its default", "[config][settings]") {
  const auto known = World().load("");
  REQUIRE(told(known) == Lines{});
  config::DaemonSettings plain;
  const auto table = config::settings_of(plain);
  REQUIRE(known.in_force.size() == table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    CAPTURE(table[i].name);
    CHECK(known.in_force[i].origin == "default");
    if (table[i].name != "store.key-file") CHECK(known.in_force[i].text == table[i].default_text);
  }
  CHECK(known.settings.store.key_file == "/var/lib/portolan/key");
  CHECK(known.settings.auth.token_life == std::chrono::hours(24 * 90));
  CHECK(known.settings.server.body_limit == 1024 * 1024);
}

TEST_CASE("every setting is declared well", "[config][settings]") {
  config::DaemonSettings plain;
  std::set<std::string> names, variables;
  for (const auto& setting : config::settings_of(plain)) {
    CAPTURE(setting.name);
    CHECK(names.insert(setting.name).second);
    CHECK(variables.insert(config::variable_of(setting)).second);
    CHECK(setting.name == config::section_of(setting) + '.' + config::key_of(setting));
    CHECK_FALSE(setting.help.empty());
    CHECK(setting.help.back() != '.');
    // Its default is a value of its own kind, within its own bounds.
    CHECK(config::assign(setting, setting.default_text) == "");
    CHECK(config::text_of(setting) == setting.default_text);
  }
}

TEST_CASE("later sources win and each value knows its own", "[config][settings]") {
  World world;
  world.folder.write("conf.d/20-b.conf", "[health]\ninterval = 20s\ntimeout = 2s\n");
  world.folder.write("conf.d/10-a.conf", "[health]\ninterval = 10s\ntimeout = 1s\n");
  world.folder.write("conf.d/.hidden.conf", "no setting");
  world.folder.write("conf.d/readme.txt", "no setting");
  world.variables = {{"PORTOLAN_LOG_LEVEL", "debug"}, {"PORTOLAN_LOG_FORMAT", "json"}};
  world.flags = {{"log.format", "text", "flag --log-format"}};
  const auto known = world.load("[health]\ninterval = 1m\njitter = 5%\n[log]\nlevel = error\n");
  REQUIRE(told(known) == Lines{});
  CHECK(known.settings.health.interval == 20s);
  CHECK(known.at("health.interval").origin == (world.folder / "conf.d/20-b.conf").string() + ":2");
  CHECK(known.settings.health.timeout == 2s);
  CHECK(known.settings.health.jitter == 5);
  CHECK(known.at("health.jitter").origin == world.file(3));
  CHECK(known.settings.log.level == config::LogLevel::debug);
  CHECK(known.at("log.level").origin == "environment PORTOLAN_LOG_LEVEL");
  CHECK(known.settings.log.format == config::LogFormat::text);
  CHECK(known.at("log.format").origin == "flag --log-format");
  CHECK(known.files.size() == 3);
}

TEST_CASE("all mistakes are told at once, each with its place", "[config][settings]") {
  World world;
  world.variables = {{"PORTOLAN_LIMITS_PAGE", "many"}};
  world.flags = {{"", "nonsense", "flag --set"}, {"log.levle", "info", "flag --set"}};
  const auto known = world.load(
      "[server]\n"
      "drian = 5s\n"
      "drain = 10 parsecs\n"
      "[health]\n"
      "interval = 0s\n"
      "gibberish\n"
      "jitter = 5%\n"
      "jitter = 6%\n"
      "path = /x\n"
      "[log]\n"
      "level = inof\n");
  const auto& all = known.mistakes;
  REQUIRE(all.size() == 10);
  const auto at = [&all](const std::string& where) {
    for (const auto& each : all)
      if (each.where == where) return each;
    return base::Error{.message = "nothing at " + where};
  };
  CHECK(at(world.file(2)).message == "unknown setting \"server.drian\"");
  CHECK(at(world.file(2)).hint == "did you mean \"server.drain\"?");
  CHECK(at(world.file(3)).message ==
        "server.drain: \"10 parsecs\" is not a duration such as 500ms, 5s, 2m, 8h or 90d");
  CHECK(at(world.file(5)).message == "health.interval: \"0s\" is less than 1s");
  CHECK(at(world.file(6)).message == "this is no setting");
  CHECK(at(world.file(8)).message == "health.jitter is set twice, first in line 7");
  CHECK(at(world.file(9)).hint == "did you mean \"store.path\"?");
  CHECK(at(world.file(11)).message ==
        "log.level: \"inof\" is none of: debug, info, warn, error, did you mean \"info\"?");
  CHECK(at("environment PORTOLAN_LIMITS_PAGE").message ==
        "limits.page: \"many\" is not a whole number");
  CHECK(all[8].message == "\"nonsense\" is not section.key=value");
  CHECK(all[8].where == "--set");
  CHECK(all[8].code == base::Code::invalid_argument);
  CHECK(all[9].hint == "did you mean \"log.level\"?");
}

TEST_CASE("what is no value of its kind is refused", "[config][settings]") {
  const World world;
  const auto refused = [&world](const std::string& section, const std::string& line) {
    const auto lines = told(world.load("[" + section + "]\n" + line + "\n"));
    CAPTURE(line);
    REQUIRE(lines.size() == 1);
    return lines.front();
  };
  CHECK(refused("server", "body-limit = 1 megabyte") ==
        "server.body-limit: \"1 megabyte\" is not a size such as 512, 64KiB or 1MiB");
  CHECK(refused("server", "body-limit = 1GiB") == "server.body-limit: \"1GiB\" is more than 64MiB");
  CHECK(refused("server", "allow-plain-http = yes") ==
        "server.allow-plain-http: \"yes\" is neither true nor false");
  CHECK(refused("health", "jitter = 10") ==
        "health.jitter: \"10\" is not a whole percentage such as 10%");
  CHECK(refused("health", "jitter = 80%") == "health.jitter: \"80%\" is more than 50%");
  CHECK(refused("health", "flap = two of three") ==
        "health.flap: \"two of three\" is not a fraction such as 2/3");
  CHECK(refused("health", "flap = 4/3").find("4/3") != std::string::npos);
  CHECK(refused("health", "flap = 0/3").find("0/3") != std::string::npos);
  CHECK(refused("health", "blocked-retry = 1s") == "health.blocked-retry: \"1s\" is less than 1m");
  CHECK(refused("limits", "page = -1") == "limits.page: \"-1\" is not a whole number");
  CHECK(refused("limits", "page =") == "limits.page: \"\" is not a whole number");
  CHECK(refused("server", "hosts = hub.example, hub.example:80")
            .find("\"hub.example:80\" is no host") != std::string::npos);
  CHECK(refused("server", "public-url = ftp://example.com").find("not an address") !=
        std::string::npos);
}

TEST_CASE("addresses to listen on are read and told", "[config][settings]") {
  const World world;
  const auto read = [&world](const std::string& text) {
    const auto known =
        world.load("[server]\nlisten = " + text +
                   "\ntls-certificate = c.pem\ntls-key = k.pem\nallow-plain-http = true\n");
    CAPTURE(text);
    REQUIRE(told(known) == Lines{});
    return known;
  };
  const auto known = read("localhost:0, [::1]:70, 10.0.0.1:443, http://[::]:80, unix:/r/p.sock");
  const std::vector<config::ListenAddress> expected = {
      {.address = "localhost", .port = 0},
      {.address = "::1", .port = 70},
      {.address = "10.0.0.1", .port = 443, .tls = true},
      {.address = "::", .port = 80},
      {.unix_path = "/r/p.sock"}};
  CHECK(known.settings.server.listen == expected);
  CHECK(known.at("server.listen").text ==
        "localhost:0, [::1]:70, https://10.0.0.1:443, http://[::]:80, unix:/r/p.sock");
  CHECK(read("https://127.0.0.1:7443").settings.server.listen[0].tls);
  for (const std::string bad :
       {"7070", ":7070", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.1:70", "::1:70",
        "[::1:70", "example.com:70", "http://", "https://h", "unix:", "unix:p.sock",
        "http://127.0.0.1:70/x", "ftp://127.0.0.1:70", "127.0.0.1:70, 127.0.0.1:70", "127.0.0.1:-1",
        "127.0.0.1:7 0"}) {
    CAPTURE(bad);
    CHECK(told(world.load("[server]\nlisten = " + bad + "\n")).size() == 1);
  }
  CHECK(told(world.load("[server]\nlisten = unix:/" + std::string(107, 'x') + "\n")).size() == 1);
}

TEST_CASE("settings that do not go together are told where one of them stands",
          "[config][settings]") {
  const World world;
  const auto one = [&world](const std::string& text) {
    const auto known = world.load(text);
    CAPTURE(text);
    REQUIRE(known.mistakes.size() == 1);
    return known.mistakes.front();
  };
  const auto plain = one("[server]\nlisten = http://0.0.0.0:8080\n");
  CHECK(plain.message ==
        "server.listen: http://0.0.0.0:8080 would let plain HTTP leave this machine");
  CHECK(plain.where == world.file(2));
  CHECK(one("[server]\nlisten = 0.0.0.0:443\n").hint ==
        "Set server.tls-certificate and server.tls-key.");
  CHECK(one("[server]\ntls-key = k.pem\n").hint == "Set both or none.");
  CHECK(one("[server]\nclient-certificate-required = true\n").hint == "Set server.client-ca.");
  CHECK(one("[auth]\ntoken-life = 400d\n").message ==
        "auth.token-life (400d) is more than auth.token-life-max (365d)");
  CHECK(one("[limits]\n\npage-max = 10\n").where == world.file(3));
  CHECK(one("[statistics]\nraw = 91d\n").message ==
        "statistics.raw (91d) is more than statistics.hourly (90d)");
  // A mistake in one of them is told alone.
  CHECK(one("[limits]\npage = 600\npage-max = many\n").where == world.file(3));
}

TEST_CASE("a relative path of a file starts at its folder", "[config][settings]") {
  World world;
  world.folder.write("conf.d/a.conf", "[plugins]\ndirectories = more, /abs\n");
  world.variables = {{"PORTOLAN_SERVER_CLIENT_CA", "here.pem"}};
  const auto known = world.load("[store]\npath = ../data\n");
  REQUIRE(told(known) == Lines{});
  CHECK(known.settings.store.path == (world.folder / "../data").lexically_normal());
  CHECK(known.settings.plugins.directories ==
        std::vector<fs::path>{world.folder / "conf.d/more", "/abs"});
  CHECK(known.settings.server.client_ca == "here.pem");
}

TEST_CASE("users other than root have places of their own", "[config][settings]") {
  World world;
  world.root = false;
  world.variables = {{"HOME", "/home/u"}, {"XDG_RUNTIME_DIR", "/run/user/7"}};
  CHECK(world.load("").settings.store.path == "/home/u/.local/state/portolan");
  CHECK(world.load("").at("server.listen").text ==
        "127.0.0.1:7070, unix:/run/user/7/portolan/portolan.sock");
  world.variables = {{"XDG_STATE_HOME", "/s"}};
  CHECK(world.load("").settings.store.path == "/s/portolan");
  CHECK(world.load("").at("server.listen").text == "127.0.0.1:7070");
  world.variables = {{"STATE_DIRECTORY", "/var/lib/portolan:/other"}, {"XDG_STATE_HOME", "/s"}};
  CHECK(world.load("").settings.store.path == "/var/lib/portolan");
  world.variables = {};
  CHECK(world.load("").settings.store.path == "/var/lib/portolan");
}

TEST_CASE("the key is the systemd credential when there is one", "[config][settings]") {
  World world;
  world.variables = {{"CREDENTIALS_DIRECTORY", (world.folder / "c").string()}};
  CHECK(world.load("").settings.store.key_file == "/var/lib/portolan/key");
  world.folder.write("c/portolan-key", "");
  CHECK(world.load("").settings.store.key_file == world.folder / "c/portolan-key");
  CHECK(world.load("[store]\nkey-file = /k\n").settings.store.key_file == "/k");
}

TEST_CASE("a misspelt variable is a warning, somebody else's is not", "[config][settings]") {
  World world;
  world.variables = {{"PORTOLAN_LOG_LEVLE", "debug"},
                     {"PORTOLAN_SERVER_SERVICE_HOST", "10.0.0.1"},
                     {"PORTOLAN_HARBOR_EU_PASSWORD", "x"},
                     {"PORTOLAN_PLUGIN_DIRS", "/x"},
                     {"PORTOLAN_CONFIG", "/x"}};
  CHECK(world.load("").warnings ==
        Lines{"environment PORTOLAN_LOG_LEVLE sets nothing; did you mean PORTOLAN_LOG_LEVEL?"});
}

TEST_CASE("a reload knows what takes a restart", "[config][settings]") {
  const World world;
  const auto before = world.load("");
  const auto after = world.load("[server]\nlisten = 127.0.0.1:1\n[log]\nlevel = debug\n");
  CHECK(config::need_restart(before, after) == Lines{"server.listen"});
  CHECK(config::need_restart(before, before).empty());
}

TEST_CASE("flags of a command become settings", "[config][settings]") {
  const config::Program program{
      .name = "p",
      .commands = {{.words = "serve", .options = config::setting_options()}, {.words = "other"}}};
  const auto flags = [&program](const std::vector<std::string>& words) {
    const auto parsed = config::parse(program, words);
    REQUIRE(parsed);
    std::string all;
    for (const auto& flag : config::setting_flags(*parsed))
      all += flag.origin + " " + flag.name + "=" + flag.text + ";";
    return all;
  };
  CHECK(flags({"serve", "--listen", "unix:/a", "--set", "limits.page=7", "--listen",
               "127.0.0.1:0"}) ==
        "flag --set limits.page=7;flag --listen server.listen=unix:/a, 127.0.0.1:0;");
  CHECK(flags({"serve"}).empty());
  CHECK(flags({"other"}).empty());
}
