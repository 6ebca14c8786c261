// Spaces and robots as the host sees them.
#include <catch2/catch.hpp>

#include "folder.h"
#include "plugin/plugin_set.h"
#include "services/call.h"
#include "services/upstream.h"
#include "support/scripted_transport.h"

using namespace portolan;
using base::Code;
using model::Visibility;

namespace {

constexpr const char* base_url = "https://r.example:5000";

struct World {
  World() {
    for (const char* name : {"changing", "plain"})
      folder.write(std::string(name) + ".so", built(name));
    set = plugin::PluginSet::scan({{}, {folder.path()}, {}});
    services::UpstreamOptions options;
    options.registry.address = base_url;
    options.registry.credentials = {"ada", base::Secret("canary-password"), {}};
    auto opened = services::Upstream::open(transport, std::move(options));
    REQUIRE(opened);
    upstream = *std::move(opened);
    call = std::make_shared<services::Call>(upstream, services::CallOptions{});
  }

  std::unique_ptr<plugin::Instance> make(const std::string& name, const std::string& mode = "") {
    auto type = set->load(name);
    REQUIRE(type);
    auto made = (*type)->create(*call, base_url, R"({"options":{"mode":")" + mode + "\"}}", "");
    REQUIRE(made);
    return *std::move(made);
  }
  base::Result<model::Robot> issue(const std::string& mode) {
    return make("changing", mode)->issue_robot(*call, "ci", {{"team", false}}, 0);
  }

  Folder folder;
  tests::ScriptedTransport transport{[](const net::Request&) {
    return tests::Reply{201, {}, R"({"secret":"fresh-secret"})"};
  }};
  std::shared_ptr<services::Upstream> upstream;
  std::shared_ptr<services::Call> call;
  std::unique_ptr<plugin::PluginSet> set;
};

/// The error of a broken promise; "" when there is none.
template <class T>
std::string broken(const base::Result<T>& result) {
  if (result) return "";
  CHECK(result.error().code == Code::protocol);
  CHECK_FALSE(result.error().hint.empty());
  return result.error().message;
}

template <class T>
Code code_of(const base::Result<T>& result) {
  if (result) return Code::ok;
  CHECK_FALSE(result.error().message.empty());
  CHECK_FALSE(result.error().hint.empty());
  return result.error().code;
}

}  // namespace

TEST_CASE("a space is made, opened and removed as it was asked for", "[plugin][changes]") {
  World world;
  const auto plugin = world.make("changing");
  const auto made = plugin->create_space(*world.call, "team", Visibility::closed);
  REQUIRE(made);
  CHECK(made->name == "team");
  CHECK(made->upstream_id == "17");
  CHECK(made->visibility == Visibility::closed);
  const auto opened = plugin->set_visibility(*world.call, "team", Visibility::open);
  REQUIRE(opened);
  CHECK(opened->visibility == Visibility::open);
  CHECK(plugin->remove_space(*world.call, "team"));
}

TEST_CASE("a space that is another than the one asked for is a broken promise",
          "[plugin][changes]") {
  World world;
  for (const char* mode : {"nothing", "another space", "another visibility", "two"}) {
    INFO(mode);
    const auto plugin = world.make("changing", mode);
    CHECK_THAT(broken(plugin->create_space(*world.call, "team", Visibility::open)),
               Catch::Contains("misbehaves"));
    CHECK_THAT(broken(plugin->set_visibility(*world.call, "team", Visibility::open)),
               Catch::Contains("misbehaves"));
  }
}

TEST_CASE("what a plugin says about a change that it refuses reaches the caller",
          "[plugin][changes]") {
  World world;
  const auto made =
      world.make("changing", "refuses")->create_space(*world.call, "team", Visibility::open);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::conflict);
  CHECK(made.error().message == "it is in use");
  CHECK(made.error().hint == "Take another one.");
}

TEST_CASE("a robot comes with its secret, which the plugin has not seen", "[plugin][changes]") {
  World world;
  const auto made =
      world.make("changing")->issue_robot(*world.call, "ci", {{"team", false}, {"open", true}}, 30);
  REQUIRE(made);
  CHECK(made->id == "team=1,open=3");
  CHECK(made->username == "robot$ci");
  CHECK(made->secret.reveal() == "fresh-secret");
  CHECK(made->expires_ms == 30);
  CHECK_FALSE(world.call->take_sealed("sealed-1"));  // The host keeps no second copy.

  const auto told = world.issue("tells");
  REQUIRE_FALSE(told);
  CHECK(told.error().message == R"({"secret":{"$secret":"sealed-2"}})");
}

