#include "registry_world.h"
#include "store/registries.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using engine::RegistryChange;
using engine::Verify;
using model::HealthState;
using model::Id;
using test::RegistryWorld;

TEST_CASE("a rename keeps everything and is told", "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  const auto renamed = world.registries.rename(id, "uno", 0, world.admin);
  REQUIRE(renamed);
  CHECK(renamed->id == id);
  CHECK(world.password(id) == "good");
  CHECK(world.events("registry.renamed").size() == 1);
  CHECK(world.registries.rename(id, "No", 0, world.admin).error().where == "/name");
  world.integrated("two");
  CHECK(world.registries.rename(id, "two", 0, world.admin).error().code == Code::conflict);
  CHECK(world.registries.rename(id, "tre", 1, world.admin).error().code == Code::conflict);
}

TEST_CASE("a paused registry shows so, is asked nothing, and begins anew", "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  REQUIRE(world.registries.pause(id, true, world.admin));
  REQUIRE(world.registries.pause(id, true, world.admin));
  CHECK(world.health(id).state == HealthState::unknown);
  CHECK(world.health(id).reason == "paused");
  CHECK(world.health(id).last.has_value());
  CHECK(world.events("registry.paused").size() == 1);
  CHECK(world.registries.check_now(id, model::Depth::quick, world.admin).error().code ==
        Code::conflict);
  CHECK(world.registries.list_now(id, world.admin).error().code == Code::conflict);
  const auto sent = world.transport.sent().size();
  RegistryChange wanted;
  wanted.options_json = R"({"page_size":10})";
  REQUIRE(world.change(id, wanted, Verify::require));
  CHECK(world.transport.sent().size() == sent);
  REQUIRE(world.registries.pause(id, false, world.admin));
  CHECK(world.health(id).reason.empty());
  CHECK(world.health(id).next_try_ms == 0);
}

TEST_CASE("a young result is the answer to \"now\"; older ones make a job that others join",
          "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  const auto now = [&](model::Depth depth) {
    const auto job = world.registries.check_now(id, depth, world.admin);
    REQUIRE(job);
    return *job ? (*job)->id : 0;
  };
  CHECK(now(model::Depth::full) == 0);
  world.ahead_ms += 31'000;
  const auto quick = now(model::Depth::quick);
  CHECK(quick != 0);
  CHECK(now(model::Depth::quick) == quick);
  CHECK(now(model::Depth::full) != quick);
  CHECK(world.registries.check_now(id + 1, model::Depth::quick, world.admin).error().code ==
        Code::not_found);

  const auto first = world.registries.collect_now(id, model::Level::normal, world.admin);
  REQUIRE((first && *first));
  CHECK((*first)->kind == "registry.statistics");
  CHECK(world.registries.list_now(id, world.admin)->kind == "registry.catalogue");
  CHECK(world.registries.tags_now(id, "a/b", world.admin).error().code == Code::not_found);
}

TEST_CASE("a blocked secret is tried on request once a minute, whatever was seen without it",
          "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  world.refuse(id, true);
  const auto check = [&] {
    const auto job = world.registries.check_now(id, model::Depth::quick, world.admin);
    REQUIRE(job);
    return job->has_value();
  };
  CHECK_FALSE(check());
  world.ahead_ms += 59'000;
  CHECK_FALSE(check());
  world.ahead_ms += 1'000;
  auto looked = world.health(id);
  looked.last_try_ms = world.store->now();  // Without the secret, a moment ago.
  REQUIRE(world.store->write(
      [&](store::Writer& writer) { return store::put_health(writer, id, looked); }));
  CHECK(check());
  for (const auto code :
       {world.registries.collect_now(id, model::Level::normal, world.admin).error().code,
        world.registries.list_now(id, world.admin).error().code})
    CHECK(code == Code::unauthorized);
}

TEST_CASE("the pull credential is never the integrating account", "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  const auto set = [&](const char* user, const char* password) {
    return world.registries.set_pull_credential(id, {user, base::Secret(password), {}},
                                                world.admin);
  };
  CHECK(set("ada", "x").error().code == Code::invalid_argument);
  CHECK(set("puller", "").error().where == "/password");
  REQUIRE(set("puller", "pull-secret"));
  CHECK(world.record(id).pull_credential);
  CHECK(world.audit()[0].after_json == R"({"username":"puller"})");
  CHECK(world.events("registry.pull_credential").size() == 1);
  REQUIRE(set("", ""));
  CHECK_FALSE(world.record(id).pull_credential);
}
