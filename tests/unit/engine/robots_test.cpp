// Bindings and the robots that make them true upstream.
#include "engine/jobs.h"
#include "grant_world.h"
#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/registries.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using test::GrantWorld;
using test::Id;
using Grants = std::map<std::string, bool>;

namespace {

/// One platform registry with two private spaces, and a workspace.
struct World : GrantWorld {
  const Id one = registry("one"), team = workspace("team");
  const Id alpha = space(one, "zz-alpha"), beta = space(one, "beta");
  const std::shared_ptr<test::Harbor> upstream = harbor("one");

  Grants only_grants() {
    const auto all = upstream->all();
    REQUIRE(all.size() == 1);
    return all.begin()->second.grants;
  }
  std::map<std::string, std::string> team_auths() { return auths(secret(team)); }
  std::string robot_auth(const std::string& id) {
    const auto robot = upstream->all().at(id);
    return auth(robot.name, robot.secret);
  }
};

}  // namespace

TEST_CASE("one robot has an entry for every bound space", "[engine][grants]") {
  World world;
  world.bind(world.alpha, world.team);
  CHECK(world.secret(world.team).missing.at(0).reason == "credential_pending");
  world.settle();
  CHECK(world.only_grants() == Grants{{"zz-alpha", false}});
  CHECK(world.team_auths() ==
        std::map<std::string, std::string>{{"one.example", world.robot_auth("7")}});

  world.bind(world.beta, world.team);
  const auto between = world.secret(world.team);
  REQUIRE(between.missing.size() == 1);
  CHECK(between.missing[0].space == "beta");
  world.settle();
  CHECK(world.only_grants() == Grants{{"zz-alpha", false}, {"beta", false}});
  CHECK(world.secret(world.team).missing.empty());
  CHECK(world.upstream->count("issue") == 1);

  // Nothing changed: nothing is written upstream.
  world.bind(world.beta, world.team);
  world.settle();
  CHECK(world.upstream->count("rewrite") == 1);
  // The integrating account's password never shows.
  CHECK(world.secret(world.team)
            .docker_config_json.find(services::base64("ada-one0:integrating password")) ==
        std::string::npos);
}

TEST_CASE("what is issued is audited under the name of who bound", "[engine][grants]") {
  World world;
  world.bind(world.alpha, world.team);
  world.settle();
  const auto entries = world.read<std::vector<model::AuditEntry>>([](store::Reader& reader) {
    store::AuditFilter filter;
    filter.action = "robot.issue";
    return base::Result(store::list_audit(reader, {}, filter).rows);
  });
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].actor == "alice");
}

TEST_CASE("unbinding holds at once and upstream by a job that is tried again", "[engine][grants]") {
  World world;
  const Id a = world.bind(world.alpha, world.team), b = world.bind(world.beta, world.team);
  world.settle();
  world.upstream->refuse("list", Code::unavailable);
  World::done(world.grants->unbind(a, world.act));
  world.settle();
  REQUIRE(world.bindings().size() == 2);
  const auto still = *world.read<std::optional<model::Binding>>(
      [&](store::Reader& reader) { return base::Result(store::find_binding(reader, a)); });
  CHECK_THAT(still.revoke_pending, Catch::Contains("still valid upstream"));
  CHECK(world.only_grants().size() == 2);

  world.upstream->refuse("list", Code::ok);
  world.pass(10s);
  world.settle();
  CHECK(world.only_grants() == Grants{{"beta", false}});
  REQUIRE(world.bindings().size() == 1);

  World::done(world.grants->unbind(b, world.act));
  world.settle();
  CHECK(world.upstream->all().empty());
  CHECK(world.robots().empty());
  CHECK(world.bindings().empty());
  CHECK(world.team_auths().empty());
}

