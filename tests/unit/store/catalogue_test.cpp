#include "store/catalogue.h"

#include <algorithm>
#include <random>
#include <set>

#include "rows.h"
#include "store/connection.h"
#include "store/registries.h"

using namespace portolan;
using base::Code;
using model::SpaceRecord;
using namespace portolan::test;

namespace {

SpaceRecord space_of(const RowWorld& world, Id id) {
  return *world.read<std::optional<SpaceRecord>>(
      [&](Reader& reader) { return store::find_space(reader, id); });
}

SpaceRecord updated(RowWorld& world, const SpaceRecord& space, std::int64_t if_revision = 0) {
  return world.write<SpaceRecord>(
      [&](Writer& writer) { return store::update_space(writer, space, if_revision); });
}

Code insert_code(RowWorld& world, const SpaceRecord& space) {
  return world.code_of([&](Writer& writer) -> base::Result<void> {
    auto added = store::insert_space(writer, space);
    if (!added) return added.error();
    return {};
  });
}

}  // namespace

TEST_CASE("a space comes back as it was kept", "[store][catalogue]") {
  RowWorld world;
  SpaceRecord space = a_space(world.registry("hub"), "library");
  space.upstream_id = "7";
  space.is_public = true;
  space.upstream_visibility = model::Visibility::closed;
  space.enforcement = model::Enforcement::registry;
  space.declared = true;
  space.proxy_cache = true;
  space.confirm_public = true;
  space.repositories = 12;
  space.first_seen_ms = 1;
  space.seen_ms = 2;
  space.provenance.created_by = "alice";
  const SpaceRecord added = world.add(space);
  world.reopen();
  SpaceRecord expected = space;
  expected.id = added.id;
  expected.provenance = added.provenance;
  CHECK(space_of(world, added.id) == expected);
  CHECK(added.provenance.created_by == "alice");
  CHECK(added.provenance.revision == 1);
}

TEST_CASE("a name is taken while its space is there, and free once it is gone",
          "[store][catalogue]") {
  RowWorld world;
  const Id hub = world.registry("hub"), other = world.registry("other");
  SpaceRecord first = world.add(a_space(hub, "library"));
  CHECK(insert_code(world, a_space(hub, "library")) == Code::conflict);
  CHECK(insert_code(world, a_space(other, "library")) == Code::ok);
  const Id team = world.workspace("t");
  world.bind(first.id, team);
  first.gone_ms = 5;
  updated(world, first);
  const Id second = world.space(hub, "library");
  CHECK(second != first.id);
  CHECK(world
            .read<std::optional<SpaceRecord>>(
                [&](Reader& reader) { return store::find_space(reader, hub, "library"); })
            ->id == second);
  // Its bindings did not pass over, and it does not come back beside the new one.
  CHECK(world
            .read<std::vector<model::Binding>>(
                [&](Reader& reader) { return store::bindings(reader, {.space = second}); })
            .empty());
  first.gone_ms = 0;
  CHECK(world.code_of([&](Writer& writer) -> base::Result<void> {
    auto back = store::update_space(writer, first, 0);
    if (!back) return back.error();
    return {};
  }) == Code::conflict);
  CHECK(world
            .read<std::vector<SpaceRecord>>(
                [&](Reader& reader) { return store::spaces_of(reader, hub); })
            .size() == 2);
  CHECK_FALSE(world.read<std::optional<SpaceRecord>>(
      [&](Reader& reader) { return store::find_space(reader, hub, "nothing"); }));
}

TEST_CASE("a sweep that merely saw a space again changes no revision", "[store][catalogue]") {
  RowWorld world;
  SpaceRecord space = world.add(a_space(world.registry("hub"), "library"));
  const auto revision = space.provenance.revision;
  space.seen_ms = 99;
  space.repositories = 3;
  world.now_ms += 10;
  CHECK(updated(world, space).provenance.revision == revision);
  CHECK(space_of(world, space.id).seen_ms == 99);
  space.is_public = true;
  const SpaceRecord changed = updated(world, space, revision);
  CHECK(changed.provenance.revision == revision + 1);
  CHECK(changed.provenance.updated_ms == world.now_ms);
  CHECK(space_of(world, space.id) == changed);
  CHECK(world.code_of([&](Writer& writer) -> base::Result<void> {
    auto stale = store::update_space(writer, space, revision);
    if (!stale) return stale.error();
    return {};
  }) == Code::conflict);
}

TEST_CASE("a bound space is not deleted; what hangs on a free one goes with it",
          "[store][catalogue]") {
  RowWorld world;
  const Id hub = world.registry("hub"), space = world.space(hub, "a"), team = world.workspace("t");
  const auto binding = world.bind(space, team);
  const auto drop = [&](Writer& writer) { return store::delete_space(writer, space); };
  CHECK(world.code_of(drop) == Code::conflict);
  world.done([&](Writer& writer) { return store::delete_binding(writer, binding.id); });
  model::RepositoryRecord repository;
  repository.space = space;
  repository.name = "a/x";
  world.done([&](Writer& writer) { return store::put_repositories(writer, hub, {repository}); });
  CHECK(world.code_of(drop) == Code::ok);
  CHECK(world.code_of(drop) == Code::not_found);
  CHECK_FALSE(world.read<std::optional<model::RepositoryRecord>>(
      [&](Reader& reader) { return store::find_repository(reader, hub, "a/x"); }));
}