TEST_CASE("a robot without a secret of its own call is a broken promise", "[plugin][changes]") {
  World world;
  for (const char* mode : {"no secret", "invented", "the password"}) {
    INFO(mode);
    CHECK_THAT(broken(world.issue(mode)), Catch::Contains("no secret"));
  }
  CHECK_THAT(broken(world.issue("escape")), Catch::Contains("no plain text"));
  CHECK_THAT(broken(world.issue("no id")), Catch::Contains("no id"));
}

TEST_CASE("a robot is given other spaces, listed and revoked", "[plugin][changes]") {
  World world;
  const auto plugin = world.make("changing");
  const auto rewritten = plugin->rewrite_robot(*world.call, "7", {{"open", true}});
  REQUIRE(rewritten);
  CHECK(rewritten->id == "7");
  CHECK(rewritten->username == "open=3");
  CHECK(rewritten->secret.empty());
  const auto all = plugin->list_robots(*world.call, "portolan-1-");
  REQUIRE(all);
  CHECK(all->size() == 1000);
  CHECK(all->back().username == "portolan-1-");
  CHECK(all->back().expires_ms == -1);
  CHECK(plugin->revoke_robot(*world.call, "7"));
}

TEST_CASE("lists of robots are bounded, and a secret that nobody asked for is refused",
          "[plugin][changes]") {
  World world;
  CHECK_THAT(broken(world.make("changing", "endless")->list_robots(*world.call, "p")),
             Catch::Contains("more than 10000"));
  const auto plugin = world.make("changing", "a secret");
  CHECK_THAT(broken(plugin->list_robots(*world.call, "p")), Catch::Contains("nobody asked"));
  CHECK_THAT(broken(plugin->rewrite_robot(*world.call, "7", {{"team", false}})),
             Catch::Contains("nobody asked"));
  for (const char* mode : {"nothing", "another robot"}) {
    const auto odd = world.make("changing", mode);
    CHECK_THAT(broken(odd->rewrite_robot(*world.call, "7", {{"team", false}})),
               Catch::Contains("misbehaves"));
  }
}

TEST_CASE("what may not be asked is not asked", "[plugin][changes]") {
  World world;
  const auto plugin = world.make("changing");
  auto& call = *world.call;
  CHECK(code_of(plugin->create_space(call, "", Visibility::open)) == Code::invalid_argument);
  CHECK(code_of(plugin->create_space(call, "a", Visibility::unknown)) == Code::invalid_argument);
  CHECK(code_of(plugin->set_visibility(call, "a", Visibility::unknown)) == Code::invalid_argument);
  CHECK(code_of(plugin->remove_space(call, "")) == Code::invalid_argument);
  CHECK(code_of(plugin->issue_robot(call, "ci", {}, 0)) == Code::invalid_argument);
  CHECK(code_of(plugin->issue_robot(call, "", {{"a", false}}, 0)) == Code::invalid_argument);
  CHECK(code_of(plugin->rewrite_robot(call, "7", {{"", true}})) == Code::invalid_argument);
  CHECK(code_of(plugin->revoke_robot(call, "")) == Code::invalid_argument);
  CHECK(world.transport.sent().empty());
}

TEST_CASE("a type without spaces and robots says so", "[plugin][changes]") {
  World world;
  const auto plugin = world.make("plain");
  auto& call = *world.call;
  const std::vector<model::Grant> grants = {{"team", false}};
  CHECK(code_of(plugin->create_space(call, "a", Visibility::open)) == Code::unsupported);
  CHECK(code_of(plugin->set_visibility(call, "a", Visibility::open)) == Code::unsupported);
  CHECK(code_of(plugin->remove_space(call, "a")) == Code::unsupported);
  CHECK(code_of(plugin->issue_robot(call, "ci", grants, 0)) == Code::unsupported);
  CHECK(code_of(plugin->rewrite_robot(call, "7", grants)) == Code::unsupported);
  CHECK(code_of(plugin->revoke_robot(call, "7")) == Code::unsupported);
  CHECK(code_of(plugin->list_robots(call, "p")) == Code::unsupported);
}
