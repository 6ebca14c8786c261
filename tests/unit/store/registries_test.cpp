#include "store/registries.h"

#include <set>

#include "rows.h"
#include "store/catalogue.h"
#include "store/connection.h"

using namespace portolan;
using base::Code;
using base::Secret;
using model::RegistryRecord;
using namespace portolan::test;

namespace {

/// With every field set to something that is not its default.
RegistryRecord a_full_registry(Id workspace) {
  RegistryRecord record = a_registry("full", workspace);
  model::Registry& s = record.settings;
  s.credentials.trusted_realms = {"https://auth.example", "https://b.example"};
  s.tls.ca_pem = "CA";
  s.tls.client_certificate_pem = "CERT";
  s.tls.client_key_pem = Secret("KEY");
  s.tls.minimum_version = "1.3";
  s.tls.pin_sha256 = "pin";
  s.tls.skip_verify = true;
  s.proxy = "http://proxy:3128";
  s.allow_plain_http = true;
  s.options_json = R"({"page_size":50})";
  using ms = std::chrono::milliseconds;
  s.timeouts = {ms(1), ms(2), ms(3), ms(4)};
  record.description = "ours";
  record.pull_host = "pull.example";
  record.default_visibility = model::DefaultVisibility::open;
  record.schedule = {60, 600, -1, 5};
  record.paused = true;
  record.integration =
      model::Integration{s.address,       "Harbor",    "2.9",      "v2.0",      "robot",
                         "administrator", "h.example", {"spaces"}, R"({"a":1})"};
  record.provenance.managed_by = "manifest:fleet";
  return record;
}

std::string secret_text(const RowWorld& world, Id id, store::SecretKind kind) {
  return world.read<Secret>([&](Reader& reader) { return store::secret(reader, id, kind); })
      .reveal();
}

Code update_code(RowWorld& world, const RegistryRecord& record, std::int64_t if_revision) {
  return world.code_of([&](Writer& writer) -> base::Result<void> {
    auto updated = store::update_registry(writer, record, if_revision);
    if (!updated) return updated.error();
    return {};
  });
}

RegistryRecord updated(RowWorld& world, const RegistryRecord& record) {
  return world.write<RegistryRecord>(
      [&](Writer& writer) { return store::update_registry(writer, record, 0); });
}

}  // namespace

TEST_CASE("a registry comes back as it was kept, secrets only where they are asked for",
          "[store][registries]") {
  RowWorld world;
  const Id team = world.workspace("team-a");
  const Id id = world.add(a_full_registry(team)).id;
  world.reopen();
  const RegistryRecord record = world.found(id);
  const model::Registry& s = record.settings;
  CHECK(record.identity() == "team-a/full");
  CHECK(record.workspace == team);
  CHECK(s.type == "harbor");
  CHECK(s.address == "https://full.example:8443/prefix");
  CHECK(s.credentials.username == "robot$full");
  CHECK(s.credentials.password.empty());
  CHECK(s.credentials.trusted_realms.size() == 2);
  CHECK(s.tls.ca_pem == "CA");
  CHECK(s.tls.client_certificate_pem == "CERT");
  CHECK(s.tls.client_key_pem.empty());
  CHECK(s.tls.minimum_version == "1.3");
  CHECK(s.tls.pin_sha256 == "pin");
  CHECK(s.tls.skip_verify);
  CHECK(s.proxy == "http://proxy:3128");
  CHECK(s.allow_plain_http);
  CHECK(s.options_json == R"({"page_size":50})");
  CHECK(s.timeouts.connect.count() == 1);
  CHECK(s.timeouts.request.count() == 2);
  CHECK(s.timeouts.validation.count() == 3);
  CHECK(s.timeouts.statistics.count() == 4);
  CHECK(record.description == "ours");
  CHECK(record.pull_host == "pull.example");
  CHECK(record.default_visibility == model::DefaultVisibility::open);
  CHECK(record.schedule.health_s == 60);
  CHECK(record.schedule.statistics_s == 600);
  CHECK(record.schedule.deep_s == -1);
  CHECK(record.schedule.catalogue_s == 5);
  CHECK(record.paused);
  CHECK(record.secret_version == 1);
  CHECK_FALSE(record.secret_fingerprint.empty());
  CHECK_FALSE(record.pull_credential);
  CHECK_FALSE(record.pull_suspended);
  REQUIRE(record.integration);
  CHECK(record.integration->product == "Harbor");
  CHECK(record.integration->capabilities == std::vector<std::string>{"spaces"});
  CHECK(record.integration->facts_json == R"({"a":1})");
  CHECK(record.provenance.managed_by == "manifest:fleet");
  CHECK(record.provenance.created_by == "alice");
  CHECK(record.provenance.created_ms == world.now_ms);

  const auto opened =
      world.read<RegistryRecord>([&](Reader& reader) { return store::open_registry(reader, id); });
  CHECK(opened.settings.credentials.password.reveal() == "pw-full");
  CHECK(opened.settings.tls.client_key_pem.reveal() == "KEY");
}

