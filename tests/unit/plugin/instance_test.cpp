#include <catch2/catch.hpp>

#include "folder.h"
#include "plugin/plugin_set.h"
#include "services/call.h"
#include "services/upstream.h"
#include "support/scripted_transport.h"

using namespace portolan;
using base::Code;

namespace {

constexpr const char* base_url = "https://r.example:5000";

/// Hand-made plugins, loaded through the front door.
plugin::Receiver<model::FoundMeasure> into(std::vector<model::FoundMeasure>& all) {
  return [&all](std::vector<model::FoundMeasure>&& batch) {
    std::move(batch.begin(), batch.end(), std::back_inserter(all));
    return true;
  };
}

struct World {
  World() {
    for (const char* name : {"plain", "wicked", "next"})
      folder.write(std::string(name) + ".so", built(name));
    set = plugin::PluginSet::scan({{}, {folder.path()}, {}});
  }
  std::shared_ptr<plugin::Type> type(const std::string& name) {
    auto loaded = set->load(name);
    REQUIRE(loaded);
    return *loaded;
  }
  static std::string config(const std::string& mode) {
    return R"({"options":{"mode":")" + mode + "\"}}";
  }
  std::unique_ptr<plugin::Instance> make(const std::string& name, const std::string& mode = "") {
    auto made = type(name)->create(call, base_url, config(mode), "");
    REQUIRE(made);
    return std::move(*made);
  }
  base::Error integration_error(const std::string& mode) {
    services::Call fresh(nullptr, {});
    const auto result = make("wicked", mode)->integrate(fresh);
    REQUIRE_FALSE(result);
    return result.error();
  }
  std::string validation_problem(const std::string& mode) {
    checks.clear();
    const auto result =
        make("wicked", mode)->validate(call, model::Depth::full, [&](model::Check check) {
          checks.push_back(std::move(check));
        });
    if (result) return "";
    CHECK(result.error().code == Code::protocol);
    CHECK_FALSE(result.error().hint.empty());
    return result.error().message;
  }
  std::string statistics_problem(const std::string& mode) {
    measures.clear();
    const auto result = make("wicked", mode)->collect(call, model::Level::normal, into(measures));
    return result ? "" : result.error().message;
  }

  Folder folder;
  std::unique_ptr<plugin::PluginSet> set;
  services::Call call{nullptr, {}};
  std::vector<model::Check> checks;
  std::vector<model::FoundMeasure> measures;
};

}  // namespace

TEST_CASE("integration gives the registry as the plugin knows it", "[plugin]") {
  World world;
  const auto found = world.make("plain")->integrate(world.call);
  REQUIRE(found);
  CHECK(found->address == base_url);
  CHECK(found->product == "Plain");
  CHECK(found->privilege == "administrator");
  CHECK(found->facts_json == R"({"seen":1})");
  CHECK(found->capabilities == std::vector<std::string>{"catalog", "delete"});
}

TEST_CASE("checks arrive in order, their evidence without a query", "[plugin]") {
  World world;
  std::vector<model::Check> checks;
  REQUIRE(world.make("plain")->validate(world.call, model::Depth::full,
                                        [&](model::Check check) { checks.push_back(check); }));
  REQUIRE(checks.size() == 2);
  CHECK(checks[0].name == "identity");
  CHECK(checks[0].evidence->url == "https://r/v2/");
  CHECK(checks[0].evidence->elapsed_us == 1500);
  CHECK(checks[1].state == model::CheckState::warn);
  CHECK(checks[1].code == Code::forbidden);
  CHECK_FALSE(checks[1].evidence);
}

TEST_CASE("measures come with their spaces", "[plugin]") {
  World world;
  std::vector<model::FoundMeasure> found;
  REQUIRE(world.make("plain")->collect(world.call, model::Level::normal, into(found)));
  REQUIRE(found.size() == 3);
  const auto measure = [&](std::size_t i) { return found[i].measure; };
  CHECK(measure(0).value == 3);
  CHECK(measure(0).taken_at_ms == 1000);
  CHECK(measure(1).value == 0);  // Unknown: the number beside it is not read.
  CHECK(measure(1).cut);
  CHECK(measure(1).taken_at_ms > 1000);
  CHECK(found[2].space == "library");
  CHECK(found[2].visibility == model::Visibility::closed);
}

