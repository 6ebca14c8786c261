#include "engine/sweep.h"

#include "store/catalogue.h"
#include "store/registries.h"
#include "store/tenants.h"
#include "world.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using model::Enforcement;
using model::Id;
using model::Visibility;
using test::EngineWorld;
using test::Site;

namespace {

model::Space a_space(std::string name, std::string id, Visibility visibility, int count = -1) {
  return {std::move(name), std::move(id), visibility, count};
}
model::Repository a_repository(const std::string& name, std::int64_t updated_ms = -1) {
  return {name, name.substr(0, name.find('/')), -1, -1, updated_ms};
}

/// One registry, swept when a test says so.
struct SweepWorld : EngineWorld {
  explicit SweepWorld(const std::function<void(model::RegistryRecord&)>& more = {}) {
    auto record = a_registry("one");
    if (more) more(record);
    id = add(record);
    site = EngineWorld::site("one");
  }

  base::Result<std::string> sweep() {
    ahead_ms += 1000;  // Sweeps never begin in one millisecond.
    const auto live = fleet->live(id);
    REQUIRE(live);
    engine::SweepBounds bounds;
    bounds.settings.deadline = base::Deadline::in(timeout);
    return engine::sweep(*daemon, jobs, *live, bounds);
  }
  std::string swept() {
    auto done = sweep();
    if (!done) FAIL(done.error().message);
    return *done;
  }
  void change_site(const std::function<void(Site&)>& body) {
    std::lock_guard lock(site->mutex);
    body(*site);
  }
  /// "name" of each space that is there, "(name)" of those that are gone.
  std::string spaces() const {
    std::string text;
    for (const auto& space : rows())
      text += (space.gone_ms ? "(" + space.name + ")" : space.name) + " ";
    return text;
  }
  std::vector<model::SpaceRecord> rows() const {
    return read<std::vector<model::SpaceRecord>>(
        [&](store::Reader& reader) { return store::spaces_of(reader, id); });
  }
  model::SpaceRecord space(const std::string& name) const {
    return *read<std::optional<model::SpaceRecord>>(
        [&](store::Reader& reader) { return store::find_space(reader, id, name); });
  }
  std::string repositories() const {
    return read<std::string>([&](store::Reader& reader) {
      std::string text;
      store::PageRequest request;
      request.limit = 500;
      for (const auto& row : store::list_repositories(reader, request, {.registry = id}).rows)
        text += row.name + " ";
      return text;
    });
  }
  std::string tags(const std::string& repository) const {
    return read<std::string>([&](store::Reader& reader) {
      std::string text;
      const auto row = store::find_repository(reader, id, repository);
      for (const auto& tag : store::list_tags(reader, {}, row->id).rows) text += tag.name + " ";
      return text;
    });
  }
  std::string cursor() const {
    return read<std::string>(
        [&](store::Reader& reader) { return store::sweep_cursor(reader, id, "repositories"); });
  }

  Id id = 0;
  std::shared_ptr<Site> site;
  const engine::JobRunner jobs{*daemon};
  std::chrono::milliseconds timeout = 30s;
};

}  // namespace

TEST_CASE("a sweep keeps spaces with their flags and repositories with their spaces",
          "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) {
    site.spaces = {a_space("library", "1", Visibility::open, 2),
                   a_space("team", "2", Visibility::closed, 1)};
    site.spaces[1].proxy_cache = true;
    site.repositories = {a_repository("library/a"), a_repository("library/b"),
                         a_repository("team/c"), a_repository("unlisted/d")};
  });
  CHECK(world.swept() == R"({"spaces":2,"repositories":4,"tags_of":3,"gone":[],"complete":true})");
  CHECK(world.spaces() == "library team ");
  CHECK(world.space("library").is_public);
  CHECK_FALSE(world.space("team").is_public);
  CHECK(world.space("library").repositories == 2);
  CHECK_FALSE(world.space("library").proxy_cache);
  CHECK(world.space("team").proxy_cache);
  CHECK(world.repositories() == "library/a library/b team/c ");
  CHECK(world.events("space.found").empty());  // The first look is no news.
  CHECK(world.cursor().empty());
}

