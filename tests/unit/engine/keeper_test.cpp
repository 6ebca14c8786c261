#include "engine/keeper.h"

#include <future>
#include <set>
#include <thread>

#include "engine/look.h"
#include "model/outcome.h"
#include "router/call_thread.h"
#include "store/jobs.h"
#include "store/measures.h"
#include "store/registries.h"
#include "world.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using model::HealthState;
using model::Id;
using model::JobState;
using test::EngineWorld;

namespace {

/// Statistics and catalogues only when asked for, unless a test wants them.
struct KeeperWorld : EngineWorld {
  explicit KeeperWorld(std::chrono::milliseconds interval = 24h) {
    change([&](config::DaemonSettings& daemon_settings) {
      daemon_settings.health.interval = interval;
      daemon_settings.statistics.interval = 0ms;
      daemon_settings.catalogue.interval = 0ms;
    });
  }
  ~KeeperWorld() { end(); }

  void start() {
    jobs = std::make_unique<engine::JobRunner>(*daemon);
    keeper = std::make_unique<engine::Keeper>(*daemon, *fleet, *jobs);
    jobs->start();
    keeper->start();
  }
  void end() {
    if (jobs) CHECK(jobs->stop(10s));
    if (keeper) keeper->stop(10s);
    keeper.reset();
    while (router::any_abandoned()) std::this_thread::yield();
    jobs.reset();
  }
  model::Job ask(const std::string& kind, Id registry, const std::string& more = "") {
    return write<model::Job>([&](store::Writer& writer) {
      model::Job job;
      job.kind = kind;
      job.key = std::to_string(registry) + more;
      job.registry = registry;
      job.input_json = "{\"registry\":" + std::to_string(registry) + more + "}";
      return jobs->enqueue(writer, job);
    });
  }
  model::Job job(Id id) const {
    return *read<std::optional<model::Job>>(
        [&](store::Reader& reader) { return store::find_job(reader, id); });
  }
  model::Job ended(Id id) {
    until([&] { return job(id).ended_ms != 0; });
    return job(id);
  }
  void until_state(Id registry, HealthState state) {
    until([&] { return health(registry).state == state; });
  }
  std::vector<store::Transition> transitions(Id registry) const {
    return read<std::vector<store::Transition>>(
        [&](store::Reader& reader) { return store::transitions(reader, registry, 100); });
  }

  std::unique_ptr<engine::JobRunner> jobs;
  std::unique_ptr<engine::Keeper> keeper;
};

std::string state_of(const model::Health& health, const std::string& name) {
  for (const auto& check : health.last->checks) {
    if (check.name == name) return std::string(model::to_string(check.state));
  }
  return "none";
}

}  // namespace

TEST_CASE("a registry is looked at as soon as it is there, and the transition is told",
          "[engine][keeper]") {
  KeeperWorld world;
  const auto before = world.add(EngineWorld::a_registry("before"));
  world.start();
  const auto after = world.add(EngineWorld::a_registry("after"));
  world.until_state(before, HealthState::healthy);
  world.until_state(after, HealthState::healthy);
  const auto health = world.health(after);
  CHECK(health.last->verdict == model::Verdict::ok);
  CHECK(health.next_try_ms > health.last_try_ms + 3'600'000);
  REQUIRE(world.transitions(after).size() == 1);
  CHECK(world.transitions(after)[0].state == HealthState::healthy);
  const auto events = world.events("registry.health");
  REQUIRE(events.size() == 2);
  const auto data = base::parse_json(events[0].data_json);
  CHECK(*data->find("state")->as_string() == "healthy");
  CHECK(world
            .read<std::optional<model::RegistryRecord>>(
                [&](store::Reader& reader) { return store::find_registry(reader, after); })
            ->integration->product == "Site");
}

TEST_CASE("an outage is believed at the second look and over at the second again",
          "[engine][keeper]") {
  KeeperWorld world(20ms);
  const auto id = world.add(EngineWorld::a_registry("one"));
  world.start();
  world.until_state(id, HealthState::healthy);
  {
    std::lock_guard lock(world.site("one")->mutex);
    world.site("one")->down = true;
  }
  world.until_state(id, HealthState::unreachable);
  CHECK(world.health(id).reason == "unreachable");
  {
    std::lock_guard lock(world.site("one")->mutex);
    world.site("one")->down = false;
  }
  world.until_state(id, HealthState::healthy);
  const auto told = world.transitions(id);
  REQUIRE(told.size() == 3);
  CHECK(told[1].state == HealthState::unreachable);
  CHECK(told[1].until_ms == told[0].since_ms);
}

