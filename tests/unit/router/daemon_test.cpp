// What the daemon adds to a registry's calls: facts from before, and secrets that rest.
#include <catch2/catch.hpp>

#include "fake_plugins.h"
#include "model/outcome.h"
#include "router/registry.h"
#include "router/router.h"
#include "support/scripted_transport.h"
#include "unit/services/world.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using model::CheckState;

namespace {

constexpr const char* schema = R"({"type":"object","additionalProperties":false,"properties":{
  "credentials":{"type":"object","additionalProperties":false,"properties":{
    "username":{"type":"string"},"password":{"type":"string"}}},
  "options":{"type":"object","additionalProperties":false,"properties":{}}}})";

model::Check made(std::string name, CheckState state = CheckState::ok) {
  model::Check check;
  check.name = std::move(name);
  check.state = state;
  return check;
}

/// The real router and services; a scripted network and a scripted plugin.
struct World {
  World() {
    alpha.integrate = [this](services::Call&) {
      ++integrations;
      model::Integration found;
      found.address = registry.address;
      return base::Result<model::Integration>(found);
    };
    alpha.collect = [](services::Call&, model::Statistics&) { return base::Result<void>(); };
    plugins.add("alpha", alpha, schema);
    registry.type = "alpha";
    registry.address = "https://r.example:5000/deep";
  }
  std::shared_ptr<router::Registry> add(std::optional<model::Integration> known = {}) {
    auto added = router.add({registry, *net::AddressPolicy::make(true, {}), 8}, std::move(known));
    if (!added) FAIL(added.error().message);
    return *added;
  }
  /// "identity:ok ..." of what comes behind the host's steps.
  std::string validate() {
    const auto result = router.validate(*add(), model::Depth::quick, settings);
    REQUIRE(result);
    verdict = result->verdict;
    std::string text;
    for (std::size_t i = 5; i < result->checks.size(); ++i) {
      const model::Check& check = result->checks[i];
      text += check.name + ":" + std::string(model::to_string(check.state)) + " ";
    }
    return text;
  }

  int integrations = 0;
  Script alpha;
  FakePlugins plugins;
  tests::ScriptedTransport transport{[](const net::Request&) { return tests::Reply(); }};
  router::Router router{plugins, transport};
  router::CallSettings settings{base::Deadline::in(30s), PORTOLAN_NO_BUDGET, {}, {}, false};
  model::Registry registry;
  model::Verdict verdict = model::Verdict::unknown;
};

}  // namespace

TEST_CASE("facts that are known spare the integration, at their own origin only", "[router]") {
  World world;
  model::Integration known;
  known.address = "https://r.example:5000";  // Another path.
  known.facts_json = "{\"v\":1}";
  const auto added = world.add(known);
  REQUIRE(world.router.statistics(*added, model::Level::quick, world.settings));
  CHECK(world.integrations == 0);
  CHECK(world.alpha.created.back().rfind("https://r.example:5000 ", 0) == 0);
  CHECK_THAT(world.alpha.created.back(), Catch::EndsWith("{\"v\":1}"));
  CHECK(added->upstream()->registry().address == "https://r.example:5000");

  known.address = "https://elsewhere.example";
  CHECK_FALSE(world.add(known)->has_facts());
}

TEST_CASE("while a secret rests nothing is sent with it and only who answers is asked",
          "[router]") {
  World world;
  world.registry.credentials = {"ada", base::Secret("canary-password"), {}};
  world.alpha.validate = [](services::Call& call, const auto& each) {
    tests::Answer answer;
    const auto asked = tests::request("/v2/", PORTOLAN_AUTH_BASIC);
    tests::http().send(call.abi(), &asked, &answer.sink);
    for (const char* name : {"identity", "api-version"}) each(made(name));
    each(made("credentials", CheckState::fail));
    each(made("permissions.pull", CheckState::fail));
    return base::Result<void>();
  };
  world.settings.anonymous = true;
  CHECK(world.validate() ==
        "identity:ok api-version:ok credentials:skipped permissions:skipped "
        "capabilities:skipped ");
  CHECK(world.verdict == model::Verdict::ok);
  CHECK(world.integrations == 0);
  REQUIRE(world.transport.count("/v2/") == 1);
  for (const auto& sent : world.transport.sent()) CHECK(sent.header("Authorization").empty());

  world.settings.anonymous = false;
  world.validate();
  CHECK_FALSE(world.transport.sent().back().header("Authorization").empty());
}

TEST_CASE("while a secret rests a plugin that fails before it knows who answers is told of",
          "[router]") {
  World world;
  world.settings.anonymous = true;
  world.alpha.validate = [](services::Call&, const auto&) {
    return base::Result<void>(base::Error{Code::timeout, "late"});
  };
  CHECK_THAT(world.validate(), Catch::StartsWith("identity:unknown"));
}