TEST_CASE("a robot loses a space that is gone, and does not get one of the same name",
          "[engine][grants]") {
  World world;
  world.bind(world.alpha, world.team);
  world.bind(world.beta, world.team);
  world.settle();
  auto gone = *world.found(world.beta);
  gone.gone_ms = world.clock_ms;
  world.write<model::SpaceRecord>(
      [&](store::Writer& writer) { return store::update_space(writer, gone, 0); });
  world.space(world.one, "beta");
  const auto missing = world.secret(world.team).missing;
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].space == "beta");
  CHECK(missing[0].reason == "space_gone");
  world.settle();
  CHECK(world.only_grants() == Grants{{"zz-alpha", false}});
  CHECK(world.bindings().size() == 2);  // Shown as broken, not dropped.
}

TEST_CASE("what a sweep finds changes robots without another binding", "[engine][grants]") {
  World world;
  const auto closed = model::Visibility::closed, open = model::Visibility::open;
  const auto upstream = [&](std::map<std::string, model::Visibility> spaces) {
    {
      std::lock_guard lock(world.upstream->mutex);
      world.upstream->spaces = std::move(spaces);
    }
    world.sweep(world.one);
    world.settle();
  };
  const Id other = world.workspace("other");
  upstream({{"zz-alpha", closed}, {"beta", closed}, {"free", open}});
  world.bind(world.alpha, world.team);
  world.bind(world.beta, world.team);
  world.bind(world
                 .read<std::optional<model::SpaceRecord>>([&](store::Reader& reader) {
                   return base::Result(store::find_space(reader, world.one, "free"));
                 })
                 ->id,
             other);
  world.settle();
  CHECK(world.only_grants() == Grants{{"zz-alpha", false}, {"beta", false}});

  SECTION("one that was deleted upstream") {
    upstream({{"zz-alpha", closed}, {"free", open}});
    CHECK(world.only_grants() == Grants{{"zz-alpha", false}});
    upstream({{"zz-alpha", closed}, {"beta", closed}, {"free", open}});
    CHECK(world.only_grants() == Grants{{"zz-alpha", false}, {"beta", false}});
  }
  SECTION("another one of its name") {
    {
      std::lock_guard lock(world.upstream->mutex);
      world.upstream->generation = "new-";
    }
    upstream({{"zz-alpha", closed}, {"beta", closed}, {"free", open}});
    CHECK(world.upstream->all().empty());
  }
  SECTION("one that needs no credential any more, and one that needs one now") {
    upstream({{"zz-alpha", closed}, {"beta", open}, {"free", closed}});
    std::set<std::string> entries;
    for (const auto& [id, robot] : world.upstream->all())
      for (const auto& [space, push] : robot.grants)
        entries.insert(robot.name.substr(0, 6) + space);
    CHECK(entries == std::set<std::string>{"robot$zz-alpha", "robot$free"});
  }
  SECTION("nothing changed") {
    const int lists = world.upstream->count("list");
    upstream({{"zz-alpha", closed}, {"beta", closed}, {"free", open}});
    CHECK(world.upstream->count("list") == lists);
  }
}

TEST_CASE("what is unbound while robots are written stays pending for the next run",
          "[engine][grants]") {
  World world;
  world.bind(world.alpha, world.team);
  const Id b = world.bind(world.beta, world.team);
  std::atomic<bool> once{false};
  std::size_t rows_before_second = 0;
  world.upstream->inside = [&](const std::string& call) {
    if (call == "issue" && !once.exchange(true)) World::done(world.grants->unbind(b, world.act));
    if (call == "rewrite") rows_before_second = world.bindings().size();
  };
  world.settle();
  CHECK(rows_before_second == 2);
  CHECK(world.only_grants() == Grants{{"zz-alpha", false}});
  CHECK(world.bindings().size() == 1);
}