TEST_CASE("a check that is asked for joins one under way, and shows its checks",
          "[engine][keeper]") {
  KeeperWorld world;
  const auto site = world.site("one");
  std::promise<void> go;
  std::atomic<int> inside{0};
  site->inside = [&, gone = go.get_future().share()](const std::string& call, const auto&) {
    if (call != "validate") return;
    ++inside;
    gone.wait();
  };
  world.start();
  const auto id = world.add(EngineWorld::a_registry("one"));
  world.until([&] { return inside == 1; });
  const auto job = world.ask("registry.check", id);
  world.until([&] { return world.job(job.id).progress.find("\"http\"") != std::string::npos; });
  CHECK(world.ask("registry.check", id).id == job.id);
  go.set_value();
  const auto done = world.ended(job.id);
  CHECK(done.state == JobState::done);
  CHECK(site->validations == 1);
  const auto output = base::parse_json(done.output_json);
  REQUIRE(output);
  CHECK(*output->find("verdict")->as_string() == "ok");
  CHECK(world.health(id).state == HealthState::healthy);  // Kept before the job has ended.
}

TEST_CASE("a quick look is not good enough for one who wants a full one", "[engine][keeper]") {
  KeeperWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  world.start();
  world.until_state(id, HealthState::healthy);
  CHECK(world.health(id).last_full_ms == 0);
  {
    std::lock_guard lock(world.site("one")->mutex);
    world.site("one")->version = "2";
  }
  const auto done = world.ended(world.ask("registry.check", id, ",\"depth\":\"full\"").id);
  CHECK_THAT(done.output_json, Catch::Contains("permissions.catalog"));
  CHECK(world.health(id).last_full_ms != 0);
  const auto record = world.read<std::optional<model::RegistryRecord>>(
      [&](store::Reader& reader) { return store::find_registry(reader, id); });
  CHECK(record->integration->version == "2");  // A full look asks anew who answers.
}

TEST_CASE("a first full look integrates once, a later one anew; a paused registry is left alone",
          "[engine][keeper]") {
  KeeperWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  const engine::JobRunner jobs(*world.daemon);
  engine::Look look;
  look.registry = id;
  look.depth = model::Depth::full;
  const auto bounds = [] { return engine::LookBounds{base::Deadline::in(30s), {}, {}}; };
  CHECK(engine::look_at(*world.daemon, *world.fleet, jobs, look, bounds()).integration);
  CHECK(world.site("one")->integrations == 1);
  CHECK(engine::look_at(*world.daemon, *world.fleet, jobs, look, bounds()).integration);
  CHECK(world.site("one")->integrations == 2);

  REQUIRE(world.store->write(
      [&](store::Writer& writer) { return store::set_paused(writer, id, true); }));
  const auto sent = world.transport.sent().size();
  const auto seen = engine::look_at(*world.daemon, *world.fleet, jobs, look, bounds());
  CHECK(seen.error->code == Code::conflict);
  CHECK_FALSE(seen.finding);
  CHECK(world.transport.sent().size() == sent);
}

TEST_CASE("a wrong password is sent twice, a minute apart, and then no more", "[engine][keeper]") {
  KeeperWorld world;
  const auto id = world.add(EngineWorld::a_registry("one", "wrong"));
  const auto site = world.site("one");
  world.start();
  world.until_state(id, HealthState::unauthenticated);
  CHECK_FALSE(world.health(id).blocked);
  const int first = site->sent_passwords;
  world.ended(world.ask("registry.check", id).id);
  CHECK(site->sent_passwords == first);  // Within the minute it rests.

  world.ahead_ms += 61'000;
  world.ended(world.ask("registry.check", id).id);
  CHECK(world.health(id).blocked);
  CHECK(site->sent_passwords > first);
  const int second = site->sent_passwords;
  for (const char* kind : {"registry.statistics", "registry.catalogue"}) {
    const auto refused = world.ended(world.ask(kind, id).id);
    CHECK(refused.state == JobState::failed);
    CHECK(refused.error->code == Code::unauthorized);
  }
  world.ended(world.ask("registry.check", id).id);
  CHECK(site->sent_passwords == second);
  CHECK(state_of(world.health(id), "identity") == "ok");
  CHECK(state_of(world.health(id), "credentials") == "skipped");
  CHECK(world.health(id).state == HealthState::unauthenticated);

  world.ahead_ms += 61'000;  // "Check now" once a minute.
  {
    std::lock_guard lock(site->mutex);
    site->password = "wrong";
  }
  world.ended(world.ask("registry.check", id).id);
  CHECK_FALSE(world.health(id).blocked);
  CHECK(world.health(id).state == HealthState::unauthenticated);  // Believed at the second.
  world.ended(world.ask("registry.check", id).id);
  CHECK(world.health(id).state == HealthState::healthy);
}