TEST_CASE("binding twice is one binding; another access is a conflict", "[store][bindings]") {
  RowWorld world;
  const Id hub = world.registry("hub"), space = world.space(hub, "a"), team = world.workspace("t");
  const auto first = world.bind(space, team);
  CHECK(first.space_name == "a");
  CHECK(first.workspace_name == "t");
  CHECK(first.registry == hub);
  CHECK_FALSE(first.push);
  CHECK(world.bind(space, team).id == first.id);
  CHECK(world.code_of([&](Writer& writer) -> base::Result<void> {
    model::Binding binding;
    binding.space = space;
    binding.workspace = team;
    binding.push = true;
    auto added = store::insert_binding(writer, binding);
    if (!added) return added.error();
    return {};
  }) == Code::conflict);
}

TEST_CASE("unbinding holds at once, though the row tells what is still valid upstream",
          "[store][bindings]") {
  RowWorld world;
  const Id hub = world.registry("hub"), space = world.space(hub, "a"), team = world.workspace("t");
  const auto binding = world.bind(space, team);
  const auto bound = [&] { return world.read<model::AccessWorld>(store::access_world).bindings; };
  REQUIRE(bound().size() == 1);
  world.done([&](Writer& writer) {
    return store::set_revoke_pending(writer, binding.id, "the registry does not answer");
  });
  CHECK(bound().empty());
  const auto found = [&] {
    return *world.read<std::optional<model::Binding>>(
        [&](Reader& reader) { return store::find_binding(reader, binding.id); });
  };
  CHECK(found().revoke_pending == "the registry does not answer");
  const auto rows = world.read<store::Page<store::SpaceRow>>(
      [](Reader& reader) { return store::list_spaces(reader, {}, {.bound = false}); });
  REQUIRE(rows.rows.size() == 1);
  CHECK(rows.rows[0].workspaces.empty());

  const auto again = world.bind(space, team, true);
  CHECK(again.id == binding.id);
  CHECK(again.push);
  CHECK(again.revoke_pending.empty());
  REQUIRE(bound().size() == 1);
  CHECK(bound()[0].push);
  world.done([&](Writer& writer) { return store::delete_binding(writer, binding.id); });
  CHECK(world.code_of([&](Writer& writer) { return store::delete_binding(writer, binding.id); }) ==
        Code::not_found);
  CHECK(world.code_of([&](Writer& writer) {
    return store::set_revoke_pending(writer, binding.id, "x");
  }) == Code::not_found);
}

TEST_CASE("access resolution sees no space that is gone", "[store][bindings]") {
  RowWorld world;
  const Id team = world.workspace("t");
  const Id hub = world.registry("hub"), own = world.registry("own", team);
  SpaceRecord gone = a_space(hub, "gone");
  gone.gone_ms = 3;
  gone.is_public = true;
  world.add(gone);
  SpaceRecord open = a_space(hub, "open");
  open.is_public = true;
  const Id open_id = world.add(open).id, own_id = world.space(own, "mine");
  const auto access = world.read<model::AccessWorld>(store::access_world);
  CHECK(access.registries.size() == 2);
  const auto usable = model::usable_spaces(access, team);
  REQUIRE(usable.size() == 2);
  CHECK(usable[0].space == open_id);
  CHECK(usable[1].space == own_id);
}

TEST_CASE("access resolution is read anew whenever something of it changed, undone writes too",
          "[store][bindings]") {
  RowWorld world;
  const Id hub = world.registry("hub"), team = world.workspace("t");
  std::mt19937 random(5);  // NOLINT(cert-msc51-cpp): repeatable.
  std::vector<Id> spaces, bindings;
  const auto same = [](const model::AccessWorld& a, const model::AccessWorld& b) {
    const auto text = [](const model::AccessWorld& world_of) {
      std::string all;
      for (const auto& registry : world_of.registries) all += std::to_string(registry.id) + ' ';
      for (const auto& space : world_of.spaces)
        all += std::to_string(space.id) + (space.is_public ? "+ " : "- ");
      for (const auto& bound : world_of.bindings)
        all += std::to_string(bound.space) + (bound.push ? "p " : "r ");
      return all;
    };
    return text(a) == text(b);
  };
  const auto now = [](Reader& reader) { return store::access_world(reader); };
  const auto unknown = [](Reader& reader) {
    reader.connection().known_access().revision = -1;
    return store::access_world(reader);
  };
  for (int round = 0; round < 120; ++round) {
    const bool undo = random() % 3 == 0;
    auto kept_spaces = spaces, kept_bindings = bindings;
    (void)world.store->write([&](Writer& writer) -> base::Result<void> {
      const auto pick = [&](std::vector<Id>& from) { return from[random() % from.size()]; };
      const auto step = random() % 6;
      if (step == 0 || spaces.empty()) {
        spaces.push_back(
            store::insert_space(writer, a_space(hub, "s" + std::to_string(round)))->id);
      } else if (step == 1) {
        auto space = *store::find_space(writer, pick(spaces));
        space.is_public = !space.is_public;
        (void)store::update_space(writer, space, 0);
      } else if (step == 2) {
        model::Binding binding;
        binding.space = pick(spaces);
        binding.workspace = team;
        binding.push = round % 2 == 0;
        if (const auto bound = store::insert_binding(writer, binding))
          bindings.push_back(bound->id);
      } else if (step == 3 && !bindings.empty()) {
        (void)store::set_revoke_pending(writer, pick(bindings), "x");
      } else if (step == 4 && !bindings.empty()) {
        (void)store::delete_binding(writer, pick(bindings));
      } else if (step == 5) {
        (void)store::delete_space(writer, spaces.back());
        spaces.pop_back();
      }
      CHECK(same(now(writer), unknown(writer)));
      if (undo) return base::Error{.code = Code::cancelled};
      return {};
    });
    if (undo) {
      spaces = kept_spaces;
      bindings = kept_bindings;
    }
    CHECK(same(world.read<model::AccessWorld>(now), world.read<model::AccessWorld>(unknown)));
  }
  const auto revision = [&] { return world.read<std::int64_t>(store::access_revision); };
  const auto before = revision();
  world.registry("another");
  CHECK(revision() > before);
  const auto between = revision();
  world.done([&](Writer& writer) { return store::delete_registry(writer, hub); });
  CHECK(revision() > between);
  CHECK(world.read<model::AccessWorld>(now).registries.size() == 1);
}

