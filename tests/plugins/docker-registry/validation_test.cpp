#include <catch2/catch.hpp>

#include "plugin_run.h"
#include "scripted_registry.h"

namespace {

constexpr const char* unauthorized =
    R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]})";
const std::pair<std::string, std::string> api{"docker-distribution-api-version", "registry/2.0"};

bool has_password(const fake::Request& request) {
  return request.auth == PORTOLAN_AUTH_DOCKER_TOKEN && !(request.flags & PORTOLAN_HTTP_ANONYMOUS);
}

/// A registry behind a door: who knocks without a credential is asked for one, by this challenge.
struct Door {
  ScriptedRegistry& registry;
  std::string challenge;
  bool password_is_right = true;
  std::string only = "/";  ///< What the door is before.

  fake::Reply operator()(const fake::Request& request) const {
    const bool behind = request.url.find(only) != std::string::npos;
    const bool trusted = has_password(request) && password_is_right;
    if (!behind || trusted) return registry(request);
    return {401, unauthorized, {api, {"www-authenticate", challenge}}};
  }
};
constexpr const char* basic = "Basic realm=\"rig\"";
constexpr const char* bearer =
    R"(Bearer realm="https://registry.example/token",service="rig",scope="registry:catalog:*")";

bool is_not_sent_when_refused(const fake::Host& host) {
  int sent = 0;
  for (const auto& request : host.requests) sent += has_password(request);
  return sent == 1;
}

}  // namespace

TEST_CASE("a healthy registry is told in seven checks, in order", "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  registry.put("team/app", "v1", image("c", {}));
  const char* challenge = GENERATE(basic, bearer);
  plugin.host.answer = Door{registry, challenge};
  const auto checks = plugin.validate();
  REQUIRE(plugin.status == PORTOLAN_OK);
  CHECK(plugin.order == std::vector<std::string>{"identity", "api-version", "credentials",
                                                 "permissions.catalog", "permissions.pull",
                                                 "permissions.anonymous", "capabilities"});
  for (const auto& [name, one] : checks) {
    INFO(name << ": " << one.message);
    CHECK(one.state == PORTOLAN_CHECK_OK);
    CHECK_FALSE(one.message.empty());
    CHECK(one.url.find('?') == std::string::npos);
  }
  CHECK(checks.at("permissions.pull").method == "HEAD");
}

TEST_CASE("the health probe takes few requests", "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  plugin.host.answer = Door{registry, basic};
  plugin.validate(false);
  CHECK(plugin.order == std::vector<std::string>{"identity", "api-version", "credentials",
                                                 "permissions.catalog", "capabilities"});
  CHECK(plugin.host.requests.size() == 3);
}

TEST_CASE("an open registry without a password is ok", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.put("team/app", "v1", image("c", {}));
  plugin.host.answer = std::ref(registry);
  auto checks = plugin.validate();
  CHECK(checks.at("credentials").state == PORTOLAN_CHECK_SKIPPED);
  CHECK(checks.at("permissions.anonymous").state == PORTOLAN_CHECK_OK);
  CHECK(checks.at("permissions.anonymous").message.find("team/app can be pulled") !=
        std::string::npos);
  for (const auto& [name, one] : checks)
    CHECK((one.state == PORTOLAN_CHECK_OK || one.state == PORTOLAN_CHECK_SKIPPED));
  plugin.host.requests.clear();
  plugin.validate(false);
  CHECK(plugin.host.requests.size() == 2);
}

TEST_CASE("a password on an open registry cannot be verified", "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  registry.put("team/app", "v1", image("c", {}));
  plugin.host.answer = std::ref(registry);
  auto checks = plugin.validate();
  CHECK(checks.at("credentials").state == PORTOLAN_CHECK_UNKNOWN);
  CHECK(checks.at("credentials").message.find("not verifiable") != std::string::npos);
  CHECK(checks.at("permissions.anonymous").state == PORTOLAN_CHECK_WARN);
}

TEST_CASE("where only the catalog asks, the catalog proves the password", "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  const bool right = GENERATE(true, false);
  plugin.host.answer = Door{registry, basic, right, "_catalog"};
  const auto checks = plugin.validate(false);
  CHECK(checks.at("credentials").state == (right ? PORTOLAN_CHECK_OK : PORTOLAN_CHECK_FAIL));
}