TEST_CASE("who keeps others out is what really holds", "[engine][sweep]") {
  model::RegistryRecord record;
  CHECK(engine::enforcement_of(record, Visibility::closed) == Enforcement::catalog);
  record.integration.emplace();
  record.integration->capabilities = {"spaces", "robots"};
  CHECK(engine::enforcement_of(record, Visibility::closed) == Enforcement::registry);
  CHECK(engine::enforcement_of(record, Visibility::open) == Enforcement::catalog);
  CHECK(engine::enforcement_of(record, Visibility::unknown) == Enforcement::catalog);
}

TEST_CASE("the default visibility of a registry decides at first sight only", "[engine][sweep]") {
  const auto first = [](model::DefaultVisibility wanted, Visibility upstream) {
    SweepWorld world([&](model::RegistryRecord& record) { record.default_visibility = wanted; });
    world.change_site([&](Site& site) { site.spaces = {a_space("s", "1", upstream)}; });
    world.swept();
    return world.space("s").is_public;
  };
  using Default = model::DefaultVisibility;
  CHECK(first(Default::upstream, Visibility::open));
  CHECK_FALSE(first(Default::upstream, Visibility::closed));
  CHECK_FALSE(first(Default::upstream, Visibility::unknown));
  CHECK_FALSE(first(Default::closed, Visibility::open));
  CHECK(first(Default::open, Visibility::closed));
}

TEST_CASE("a space that becomes public upstream only asks", "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) { site.spaces = {a_space("team", "2", Visibility::closed)}; });
  world.swept();
  world.change_site([](Site& site) { site.spaces[0].visibility = Visibility::open; });
  world.swept();
  CHECK_FALSE(world.space("team").is_public);
  CHECK(world.space("team").confirm_public);
  CHECK(world.space("team").upstream_visibility == Visibility::open);
  CHECK(world.events("space.public_upstream").size() == 1);
  world.swept();
  CHECK(world.events("space.public_upstream").size() == 1);
  world.change_site([](Site& site) { site.spaces[0].visibility = Visibility::closed; });
  world.swept();
  CHECK_FALSE(world.space("team").confirm_public);
  CHECK(world.events("space.visibility").size() == 1);
}

TEST_CASE("a space that is gone stays with its bindings, and the very same one comes back",
          "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) {
    site.spaces = {a_space("a", "1", Visibility::closed), a_space("b", "2", Visibility::closed)};
    site.repositories = {a_repository("b/x")};
  });
  world.swept();
  const auto binding = world.write<model::Binding>([&](store::Writer& writer) {
    model::Workspace workspace;
    workspace.name = "team";
    const auto made = store::insert_workspace(writer, workspace);
    model::Binding bound;
    bound.space = world.space("b").id;
    bound.workspace = made->id;
    return store::insert_binding(writer, bound);
  });
  const auto id = world.space("b").id;
  world.change_site([](Site& site) {
    site.spaces.pop_back();
    site.repositories.clear();
  });
  CHECK_THAT(world.swept(), Catch::Contains(R"("gone":["b"])"));
  CHECK(world.spaces() == "a (b) ");
  CHECK(world.repositories().empty());
  CHECK(world.read<std::optional<model::Binding>>(
      [&](store::Reader& reader) { return store::find_binding(reader, binding.id); }));
  REQUIRE(world.events("space.gone").size() == 1);
  CHECK(world.events("space.gone")[0].space == id);

  world.change_site(
      [](Site& site) { site.spaces.push_back(a_space("b", "2", Visibility::closed)); });
  world.swept();
  CHECK(world.spaces() == "a b ");
  CHECK(world.space("b").id == id);
  CHECK(world.events("space.found").size() == 1);
}

TEST_CASE("the same name with another id is another space", "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) { site.spaces = {a_space("a", "1", Visibility::closed)}; });
  world.swept();
  const auto old = world.space("a").id;
  world.change_site([](Site& site) { site.spaces = {a_space("a", "9", Visibility::closed)}; });
  world.swept();
  CHECK(world.spaces() == "(a) a ");
  CHECK(world.space("a").id != old);
  CHECK(world.space("a").upstream_id == "9");
  REQUIRE(world.events("space.gone").size() == 1);
  CHECK_THAT(world.events("space.gone")[0].data_json, Catch::Contains(R"("replaced":true)"));
  CHECK(world.events("space.found").size() == 1);

  world.change_site([](Site& site) { site.spaces[0].name = "renamed"; });
  const auto id = world.space("a").id;
  world.swept();
  CHECK(world.space("renamed").id == id);
}