TEST_CASE("a name is taken once in its scope, an account once at an address of it",
          "[store][registries]") {
  RowWorld world;
  const Id team = world.workspace("team-a"), other = world.workspace("team-b");
  const auto code = [&](const RegistryRecord& record) {
    return world.code_of([&](Writer& writer) -> base::Result<void> {
      auto added = store::insert_registry(writer, record);
      if (!added) return added.error();
      return {};
    });
  };
  CHECK(code(a_registry("hub")) == Code::ok);
  CHECK(code(a_registry("hub", team)) == Code::ok);
  CHECK(code(a_registry("hub", other)) == Code::ok);
  CHECK(code(a_registry("hub")) == Code::conflict);
  CHECK(code(a_registry("hub", team)) == Code::conflict);

  RegistryRecord twin = a_registry("hub", team);
  twin.settings.name = "second";
  const auto refused = world.store->write([&](Writer& writer) -> base::Result<void> {
    auto added = store::insert_registry(writer, twin);
    if (!added) return added.error();
    return {};
  });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::conflict);
  CHECK(refused.error().where == "team-a/hub");
  CHECK(refused.error().message.find("hub") == std::string::npos);
  twin.settings.credentials.username = "another";
  CHECK(code(twin) == Code::ok);
  // Nor by a change of account or address.
  const auto find = [&](const char* name) {
    return *world.read<std::optional<RegistryRecord>>(
        [&](Reader& reader) { return store::find_registry(reader, team, name); });
  };
  CHECK(world.code_of([&](Writer& writer) -> base::Result<void> {
    auto set = store::set_credentials(writer, find("second").id, {"robot$hub", Secret("x"), {}}, 0);
    if (!set) return set.error();
    return {};
  }) == Code::conflict);
  RegistryRecord renamed = find("second");
  renamed.settings.name = "hub";
  CHECK(update_code(world, renamed, 0) == Code::conflict);

  CHECK(world.read<std::size_t>(
            [&](Reader& reader) { return store::count_registries(reader, std::nullopt); }) == 1);
  CHECK(world.read<std::size_t>(
            [&](Reader& reader) { return store::count_registries(reader, team); }) == 2);
  CHECK(world.read<std::vector<Id>>(store::registry_ids).size() == 4);
}

TEST_CASE("an update writes settings, not secrets, and knows its revision", "[store][registries]") {
  RowWorld world;
  const RegistryRecord before = world.add(a_registry("hub"));
  RegistryRecord record = before;
  record.description = "new";
  record.settings.name = "renamed";
  record.settings.type = "docker-registry";
  record.settings.credentials.username = "somebody";
  world.now_ms += 5;
  CHECK(update_code(world, record, before.provenance.revision) == Code::ok);
  CHECK(update_code(world, record, before.provenance.revision) == Code::conflict);
  const RegistryRecord after = world.found(before.id);
  CHECK(after.description == "new");
  CHECK(after.settings.name == "renamed");
  CHECK(after.settings.type == "harbor");
  CHECK(after.settings.credentials.username == "robot$hub");
  CHECK(after.secret_fingerprint == before.secret_fingerprint);
  CHECK(after.provenance.revision == before.provenance.revision + 1);
  CHECK(after.provenance.updated_ms == world.now_ms);
  CHECK(after.provenance.created_ms == before.provenance.created_ms);
  CHECK(secret_text(world, before.id, store::SecretKind::password) == "pw-hub");
  record.id = 999;
  CHECK(update_code(world, record, 0) == Code::not_found);
}

