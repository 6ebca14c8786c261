// Spaces are made, declared, published and deleted; registries and workspaces are removed.
#include "grant_world.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "store/tenants.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using model::Visibility;
using test::GrantWorld;
using Way = engine::Grants::Way;
using test::Id;

namespace {

struct World : GrantWorld {
  const Id one = registry("one"), team = workspace("team");
  const std::shared_ptr<test::Harbor> upstream = harbor("one");

  std::vector<std::string> kinds() const {
    return read<std::vector<std::string>>([](store::Reader& reader) {
      std::vector<std::string> out;
      store::EventFilter filter;
      filter.since_id = 0;
      for (const auto& event : store::list_events(reader, {.limit = 500}, filter).rows)
        out.push_back(event.kind);
      return base::Result(out);
    });
  }
  bool has_registry(Id id) const {
    return read<bool>([&](store::Reader& reader) {
      return base::Result(store::find_registry(reader, id).has_value());
    });
  }
  bool has_workspace(Id id) const {
    return read<bool>([&](store::Reader& reader) {
      return base::Result(store::find_workspace(reader, id).has_value());
    });
  }
};

}  // namespace

TEST_CASE("a space is made upstream by a job, private whatever Portolan's flag",
          "[engine][grants]") {
  World world;
  const auto made = GrantWorld::got(world.grants->create_space(world.one, "lib", true, world.act));
  REQUIRE(made.job);
  CHECK(made.space.is_public);
  CHECK(made.notices.size() == 1);
  CHECK(world.grants->create_space(world.one, "lib", false, world.act).error().code ==
        Code::conflict);
  // Bound before it is there: its robot waits for it.
  world.upstream->refuse("create", Code::unavailable);
  world.bind(made.space.id, world.team);
  world.settle();
  CHECK(world.upstream->all().empty());
  world.upstream->refuse("create", Code::ok);
  world.pass(10s);
  world.settle();
  CHECK(world.upstream->spaces.at("lib") == Visibility::closed);
  CHECK(world.found(made.space.id)->upstream_id == "id-lib");
  CHECK(world.found(made.space.id)->seen_ms != 0);
  REQUIRE(world.upstream->all().size() == 1);
  CHECK(world.upstream->all().begin()->second.grants.count("lib") == 1);
  CHECK(world.secret(world.team).missing.empty());
}

TEST_CASE("a space that the registry refuses for good is not kept", "[engine][grants]") {
  World world;
  world.upstream->refuse("create", Code::invalid_argument);
  const Id space =
      GrantWorld::got(world.grants->create_space(world.one, "Bad", false, world.act)).space.id;
  SECTION("by itself") {
    world.settle();
    CHECK_FALSE(world.found(space));
  }
  SECTION("bound meanwhile: it shows as gone") {
    world.bind(space, world.team);
    world.settle();
    REQUIRE(world.found(space));
    CHECK(world.found(space)->gone_ms != 0);
    CHECK(world.upstream->all().empty());
  }
  SECTION("until that is known it is neither deleted nor published upstream") {
    CHECK(world.grants->delete_space(space, "Bad", 0, world.act).error().code == Code::conflict);
    CHECK(world.grants->set_public(space, true, true, 0, world.act).error().code == Code::conflict);
    CHECK(world.grants->set_public(space, true, false, 0, world.act));
    world.settle();
  }
  const auto jobs = world.jobs_of("space.create");
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].state == model::JobState::failed);
  CHECK(jobs[0].error->message == "create is refused");
}

TEST_CASE("a space that is there already and public is taken as it is", "[engine][grants]") {
  World world;
  world.upstream->refuse("create", Code::conflict);
  const Id space =
      GrantWorld::got(world.grants->create_space(world.one, "lib", false, world.act)).space.id;
  world.settle();
  CHECK(world.found(space)->upstream_visibility == Visibility::open);
  CHECK_FALSE(world.found(space)->is_public);
  CHECK(world.jobs_of("space.create").at(0).state == model::JobState::done);
}

