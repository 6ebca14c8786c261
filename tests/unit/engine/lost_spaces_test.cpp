// Robots of which a space was deleted upstream.
#include "grant_world.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using test::GrantWorld;
using test::Id;
using Grants = std::map<std::string, bool>;

namespace {

/// One platform registry that refuses robots for spaces it does not have, and a workspace.
struct World : GrantWorld {
  World() { upstream->knows_spaces = true; }
  const Id one = registry("one"), team = workspace("team");
  const Id alpha = space(one, "zz-alpha"), beta = space(one, "beta");
  const std::shared_ptr<test::Harbor> upstream = harbor("one");

  void holds(const std::set<std::string>& names) {
    std::lock_guard lock(upstream->mutex);
    upstream->spaces.clear();
    for (const std::string& name : names) upstream->spaces[name] = model::Visibility::closed;
  }
  Grants only_grants() {
    const auto all = upstream->all();
    REQUIRE(all.size() == 1);
    return all.begin()->second.grants;
  }
};

}  // namespace

TEST_CASE("a space that was deleted upstream keeps no other from its robot", "[engine][grants]") {
  World world;
  const Id gamma = world.space(world.one, "gamma");
  world.holds({"zz-alpha", "beta", "gamma"});
  const bool has_robot = GENERATE(true, false);
  world.bind(world.alpha, world.team);
  if (has_robot) world.settle();
  world.bind(world.beta, world.team);
  if (has_robot) world.settle();
  world.holds({"zz-alpha", "gamma"});
  world.pass(1s);  // Spaces are never seen and missed in one millisecond.
  world.bind(gamma, world.team);
  world.settle();

  CHECK(world.only_grants() == Grants{{"zz-alpha", false}, {"gamma", false}});
  CHECK(world.found(world.beta)->gone_ms != 0);
  std::set<std::string> broken;
  for (const model::Binding& binding : world.bindings())
    if (binding.broken) broken.insert(binding.space_name);
  CHECK(broken == std::set<std::string>{"beta"});
  const auto secret = world.secret(world.team);
  REQUIRE(secret.missing.size() == 1);
  CHECK(secret.missing[0].space == "beta");
  CHECK(secret.missing[0].reason == "space_gone");
  CHECK(GrantWorld::auths(secret).size() == 1);
  CHECK(world.jobs_of("robot.sync").front().state == model::JobState::done);
}

TEST_CASE("a robot that is refused though every space is there is tried again",
          "[engine][grants]") {
  World world;
  world.holds({"zz-alpha", "beta"});
  world.upstream->refuse("issue", Code::not_found);
  world.bind(world.alpha, world.team);
  world.settle();
  CHECK(world.found(world.alpha)->gone_ms == 0);
  CHECK(world.jobs_of("robot.sync").front().state == model::JobState::queued);
  world.upstream->refuse("issue", Code::ok);
  world.pass(10s);
  world.settle();
  CHECK(world.only_grants() == Grants{{"zz-alpha", false}});
}
