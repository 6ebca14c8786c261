#include "router/router.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "fake_plugins.h"
#include "model/outcome.h"
#include "router/call_thread.h"
#include "router/registry.h"
#include "services/call.h"
#include "support/scripted_transport.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using model::CheckState;

namespace {

constexpr const char* schema = R"({"type":"object","additionalProperties":false,"properties":{
  "credentials":{"type":"object","additionalProperties":false,"properties":{
    "username":{"type":"string"},"password":{"type":"string","minLength":3,"x-secret":true}}},
  "options":{"type":"object","additionalProperties":false,"properties":{
    "pageSize":{"type":"integer","minimum":1,"maximum":100,"default":50},"flavour":{"type":"string"}}}}})";

model::Check check(std::string name, CheckState state = CheckState::ok) {
  model::Check made;
  made.name = std::move(name);
  made.state = state;
  made.message = "seen";
  return made;
}

model::Measure measure(std::string name, model::MeasureState state = model::MeasureState::known) {
  model::Measure made;
  made.name = std::move(name);
  made.state = state;
  made.unit = "count";
  return made;
}

/// The real router and services; a scripted network and scripted plugins.
struct World {
  World() {
    alpha.integrate = [this](services::Call&) {
      ++integrations;
      model::Integration found;
      found.address = address;
      found.facts_json = "{\"v\":2}";
      return base::Result<model::Integration>(found);
    };
    alpha.validate = [](services::Call&, const auto& each) {
      for (const char* name :
           {"identity", "api-version", "credentials", "permissions.pull", "capabilities"}) {
        each(check(name));
      }
      return base::Result<void>();
    };
    alpha.collect = [](services::Call&, model::Statistics& statistics) {
      statistics.measures = {measure("tags"),
                             measure("storage_bytes", model::MeasureState::unsupported)};
      return base::Result<void>();
    };
    alpha.detection = {"alpha", 60, "it may be"};
    beta.detection = {"beta", 90, "it says so"};
    plugins.add("alpha", alpha, schema);
    plugins.add("beta", beta, schema);
    registry.name = "r";
    registry.type = "alpha";
    registry.address = address;
  }

  std::shared_ptr<router::Registry> add() {
    auto added = router.add({registry, policy(), 8});
    if (!added) FAIL(added.error().message);
    return *added;
  }
  net::AddressPolicy policy() { return *net::AddressPolicy::make(true, {}); }
  base::Error error_of_add() {
    const auto added = router.add({registry, policy(), 8});
    REQUIRE_FALSE(added);
    return added.error();
  }

  /// "dns:ok tls:skipped …" of a validation; `seen` is what was streamed.
  std::string validate(model::Depth depth = model::Depth::full) {
    std::string streamed, returned;
    const auto word = [](const model::Check& one) {
      return one.name + ":" + std::string(model::to_string(one.state)) + " ";
    };
    auto result = router.validate(*add(), depth, settings, [&](const model::Check& one) {
      streamed += word(one) + one.hint;
    });
    REQUIRE(result);
    std::string with_hints;
    for (const model::Check& one : result->checks) with_hints += word(one) + one.hint;
    CHECK(streamed == with_hints);
    last = *std::move(result);
    for (const model::Check& one : last.checks) {
      if (one.name != "address" && one.name != "dns" && one.name != "tcp" && one.name != "tls" &&
          one.name != "http") {
        returned += word(one);
      }
    }
    return returned;
  }
  const model::Check& last_check(const std::string& name) {
    for (const model::Check& one : last.checks) {
      if (one.name == name) return one;
    }
    FAIL(name);
    return last.checks[0];
  }