TEST_CASE("a registry without spaces of its own has declared prefixes", "[engine][grants]") {
  World world;
  auto record = GrantWorld::a_registry("plain");
  record.settings.type = "plain";
  const Id plain = world.add(record);
  CHECK(world.grants->create_space(plain, "a", false, world.act).error().code == Code::unsupported);
  CHECK(world.grants->declare_space(world.one, "a/b", world.act).error().code ==
        Code::invalid_argument);
  const auto declared = GrantWorld::got(world.grants->declare_space(plain, "a/b", world.act));
  CHECK(declared.declared);
  CHECK(declared.enforcement == model::Enforcement::catalog);
  CHECK(world.grants->declare_space(plain, "a/b", world.act).error().code == Code::conflict);
  const Id found = world.space(plain, "c");
  CHECK(GrantWorld::got(world.grants->declare_space(plain, "c", world.act)).id == found);
  // No job: nothing is upstream.
  const auto gone = GrantWorld::got(world.grants->delete_space(declared.id, "a/b", 0, world.act));
  CHECK_FALSE(gone.job);
  CHECK_FALSE(world.found(declared.id));
}

TEST_CASE("deleting a space is guarded", "[engine][grants]") {
  World world;
  const Id space = world.space(world.one, "lib"),
           full = world.space(world.one, "full", [](auto&one) { one.repositories = 3; });
  const auto remove = [&](Id id, const std::string& name) {
    return world.grants->delete_space(id, name, 0, world.act);
  };
  CHECK(remove(space, "li").error().code == Code::invalid_argument);
  CHECK(remove(full, "full").error().code == Code::conflict);
  const Id binding = world.bind(space, world.team);
  world.settle();
  const auto bound = remove(space, "lib");
  REQUIRE_FALSE(bound);
  CHECK_THAT(bound.error().message, Catch::Contains("team"));

  world.upstream->refuse("list", Code::unavailable);  // The revoke stays pending.
  GrantWorld::done(world.grants->unbind(binding, world.act));
  world.upstream->refuse("remove", Code::unavailable);
  REQUIRE(GrantWorld::got(remove(space, "lib")).job);
  world.settle();
  world.upstream->refuse("remove", Code::ok);
  SECTION("it goes with what waited for a revoke") {
    world.pass(10s);
    world.settle();
    CHECK_FALSE(world.found(space));
    CHECK(world.bindings().empty());
    CHECK(world.upstream->count("remove") == 2);
    CHECK(world.kinds().back() == "space.deleted");
  }
  SECTION("meanwhile nobody binds or publishes it, unless the deletion is cancelled") {
    const auto binds = [&] { return world.grants->bind(space, world.team, false, world.act); };
    CHECK(binds().error().code == Code::conflict);
    CHECK(world.grants->set_public(space, true, false, 0, world.act).error().code ==
          Code::conflict);
    const model::Id job = world.jobs_of("space.delete").at(0).id;
    REQUIRE(
        world.store->write([&](store::Writer& writer) { return store::cancel_job(writer, job); }));
    CHECK(binds());
    world.pass(10s);
    world.settle();
    CHECK(world.found(space));
    CHECK(world.upstream->count("remove") == 1);
  }
  SECTION("not when the registry refuses") {
    world.upstream->refuse("remove", Code::conflict);
    world.pass(10s);
    world.settle();
    CHECK(world.found(space));
    const auto kinds = world.kinds();
    CHECK(std::count(kinds.begin(), kinds.end(), "space.deleted") == 0);
  }
}