TEST_CASE("another origin opens no secret that was given for the old one", "[store][registries]") {
  RowWorld world;
  RegistryRecord draft = a_registry("hub");
  draft.settings.tls.client_key_pem = Secret("KEY");
  draft.integration.emplace().product = "Harbor";
  const Id id = world.add(draft).id, team = world.workspace("t");
  world.done([&](Writer& writer) {
    return store::set_pull_credential(writer, id, {"puller", Secret("pull-pw"), {}});
  });
  world.done([&](Writer& writer) -> base::Result<void> {
    model::RobotRecord robot;
    robot.registry = id;
    robot.workspace = team;
    auto added = store::insert_robot(writer, robot, Secret("robot-pw"));
    if (!added) return added.error();
    return {};
  });

  RegistryRecord record = world.found(id);
  record.settings.address = "https://hub.example:8443/other";  // The same origin.
  record = updated(world, record);
  CHECK_FALSE(record.integration);
  CHECK(record.pull_credential);
  CHECK_FALSE(record.pull_suspended);
  CHECK(secret_text(world, id, store::SecretKind::password) == "pw-hub");

  record.settings.address = "https://hub.example:9443/other";
  record.settings.credentials = {"newcomer", Secret("new-pw"), {}};
  const auto version = record.secret_version;
  record = updated(world, record);
  CHECK(record.settings.credentials.username == "newcomer");
  CHECK(record.secret_version == version + 1);
  CHECK_FALSE(record.pull_credential);
  CHECK(record.pull_suspended);
  CHECK(secret_text(world, id, store::SecretKind::password) == "new-pw");
  CHECK(secret_text(world, id, store::SecretKind::client_key).empty());
  CHECK(secret_text(world, id, store::SecretKind::pull_password).empty());
  const auto robots = world.read<std::vector<model::RobotRecord>>(
      [&](Reader& reader) { return store::robots(reader, id, std::nullopt); });
  REQUIRE(robots.size() == 1);
  CHECK(robots[0].reconcile);
  const auto robot_secret = world.store->read<Secret>(
      [&](Reader& reader) { return store::robot_secret(reader, robots[0].id); });
  REQUIRE_FALSE(robot_secret);
  CHECK(robot_secret.error().code == Code::internal);
}

TEST_CASE("an address changed behind the store's back opens nothing", "[store][registries]") {
  RowWorld world;
  const Id id = world.registry("hub");
  world.done([&](Writer& writer) -> base::Result<void> {
    store::execute(writer, "UPDATE registry SET address = 'https://evil.example' WHERE id = ?",
                   {id});
    return {};
  });
  const auto opened = world.store->read<RegistryRecord>(
      [&](Reader& reader) { return store::open_registry(reader, id); });
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::internal);
}

TEST_CASE("new credentials unblock and are due at once", "[store][registries]") {
  RowWorld world;
  const RegistryRecord before = world.add(a_registry("hub"));
  model::Health health;
  health.blocked = true;
  health.refused_at_ms = 5;
  health.refused_version = 1;
  health.next_try_ms = world.now_ms + 1000;
  world.done([&](Writer& writer) { return store::put_health(writer, before.id, health); });
  const auto after = world.write<RegistryRecord>([&](Writer& writer) {
    return store::set_credentials(writer, before.id, {"carol", Secret("fresh"), {}},
                                  before.provenance.revision);
  });
  CHECK(after.settings.credentials.username == "carol");
  CHECK(after.secret_version == before.secret_version + 1);
  CHECK(after.secret_fingerprint != before.secret_fingerprint);
  CHECK(after.provenance.revision > before.provenance.revision);
  const auto now =
      world.read<model::Health>([&](Reader& reader) { return store::health(reader, before.id); });
  CHECK_FALSE(now.blocked);
  CHECK(now.refused_at_ms == 0);
  CHECK(now.next_try_ms == 0);
  CHECK(secret_text(world, before.id, store::SecretKind::password) == "fresh");

  // None is anonymous.
  const auto anonymous = world.write<RegistryRecord>(
      [&](Writer& writer) { return store::set_credentials(writer, before.id, {}, 0); });
  CHECK(anonymous.secret_fingerprint.empty());
  CHECK(secret_text(world, before.id, store::SecretKind::password).empty());
}

TEST_CASE("single facts of a registry are set alone", "[store][registries]") {
  RowWorld world;
  const Id id = world.registry("hub");
  std::int64_t revision = world.found(id).provenance.revision;
  const auto grows = [&](const std::function<base::Result<void>(Writer&)>& body) {
    world.done(body);
    const std::int64_t before = std::exchange(revision, world.found(id).provenance.revision);
    return revision > before;
  };
  CHECK(grows([&](Writer& writer) { return store::set_paused(writer, id, true); }));
  CHECK(world.found(id).paused);
  CHECK(grows([&](Writer& writer) { return store::set_pull_suspended(writer, id, true); }));
  CHECK(world.found(id).pull_suspended);
  CHECK(grows([&](Writer& writer) {
    return store::set_secret(writer, id, store::SecretKind::client_key, Secret("K"));
  }));
  CHECK(secret_text(world, id, store::SecretKind::client_key) == "K");

  model::Integration found;
  found.product = "Harbor";
  const auto keep = [&](Writer& writer) { return store::keep_integration(writer, id, found); };
  CHECK(grows(keep));
  CHECK_FALSE(grows(keep));

  CHECK(grows([&](Writer& writer) {
    return store::set_pull_credential(writer, id, {"puller", Secret("p"), {}});
  }));
  const auto pull = [&] {
    return world.read<std::optional<model::Credentials>>(
        [&](Reader& reader) { return store::pull_credential(reader, id); });
  };
  REQUIRE(pull());
  CHECK(pull()->username == "puller");
  CHECK(pull()->password.reveal() == "p");
  CHECK(world.found(id).pull_credential);
  CHECK(grows([&](Writer& writer) { return store::set_pull_credential(writer, id, {}); }));
  CHECK_FALSE(pull());

  const Id none = 999;
  CHECK(world.code_of([&](Writer& w) { return store::set_paused(w, none, true); }) ==
        Code::not_found);
  CHECK(world.code_of([&](Writer& w) { return store::set_pull_suspended(w, none, true); }) ==
        Code::not_found);
  CHECK(world.code_of([&](Writer& w) { return store::keep_integration(w, none, found); }) ==
        Code::not_found);
  CHECK(world.code_of([&](Writer& w) { return store::set_pull_credential(w, none, {}); }) ==
        Code::not_found);
  CHECK(world.code_of([&](Writer& w) {
    return store::set_secret(w, none, store::SecretKind::password, Secret("x"));
  }) == Code::not_found);
  const auto open = world.store->read<RegistryRecord>(
      [&](Reader& reader) { return store::open_registry(reader, none); });
  CHECK(open.error().code == Code::not_found);
}