  std::string address = "https://r.example:5000/deep";
  int status = 200;  // Of the host's probe; 0: nothing answers.
  int integrations = 0;
  Script alpha, beta;
  FakePlugins plugins;
  tests::ScriptedTransport transport{[this](const net::Request&) {
    tests::Reply reply;
    reply.status = status;
    if (status == 0) reply.error = base::Error{Code::unreachable, "refused"};
    if (status == 0) reply.facts.reached = net::Facts::Stage::tcp;
    return reply;
  }};
  router::Router router{plugins, transport};
  router::CallSettings settings{base::Deadline::in(30s), PORTOLAN_NO_BUDGET, {}, {}, false};
  model::Registry registry;
  model::Validation last;
};

}  // namespace

TEST_CASE("an unknown type is the plugin set's error", "[router]") {
  World world;
  world.registry.type = "alhpa";
  CHECK(world.error_of_add().code == Code::plugin_missing);
}

TEST_CASE("create() gets options with defaults and a reference to the password", "[router]") {
  World world;
  world.registry.credentials = {"ada", base::Secret("canary-password"), {}};
  world.registry.options_json = R"({"flavour":"plain"})";
  REQUIRE(world.router.integrate(*world.add(), world.settings));
  REQUIRE(world.alpha.created.size() == 1);
  CHECK(world.alpha.created[0] ==
        "https://r.example:5000/deep "
        R"({"credentials":{"username":"ada","password":{"$secret":"password"}},)"
        R"("options":{"flavour":"plain","pageSize":50}} )");
}

TEST_CASE("credentials that were not given are absent", "[router]") {
  World world;
  REQUIRE(world.router.integrate(*world.add(), world.settings));
  CHECK_THAT(world.alpha.created[0], Catch::Contains(R"( {"options":{"pageSize":50}} )"));
}

TEST_CASE("every mistake of a configuration is named, and no password is shown", "[router]") {
  World world;
  world.registry.credentials = {"ada", base::Secret("xy"), {}};
  world.registry.options_json = R"({"pageSize":1000,"flavor":"x"})";
  const base::Error error = world.error_of_add();
  CHECK(error.code == Code::invalid_config);
  CHECK_THAT(error.message, Catch::Contains("/credentials/password") &&
                                Catch::Contains("/options/pageSize") &&
                                Catch::Contains("flavour") && !Catch::Contains("xy"));
}

TEST_CASE("a user name without a password is a mistake, and the reverse", "[router]") {
  World world;
  world.registry.credentials = {"ada", {}, {}};
  CHECK(world.error_of_add().code == Code::invalid_config);
  world.registry.credentials = {"", base::Secret("pass"), {}};
  CHECK(world.error_of_add().code == Code::invalid_config);
}

TEST_CASE("a validation is the host's steps, then the plugin's", "[router]") {
  World world;
  CHECK(world.validate() ==
        "identity:ok api-version:ok credentials:ok permissions.pull:ok capabilities:ok ");
  REQUIRE(world.last.checks.size() == 10);
  CHECK(world.last.checks[0].name == "address");
  CHECK(world.last.checks[4].name == "http");
  CHECK(world.integrations == 1);
}

TEST_CASE("after a host's fail no plugin runs and the rest is skipped", "[router]") {
  World world;
  world.status = 0;
  CHECK(world.validate() ==
        "identity:skipped api-version:skipped credentials:skipped permissions:skipped "
        "capabilities:skipped ");
  CHECK(world.last.verdict == model::Verdict::fail);
  CHECK(world.alpha.created.empty());
  CHECK_FALSE(world.router.integration(*world.add()));
}

TEST_CASE("a plugin that ends early leaves the rest unknown", "[router]") {
  World world;
  world.alpha.validate = [](services::Call&, const auto& each) {
    each(check("identity"));
    return base::Result<void>(base::Error{Code::unavailable, "503", "try later"});
  };
  CHECK(world.validate() ==
        "identity:ok api-version:unknown credentials:unknown permissions:unknown "
        "capabilities:unknown ");
  CHECK(world.last_check("credentials").code == Code::unavailable);
  CHECK(world.last_check("credentials").hint == "try later");
  CHECK(world.last.verdict == model::Verdict::unknown);

  world.alpha.validate = [](services::Call&, const auto& each) {
    each(check("identity"));
    return base::Result<void>();
  };
  CHECK(world.validate() ==
        "identity:ok api-version:unknown credentials:unknown permissions:unknown "
        "capabilities:unknown ");
  CHECK(world.validate(model::Depth::quick) ==
        "identity:ok api-version:unknown credentials:unknown permissions:unknown "
        "capabilities:unknown ");
}

