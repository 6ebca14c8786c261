#pragma once
/// Registries with their secrets, health, and events.
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace portolan::store {

/// The secrets of a registry; sealed at rest, bound to table, row and origin (scheme, host, port).
enum class SecretKind { password, client_key, pull_password };

/// conflict: name taken in the scope, or the same address and account already there (the message
/// does not say which registry it is; `where` holds its identity for admins). Secrets in
/// `record.settings` are sealed with it.
base::Result<model::RegistryRecord> insert_registry(Writer&, model::RegistryRecord record);
/// Everything but scope, type, secrets. Another origin drops every secret: give them again.
base::Result<model::RegistryRecord> update_registry(Writer&, const model::RegistryRecord& record,
                                                    std::int64_t if_revision);
/// New password and user; unblocks, grows secret_version, ends refusals.
base::Result<model::RegistryRecord> set_credentials(Writer&, Id id,
                                                    const model::Credentials& credentials,
                                                    std::int64_t if_revision);
base::Result<void> set_secret(Writer&, Id id, SecretKind kind, const base::Secret& secret);
base::Result<base::Secret> secret(Reader&, Id id, SecretKind kind);
/// The second credential, meant to be handed out. An empty user removes it.
base::Result<void> set_pull_credential(Writer&, Id id, const model::Credentials& credentials);
std::optional<model::Credentials> pull_credential(Reader&, Id id);
base::Result<void> keep_integration(Writer&, Id id, const model::Integration& integration);
base::Result<void> set_paused(Writer&, Id id, bool paused);
base::Result<void> set_pull_suspended(Writer&, Id id, bool suspended);
/// With everything that hangs on it. The caller has checked what stands in the way.
base::Result<void> delete_registry(Writer&, Id id);

std::optional<model::RegistryRecord> find_registry(Reader&, Id id);
/// Of a workspace, or of the platform.
std::optional<model::RegistryRecord> find_registry(Reader&, std::optional<Id> workspace,
                                                   const std::string& name);
/// With passwords and keys opened: what the router needs.
base::Result<model::RegistryRecord> open_registry(Reader&, Id id);
std::vector<Id> registry_ids(Reader&);
std::size_t count_registries(Reader&, std::optional<Id> workspace);

struct RegistryFilter {
  const std::vector<Id>* only = nullptr;  ///< Null = all.
  std::optional<Id> workspace;            ///< Of this workspace.
  bool platform = false;                  ///< Of the platform.
  std::string type;
  std::optional<model::HealthState> state;
};
struct RegistryRow {
  model::RegistryRecord record;
  model::Health health;  ///< Without `last` and `last_full`.
};
/// Sorts: name, type, state, created.
Page<RegistryRow> list_registries(Reader&, const PageRequest&, const RegistryFilter&);

model::Health health(Reader&, Id registry);  ///< With the last results.
base::Result<void> put_health(Writer&, Id registry, const model::Health& health);

/// A transition of the damped state, with how long it lasted.
struct Transition {
  model::HealthState state = model::HealthState::unknown;
  std::string reason, message;
  std::int64_t since_ms = 0, until_ms = 0;  ///< 0 = still.
};
base::Result<void> add_transition(Writer&, Id registry, const Transition& transition);
std::vector<Transition> transitions(Reader&, Id registry, std::size_t limit);

Id add_event(Writer&, model::Event event);  ///< Its time is now.
/// Newest first when `after` is empty; with `since_id` oldest first from there (streams).
struct EventFilter {
  std::optional<Id> registry;
  std::optional<Id> since_id;
  std::string kind;
};
Page<model::Event> list_events(Reader&, const PageRequest&, const EventFilter&);
Id last_event(Reader&);
base::Result<std::size_t> delete_events_before(Writer&, std::int64_t ms);

}  // namespace portolan::store