TEST_CASE("where spaces are parts of names the longest declared one owns a repository",
          "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) {
    site.capabilities = {"tags"};
    site.repositories = {a_repository("a/b/c"), a_repository("a/x"), a_repository("plain")};
  });
  world.swept();
  CHECK(world.spaces() == "_ a ");
  CHECK(world.space("a").repositories == 2);
  CHECK(world.space("_").repositories == 1);
  CHECK_FALSE(world.space("a").is_public);
  CHECK(world.space("a").enforcement == Enforcement::catalog);

  REQUIRE(world.store->write([&](store::Writer& writer) -> base::Result<void> {
    model::SpaceRecord declared;
    declared.registry = world.id;
    declared.name = "a/b";
    declared.declared = true;
    const auto made = store::insert_space(writer, declared);
    return made ? base::Result<void>() : made.error();
  }));
  world.swept();
  CHECK(world.space("a/b").repositories == 1);
  CHECK(world.space("a").repositories == 1);
  world.change_site([](Site& site) { site.repositories = {a_repository("plain")}; });
  world.swept();
  CHECK(world.spaces() == "_ (a) a/b ");  // What somebody declared is not found missing.
  CHECK(world.space("a/b").repositories == 0);
}

TEST_CASE("an interrupted sweep goes on where it was and loses nothing", "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) {
    site.spaces = {a_space("s", "1", Visibility::closed)};
    for (int i = 1000; i < 2500; ++i)
      site.repositories.push_back(a_repository("s/r" + std::to_string(i)));
    site.listing = base::Error{Code::unavailable, "not now"};
  });
  CHECK(world.sweep().error().code == Code::unavailable);
  CHECK_THAT(world.cursor(), Catch::EndsWith(" s/r1999"));
  world.change_site([](Site& site) { site.listing = {}; });
  const int before = world.site->listings;
  CHECK_THAT(world.swept(), Catch::Contains(R"("repositories":500,)"));
  CHECK(world.site->listings == before + 1);
  CHECK(world.cursor().empty());
  const auto counts = world.read<std::map<Id, std::int64_t>>(
      [&](store::Reader& reader) { return store::repositories_by_space(reader, world.id); });
  CHECK(counts.begin()->second == 1500);
}

TEST_CASE("a place that the registry does not know any more is forgotten", "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) {
    site.spaces = {a_space("s", "1", Visibility::closed)};
    for (int i = 1000; i < 2100; ++i)
      site.repositories.push_back(a_repository("s/r" + std::to_string(i)));
    site.listing = base::Error{Code::protocol, "unknown last"};
  });
  CHECK_FALSE(world.sweep());
  CHECK(world.cursor().empty());
}

TEST_CASE("a refused password hides private spaces, and nobody believes it", "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) {
    site.spaces = {a_space("open", "1", Visibility::open),
                   a_space("team", "2", Visibility::closed)};
  });
  world.swept();
  world.change_site([](Site& site) { site.password = "another"; });
  CHECK_THAT(world.swept(), Catch::Contains(R"("complete":false)"));
  CHECK(world.spaces() == "open team ");
  CHECK(world.events("space.gone").empty());
}

TEST_CASE("tags are read once and again when the repository moved", "[engine][sweep]") {
  SweepWorld world;
  const auto hour_ago = EngineWorld::wall_clock() - 3'600'000;
  world.change_site([&](Site& site) {
    site.spaces = {a_space("s", "1", Visibility::closed)};
    site.repositories = {a_repository("s/a", hour_ago), a_repository("s/b")};
    site.tags = {{"s/a", {"v1", "v2"}}, {"s/b", {"latest"}}};
  });
  CHECK_THAT(world.swept(), Catch::Contains(R"("tags_of":2)"));
  CHECK(world.tags("s/a") == "v1 v2 ");
  CHECK_THAT(world.swept(), Catch::Contains(R"("tags_of":0)"));
  world.change_site([&](Site& site) {
    site.repositories[0].updated_ms = world.store->now() + 1000;
    site.tags["s/a"] = {"v2"};
  });
  CHECK_THAT(world.swept(), Catch::Contains(R"("tags_of":1)"));
  CHECK(world.tags("s/a") == "v2 ");
  world.ahead_ms += 2 * 3'600'000;  // Nobody says when s/b moved: after an hour.
  world.change_site([](Site& site) { site.tags.erase("s/b"); });
  // And s/a once more: clocks differ, and it had moved just before it was read.
  CHECK_THAT(world.swept(), Catch::Contains(R"("tags_of":2)"));
  CHECK(world.tags("s/b").empty());
  CHECK_THAT(world.swept(), Catch::Contains(R"("tags_of":0)"));
}