TEST_CASE("at quick depth a plugin may leave out all but identity and credentials", "[router]") {
  World world;
  world.alpha.validate = [](services::Call&, const auto& each) {
    each(check("identity"));
    each(check("credentials"));
    return base::Result<void>();
  };
  CHECK(world.validate(model::Depth::quick) ==
        "identity:ok credentials:ok api-version:skipped permissions:skipped capabilities:skipped ");
  CHECK(world.last.verdict == model::Verdict::ok);
  world.validate(model::Depth::full);
  CHECK(world.last.verdict == model::Verdict::unknown);
}

TEST_CASE("an identity that is not ok gets the type that is sure as its hint", "[router]") {
  World world;
  world.alpha.validate = [](services::Call&, const auto& each) {
    for (const char* name :
         {"identity", "api-version", "credentials", "permissions.pull", "capabilities"}) {
      each(check(name, std::string_view(name) == "identity" ? CheckState::warn : CheckState::ok));
    }
    return base::Result<void>();
  };
  world.validate();
  CHECK_THAT(world.last_check("identity").hint, Catch::Contains("type: beta"));
  CHECK(world.last.verdict == model::Verdict::warn);

  world.beta.detection.score = 79;
  world.validate();
  CHECK(world.last_check("identity").hint.empty());
  world.beta.detection.score = 90;
  world.alpha.detection.score = 95;  // The type that was given is the surest.
  world.validate();
  CHECK(world.last_check("identity").hint.empty());
}

TEST_CASE("an integration that finds no such registry fails identity", "[router]") {
  World world;
  world.alpha.integrate = [](services::Call&) {
    return base::Result<model::Integration>(
        base::Error{Code::protocol, "this is a web page", "which type?"});
  };
  CHECK(world.validate() ==
        "identity:fail api-version:skipped credentials:skipped permissions:skipped "
        "capabilities:skipped ");
  CHECK(world.last_check("identity").message == "this is a web page");
  CHECK_THAT(world.last_check("identity").hint, Catch::Contains("type: beta"));
}

TEST_CASE("a registry of another type is named by every call that meets it", "[router]") {
  World world;
  world.alpha.integrate = [](services::Call&) {
    return base::Result<model::Integration>(base::Error{Code::protocol, "no alpha", "check it"});
  };
  const auto registry = world.add();
  const auto statistics = world.router.statistics(*registry, model::Level::quick, world.settings);
  REQUIRE_FALSE(statistics);
  CHECK_THAT(statistics.error().hint, Catch::Contains("type: beta"));
  const auto kept = world.router.integration(*registry);
  REQUIRE(kept);
  CHECK_THAT(kept->error().hint, Catch::Contains("type: beta"));
}

TEST_CASE("a refused password is the plugin's to report", "[router]") {
  World world;
  world.alpha.integrate = [](services::Call&) {
    return base::Result<model::Integration>(base::Error{Code::unauthorized, "401"});
  };
  world.alpha.validate = [](services::Call&, const auto& each) {
    for (const char* name : {"identity", "api-version"}) each(check(name));
    each(check("credentials", CheckState::fail));
    for (const char* name : {"permissions", "capabilities"}) each(check(name, CheckState::skipped));
    return base::Result<void>();
  };
  CHECK_THAT(world.validate(), Catch::Contains("credentials:fail"));
  const auto registry = world.add();
  REQUIRE(world.router.validate(*registry, model::Depth::full, world.settings));
  const auto kept = world.router.integration(*registry);
  REQUIRE(kept);
  CHECK(kept->error().code == Code::unauthorized);
  CHECK(world.alpha.alive == 1);  // The instance that saw the refusal reports it.
}