TEST_CASE("a database that is down proves no password wrong", "[engine][keeper]") {
  KeeperWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  {
    std::lock_guard lock(world.site("one")->mutex);
    world.site("one")->database_down = true;
  }
  world.start();
  world.until_state(id, HealthState::unhealthy);
  world.ahead_ms += 61'000;
  world.ended(world.ask("registry.check", id).id);
  CHECK_FALSE(world.health(id).blocked);
  CHECK(world.health(id).refused_version == 0);
}

TEST_CASE("a missing plugin keeps everything, and its return is noticed", "[engine][keeper]") {
  KeeperWorld world(20ms);
  const auto id = world.add(EngineWorld::a_registry("one"));
  world.start();
  world.until_state(id, HealthState::healthy);
  world.plugins.missing = true;
  world.change([](config::DaemonSettings&) {});  // A reload: the live registry is made anew.
  world.until_state(id, HealthState::unknown);
  CHECK(world.health(id).reason == "plugin_missing");
  CHECK(world.health(id).last.has_value());
  world.plugins.missing = false;
  world.until_state(id, HealthState::healthy);
}

TEST_CASE("a plugin that comes makes its registries live at once", "[engine][keeper]") {
  KeeperWorld world;  // The next look by schedule is an hour away.
  world.plugins.missing = true;
  const auto id = world.add(EngineWorld::a_registry("one"));
  world.start();
  world.until([&] { return world.health(id).reason == "plugin_missing"; });
  world.plugins.missing = false;
  world.keeper->look_at_types({"another"});
  world.keeper->look_at_types({"site"});
  world.until_state(id, HealthState::healthy);
}

TEST_CASE("a paused registry sees no traffic", "[engine][keeper]") {
  KeeperWorld world(10ms);
  const auto id = world.add(EngineWorld::a_registry("one"));
  const auto other = world.add(EngineWorld::a_registry("two"));
  world.start();
  world.until_state(id, HealthState::healthy);
  REQUIRE(world.store->write([&](store::Writer& writer) {
    EngineWorld::tell(writer, "registry.paused", id);
    return store::set_paused(writer, id, true);
  }));
  const auto site = world.site("one"), there = world.site("two");
  const auto rounds = [&](int count) {
    const int from = there->validations;
    world.until([&] { return there->validations >= from + count; });
  };
  rounds(3);
  const int seen = site->validations;
  rounds(10);
  CHECK(site->validations == seen);
  REQUIRE(world.store->write([&](store::Writer& writer) {
    EngineWorld::tell(writer, "registry.resumed", id);
    return store::set_paused(writer, id, false);
  }));
  world.until([&] { return site->validations > seen; });
  (void)other;
}

TEST_CASE("statistics are kept on schedule and when asked, joined by a second who asks",
          "[engine][keeper]") {
  KeeperWorld world;
  world.change([](config::DaemonSettings& settings) { settings.statistics.interval = 24h; });
  const auto site = world.site("one");
  site->repositories = {{"a/b", "a", -1, -1, -1}, {"a/c", "a", -1, -1, -1}};
  world.start();
  const auto id = world.add(EngineWorld::a_registry("one"));
  const auto kept = [&] {
    return world.read<store::KeptStatistics>(
        [&](store::Reader& reader) { return store::statistics(reader, id); });
  };
  world.until([&] { return kept().taken_at_ms != 0; });
  REQUIRE(kept().measures.size() == 1);
  CHECK(kept().measures[0].known->value == 2);

  const int before = site->collections;
  std::promise<void> go;
  {
    std::lock_guard lock(site->mutex);
    site->inside = [gone = go.get_future().share()](const std::string& call, const auto&) {
      if (call == "collect") gone.wait();
    };
  }
  const auto deep = world.ask("registry.statistics", id, ",\"level\":\"deep\"");
  world.until([&] { return site->collections == before + 1; });
  const auto normal = world.ask("registry.statistics", id);
  world.until([&] { return world.job(normal.id).state == JobState::running; });
  go.set_value();
  CHECK(world.ended(deep.id).state == JobState::done);
  CHECK(world.ended(normal.id).state == JobState::done);
  CHECK(site->collections <= before + 2);
}