TEST_CASE("a wrong password fails and is sent once", "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  SECTION("refused by the registry") { plugin.host.answer = Door{registry, basic, false}; }
  SECTION("refused by its token service") {
    plugin.host.answer = [&](const fake::Request& request) -> fake::Reply {
      if (has_password(request)) return {0, {}, {}, PORTOLAN_UNAUTHORIZED, 401};
      return Door{registry, bearer, false}(request);
    };
  }
  const auto checks = plugin.validate();
  REQUIRE(plugin.status == PORTOLAN_OK);
  CHECK(checks.at("identity").state == PORTOLAN_CHECK_OK);
  CHECK(checks.at("credentials").state == PORTOLAN_CHECK_FAIL);
  CHECK(checks.at("credentials").code == PORTOLAN_UNAUTHORIZED);
  CHECK(checks.at("permissions.catalog").state == PORTOLAN_CHECK_SKIPPED);
  CHECK(checks.at("capabilities").state == PORTOLAN_CHECK_SKIPPED);
  CHECK(is_not_sent_when_refused(plugin.host));

  plugin.integrate();
  CHECK(plugin.status == PORTOLAN_UNAUTHORIZED);
  CHECK(plugin.host.failure->pointer == "/credentials/password");
}

TEST_CASE("a registry that wants a password and gets none fails by name", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  plugin.host.answer = Door{registry, basic, false};
  const auto checks = plugin.validate();
  CHECK(checks.at("credentials").state == PORTOLAN_CHECK_FAIL);
  CHECK(checks.at("credentials").code == PORTOLAN_UNAUTHORIZED);
  CHECK(checks.at("permissions.catalog").state == PORTOLAN_CHECK_SKIPPED);
  plugin.integrate();
  CHECK(plugin.status == PORTOLAN_UNAUTHORIZED);
}

TEST_CASE("what is no registry is told, and nothing more is asked", "[docker-registry]") {
  PluginRun plugin;
  const fake::Reply reply = GENERATE(
      fake::Reply{200}, fake::Reply{200, "<html>Sign in</html>"}, fake::Reply{404, "not found"},
      fake::Reply{401, "<html>", {{"www-authenticate", "Basic realm=\"intranet\""}}},
      fake::Reply{403, "<html>blocked</html>"}, fake::Reply{200, "[]"}, fake::Reply{302});
  plugin.host.answer = [&](const fake::Request&) { return reply; };
  const auto checks = plugin.validate();
  CHECK(checks.at("identity").state == PORTOLAN_CHECK_FAIL);
  CHECK(checks.at("identity").code == PORTOLAN_PROTOCOL);
  CHECK(checks.at("credentials").state == PORTOLAN_CHECK_SKIPPED);
  CHECK(plugin.host.requests.size() == 1);
  plugin.integrate();
  CHECK(plugin.status == PORTOLAN_PROTOCOL);
  CHECK_FALSE(plugin.host.failure->hint.empty());
  CHECK(plugin.detect().first == 0);
}

TEST_CASE("a proxy's sign-in before a registry is opened by the password", "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  registry.put("team/app", "v1", image("c", {}));
  const bool right = GENERATE(true, false);
  // nginx: its own page, and none of the registry's headers.
  plugin.host.answer = [&](const fake::Request& request) -> fake::Reply {
    if (has_password(request) && right) return registry(request);
    return {401, "<html>401 Authorization Required</html>", {{"www-authenticate", basic}}};
  };
  const auto checks = plugin.validate();
  CHECK(checks.at("identity").state == (right ? PORTOLAN_CHECK_OK : PORTOLAN_CHECK_UNKNOWN));
  CHECK(checks.at("credentials").state == (right ? PORTOLAN_CHECK_OK : PORTOLAN_CHECK_FAIL));
  CHECK(checks.at("permissions.catalog").state ==
        (right ? PORTOLAN_CHECK_OK : PORTOLAN_CHECK_SKIPPED));
  if (!right) CHECK(is_not_sent_when_refused(plugin.host));
  plugin.integrate();
  CHECK(plugin.status == (right ? PORTOLAN_OK : PORTOLAN_UNAUTHORIZED));
}

TEST_CASE("a registry that is down is not taken for another product", "[docker-registry]") {
  PluginRun plugin;
  const auto [reply, code] = GENERATE(table<fake::Reply, portolan_status>(
      {{fake::Reply{503}, PORTOLAN_UNAVAILABLE},
       {fake::Reply{429}, PORTOLAN_RATE_LIMITED},
       {fake::Reply{0, {}, {}, PORTOLAN_UNREACHABLE}, PORTOLAN_UNREACHABLE}}));
  plugin.host.answer = [answer = reply](const fake::Request&) { return answer; };
  const auto checks = plugin.validate();
  CHECK(checks.at("identity").state == PORTOLAN_CHECK_UNKNOWN);
  CHECK(checks.at("identity").code == code);
  plugin.integrate();
  CHECK(plugin.status == code);
}

