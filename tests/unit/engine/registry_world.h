#pragma once
/// The world of test_engine with the use cases of registries.
#include "engine/keeper.h"
#include "engine/registries.h"
#include "store/jobs.h"
#include "store/measures.h"
#include "store/registries.h"
#include "store/tenants.h"
#include "world.h"

namespace portolan::test {

/// The use cases, with job kinds that nobody runs.
struct RegistryWorld : EngineWorld {
  RegistryWorld()
      : jobs(*daemon), keeper(*daemon, *fleet, jobs), registries(*daemon, *fleet, jobs) {
    admin.actor = "alice";
    admin.platform_admin = true;
    member.actor = "bob";
  }

  base::Result<engine::Registries::Integrated> integrate(
      const model::RegistryRecord& draft, engine::Verify verify = engine::Verify::require) {
    return registries.integrate(draft, verify, draft.workspace ? member : admin, {});
  }
  model::Id integrated(const std::string& name) {
    const auto made = integrate(a_registry(name));
    if (!made) FAIL(made.error().message);
    return made->record.id;
  }
  base::Result<engine::Registries::Integrated> change(
      model::Id id, const engine::RegistryChange& wanted,
      engine::Verify verify = engine::Verify::skip) {
    return registries.change(id, wanted, verify, 0, admin, {});
  }
  using EngineWorld::change;  // Of the settings.
  model::Id workspace(const std::string& name) {
    return write<model::Workspace>([&](store::Writer& writer) {
             model::Workspace made;
             made.name = name;
             return store::insert_workspace(writer, made);
           })
        .id;
  }
  model::RegistryRecord record(model::Id id) const {
    return *read<std::optional<model::RegistryRecord>>(
        [&](store::Reader& reader) { return store::find_registry(reader, id); });
  }
  std::string password(model::Id id) const {
    return read<model::RegistryRecord>(
               [&](store::Reader& reader) { return store::open_registry(reader, id); })
        .settings.credentials.password.reveal();
  }
  std::vector<model::AuditEntry> audit() const {
    return read<std::vector<model::AuditEntry>>([&](store::Reader& reader) {
      return store::list_audit(reader, store::PageRequest{}, {}).rows;
    });
  }
  base::Error mistakes(const std::function<void(model::RegistryRecord&)>& spoil) {
    auto draft = a_registry("one");
    spoil(draft);
    const auto checked = registries.check_draft(draft);
    if (checked) FAIL("nothing was found wrong");
    return checked.error();
  }
  void refuse(model::Id id, bool blocked) {
    auto known = health(id);
    known.refused_version = record(id).secret_version;
    known.refused_at_ms = store->now();
    known.blocked = blocked;
    REQUIRE(
        store->write([&](store::Writer& writer) { return store::put_health(writer, id, known); }));
  }

  engine::Act admin, member;
  engine::JobRunner jobs;
  engine::Keeper keeper;
  engine::Registries registries;
};

}  // namespace portolan::test
