#include "store/catalogue.h"

#include <algorithm>
#include <set>

#include "rows.h"
#include "store/connection.h"

using namespace portolan;
using base::Code;
using base::Secret;
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

model::RepositoryRecord a_repository(Id space, const std::string& name, std::int64_t seen_ms) {
  model::RepositoryRecord repository;
  repository.space = space;
  repository.name = name;
  repository.seen_ms = seen_ms;
  return repository;
}

std::vector<std::string> repository_names(const RowWorld& world,
                                          const store::RepositoryFilter& filter,
                                          const std::string& search = "") {
  std::vector<std::string> names;
  for (const auto& repository :
       world
           .read<store::Page<model::RepositoryRecord>>([&](Reader& reader) {
             return store::list_repositories(reader, {.search = search}, filter);
           })
           .rows)
    names.push_back(repository.name);
  return names;
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
  world.done([&](Writer& writer) {
    return store::put_repositories(writer, hub, {a_repository(space, "a/x", 1)});
  });
  CHECK(world.code_of(drop) == Code::ok);
  CHECK(world.code_of(drop) == Code::not_found);
  CHECK(repository_names(world, {}).empty());
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

TEST_CASE("a robot has its grants and a secret that only its row opens", "[store][robots]") {
  RowWorld world;
  const Id hub = world.registry("hub"), other = world.registry("other");
  const Id team = world.workspace("t"), second = world.workspace("u");
  const Id one = world.space(hub, "a"), two = world.space(hub, "b");
  const auto add = [&](Id registry, Id workspace, const std::string& secret) {
    return world.write<model::RobotRecord>([&](Writer& writer) {
      model::RobotRecord robot;
      robot.registry = registry;
      robot.workspace = workspace;
      robot.upstream_id = "42";
      robot.username = "robot$" + secret;
      if (registry == hub) robot.spaces = {two, one};
      return store::insert_robot(writer, robot, Secret(secret));
    });
  };
  auto robot = add(hub, team, "first");
  const auto sibling = add(hub, second, "second");
  add(other, team, "third");
  CHECK(robot.created_ms == world.now_ms);
  const auto secret = [&](Id id) {
    return world.read<Secret>([&](Reader& reader) { return store::robot_secret(reader, id); })
        .reveal();
  };
  CHECK(secret(robot.id) == "first");
  CHECK(secret(sibling.id) == "second");
  const auto robots = [&](std::optional<Id> registry, std::optional<Id> workspace) {
    return world.read<std::vector<model::RobotRecord>>(
        [&](Reader& reader) { return store::robots(reader, registry, workspace); });
  };
  CHECK(robots(std::nullopt, std::nullopt).size() == 3);
  CHECK(robots(hub, std::nullopt).size() == 2);
  CHECK(robots(std::nullopt, team).size() == 2);
  REQUIRE(robots(hub, team).size() == 1);
  CHECK(robots(hub, team)[0].spaces == std::vector<Id>{one, two});

  robot.spaces = {two};
  robot.retire_ms = 9;
  robot.expires_ms = 10;
  robot.reconcile = true;
  world.done([&](Writer& writer) { return store::update_robot(writer, robot); });
  const auto after = robots(hub, team)[0];
  CHECK(after.spaces == std::vector<Id>{two});
  CHECK(after.retire_ms == 9);
  CHECK(after.expires_ms == 10);
  CHECK(after.reconcile);
  CHECK(after.upstream_id == "42");
  world.done([&](Writer& writer) { return store::delete_robot(writer, robot.id); });
  CHECK(world.code_of([&](Writer& writer) { return store::delete_robot(writer, robot.id); }) ==
        Code::not_found);
  CHECK(world.code_of([&](Writer& writer) { return store::update_robot(writer, robot); }) ==
        Code::not_found);

  // A seal that was copied to another row does not open there.
  world.done([&](Writer& writer) -> base::Result<void> {
    store::execute(writer,
                   "UPDATE robot_secret SET sealed = (SELECT sealed FROM robot_secret "
                   "WHERE owner = ?) WHERE owner <> ?",
                   {sibling.id, sibling.id});
    return {};
  });
  const auto stolen = world.store->read<Secret>(
      [&](Reader& reader) { return store::robot_secret(reader, robots(other, team)[0].id); });
  CHECK_FALSE(stolen);
}

TEST_CASE("a sweep adds, refreshes and drops", "[store][repositories]") {
  RowWorld world;
  const Id hub = world.registry("hub"), other = world.registry("other");
  const Id space = world.space(hub, "a"), elsewhere = world.space(other, "a");
  const auto put = [&](Id registry, const std::vector<model::RepositoryRecord>& batch) {
    world.done([&](Writer& writer) { return store::put_repositories(writer, registry, batch); });
  };
  put(hub, {a_repository(space, "a/x", 10), a_repository(space, "a/y", 10)});
  put(other, {a_repository(elsewhere, "a/x", 10)});
  const auto find = [&](Id registry, const char* name) {
    return world.read<std::optional<model::RepositoryRecord>>(
        [&](Reader& reader) { return store::find_repository(reader, registry, name); });
  };
  const Id id = find(hub, "a/x")->id;
  CHECK(find(hub, "a/x")->pulls == -1);
  const auto tag = [&](const std::string& name, std::int64_t seen_ms) {
    return model::TagRecord{id, name, "sha256:" + name, seen_ms};
  };
  world.done([&](Writer& writer) {
    return store::put_tags(writer, id, {tag("v1", 10), tag("v2", 20)});
  });
  world.done([&](Writer& writer) { return store::put_tags(writer, id, {tag("v2", 30)}); });
  CHECK(world.write<std::size_t>(
            [&](Writer& writer) { return store::drop_tags_unseen(writer, id, 25); }) == 1);
  const auto tags = world.read<store::Page<model::TagRecord>>(
      [&](Reader& reader) { return store::list_tags(reader, {}, id); });
  REQUIRE(tags.rows.size() == 1);
  CHECK(tags.rows[0].name == "v2");
  CHECK(tags.rows[0].digest == "sha256:v2");
  CHECK(tags.rows[0].seen_ms == 30);
  CHECK(find(hub, "a/x")->tags_seen_ms == 25);

  auto again = a_repository(space, "a/x", 50);
  again.pulls = 7;
  again.artifacts = 3;
  again.updated_ms = 40;
  put(hub, {again});
  const auto refreshed = *find(hub, "a/x");
  CHECK(refreshed.id == id);
  CHECK(refreshed.pulls == 7);
  CHECK(refreshed.artifacts == 3);
  CHECK(refreshed.updated_ms == 40);
  CHECK(refreshed.tags_seen_ms == 25);
  CHECK(world.write<std::size_t>(
            [&](Writer& writer) { return store::drop_repositories_unseen(writer, hub, 50); }) == 1);
  CHECK_FALSE(find(hub, "a/y"));
  CHECK(find(other, "a/x"));
}

TEST_CASE("a sweep goes on where it was", "[store][repositories]") {
  RowWorld world;
  const Id hub = world.registry("hub");
  const auto cursor = [&](const char* kind) {
    return world.read<std::string>(
        [&](Reader& reader) { return store::sweep_cursor(reader, hub, kind); });
  };
  const auto put = [&](const char* kind, const char* text) {
    world.done([&](Writer& writer) { return store::put_sweep_cursor(writer, hub, kind, text); });
  };
  CHECK(cursor("repositories").empty());
  put("repositories", "page 3");
  put("repositories", "page 4");
  put("tags", "b");
  CHECK(cursor("repositories") == "page 4");
  put("repositories", "");
  CHECK(cursor("repositories").empty());
  CHECK(cursor("tags") == "b");
}

TEST_CASE("lists of repositories and tags page and search whole names",
          "[store][repositories][paging]") {
  RowWorld world;
  const Id hub = world.registry("hub"), other = world.registry("other");
  const Id a = world.space(hub, "a"), b = world.space(hub, "b"), c = world.space(other, "a");
  std::vector<model::RepositoryRecord> batch, elsewhere;
  for (int i = 0; i < 19; ++i) {
    auto repository =
        a_repository(i % 2 == 0 ? a : b, (i % 2 == 0 ? "a/app" : "b/App_") + std::to_string(i), 1);
    repository.pulls = i % 3;
    repository.updated_ms = -1;
    batch.push_back(repository);
    elsewhere.push_back(a_repository(c, "a/app" + std::to_string(i), 1));
  }
  world.done([&](Writer& writer) { return store::put_repositories(writer, hub, batch); });
  world.done([&](Writer& writer) { return store::put_repositories(writer, other, elsewhere); });
  for (const std::size_t limit : {1, 6, 37, 38, 100})
    for (const char* sort : {"", "-name", "updated", "-pulls", "pulls"}) {
      const auto rows = world.all_pages<model::RepositoryRecord>(
          limit, sort, [](Reader& reader, const store::PageRequest& request) {
            return store::list_repositories(reader, request, {});
          });
      std::set<Id> ids;
      for (const auto& row : rows) ids.insert(row.id);
      CHECK(rows.size() == 38);
      CHECK(ids.size() == 38);
    }
  const std::vector<Id> only{b}, none;
  CHECK(repository_names(world, {.registry = hub}).size() == 19);
  CHECK(repository_names(world, {.only_spaces = &only}).size() == 9);
  CHECK(repository_names(world, {.only_spaces = &none}).empty());
  CHECK(repository_names(world, {}, "app_").size() == 9);
  CHECK(repository_names(world, {.registry = hub}, "A/APP1").size() == 5);

  const Id id = world
                    .read<std::optional<model::RepositoryRecord>>([&](Reader& reader) {
                      return store::find_repository(reader, hub, "a/app0");
                    })
                    ->id;
  std::vector<model::TagRecord> tags;
  for (int i = 0; i < 11; ++i) tags.push_back({id, "v" + std::to_string(i), "sha256:x", 1});
  world.done([&](Writer& writer) { return store::put_tags(writer, id, tags); });
  for (const std::size_t limit : {1, 4, 11})
    for (const char* sort : {"", "-name"}) {
      const auto rows = world.all_pages<model::TagRecord>(
          limit, sort, [&](Reader& reader, const store::PageRequest& request) {
            return store::list_tags(reader, request, id);
          });
      CHECK(rows.size() == 11);
      CHECK(rows.front().name == (std::string(sort).empty() ? "v0" : "v9"));
    }
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