TEST_CASE("a registry goes with all that hangs on it, its news stay", "[store][registries]") {
  RowWorld world;
  const Id id = world.registry("hub"), team = world.workspace("t"), space = world.space(id, "a");
  world.bind(space, team);
  world.done([&](Writer& writer) -> base::Result<void> {
    model::RobotRecord robot;
    robot.registry = id;
    robot.workspace = team;
    robot.spaces = {space};
    auto added = store::insert_robot(writer, robot, Secret("s"));
    if (!added) return added.error();
    store::add_event(writer, {.kind = "registry.created", .registry = id, .data_json = "{}"});
    return store::add_transition(writer, id, {.since_ms = 1});
  });
  world.done([&](Writer& writer) { return store::delete_registry(writer, id); });
  CHECK(world.code_of([&](Writer& writer) { return store::delete_registry(writer, id); }) ==
        Code::not_found);
  CHECK(world.read<Id>(store::last_event) == 1);
  CHECK(world.store->verify().has_value());
  const auto world_after = world.read<model::AccessWorld>(store::access_world);
  CHECK(world_after.registries.empty());
  CHECK(world_after.spaces.empty());
  CHECK(world_after.bindings.empty());
}

TEST_CASE("pages of registries hold each of them once, whatever the sort and the limit",
          "[store][registries][paging]") {
  RowWorld world;
  const Id team = world.workspace("team-a");
  for (int i = 0; i < 23; ++i) {
    RegistryRecord record = a_registry("r" + std::to_string(i * 7 % 23),
                                       i % 3 == 0 ? std::optional<Id>(team) : std::nullopt);
    record.settings.type = i % 2 == 0 ? "harbor" : "docker-registry";
    world.now_ms += i % 4 == 0 ? 0 : 1;
    const Id id = world.add(record).id;
    model::Health health;
    health.state = static_cast<model::HealthState>(i % 6);
    health.reason = "unauthorized";
    world.done([&](Writer& writer) { return store::put_health(writer, id, health); });
  }
  for (const std::size_t limit : {1, 2, 5, 22, 23, 24, 500})
    for (const char* sort : {"", "name", "-name", "type", "-type", "state", "-created"}) {
      const auto rows = world.all_pages<store::RegistryRow>(
          limit, sort, [](Reader& reader, const store::PageRequest& request) {
            return store::list_registries(reader, request, {});
          });
      std::set<Id> ids;
      for (const auto& row : rows) ids.insert(row.record.id);
      CHECK(rows.size() == 23);
      CHECK(ids.size() == 23);
      for (std::size_t i = 1; i < rows.size(); ++i) {
        const auto &a = rows[i - 1].record.settings, &b = rows[i].record.settings;
        if (std::string(sort) == "name") CHECK(a.name <= b.name);
        if (std::string(sort) == "-name") CHECK(a.name >= b.name);
        if (std::string(sort) == "-type") CHECK(a.type >= b.type);
      }
    }
  const auto count = [&](const store::RegistryFilter& filter, const std::string& search = "") {
    return world
        .read<store::Page<store::RegistryRow>>([&](Reader& reader) {
          return store::list_registries(reader, {.search = search}, filter);
        })
        .rows.size();
  };
  const std::vector<Id> some{1, 2, 3, 999};
  CHECK(count({.only = &some}) == 3);
  CHECK(count({.workspace = team}) == 8);
  CHECK(count({.platform = true}) == 15);
  CHECK(count({.type = "harbor"}) == 12);
  CHECK(count({.state = model::HealthState::healthy}) == 4);
  CHECK(count({}, "R1") == 11);
  CHECK(count({}, "%") == 0);
  const auto page = world.read<store::Page<store::RegistryRow>>(
      [](Reader& reader) { return store::list_registries(reader, {}, {}); });
  CHECK(page.rows[0].health.reason == "unauthorized");
}