TEST_CASE("a Harbor works, with a warning that names the better type", "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  plugin.host.answer =
      Door{registry, R"(Bearer realm="https://h/service/token",service="harbor-registry")"};
  const auto checks = plugin.validate(false);
  CHECK(checks.at("identity").state == PORTOLAN_CHECK_WARN);
  CHECK(checks.at("identity").hint.find("harbor") != std::string::npos);
  CHECK(checks.at("credentials").state == PORTOLAN_CHECK_OK);
  CHECK(plugin.detect().first < 80);
}

TEST_CASE("a catalog that may not be listed warns, one that is not there does not",
          "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  const int status = GENERATE(401, 403, 404, 405, 501, 500);
  registry.instead["/v2/_catalog"] = {status};
  plugin.host.answer = std::ref(registry);
  const auto checks = plugin.validate();
  const auto state = status >= 500 && status != 501 ? PORTOLAN_CHECK_UNKNOWN
                     : status < 404                 ? PORTOLAN_CHECK_WARN
                                                    : PORTOLAN_CHECK_SKIPPED;
  CHECK(checks.at("permissions.catalog").state == state);
  CHECK(checks.at("permissions.pull").state == PORTOLAN_CHECK_SKIPPED);
  CHECK(plugin.integrate().capabilities == std::vector<std::string>{"tags"});
}

TEST_CASE("a repository that the account may not pull warns", "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  registry.put("team/app", "v1", image("c", {}));
  registry.instead["/v2/team/app/manifests/v1"] = {403};
  plugin.host.answer = Door{registry, basic};
  CHECK(plugin.validate().at("permissions.pull").state == PORTOLAN_CHECK_WARN);
  registry.instead = {{"/v2/team/app/tags/list", {401}}};
  CHECK(plugin.validate().at("permissions.pull").state == PORTOLAN_CHECK_WARN);
}

TEST_CASE("what anonymous tokens open is told, and warns beside a password", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.put("private/app", "v1", image("c", {}));
  registry.put("public/app", "v1", image("c", {}));
  const bool is_public = GENERATE(true, false);
  plugin.host.answer = [&](const fake::Request& request) {
    const bool token = request.auth == PORTOLAN_AUTH_DOCKER_TOKEN;
    const bool open = is_public && request.url.find("/public/") != std::string::npos;
    return token && open ? registry(request) : Door{registry, bearer}(request);
  };
  plugin.with_password();
  const auto one = plugin.validate().at("permissions.anonymous");
  CHECK(one.state == (is_public ? PORTOLAN_CHECK_WARN : PORTOLAN_CHECK_OK));
  CHECK(one.message == std::string("without credentials the repositories cannot be listed, and "
                                   "public/app can") +
                           (is_public ? "" : "not") + " be pulled");
}

TEST_CASE("empty repositories are passed over to find one to pull", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.tags["a/empty"] = {};
  registry.put("b/app", "v1", image("c", {}));
  plugin.host.answer = std::ref(registry);
  const auto checks = plugin.validate();
  CHECK(checks.at("permissions.pull").message.find("b/app") != std::string::npos);
}

TEST_CASE("integration tells who we are there and what can be asked", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  SECTION("anonymous") {
    plugin.host.answer = std::ref(registry);
    const auto found = plugin.integrate();
    CHECK(found.account.empty());
    CHECK(found.privilege == "anonymous");
  }
  SECTION("with an account") {
    plugin.with_password();
    plugin.host.answer = Door{registry, basic};
    const auto found = plugin.integrate();
    CHECK(found.account == "ann");
    CHECK(found.privilege == "user");
    CHECK(found.facts == R"({"challenge":"basic"})");
  }
  SECTION("always") {
    plugin.host.answer = std::ref(registry);
    const auto found = plugin.integrate();
    REQUIRE(plugin.status == PORTOLAN_OK);
    CHECK(found.address == "https://registry.example");
    CHECK(found.product == "Distribution");
    CHECK(found.api_version == "registry/2.0");
    CHECK(found.capabilities == std::vector<std::string>{"tags", "catalog"});
  }
}

TEST_CASE("an address pasted with its API path becomes the registry's", "[docker-registry]") {
  PluginRun plugin;
  plugin.base = std::string("https://registry.example/team") + GENERATE("/v2", "/v2/_catalog");
  ScriptedRegistry registry;
  plugin.host.answer = [&](fake::Request request) {
    const std::string base = "https://registry.example/team";
    if (!request.url.starts_with(base)) return fake::Reply{404};
    request.url = request.url.substr(base.size());
    return registry(request);
  };
  CHECK(plugin.integrate().address == "https://registry.example/team");
  REQUIRE(plugin.status == PORTOLAN_OK);
  CHECK(plugin.detect().first >= 80);
}

TEST_CASE("a call that is over ends validation as such", "[docker-registry]") {
  PluginRun plugin;
  plugin.host.state = PORTOLAN_TIMEOUT;
  plugin.validate();
  CHECK(plugin.status == PORTOLAN_TIMEOUT);
}
