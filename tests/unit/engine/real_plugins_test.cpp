// The rules of health on the plugins that we ship; only the network is scripted.
#include <catch2/catch.hpp>

#include "engine/health.h"
#include "model/outcome.h"
#include "plugin/plugin_set.h"
#include "router/registry.h"
#include "router/router.h"
#include "support/scripted_transport.h"

using namespace portolan;
using namespace std::chrono_literals;
using model::CheckState;

namespace {

/// A Harbor or a plain registry at one address, which refuses every password.
struct RealWorld {
  explicit RealWorld(const std::string& type) {
    plugin::SetOptions options;
    options.enabled_directories = {PLUGINS};
    plugins = plugin::PluginSet::scan(std::move(options));
    model::Registry registry;
    registry.name = "r";
    registry.type = type;
    registry.address = "https://r.example";
    registry.credentials = {"ada", base::Secret("wrong-password"), {}};
    auto added = router().add({registry, {}, 8});
    if (!added) FAIL(added.error().message);
    at = *added;
  }

  router::Router router() { return {*plugins, transport}; }

  tests::Reply answer(const net::Request& request) {
    tests::Reply reply;
    const std::string& path = request.url.path;
    const auto json = [&](int status, std::string body) {
      reply.status = status;
      reply.headers = {{"content-type", "application/json; charset=utf-8"}};
      reply.body = std::move(body);
    };
    if (path == "/api/version") {
      json(200, R"({"version":"v2.0"})");
    } else if (path == "/api/v2.0/health") {
      const std::string state = database_down ? "unhealthy" : "healthy";
      json(200, R"({"status":")" + state + R"(","components":[{"name":"database","status":")" +
                    state + R"("},{"name":"core","status":"healthy"}]})");
    } else if (path == "/v2/") {
      json(401, R"({"errors":[{"code":"UNAUTHORIZED","message":"no","detail":null}]})");
      reply.headers.push_back({"www-authenticate", "Basic realm=\"r\""});
      reply.headers.push_back({"docker-distribution-api-version", "registry/2.0"});
    } else if (path.rfind("/api/", 0) == 0 || path.rfind("/v2/", 0) == 0) {
      json(401, R"({"errors":[{"code":"UNAUTHORIZED","message":"unauthorized"}]})");
    }
    return reply;
  }

  model::Validation validate(bool anonymous) {
    router::CallSettings settings;
    settings.deadline = base::Deadline::in(30s);
    settings.anonymous = anonymous;
    auto seen = router().validate(*at, model::Depth::quick, settings);
    if (!seen) FAIL(seen.error().message);
    return *seen;
  }
  std::size_t passwords_sent() const {
    std::size_t count = 0;
    for (const auto& sent : transport.sent()) count += sent.header("Authorization").empty() ? 0 : 1;
    return count;
  }

  std::unique_ptr<plugin::PluginSet> plugins;
  bool database_down = false;
  tests::ScriptedTransport transport{
      [this](const net::Request& request) { return answer(request); }};
  std::shared_ptr<router::Registry> at;
};

std::string state_of(const model::Validation& validation, const std::string& name) {
  for (const model::Check& check : validation.checks) {
    if (check.name == name) return std::string(model::to_string(check.state));
  }
  return "none";
}

model::Health after_two(const model::Validation& validation) {
  config::DaemonSettings::Health settings;
  model::Health health;
  for (const std::int64_t at : {1'000'000, 1'060'000})
    health =
        engine::judge(health, {model::Depth::quick, validation, 1, false, at}, settings, 60s, 0);
  return health;
}

}  // namespace

TEST_CASE("who answers is known without a credential, on every type that we ship",
          "[engine][health]") {
  for (const char* type : {"harbor", "docker-registry"}) {
    RealWorld world(type);
    const auto seen = world.validate(true);
    INFO(type);
    CHECK(world.passwords_sent() == 0);
    CHECK(state_of(seen, "http") == "ok");
    CHECK(state_of(seen, "identity") == "ok");
    CHECK(state_of(seen, "credentials") == "skipped");
    CHECK(engine::diagnose(seen).state == model::HealthState::healthy);
  }
}

TEST_CASE("a wrong password is refused on every type that we ship, and counted",
          "[engine][health]") {
  for (const char* type : {"harbor", "docker-registry"}) {
    RealWorld world(type);
    const auto seen = world.validate(false);
    INFO(type);
    CHECK(world.passwords_sent() > 0);
    CHECK(state_of(seen, "credentials") == "fail");
    CHECK(after_two(seen).blocked);
    CHECK(after_two(seen).state == model::HealthState::unauthenticated);
  }
}

TEST_CASE("a Harbor whose database is down refuses everybody, which blocks nobody",
          "[engine][health]") {
  RealWorld world("harbor");
  world.database_down = true;
  const auto seen = world.validate(false);
  CHECK(state_of(seen, "credentials") == "unknown");
  CHECK(after_two(seen).refused_version == 0);
  CHECK_FALSE(after_two(seen).blocked);
  CHECK(after_two(seen).state == model::HealthState::unhealthy);
}