TEST_CASE("a robot whose row was never written is ended by the next run", "[engine][grants]") {
  World world;
  const auto lost = world.upstream->plant(
      "robot$" + engine::robot_prefix(*world.daemon, world.one, world.team, false) + "dead");
  const auto foreign = world.upstream->plant("robot$portolan-somebody-else");
  world.bind(world.alpha, world.team);
  world.settle();
  const auto all = world.upstream->all();
  CHECK(all.count(lost) == 0);
  CHECK(all.count(foreign) == 1);
  CHECK(all.size() == 2);
  CHECK(world.robots().size() == 1);
}

TEST_CASE("a robot that gets no row is ended at once", "[engine][grants]") {
  World world;
  world.bind(world.alpha, world.team);
  world.upstream->inside = [&](const std::string& call) {
    if (call == "issue")
      World::done(world.store->write(
          [&](store::Writer& writer) { return store::delete_registry(writer, world.one); }));
  };
  world.settle();
  CHECK(world.upstream->count("issue") == 1);
  CHECK(world.upstream->all().empty());
}

TEST_CASE("a robot that was deleted upstream is made anew", "[engine][grants]") {
  World world;
  world.bind(world.alpha, world.team);
  world.settle();
  {
    std::lock_guard lock(world.upstream->mutex);
    world.upstream->robots.clear();
  }
  world.bind(world.beta, world.team);
  world.settle();
  CHECK(world.only_grants().size() == 2);
  REQUIRE(world.robots().size() == 1);
  CHECK(world.team_auths().at("one.example") == world.robot_auth(world.robots()[0].upstream_id));
}

TEST_CASE("a rotated robot works on for its grace", "[engine][grants]") {
  World world;
  CHECK(world.grants->rotate(world.team, world.act).error().code == base::Code::conflict);
  world.bind(world.alpha, world.team);
  world.settle();
  const auto jobs = world.grants->rotate(world.team, world.act);
  REQUIRE(jobs);
  REQUIRE(jobs->size() == 1);
  CHECK(jobs->front().kind == "robot.sync");
  CHECK(jobs->front().state == model::JobState::queued);
  CHECK(world.team_auths().at("one.example") == world.robot_auth("7"));  // Until there is another.
  world.settle();
  CHECK(world.upstream->all().size() == 2);
  CHECK(world.team_auths().at("one.example") == world.robot_auth("8"));
  world.bind(world.beta, world.team);
  world.settle();
  CHECK(world.upstream->all().at("7").grants.size() == 2);

  const int looks = world.upstream->count("list");
  world.pass(world.settings->robots.grace - 1ms);
  world.settle();
  CHECK(world.upstream->all().size() == 2);
  CHECK(world.upstream->count("list") <= looks + 3);  // It waits; it does not look again and again.
  world.pass(1ms);
  world.settle();
  CHECK(world.upstream->all().size() == 1);
  CHECK(world.upstream->all().count("8") == 1);
  CHECK(world.robots().size() == 1);
}