TEST_CASE("a listing streams, stops when it was enough, and resumes at its cursor", "[plugin]") {
  World world;
  const auto instance = world.make("plain");
  std::vector<model::Repository> all;
  std::string cursor;
  plugin::Query query;
  query.limit = 200;
  REQUIRE(instance->repositories(
      world.call, query,
      [&](std::vector<model::Repository>&& batch) {
        all.insert(all.end(), batch.begin(), batch.end());
        return all.size() < 100;
      },
      cursor));
  CHECK(all.size() == 128);
  CHECK(cursor == "128");
  query.cursor = cursor;
  REQUIRE(instance->repositories(
      world.call, query,
      [&](std::vector<model::Repository>&& batch) {
        all.insert(all.end(), batch.begin(), batch.end());
        return true;
      },
      cursor));
  REQUIRE(all.size() == 200);
  CHECK(all[199].name == "library/r199");
  CHECK(all[199].updated_ms == -1);
}

TEST_CASE("a listing that the table does not have is unsupported", "[plugin]") {
  World world;
  std::string cursor;
  const auto result = world.make("plain")->tags(
      world.call, {}, [](auto&&) { return true; }, cursor);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::unsupported);
  CHECK_FALSE(world.make("wicked")->has("portolan.catalog/1"));
}

TEST_CASE("detect asks the type, without an instance", "[plugin]") {
  World world;
  const auto found = world.type("plain")->detect(world.call, base_url);
  REQUIRE(found);
  CHECK(found->type == "plain");
  CHECK(found->score == 85);
}

TEST_CASE("an exception of a plugin becomes a status with its text", "[plugin]") {
  World world;
  CHECK(world.integration_error("throws").code == Code::internal);
  CHECK_THAT(world.integration_error("throws").message,
             Catch::Contains("misbehaves") && Catch::Contains("out of cheese"));
  CHECK(world.integration_error("throws a number").code == Code::internal);
}

TEST_CASE("a status is explained by fail(), or said to be unexplained", "[plugin]") {
  World world;
  CHECK(world.integration_error("explains").code == Code::unauthorized);
  CHECK(world.integration_error("explains").message == "who is there");
  CHECK(world.integration_error("wordless").code == Code::forbidden);
  CHECK_THAT(world.integration_error("wordless").message, Catch::Contains("did not say why"));
  CHECK(world.integration_error("status").code == Code::internal);
  CHECK(world.integration_error("host's code").code == Code::internal);
}

TEST_CASE("an integration that breaks the contract is a protocol error", "[plugin]") {
  World world;
  for (const char* mode : {"silent", "twice", "big facts", "list facts", "no address"}) {
    INFO(mode);
    const base::Error error = world.integration_error(mode);
    CHECK(error.code == Code::protocol);
    CHECK_THAT(error.message, Catch::Contains("plugin misbehaves"));
    CHECK_FALSE(error.hint.empty());
  }
}

TEST_CASE("a plugin may have no facts to keep", "[plugin]") {
  World world;
  const auto found = world.make("wicked", "no facts")->integrate(world.call);
  REQUIRE(found);
  CHECK(found->facts_json == "{}");
}

TEST_CASE("the canonical address may differ in its path only", "[plugin]") {
  World world;
  const base::Error error = world.integration_error("other origin");
  CHECK(error.code == Code::policy);
  CHECK_THAT(error.hint, Catch::Contains("elsewhere.example"));

  const auto deeper = world.make("wicked", "other path")->integrate(world.call);
  REQUIRE(deeper);
  CHECK(deeper->address == "https://r.example:5000/deeper");
}

TEST_CASE("texts of a plugin are cleaned and words that nobody knows are unknown", "[plugin]") {
  World world;
  const auto found = world.make("wicked", "good")->integrate(world.call);
  REQUIRE(found);
  CHECK(found->version == "\xef\xbf\xbdred");
  CHECK(found->privilege == "unknown");
  CHECK(world.validation_problem("bytes").empty());
  CHECK(world.checks[0].message == "a\xef\xbf\xbd( b");
  CHECK(world.validation_problem("long").empty());
  CHECK(world.checks[0].message.size() <= model::limits::text_bytes);
  CHECK(world.validation_problem("state").empty());
  CHECK(world.checks[0].state == model::CheckState::unknown);
  CHECK(world.validation_problem("failed without code").empty());
  CHECK(world.checks[0].code == Code::internal);
}

