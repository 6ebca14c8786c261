// Changes and the list of robots: routed as the calls that only read are.
#include <catch2/catch.hpp>

#include "fake_plugins.h"
#include "router/registry.h"
#include "router/router.h"
#include "services/call.h"
#include "support/scripted_transport.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;

namespace {

constexpr const char* schema = R"({"type":"object","additionalProperties":false,"properties":{
  "credentials":{"type":"object","additionalProperties":false,"properties":{}},
  "options":{"type":"object","additionalProperties":false,"properties":{}}}})";

/// The real router; a scripted plugin, and a network that nobody asks.
struct World {
  World() {
    alpha.integrate = [this](services::Call&) {
      ++integrations;
      model::Integration found;
      found.address = "https://r.example:5000";
      return base::Result<model::Integration>(found);
    };
    alpha.collect = [](services::Call&, model::Statistics&) { return base::Result<void>(); };
    plugins.add("alpha", alpha, schema);
  }
  std::shared_ptr<router::Registry> add() {
    model::Registry registry;
    registry.name = "r";
    registry.type = "alpha";
    registry.address = "https://r.example:5000";
    auto added = router.add({std::move(registry), *net::AddressPolicy::make(true, {}), 8});
    if (!added) FAIL(added.error().message);
    return *added;
  }

  int integrations = 0;
  Script alpha;
  FakePlugins plugins;
  tests::ScriptedTransport transport{[](const net::Request&) { return tests::Reply(); }};
  router::Router router{plugins, transport};
  router::CallSettings settings{base::Deadline::in(30s), PORTOLAN_NO_BUDGET, {}, {}, false};
};

}  // namespace

TEST_CASE("each change integrates first and reaches the plugin as it was asked", "[router]") {
  World world;
  int changes = 0;
  world.alpha.change = [&](services::Call& call) {
    CHECK(call.deadline().at == world.settings.deadline.at);
    ++changes;
    return base::Result<void>();
  };
  auto& router = world.router;
  const auto& settings = world.settings;
  const auto registry = world.add();
  const auto made = router.create_space(*registry, "team", model::Visibility::closed, settings);
  REQUIRE(made);
  CHECK(made->name == "team");
  const auto opened = router.set_visibility(*registry, "team", model::Visibility::open, settings);
  REQUIRE(opened);
  CHECK(opened->visibility == model::Visibility::open);
  CHECK(router.remove_space(*registry, "team", settings));
  const auto issued = router.issue_robot(*registry, "ci", {{"team", true}}, 30, settings);
  REQUIRE(issued);
  CHECK(issued->secret.reveal() == "made");
  CHECK(issued->expires_ms == 30);
  const auto rewritten = router.rewrite_robot(*registry, "7", {{"open", false}}, settings);
  REQUIRE(rewritten);
  CHECK(rewritten->username == "open");
  CHECK(router.revoke_robot(*registry, "7", settings));
  const auto robots = router.list_robots(*registry, "portolan-", settings);
  REQUIRE(robots);
  CHECK(robots->at(0).username == "portolan-");
  CHECK(changes == 7);
  CHECK(world.integrations == 1);
}

TEST_CASE("changes of one registry run one at a time, beside its other calls", "[router]") {
  World world;
  const auto registry = world.add();
  world.alpha.change = [&](services::Call&) {
    CHECK(world.router.statistics(*registry, model::Level::quick, world.settings));
    router::CallSettings soon = world.settings;
    soon.deadline = base::Deadline::in(20ms);
    const auto second = world.router.revoke_robot(*registry, "7", soon);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Code::timeout);
    CHECK_THAT(second.error().message, Catch::Contains("another change"));
    return base::Result<void>();
  };
  CHECK(world.router.remove_space(*registry, "team", world.settings));
}

TEST_CASE("a registry that does not integrate is not changed", "[router]") {
  World world;
  world.alpha.integrate = [](services::Call&) {
    return base::Error{Code::unauthorized, "wrong password"};
  };
  const auto made = world.router.issue_robot(*world.add(), "ci", {{"a", false}}, 0, world.settings);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::unauthorized);
}