TEST_CASE("a deadline inside the integration leaves the rest unknown", "[router]") {
  World world;
  world.settings.deadline = base::Deadline::in(200ms);
  world.alpha.integrate = [](services::Call& call) {
    while (!call.deadline().passed()) std::this_thread::yield();
    return base::Result<model::Integration>(base::Error{Code::timeout, "late"});
  };
  CHECK(world.validate() ==
        "identity:unknown api-version:unknown credentials:unknown permissions:unknown "
        "capabilities:unknown ");
  CHECK(world.last_check("identity").code == Code::timeout);
}

TEST_CASE("statistics integrate once, and later instances get the facts", "[router]") {
  World world;
  const auto registry = world.add();
  REQUIRE(world.router.statistics(*registry, model::Level::quick, world.settings));
  const auto second = world.router.statistics(*registry, model::Level::deep, world.settings);
  REQUIRE(second);
  CHECK(second->complete);
  CHECK(second->level == model::Level::deep);
  CHECK(world.integrations == 1);
  REQUIRE(world.alpha.created.size() == 2);  // The instance without facts is not used again.
  CHECK_THAT(world.alpha.created[1], Catch::EndsWith("{\"v\":2}"));
  CHECK(world.alpha.alive == 1);
}

TEST_CASE("a canonical address of another path is where later calls go", "[router]") {
  World world;
  const auto registry = world.add();
  world.address = "https://r.example:5000";
  const auto found = world.router.integrate(*registry, world.settings);
  REQUIRE(found);
  CHECK(registry->upstream()->registry().address == "https://r.example:5000");
  REQUIRE(world.router.statistics(*registry, model::Level::quick, world.settings));
  CHECK_THAT(world.alpha.created[1], Catch::StartsWith("https://r.example:5000 "));
}

TEST_CASE("a partial measure, or one that was cut, is not complete", "[router]") {
  World world;
  const auto registry = world.add();
  const auto complete = [&](const model::Measure& one, bool in_space) {
    world.alpha.collect = [&](services::Call&, model::Statistics& statistics) {
      statistics.measures = {measure("tags")};
      statistics.spaces = {{"library", {}, {measure("tags")}}};
      (in_space ? statistics.spaces[0].measures : statistics.measures).push_back(one);
      return base::Result<void>();
    };
    return world.router.statistics(*registry, model::Level::normal, world.settings)->complete;
  };
  CHECK(complete(measure("repositories"), false));
  CHECK(complete(measure("repositories", model::MeasureState::unknown), false));
  CHECK_FALSE(complete(measure("repositories", model::MeasureState::partial), false));
  CHECK_FALSE(complete(measure("repositories", model::MeasureState::partial), true));
  model::Measure cut = measure("repositories", model::MeasureState::unknown);
  cut.cut = true;
  CHECK_FALSE(complete(cut, true));
}

TEST_CASE("a spent budget gives what was reached, the rest as cut", "[router]") {
  World world;
  base::Error spent{Code::limit, "the budget of requests is spent"};
  spent.budget = true;
  world.alpha.collect = [&](services::Call&, model::Statistics& statistics) {
    statistics.measures = {measure("tags")};
    return base::Result<void>(spent);
  };
  const auto registry = world.add();
  auto found = world.router.statistics(*registry, model::Level::normal, world.settings);
  REQUIRE(found);
  CHECK_FALSE(found->complete);
  REQUIRE(found->measures.size() == 9);
  CHECK(found->measures[0].state == model::MeasureState::known);
  CHECK(found->measures[1].state == model::MeasureState::unknown);
  CHECK(found->measures[1].cut);

  world.alpha.integrate = [&](services::Call&) { return base::Result<model::Integration>(spent); };
  found = world.router.statistics(*world.add(), model::Level::normal, world.settings);
  REQUIRE(found);
  CHECK(found->measures.size() == 9);
}