TEST_CASE("a robot that the registry lets end is replaced in time", "[engine][grants]") {
  World world;
  world.upstream->robots_end_ms = world.clock_ms + 1'000'000;
  world.bind(world.alpha, world.team);
  world.settle();
  world.upstream->robots_end_ms = -1;
  world.pass(799'000ms);
  world.settle();
  CHECK(world.upstream->all().size() == 1);
  world.pass(2'000ms);
  world.settle();
  CHECK(world.upstream->all().size() == 2);
  CHECK(world.team_auths().at("one.example") == world.robot_auth("8"));
  world.pass(200'000ms);
  world.settle();
  CHECK(world.upstream->all().count("7") == 0);
}

TEST_CASE("after a restore or a move robots are made anew and nobody else's is touched",
          "[engine][grants]") {
  World world;
  world.bind(world.alpha, world.team);
  world.settle();
  auto row = world.robots().at(0);
  row.reconcile = true;
  const auto keep = [&] {
    World::done(world.store->write(
        [&](store::Writer& writer) { return store::update_robot(writer, row); }));
  };

  SECTION("the registry knows it") {
    keep();
    CHECK(world.team_auths().empty());
    CHECK(world.secret(world.team).missing.at(0).reason == "credential_pending");
    world.settle();
    CHECK(world.upstream->all().count("7") == 0);
    CHECK(world.team_auths().at("one.example") == world.robot_auth("8"));
  }
  SECTION("its number is somebody else's") {
    {
      std::lock_guard lock(world.upstream->mutex);
      world.upstream->robots.at("7").name = "robot$ci";
    }
    keep();
    world.secret(world.team);
    world.settle();
    CHECK(world.upstream->all().at("7").name == "robot$ci");
    CHECK(world.upstream->all().size() == 2);
    CHECK(world.robots().size() == 1);
  }
}

TEST_CASE("a registry that refuses to make robots needs a pull credential", "[engine][grants]") {
  World world;
  world.upstream->refuse("issue", Code::forbidden);
  world.bind(world.alpha, world.team);
  world.settle();
  const auto missing = world.secret(world.team).missing;
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].reason == "pull_credential_missing");
  CHECK_THAT(missing[0].hint,
             Catch::Contains("issue is refused") && Catch::Contains("pull-credential"));
  CHECK(world.bindings().at(0).revoke_pending.empty());  // Binding still works.

  World::done(world.store->write([&](store::Writer& writer) {
    return store::set_pull_credential(writer, world.one, {"puller", base::Secret("pull"), {}});
  }));
  CHECK(world.secret(world.team).missing.empty());
  CHECK(world.team_auths().at("one.example") == GrantWorld::auth("puller", "pull"));

  // The account gets the right: the job goes on by itself.
  world.upstream->refuse("issue", Code::ok);
  world.pass(1h);
  world.settle();
  CHECK(world.team_auths().at("one.example") == world.robot_auth("7"));
}

TEST_CASE("who asks for a pull secret does not hasten a job that waits", "[engine][grants]") {
  World world;
  world.upstream->refuse("list", Code::unavailable);
  world.bind(world.alpha, world.team);
  world.settle();
  const int looks = world.upstream->count("list");
  for (int i = 0; i < 20; ++i) {
    const auto missing = world.secret(world.team).missing;
    REQUIRE(missing.size() == 1);
    CHECK(missing[0].reason == "credential_pending");
    CHECK_THAT(missing[0].hint, Catch::Contains("list is refused"));
    world.settle();
  }
  CHECK(world.upstream->count("list") == looks);
}

TEST_CASE("robots nobody knows are swept at the second look, of one registry alone",
          "[engine][grants]") {
  World world;
  // The same address integrated by a workspace too, with robots of its own.
  auto twin = GrantWorld::a_registry("one", world.team);
  const Id own = world.add(twin);
  world.space(own, "mine");
  world.bind(world.alpha, world.team);
  World::done(world.store->write([&](store::Writer& writer) {
    return engine::sync_robots(writer, *world.jobs, own, world.team, "alice");
  }));
  world.settle();
  REQUIRE(world.upstream->all().size() == 2);
  const auto lost = world.upstream->plant(
      "robot$" + engine::robot_prefix(*world.daemon, world.one, 99, true) + "dead");
  REQUIRE(world.jobs_of("robot.sweep").size() == 2);

  world.pass(24h);
  world.settle();
  CHECK(world.upstream->all().count(lost) == 1);  // It may be about to get its row.
  world.pass(1h);
  world.settle();
  CHECK(world.upstream->all().count(lost) == 0);
  CHECK(world.upstream->all().size() == 2);
  CHECK(world.robots().size() == 2);
}

TEST_CASE("what an earlier try may have made is looked for within the hour", "[engine][grants]") {
  World world;
  const bool again = GENERATE(false, true);
  world.bind(world.alpha, world.team);
  if (again) world.upstream->refuse("issue", Code::timeout);
  world.settle();
  world.upstream->refuse("issue", Code::ok);
  world.pass(10s);
  world.settle();
  const auto sweeps = world.jobs_of("robot.sweep");
  REQUIRE(sweeps.size() == 1);
  CHECK((sweeps[0].run_at_ms <= world.clock_ms + 3'600'000) == again);
}

TEST_CASE("a push credential needs a push binding and ends", "[engine][grants]") {
  World world;
  const Id cache = world.space(world.one, "cache", [](auto& space) { space.proxy_cache = true; });
  const auto push = [&](Id space, std::chrono::milliseconds life = 1h) {
    return world.grants->push(space, world.team, life, world.act);
  };
  CHECK(world.grants->bind(cache, world.team, true, world.act).error().code == Code::conflict);
  world.bind(cache, world.team);
  CHECK(push(cache).error().code == Code::conflict);
  CHECK(push(world.alpha).error().code == Code::forbidden);
  world.bind(world.alpha, world.team);
  CHECK(push(world.alpha).error().code == Code::forbidden);
  const Id binding = world.bind(world.beta, world.team, true);
  CHECK(push(world.beta, 24h + 1ms).error().code == Code::invalid_argument);
  CHECK(push(world.beta, 0ms).error().code == Code::invalid_argument);
  world.settle();

  const auto issued = GrantWorld::got(push(world.beta));
  CHECK(issued.host == "one.example");
  CHECK(issued.password.reveal() == world.upstream->all().at("8").secret);
  CHECK(world.upstream->all().at("8").grants == Grants{{"beta", true}});
  CHECK(world.team_auths().at("one.example") == world.robot_auth("7"));  // It pulls for nobody.

  SECTION("by its time") {
    world.pass(10min);
    world.settle();
    world.pass(50min - 1ms);
    world.settle();
    CHECK(world.upstream->all().size() == 2);
    world.pass(1ms);
    world.settle();
  }
  SECTION("by the end of its binding") {
    World::done(world.grants->unbind(binding, world.act));
    world.settle();
  }
  CHECK(world.upstream->all().count("8") == 0);
  CHECK(world.upstream->all().count("7") == 1);
  CHECK(world.robots().size() == 1);
}

TEST_CASE("a push credential is not given for what is unbound meanwhile", "[engine][grants]") {
  World world;
  const Id binding = world.bind(world.alpha, world.team, true);
  world.upstream->inside = [&](const std::string& call) {
    if (call == "issue") World::done(world.grants->unbind(binding, world.act));
  };
  CHECK(world.grants->push(world.alpha, world.team, 1h, world.act).error().code == Code::forbidden);
  CHECK(world.upstream->all().empty());
  CHECK(world.robots().empty());
}

TEST_CASE("a push credential that got no row is ended though nobody asks again",
          "[engine][grants]") {
  World world;
  const Id binding = world.bind(world.alpha, world.team, true);
  world.upstream->inside = [&](const std::string& call) {
    if (call == "issue") World::done(world.grants->unbind(binding, world.act));
  };
  world.upstream->refuse("revoke", Code::unavailable);
  CHECK(world.grants->push(world.alpha, world.team, 1h, world.act).error().code == Code::forbidden);
  REQUIRE(world.upstream->all().size() == 1);
  CHECK(world.robots().empty());

  world.upstream->refuse("revoke", Code::ok);
  world.settle();
  CHECK(world.upstream->all().size() == 1);  // Its row may be on its way.
  world.pass(model::limits::statistics + engine::JobKind().lease);
  world.settle();
  CHECK(world.upstream->all().empty());
}

TEST_CASE("nothing is sent to a paused registry", "[engine][grants]") {
  World world;
  World::done(world.store->write(
      [&](store::Writer& writer) { return store::set_paused(writer, world.one, true); }));
  world.bind(world.alpha, world.team);
  world.settle();
  CHECK(world.upstream->calls.empty());
  World::done(world.store->write(
      [&](store::Writer& writer) { return store::set_paused(writer, world.one, false); }));
  world.pass(10s);
  world.settle();
  CHECK(world.only_grants().size() == 1);
}