TEST_CASE("who sees a space follows Portolan's flag, the registry's only when asked",
          "[engine][grants]") {
  World world;
  const Id space = world.space(world.one, "lib"), other = world.workspace("other");
  world.bind(space, world.team);
  world.settle();
  const auto show = [&](bool is_public, bool upstream) {
    return GrantWorld::got(world.grants->set_public(space, is_public, upstream, 0, world.act));
  };
  const auto opened = show(true, false);
  CHECK_FALSE(opened.job);
  REQUIRE(opened.notices.size() == 1);
  CHECK_THAT(opened.notices[0], Catch::Contains("stays private"));
  world.secret(other);  // Asks for a robot of its own.
  world.settle();
  CHECK(world.upstream->all().size() == 2);
  CHECK(GrantWorld::auths(world.secret(other)).size() == 1);

  const auto closed = show(false, false);
  CHECK_THAT(closed.notices.at(0), Catch::Contains("only team"));
  CHECK(GrantWorld::auths(world.secret(other)).empty());
  world.settle();
  CHECK(world.upstream->all().size() == 1);
  CHECK(world.robots().at(0).workspace == world.team);

  const auto published = show(true, true);
  REQUIRE(published.job);
  CHECK_THAT(published.notices.at(0), Catch::Contains("without signing in"));
  world.settle();
  CHECK(world.upstream->spaces.at("lib") == Visibility::open);
  CHECK(world.found(space)->upstream_visibility == Visibility::open);
  CHECK(world.upstream->all().empty());  // Nobody needs a robot for it.
  CHECK(world.grants->set_public(space, false, false, 1, world.act).error().code ==
        Code::conflict);  // Another revision.

  show(false, true);
  show(true, true);
  show(false, true);  // Before the first one was carried out.
  world.settle();
  CHECK(world.upstream->spaces.at("lib") == Visibility::closed);
}

TEST_CASE("a registry in use is not removed without a word", "[engine][grants]") {
  World world;
  world.bind(world.space(world.one, "lib"), world.team);
  world.settle();
  const auto remove = [&](Way way) {
    return world.grants->remove_registry(world.one, way, 0, world.act);
  };
  const auto refused = remove(Way::careful);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::conflict);
  CHECK_THAT(refused.error().message, Catch::Contains("binding one/lib to team") &&
                                          Catch::Contains("robot robot$portolan-"));
  const auto robot = world.robots().at(0).username;

  SECTION("cascade: robots first") {
    REQUIRE(GrantWorld::got(remove(Way::cascade)));
    CHECK(GrantWorld::auths(world.secret(world.team)).empty());  // At once.
    world.settle();
    CHECK_FALSE(world.has_registry(world.one));
    CHECK(world.upstream->all().empty());
    CHECK(world.kinds().back() == "registry.removed");
  }
  SECTION("abandon, after a cascade that finds it dead: what is left is listed") {
    world.upstream->refuse("revoke", Code::unreachable);
    REQUIRE(GrantWorld::got(remove(Way::cascade)));
    world.settle();
    CHECK(world.has_registry(world.one));
    const auto job = GrantWorld::got(remove(Way::abandon));
    REQUIRE(job);
    world.settle();
    CHECK_FALSE(world.has_registry(world.one));
    const auto ended = *world.read<std::optional<model::Job>>(
        [&](store::Reader& reader) { return base::Result(store::find_job(reader, job->id)); });
    CHECK(ended.output_json == R"({"robots_left":[")" + robot + R"("]})");
    CHECK(world.jobs_of("registry.remove").back().state == model::JobState::cancelled);
  }
}

TEST_CASE("what was changed since it was read is not removed, whatever the way",
          "[engine][grants]") {
  World world;
  const Id space = world.space(world.one, "lib");
  CHECK(world.grants->delete_space(space, "lib", 9, world.act).error().where ==
        store::where_revision);
  CHECK(world.found(space));
  world.bind(space, world.team);
  world.settle();
  for (const Way way : {Way::careful, Way::cascade, Way::abandon}) {
    const auto registry = world.grants->remove_registry(world.one, way, 9, world.act);
    REQUIRE_FALSE(registry);
    CHECK(registry.error().where == store::where_revision);
    const auto workspace = world.grants->remove_workspace(world.team, way, 9, world.act);
    REQUIRE_FALSE(workspace);
    CHECK(workspace.error().where == store::where_revision);
  }
  CHECK(world.bindings().at(0).revoke_pending.empty());  // Nothing was begun.
  CHECK(world.jobs_of("registry.remove").empty());
  CHECK(world.jobs_of("workspace.remove").empty());
}