TEST_CASE("an error that is no end of time or budget stays an error", "[router]") {
  World world;
  for (const Code code :
       {Code::timeout, Code::cancelled, Code::limit, Code::unauthorized, Code::protocol}) {
    world.alpha.collect = [&](services::Call&, model::Statistics&) {
      return base::Result<void>(base::Error{code, "of one request"});
    };
    const auto found = world.router.statistics(*world.add(), model::Level::normal, world.settings);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == code);
  }
}

TEST_CASE("an instance whose call was given up is not used again", "[router]") {
  World world;
  const auto registry = world.add();
  REQUIRE(world.router.integrate(*registry, world.settings));
  REQUIRE(world.router.statistics(*registry, model::Level::quick, world.settings));
  CHECK(world.alpha.alive == 1);

  std::promise<void> opened;
  world.alpha.collect = [open = opened.get_future().share()](services::Call&, model::Statistics&) {
    open.wait();
    return base::Result<void>();
  };
  world.settings.deadline = base::Deadline::in(20ms);
  const auto late = router::answer_in_time<model::Statistics>(world.settings.deadline, [&] {
    return world.router.statistics(*registry, model::Level::quick, world.settings);
  });
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::timeout);
  CHECK(router::any_abandoned());
  opened.set_value();
  while (router::any_abandoned()) std::this_thread::yield();
  CHECK(world.alpha.alive == 0);
}

TEST_CASE("calls of two kinds run beside each other, each on its own instance", "[router]") {
  World world;
  const auto registry = world.add();
  REQUIRE(world.router.integrate(*registry, world.settings));
  world.alpha.collect = [&](services::Call&, model::Statistics& statistics) {
    // Inside statistics a validation goes through, and a second statistics does not.
    CHECK(world.router.validate(*registry, model::Depth::quick, world.settings));
    CHECK(world.alpha.alive == 2);
    router::CallSettings soon = world.settings;
    soon.deadline = base::Deadline::in(20ms);
    const auto second = world.router.statistics(*registry, model::Level::quick, soon);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Code::timeout);
    statistics.measures = {measure("tags")};
    return base::Result<void>();
  };
  CHECK(world.router.statistics(*registry, model::Level::quick, world.settings));
}

TEST_CASE("a listing integrates first and gives the cursor", "[router]") {
  World world;
  std::string cursor;
  std::size_t count = 0;
  REQUIRE(world.router.repositories(
      *world.add(), {}, world.settings,
      [&](auto&& batch) {
        count += batch.size();
        return true;
      },
      cursor));
  CHECK(count == 1);
  CHECK(cursor == "end");
  CHECK(world.integrations == 1);
}

TEST_CASE("detect gives every type's opinion, the surest first", "[router]") {
  World world;
  const auto all = world.router.detect({world.registry, world.policy(), 8}, world.settings);
  REQUIRE(all.size() == 2);
  CHECK(all[0].type == "beta");
  CHECK(all[1].score == 60);
}

TEST_CASE("detect asks the types side by side, and equals stand by name", "[router]") {
  World world;
  world.alpha.detection.score = world.beta.detection.score = 70;
  // Each waits until both are inside; one after the other they would wait in vain.
  std::atomic<int> inside{0}, met{0};
  world.alpha.at_detect = world.beta.at_detect = [&] {
    ++inside;
    while (inside < 2 && !world.settings.deadline.passed()) std::this_thread::yield();
    if (inside == 2) ++met;
  };
  const auto all = world.router.detect({world.registry, world.policy(), 8}, world.settings);
  REQUIRE(all.size() == 2);
  CHECK(met == 2);
  CHECK(all[0].type == "alpha");
  CHECK(all[1].type == "beta");
}
