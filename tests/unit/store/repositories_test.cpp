#include <set>

#include "rows.h"
#include "store/catalogue.h"
#include "store/connection.h"

using namespace portolan;
using base::Code;
using base::Secret;
using namespace portolan::test;

namespace {

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

TEST_CASE("of registries that are one place a name is listed once, on pages of any size",
          "[store][repositories]") {
  RowWorld world;
  const Id hub = world.registry("hub"), twin = world.registry("twin"), far = world.registry("far");
  const Id a = world.space(hub, "a"), b = world.space(twin, "a"), hidden = world.space(twin, "h"),
           c = world.space(far, "a");
  const auto put = [&](Id registry, Id space, std::vector<std::string> names) {
    std::vector<model::RepositoryRecord> batch;
    for (const auto& name : names) batch.push_back(a_repository(space, name, 1));
    world.done([&](Writer& writer) { return store::put_repositories(writer, registry, batch); });
  };
  put(twin, hidden, {"a/four"});  // The oldest of its name, and nobody may see it.
  put(twin, b, {"a/one", "a/three"});
  put(hub, a, {"a/four", "a/one", "a/two"});
  put(far, c, {"a/one"});
  const std::vector<Id> only{a, b, c};
  for (const std::size_t limit : {1, 2, 3, 100})
    for (const char* sort : {"", "-name"}) {
      std::multiset<std::pair<std::string, Id>> rows;
      for (const auto& row : world.all_pages<model::RepositoryRecord>(
               limit, sort, [&](Reader&reader, const store::PageRequest&request) {
                 return store::list_repositories(reader, request,
                                                 {.only_spaces = &only, .twins = {{hub, twin}}});
               }))
        rows.emplace(row.name, row.registry);
      CHECK(
          rows ==
          std::multiset<std::pair<std::string, Id>>{
              {"a/four", hub}, {"a/one", twin}, {"a/one", far}, {"a/three", twin}, {"a/two", hub}});
    }
}
