#pragma once
/// Registries with their secrets, health, and events.
#include <optional>
#include <string>
#include <vector>

#include "model/records.h"
#include "store/reader.h"

namespace portolan::store {

/// The secrets of a registry; sealed at rest, bound to table, row and origin (scheme, host, port).
enum class SecretKind { password, client_key, pull_password };

// A registry that is not there: not_found. A revision that is not the stored one: conflict;
// `if_revision` 0 = whatever it is. Whatever shows in a RegistryRecord grows its revision.

/// conflict: name taken in the scope, or the same address and account already there (the message
/// does not say which registry it is; `where` holds its identity for admins). Secrets in
/// `record.settings` are sealed with it. Its health is unknown and due at once.
base::Result<model::RegistryRecord> insert_registry(Writer&, model::RegistryRecord record);
/// Everything but scope, type, account, secrets, integration and pull_suspended. Another address
/// forgets the integration. Another origin drops every secret and takes account, password and key
/// of `record.settings` instead (empty: none), suspends pulling, and has robots reconciled.
base::Result<model::RegistryRecord> update_registry(Writer&, const model::RegistryRecord& record,
                                                    std::int64_t if_revision);
/// New user and password (trusted_realms are settings: see above); unblocks, grows secret_version,
/// ends refusals; the next look is due at once.
base::Result<model::RegistryRecord> set_credentials(Writer&, Id id,
                                                    const model::Credentials& credentials,
                                                    std::int64_t if_revision);
/// An empty one removes it. Another client key grows secret_version too.
base::Result<void> set_secret(Writer&, Id id, SecretKind kind, const base::Secret& secret);
/// Empty when none is kept.
base::Result<base::Secret> secret(Reader&, Id id, SecretKind kind);
/// The second credential, meant to be handed out. An empty user removes it.
base::Result<void> set_pull_credential(Writer&, Id id, const model::Credentials& credentials);
std::optional<model::Credentials> pull_credential(Reader&, Id id);
/// Writes only what differs: the same again grows no revision.
base::Result<void> keep_integration(Writer&, Id id, const model::Integration& integration);
base::Result<void> set_paused(Writer&, Id id, bool paused);
base::Result<void> set_pull_suspended(Writer&, Id id, bool suspended);
/// With everything that hangs on it, bindings and robots too. The caller has checked what stands in
/// the way. Its events and jobs stay.
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
  std::optional<Id> workspace{};          ///< Of this workspace.
  bool platform = false;                  ///< Of the platform.
  std::string type{};
  std::optional<model::HealthState> state{};
};
struct RegistryRow {
  model::RegistryRecord record;
  model::Health health;  ///< Without `last` and `last_full`.
};
/// Sorts: name, type, state, created.
Page<RegistryRow> list_registries(Reader&, const PageRequest&, const RegistryFilter&);

model::Health health(Reader&, Id registry);  ///< With the last results.
/// Results that are absent in `health` stay as they were.
base::Result<void> put_health(Writer&, Id registry, const model::Health& health);

/// A transition of the damped state, with how long it lasted.
struct Transition {
  model::HealthState state = model::HealthState::unknown;
  std::string reason{}, message{};
  std::int64_t since_ms = 0, until_ms = 0;  ///< 0 = still.
};
/// Ends the one before at `since_ms`.
base::Result<void> add_transition(Writer&, Id registry, const Transition& transition);
/// Newest first.
std::vector<Transition> transitions(Reader&, Id registry, std::size_t limit);

Id add_event(Writer&, model::Event event);  ///< Its time is now.
/// Newest first when `after` is empty; with `since_id` oldest first from there (streams).
struct EventFilter {
  std::optional<Id> workspace{}, registry{};
  std::string removed_as{};  ///< Of the registries too that were removed under this identity.
  std::optional<Id> since_id{};
  std::string kind{};
  const Sight* only = nullptr;  ///< Null = all.
};
Page<model::Event> list_events(Reader&, const PageRequest&, const EventFilter&);
Id last_event(Reader&);  ///< 0 = there was none.
/// Transitions that ended before then go too. How many rows went.
base::Result<std::size_t> delete_events_before(Writer&, std::int64_t ms);

}  // namespace portolan::store
