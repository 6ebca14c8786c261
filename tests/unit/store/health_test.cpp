#include "rows.h"
#include "store/registries.h"

using namespace portolan;
using base::Code;
using model::HealthState;
using namespace portolan::test;

namespace {

model::Health health_of(const RowWorld& world, Id registry) {
  return world.read<model::Health>([&](Reader& reader) { return store::health(reader, registry); });
}

Id tell(RowWorld& world, const model::Event& event) {
  return world.write<Id>([&](Writer& writer) { return store::add_event(writer, event); });
}

std::vector<Id> event_ids(const RowWorld& world, const store::EventFilter& filter,
                          const store::PageRequest& request = {}) {
  std::vector<Id> ids;
  for (const auto& event : world
                               .read<store::Page<model::Event>>([&](Reader& reader) {
                                 return store::list_events(reader, request, filter);
                               })
                               .rows)
    ids.push_back(event.id);
  return ids;
}

}  // namespace

TEST_CASE("a new registry's health is unknown and due", "[store][health]") {
  RowWorld world;
  const auto health = health_of(world, world.registry("hub"));
  CHECK(health.state == HealthState::unknown);
  CHECK(health.since_ms == world.now_ms);
  CHECK(health.next_try_ms == 0);
  CHECK_FALSE(health.last);
}

TEST_CASE("health comes back as it was put; absent results stay", "[store][health]") {
  RowWorld world;
  const Id id = world.registry("hub");
  model::Health health;
  health.state = HealthState::unauthenticated;
  health.reason = "unauthorized";
  health.message = "refused";
  health.hint = "Give another password.";
  health.since_ms = 1;
  health.last_try_ms = 2;
  health.last_success_ms = 3;
  health.next_try_ms = 4;
  health.blocked = true;
  health.refused_at_ms = 5;
  health.refused_version = 6;
  health.recent = {HealthState::healthy, HealthState::unauthenticated};
  model::Check check;
  check.name = "credentials";
  check.state = model::CheckState::fail;
  check.code = base::Code::unauthorized;
  health.last = model::Validation{model::Verdict::fail, {check}};
  health.last_full = model::Validation{model::Verdict::warn, {}};
  health.last_full_ms = 7;
  world.done([&](Writer& writer) { return store::put_health(writer, id, health); });
  health.last.reset();
  health.last_full.reset();
  health.since_ms = 11;
  world.done([&](Writer& writer) { return store::put_health(writer, id, health); });

  const auto kept = health_of(world, id);
  CHECK(kept.state == health.state);
  CHECK(kept.reason == health.reason);
  CHECK(kept.message == health.message);
  CHECK(kept.hint == health.hint);
  CHECK(kept.since_ms == 11);
  CHECK(kept.last_try_ms == 2);
  CHECK(kept.last_success_ms == 3);
  CHECK(kept.next_try_ms == 4);
  CHECK(kept.blocked);
  CHECK(kept.refused_at_ms == 5);
  CHECK(kept.refused_version == 6);
  CHECK(kept.recent == health.recent);
  CHECK(kept.last_full_ms == 7);
  REQUIRE(kept.last);
  REQUIRE(kept.last->checks.size() == 1);
  CHECK(kept.last->checks[0].name == "credentials");
  CHECK(kept.last->checks[0].code == base::Code::unauthorized);
  REQUIRE(kept.last_full);
  CHECK(kept.last_full->verdict == model::Verdict::warn);
  CHECK(world.code_of([&](Writer& writer) { return store::put_health(writer, 999, health); }) ==
        Code::not_found);
}