TEST_CASE("a password that a registry echoes gets no further than the plugin", "[plugin]") {
  World world;
  tests::ScriptedTransport nowhere([](const net::Request&) { return tests::Reply(); });
  services::UpstreamOptions options;
  options.registry.address = base_url;
  options.registry.credentials = {"ada", base::Secret("canary-password"), {}};
  const auto upstream = services::Upstream::open(nowhere, std::move(options));
  REQUIRE(upstream);
  services::Call call(*upstream, {});
  std::vector<model::Check> checks;
  REQUIRE(
      world.make("wicked", "echoes")->validate(call, model::Depth::full, [&](model::Check check) {
        checks.push_back(std::move(check));
      }));
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].hint == "is *** right?");
  CHECK(checks[0].evidence->detail == "Basic ***?");
}

TEST_CASE("checks that break the contract are a protocol error, and those before are kept",
          "[plugin]") {
  World world;
  CHECK_THAT(world.validation_problem("nothing"), Catch::Contains("no check"));
  CHECK_THAT(world.validation_problem("host's name"), Catch::Contains("\"dns\" is the host's own"));
  CHECK(world.checks.size() == 1);
  CHECK_THAT(world.validation_problem("same name"), Catch::Contains("twice"));
  CHECK_THAT(world.validation_problem("no message"), Catch::Contains("no message"));
  CHECK_THAT(world.validation_problem("bad name"), Catch::Contains("no plain word"));
  CHECK_THAT(world.validation_problem("endless"), Catch::Contains("more than 1000"));
  CHECK(world.checks.size() == model::limits::checks);
}

TEST_CASE("counts, strides and sizes that cannot be are never followed", "[plugin][abi]") {
  World world;
  CHECK_THAT(world.validation_problem("2^31"), Catch::Contains("2147483648 items"));
  CHECK_THAT(world.validation_problem("null"), Catch::Contains("null pointer"));
  CHECK_THAT(world.validation_problem("stride"), Catch::Contains("stride is 8"));
  CHECK_THAT(world.validation_problem("wide stride"), Catch::Contains("stride"));
  CHECK_THAT(world.validation_problem("small"), Catch::Contains("smaller"));
  CHECK_THAT(world.validation_problem("large"), Catch::Contains("larger than the stride"));
  CHECK_THAT(world.validation_problem("cursor"), Catch::Contains("cursor"));
}

TEST_CASE("L9 a thread that is not the call's cannot push", "[plugin][abi]") {
  World world;
  CHECK(world.validation_problem("other thread").empty());
  CHECK(world.checks.size() == 1);
}

TEST_CASE("measures that break the contract are a protocol error", "[plugin]") {
  World world;
  CHECK_THAT(world.statistics_problem("nothing"), Catch::Contains("no measure"));
  CHECK_THAT(world.statistics_problem("negative"), Catch::Contains("below zero"));
  CHECK(world.measures.empty());  // Nothing of a batch that holds a broken item.
  CHECK_THAT(world.statistics_problem("twice"), Catch::Contains("comes twice"));
  CHECK_THAT(world.statistics_problem("unit"), Catch::Contains("furlongs"));
  CHECK_THAT(world.statistics_problem("kind"), Catch::Contains("unknown kind"));
  CHECK(world.statistics_problem("state").empty());
  CHECK(world.measures.at(0).measure.state == model::MeasureState::unknown);
}

TEST_CASE("an instance that is not whole is refused when it is made", "[plugin]") {
  World world;
  for (const char* mode : {"no instance", "no statistics"}) {
    const auto made = world.type("wicked")->create(world.call, base_url, World::config(mode), "");
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Code::protocol);
  }
}

TEST_CASE("L1 L4 a plugin of the next minor works, its tails unread", "[plugin][abi]") {
  World world;
  const auto instance = world.make("next");
  const auto found = instance->integrate(world.call);
  REQUIRE(found);
  CHECK(found->product == "Next");
  std::vector<std::string> names;
  REQUIRE(instance->validate(world.call, model::Depth::quick,
                             [&](model::Check check) { names.push_back(check.name); }));
  CHECK(names == std::vector<std::string>{"identity", "credentials"});
  std::vector<model::FoundMeasure> measures;
  REQUIRE(instance->collect(world.call, model::Level::quick, into(measures)));
  CHECK(measures.size() == 2);
}