TEST_CASE("one sweep reads the tags of some repositories, the next those of the others",
          "[engine][sweep]") {
  SweepWorld world;
  world.change_site([&](Site& site) {
    site.spaces = {a_space("s", "1", Visibility::closed)};
    for (int i = 100; i < 350; ++i) {
      const std::string name = "s/r" + std::to_string(i);
      site.repositories.push_back(a_repository(name, 1));
      site.tags[name] = {"v"};
    }
  });
  CHECK_THAT(world.swept(), Catch::Contains(R"("tags_of":200)"));
  CHECK_THAT(world.swept(), Catch::Contains(R"("tags_of":50)"));
  CHECK_THAT(world.swept(), Catch::Contains(R"("tags_of":0)"));
}

TEST_CASE("tags of one repository are read when asked for", "[engine][sweep]") {
  SweepWorld world;
  world.change_site([&](Site& site) {
    site.spaces = {a_space("s", "1", Visibility::closed)};
    site.repositories = {a_repository("s/a", 1)};
    site.tags = {{"s/a", {"v1"}}};
  });
  world.swept();
  world.change_site([](Site& site) { site.tags["s/a"].push_back("v2"); });
  const auto live = world.fleet->live(world.id);
  const auto read = engine::read_tags(*world.daemon, *live, "s/a", {});
  REQUIRE(read);
  CHECK(*read == R"({"tags":2})");
  CHECK(world.tags("s/a") == "v1 v2 ");
  CHECK(engine::read_tags(*world.daemon, *live, "s/none", {}).error().code == Code::not_found);
}

TEST_CASE("pulling goes on after a change of address when every bound space is found",
          "[engine][sweep]") {
  SweepWorld world;
  world.change_site([](Site& site) {
    site.spaces = {a_space("a", "1", Visibility::closed), a_space("b", "2", Visibility::closed)};
  });
  world.swept();
  REQUIRE(world.store->write([&](store::Writer& writer) -> base::Result<void> {
    model::Workspace workspace;
    workspace.name = "team";
    const auto made = store::insert_workspace(writer, workspace);
    model::Binding bound;
    bound.space = world.space("b").id;
    bound.workspace = made->id;
    const auto done = store::insert_binding(writer, bound);
    if (!done) return done.error();
    return store::set_pull_suspended(writer, world.id, true);
  }));
  const auto suspended = [&] {
    return world
        .read<std::optional<model::RegistryRecord>>(
            [&](store::Reader& reader) { return store::find_registry(reader, world.id); })
        ->pull_suspended;
  };
  world.swept();
  CHECK(suspended());  // No full validation has succeeded yet.
  auto health = world.health(world.id);
  health.last_full = model::Validation{model::Verdict::ok, {}};
  health.last_full_ms = world.store->now();
  REQUIRE(world.store->write(
      [&](store::Writer& writer) { return store::put_health(writer, world.id, health); }));
  world.change_site([](Site& site) { site.spaces.pop_back(); });
  world.swept();
  world.swept();
  CHECK(suspended());
  REQUIRE(world.events("registry.spaces_missing").size() == 1);  // Told once.
  CHECK_THAT(world.events("registry.spaces_missing")[0].data_json, Catch::Contains("\"b\""));
  world.change_site(
      [](Site& site) { site.spaces.push_back(a_space("b", "2", Visibility::closed)); });
  world.swept();
  CHECK_FALSE(suspended());
  CHECK(world.events("registry.pull_resumed").size() == 1);
}