TEST_CASE("nothing is collected before the first check has found the registry well",
          "[engine][keeper]") {
  KeeperWorld world;
  world.change([](config::DaemonSettings& settings) {
    settings.statistics.interval = settings.catalogue.interval = 24h;
    settings.health.timeout = 100ms;
  });
  const auto site = world.site("one");
  site->silent = true;
  world.start();
  const auto id = world.add(EngineWorld::a_registry("one"));
  world.until_state(id, HealthState::unreachable);
  CHECK(site->collections == 0);
  CHECK(site->listings == 0);
  {
    std::lock_guard lock(site->mutex);
    site->silent = false;
  }
  world.ask("registry.check", id);
  world.until([&] { return site->collections == 1 && site->listings > 0; });
}

TEST_CASE("a plugin that never comes back is given up and hurts its registry only",
          "[engine][keeper]") {
  KeeperWorld world;
  world.change([](config::DaemonSettings& settings) {
    settings.health.timeout = 100ms;
    settings.health.parallel = 1;
  });
  std::promise<void> go;
  world.site("stuck")->inside = [gone = go.get_future().share()](const std::string& call,
                                                                 const auto&) {
    if (call == "validate") gone.wait();
  };
  const auto stuck = world.add(EngineWorld::a_registry("stuck"));
  const auto good = world.add(EngineWorld::a_registry("good"));
  world.start();
  world.until_state(good, HealthState::healthy);
  world.until([&] { return world.health(stuck).last_try_ms != 0; });
  CHECK(world.health(stuck).state == HealthState::unknown);
  CHECK(world.health(stuck).reason == "timeout");
  CHECK(router::any_abandoned());
  go.set_value();
}

TEST_CASE("it is known how long the last quick check took, of who was asked and is still there",
          "[engine][keeper]") {
  KeeperWorld world;
  world.change([](config::DaemonSettings& settings) { settings.health.timeout = 100ms; });
  world.site("hung")->silent = true;
  const auto hung = world.add(EngineWorld::a_registry("hung"));
  auto strange = EngineWorld::a_registry("strange");
  strange.settings.options_json = "{\"nobody\":\"knows\"}";
  const auto other = world.add(strange);
  world.start();
  world.until([&] { return world.keeper->check_times().count(hung) == 1; });
  world.until([&] { return world.health(other).last_try_ms != 0; });
  const auto took = world.keeper->check_times();
  CHECK(took.at(hung) >= 100ms);
  CHECK(took.count(other) == 0);  // Its options: it was not asked.

  {
    std::lock_guard lock(world.site("hung")->mutex);
    world.site("hung")->silent = false;
  }
  world.ended(world.ask("registry.check", hung, ",\"depth\":\"full\"").id);
  CHECK(world.keeper->check_times().at(hung) == took.at(hung));
  world.ended(world.ask("registry.check", hung).id);
  CHECK(world.keeper->check_times().at(hung) != took.at(hung));

  REQUIRE(world.store->write([&](store::Writer& writer) {
    EngineWorld::tell(writer, "registry.removed", hung);
    return store::delete_registry(writer, hung);
  }));
  world.until([&] { return world.keeper->check_times().count(hung) == 0; });
}

TEST_CASE("a stop in the middle of a look writes no false result", "[engine][keeper]") {
  KeeperWorld world;
  world.site("one")->silent = true;
  const auto id = world.add(EngineWorld::a_registry("one"));
  world.start();
  world.transport.wait_for_sent(1);
  CHECK(world.keeper->stop(10s));
  CHECK(world.health(id).last_try_ms == 0);
}

TEST_CASE("a thousand registries, half of which hang, are swept as fast as the other half",
          "[engine][keeper]") {
  constexpr int count = 1000;
  const auto sweep = [](bool with_hung) {
    KeeperWorld world;
    world.change([](config::DaemonSettings& settings) { settings.health.timeout = 20s; });
    std::vector<Id> good;
    REQUIRE(world.store->write([&](store::Writer& writer) -> base::Result<void> {
      for (int i = 0; i < count; ++i) {
        const bool hangs = i % 2 == 1;
        if (hangs && !with_hung) continue;
        const std::string name = "r" + std::to_string(i);
        world.site(name)->silent = hangs;
        const auto made = store::insert_registry(writer, EngineWorld::a_registry(name));
        if (!made) return made.error();
        if (!hangs) good.push_back(made->id);
      }
      return {};
    }));
    const auto started = base::Steady::now();
    world.start();
    world.until([&] { return world.events("registry.health").size() >= good.size(); });
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(base::Steady::now() - started);
    for (const Id id : good) CHECK(world.health(id).state == HealthState::healthy);
    return took;
  };
  const auto alone = sweep(false), with_hung = sweep(true);
  WARN("the healthy half alone: " << alone.count() << " ms, with the other half hanging: "
                                  << with_hung.count() << " ms");
  CHECK(with_hung < alone * 3 + 2s);  // Far below the 20 s for which the others hang.
}