TEST_CASE("lists of spaces and bindings page, filter and name who is bound",
          "[store][catalogue][paging]") {
  RowWorld world;
  const Id hub = world.registry("hub"), other = world.registry("other");
  const Id b = world.workspace("team-b"), a = world.workspace("team-a");
  std::vector<Id> ids;
  for (int i = 0; i < 17; ++i) {
    SpaceRecord space = a_space(i < 12 ? hub : other, "space-" + std::to_string(i));
    space.repositories = i % 4;
    space.is_public = i % 5 == 0;
    ids.push_back(world.add(space).id);
    if (i % 2 == 0) world.bind(ids.back(), b);
    if (i % 6 == 0) world.bind(ids.back(), a, true);
  }
  for (const std::size_t limit : {1, 4, 16, 17, 50})
    for (const char* sort : {"", "-name", "repositories", "-repositories", "created"}) {
      const auto rows = world.all_pages<store::SpaceRow>(
          limit, sort, [](Reader& reader, const store::PageRequest& request) {
            return store::list_spaces(reader, request, {});
          });
      std::set<Id> seen;
      for (const auto& row : rows) seen.insert(row.record.id);
      CHECK(rows.size() == 17);
      CHECK(seen.size() == 17);
    }
  const auto spaces = [&](const store::SpaceFilter& filter) {
    return world
        .read<store::Page<store::SpaceRow>>(
            [&](Reader& reader) { return store::list_spaces(reader, {}, filter); })
        .rows;
  };
  CHECK(spaces({.registry = other}).size() == 5);
  CHECK(spaces({.is_public = true}).size() == 4);
  CHECK(spaces({.bound = true}).size() == 9);
  CHECK(spaces({.bound = false}).size() == 8);
  const std::vector<Id> only{ids[0]};
  REQUIRE(spaces({.only = &only}).size() == 1);
  CHECK(spaces({.only = &only})[0].workspaces == std::vector<std::string>{"team-a", "team-b"});

  const auto bindings = [&](const store::BindingFilter& filter) {
    return world.read<std::vector<model::Binding>>(
        [&](Reader& reader) { return store::bindings(reader, filter); });
  };
  CHECK(bindings({}).size() == 12);
  CHECK(bindings({.workspace = a}).size() == 3);
  CHECK(bindings({.space = ids[0]}).size() == 2);
  CHECK(bindings({.registry = other}).size() == 4);
  for (const std::size_t limit : {1, 5, 12})
    for (const char* sort : {"", "-workspace", "created"})
      CHECK(world
                .all_pages<model::Binding>(limit, sort,
                                           [](Reader& reader, const store::PageRequest& request) {
                                             return store::list_bindings(reader, request, {});
                                           })
                .size() == 12);
}

TEST_CASE("a row that comes or goes between two pages moves no other", "[store][paging]") {
  RowWorld world;
  const Id hub = world.registry("hub");
  for (const char* name : {"b", "d", "f", "h"}) world.space(hub, name);
  const auto page = [&](const std::string& after) {
    return world.read<store::Page<store::SpaceRow>>([&](Reader& reader) {
      return store::list_spaces(reader, {.limit = 2, .after = after}, {});
    });
  };
  const auto first = page("");
  REQUIRE(first.rows.size() == 2);
  world.space(hub, "a");
  world.done([&](Writer& writer) { return store::delete_space(writer, first.rows[1].record.id); });
  world.space(hub, "e");
  const auto second = page(first.next);
  REQUIRE(second.rows.size() == 2);
  CHECK(second.rows[0].record.name == "e");
  CHECK(second.rows[1].record.name == "f");
}