TEST_CASE("a registry that nobody uses is removed at once", "[engine][grants]") {
  World world;
  world.space(world.one, "lib");
  CHECK_FALSE(
      GrantWorld::got(world.grants->remove_registry(world.one, Way::careful, 0, world.act)));
  CHECK_FALSE(world.has_registry(world.one));
  CHECK(world.grants->remove_registry(world.one, Way::careful, 0, world.act).error().code ==
        Code::not_found);
}

TEST_CASE("a workspace goes with its registries and robots when that is asked",
          "[engine][grants]") {
  World world;
  const Id own = world.registry("own", world.team);
  world.space(own, "mine");
  world.bind(world.space(world.one, "lib"), world.team);
  world.space(world.one, "open", [](auto& space) { space.is_public = true; });
  world.secret(world.team);
  world.settle();
  REQUIRE(world.robots().size() == 2);
  const auto refused = world.grants->remove_workspace(world.team, Way::careful, 0, world.act);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message,
             Catch::Contains("registry team/own") && Catch::Contains("binding one/lib"));

  REQUIRE(GrantWorld::got(world.grants->remove_workspace(world.team, Way::cascade, 0, world.act)));
  world.secret(world.team);  // Whoever still asks brings no robot back for good.
  for (int i = 0; i < 8 && world.has_workspace(world.team); ++i) {
    world.settle();
    world.pass(1min);
  }
  world.settle();
  CHECK_FALSE(world.has_workspace(world.team));
  CHECK_FALSE(world.has_registry(own));
  CHECK(world.has_registry(world.one));
  CHECK(world.robots().empty());
  CHECK(world.upstream->all().empty());
  CHECK(world.harbor("own")->all().empty());
}

TEST_CASE("a workspace with robots at a dead registry shows why it waits, and can be abandoned",
          "[engine][grants]") {
  World world;
  const Id two = world.registry("two");
  world.bind(world.space(world.one, "lib"), world.team);
  world.bind(world.space(two, "lib"), world.team);
  world.settle();
  const auto left = world.upstream->all().begin()->second.name;
  world.upstream->refuse("revoke", Code::unreachable);
  const auto remove = [&](Way way) {
    return world.grants->remove_workspace(world.team, way, 0, world.act);
  };
  const auto refused = remove(Way::careful);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message,
             Catch::Contains("binding two/lib to team") && Catch::Contains("robot " + left));

  REQUIRE(GrantWorld::got(remove(Way::cascade)));
  world.settle();
  CHECK(world.has_workspace(world.team));
  CHECK(world.harbor("two")->all().empty());  // A dead one holds up no other.
  const auto waiting = world.jobs_of("workspace.remove").at(0);
  CHECK(waiting.state == model::JobState::queued);
  CHECK(waiting.run_at_ms > world.clock_ms);
  REQUIRE(waiting.error);
  CHECK(waiting.error->code == Code::unreachable);
  CHECK_THAT(waiting.error->message, Catch::Contains("1 at one: revoke is refused"));
  CHECK_THAT(waiting.error->hint, Catch::Contains("abandon"));

  SECTION("it comes back") {
    world.upstream->refuse("revoke", Code::ok);
    world.pass(2h);
    world.settle();
    CHECK(world.upstream->all().empty());
  }
  SECTION("it does not") {
    const auto job = GrantWorld::got(remove(Way::abandon));
    REQUIRE(job);
    world.settle();
    const auto jobs = world.jobs_of("workspace.remove");
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0].id == job->id);
    CHECK(jobs[0].output_json == R"({"robots_left":[")" + left + R"("]})");
    CHECK(jobs[1].state == model::JobState::cancelled);
    CHECK(world.upstream->all().size() == 1);
    // Back from the dead: what no row knows is ended at the second look for such robots.
    world.upstream->refuse("revoke", Code::ok);
    for (int day = 0; day < 3; ++day) {
      world.pass(25h);
      world.settle();
    }
    CHECK(world.upstream->all().empty());
  }
  CHECK_FALSE(world.has_workspace(world.team));
  CHECK(world.robots().empty());
  CHECK(world.bindings().empty());
}
