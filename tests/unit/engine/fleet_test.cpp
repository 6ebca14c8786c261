#include "engine/fleet.h"

#include "router/registry.h"
#include "store/registries.h"
#include "world.h"

using namespace portolan;
using base::Code;
using test::EngineWorld;

TEST_CASE("a registry is made once and anew when something that counts has changed",
          "[engine][fleet]") {
  EngineWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  const auto first = world.fleet->live(id);
  REQUIRE(first);
  CHECK(first->record.settings.credentials.password.empty());
  CHECK(world.fleet->live(id)->registry == first->registry);

  world.write<model::RegistryRecord>([&](store::Writer& writer) {
    return store::set_credentials(writer, id, {"ada", base::Secret("other"), {}}, 0);
  });
  const auto second = world.fleet->live(id);
  REQUIRE(second);
  CHECK(second->registry != first->registry);
  CHECK(second->registry->options().registry.credentials.password.reveal() == "other");

  world.change([](config::DaemonSettings& settings) { settings.network.allow_private = false; });
  CHECK(world.fleet->live(id)->registry != second->registry);
}

TEST_CASE("facts that are kept spare an integration after a start", "[engine][fleet]") {
  EngineWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  model::Integration known;
  known.address = "https://one.example";
  known.facts_json = "{\"v\":1}";
  REQUIRE(world.store->write(
      [&](store::Writer& writer) { return store::keep_integration(writer, id, known); }));
  CHECK(world.fleet->live(id)->registry->has_facts());
  known.facts_json.clear();  // Of another account: emptied by who changed it.
  REQUIRE(world.store->write(
      [&](store::Writer& writer) { return store::keep_integration(writer, id, known); }));
  CHECK_FALSE(world.fleet->live(id)->registry->has_facts());
}

TEST_CASE("what cannot be made is tried again at every call", "[engine][fleet]") {
  EngineWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  world.plugins.missing = true;
  CHECK(world.fleet->live(id).error().code == Code::plugin_missing);
  world.plugins.missing = false;  // A reload that enables it.
  CHECK(world.fleet->live(id));
  CHECK(world.fleet->live(id + 1).error().code == Code::not_found);

  auto odd = EngineWorld::a_registry("two");
  odd.settings.options_json = R"({"page_size":1000})";
  const auto refused = world.fleet->live(world.add(odd));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::invalid_config);
  CHECK_THAT(refused.error().message, Catch::Contains("/options/page_size"));
}

TEST_CASE("a deleted registry is no more", "[engine][fleet]") {
  EngineWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  REQUIRE(world.fleet->live(id));
  REQUIRE(world.store->write(
      [&](store::Writer& writer) { return store::delete_registry(writer, id); }));
  CHECK(world.fleet->live(id).error().code == Code::not_found);
}

TEST_CASE("registries of workspaces reach only what is allowed for them", "[engine][fleet]") {
  EngineWorld world;
  world.change([](config::DaemonSettings& settings) {
    settings.network.allow_private = true;
    settings.network.allow = {"10.0.0.0/8"};
    settings.network.allow_workspaces = {"10.1.0.0/16"};
  });
  const auto platform = world.fleet->policy(false), workspace = world.fleet->policy(true);
  REQUIRE(platform);
  REQUIRE(workspace);
  CHECK(platform->check("r", 443, "192.168.0.1"));
  CHECK_FALSE(workspace->check("r", 443, "192.168.0.1"));
  CHECK_FALSE(workspace->check("r", 443, "10.2.0.1"));
  CHECK(workspace->check("r", 443, "10.1.0.1"));
}

TEST_CASE("what sends a credential is told when it rests", "[engine][fleet]") {
  EngineWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  CHECK(world.fleet->trusted(id));
  auto health = world.health(id);
  health.refused_version = world.fleet->live(id)->record.secret_version;
  health.refused_at_ms = 1;
  REQUIRE(world.store->write(
      [&](store::Writer& writer) { return store::put_health(writer, id, health); }));
  CHECK(world.fleet->trusted(id).error().code == Code::unauthorized);
  CHECK(world.fleet->live(id));
  world.write<model::RegistryRecord>([&](store::Writer& writer) {
    return store::set_credentials(writer, id, {"ada", base::Secret("other"), {}}, 0);
  });
  CHECK(world.fleet->trusted(id));
}