TEST_CASE("a transition ends the one before", "[store][health]") {
  RowWorld world;
  const Id id = world.registry("hub");
  for (const std::int64_t since : {10, 20, 30})
    world.done([&](Writer& writer) {
      return store::add_transition(
          writer, id, {HealthState::healthy, "r" + std::to_string(since), "m", since, 0});
    });
  const auto all = world.read<std::vector<store::Transition>>(
      [&](Reader& reader) { return store::transitions(reader, id, 10); });
  REQUIRE(all.size() == 3);
  CHECK(all[0].reason == "r30");
  CHECK(all[0].until_ms == 0);
  CHECK(all[1].until_ms == 30);
  CHECK(all[2].until_ms == 20);
  CHECK(world
            .read<std::vector<store::Transition>>(
                [&](Reader& reader) { return store::transitions(reader, id, 2); })
            .size() == 2);
  // What still holds is never old.
  CHECK(world.write<std::size_t>(
            [](Writer& writer) { return store::delete_events_before(writer, 1000); }) == 2);
}

TEST_CASE("events are newest first, or oldest first from one on", "[store][events]") {
  RowWorld world;
  CHECK(world.read<Id>(store::last_event) == 0);
  for (int i = 0; i < 7; ++i) {
    world.now_ms += 10;
    tell(world, {.kind = i % 2 == 0 ? "registry.health" : "space.gone",
                 .registry = i % 3,
                 .subject = "hub",
                 .data_json = "{}"});
  }
  CHECK(world.read<Id>(store::last_event) == 7);
  CHECK(event_ids(world, {}) == std::vector<Id>{7, 6, 5, 4, 3, 2, 1});
  CHECK(event_ids(world, {.since_id = 4}) == std::vector<Id>{5, 6, 7});
  CHECK(event_ids(world, {.since_id = 0}, {.limit = 2}) == std::vector<Id>{1, 2});
  CHECK(event_ids(world, {.kind = "space.gone"}) == std::vector<Id>{6, 4, 2});
  CHECK(event_ids(world, {.registry = 1}) == std::vector<Id>{5, 2});
  for (const std::size_t limit : {1, 3, 7}) {
    const auto all = world.all_pages<model::Event>(
        limit, "", [](Reader& reader, const store::PageRequest& request) {
          return store::list_events(reader, request, {});
        });
    CHECK(all.size() == 7);
  }
  const auto first = world
                         .read<store::Page<model::Event>>([](Reader& reader) {
                           return store::list_events(reader, {}, {.since_id = 0});
                         })
                         .rows.front();
  CHECK(first.kind == "registry.health");
  CHECK(first.at_ms == world.now_ms - 60);
  CHECK(first.subject == "hub");
  CHECK_FALSE(first.workspace);
  CHECK(world.write<std::size_t>([&](Writer& writer) {
    return store::delete_events_before(writer, world.now_ms - 20);
  }) == 4);
  CHECK(event_ids(world, {}) == std::vector<Id>{7, 6, 5});
}

TEST_CASE("an event is for those who see the narrowest thing it names", "[store][events]") {
  RowWorld world;
  const auto tell_of = [&](std::optional<Id> workspace, std::optional<Id> registry,
                           std::optional<Id> space) {
    return tell(world, {.kind = "k",
                        .workspace = workspace,
                        .registry = registry,
                        .space = space,
                        .data_json = "{}"});
  };
  const std::optional<Id> none;
  const Id mine = tell_of(1, 10, 100), foreign = tell_of(2, 10, 100);
  const Id my_space = tell_of(none, 10, 100), other_space = tell_of(none, 10, 101);
  const Id my_registry = tell_of(none, 10, none), other_registry = tell_of(none, 11, none);
  const Id daemon = tell_of(none, none, none);
  const store::Sight sight{.workspaces = {1}, .registries = {10}, .spaces = {100}};
  CHECK(event_ids(world, {.only = &sight}) == std::vector<Id>{my_registry, my_space, mine});
  CHECK(event_ids(world, {.workspace = 2}) == std::vector<Id>{foreign});
  const store::Sight nothing;
  CHECK(event_ids(world, {.only = &nothing}).empty());
  CHECK(event_ids(world, {}).size() == 7);
  CHECK(other_space < other_registry);
  CHECK(other_registry < daemon);
}
