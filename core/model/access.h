#pragma once
/// Who may do what: one pure table (role × action × owner), and the one function that every route
/// and every query asks.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portolan::model {

/// A row of the store; never used twice.
using Id = std::int64_t;

enum class Role { admin, auditor, workspace_admin, workspace_editor, workspace_viewer };
inline constexpr std::array roles{Role::admin, Role::auditor, Role::workspace_admin,
                                  Role::workspace_editor, Role::workspace_viewer};

/// Whose the object is, seen from the caller.
enum class Owner {
  platform,
  own_workspace,    ///< A workspace the caller is a member of.
  other_workspace,  ///< One he is not a member of.
};
inline constexpr std::array owners{Owner::platform, Owner::own_workspace, Owner::other_workspace};

/// One word per thing that can be asked for; "registry.create" in scopes, audit and OpenAPI.
enum class Action {
  type_read,
  registry_read,     ///< Name, type, address, state, and rows over the caller's spaces.
  registry_inspect,  ///< Evidence, account, whole totals, every space.
  registry_try,      ///< Validate without storing.
  registry_create,
  registry_update,  ///< Settings, secrets, pause, schedule.
  registry_rename,
  registry_delete,
  registry_check,  ///< Quick validation or normal statistics now.
  registry_deep,   ///< Full validation or deep statistics now.
  space_read,
  space_create,
  space_update,  ///< Visibility, declaring and forgetting.
  space_delete,
  binding_read,
  binding_write,
  workspace_read,
  workspace_create,
  workspace_update,
  workspace_rename,
  workspace_delete,
  member_read,
  member_write,
  namespace_read,
  namespace_assign,
  image_use,  ///< Selector and pull commands.
  pull_secret_read,
  push_issue,
  event_read,
  job_read,
  job_write,
  user_read,
  user_write,
  token_own,    ///< One's own tokens.
  token_write,  ///< Everybody's.
  audit_read,
  webhook_write,
  plugin_read,
  daemon_write,  ///< Reload, backup.
  metrics_read,
};
inline constexpr std::size_t action_count = static_cast<std::size_t>(Action::metrics_read) + 1;

std::string_view to_string(Role role);      ///< "admin", "workspace-admin", ...
std::string_view to_string(Action action);  ///< "registry.create"
std::optional<Role> role_from(std::string_view text);
std::optional<Action> action_from(std::string_view text);

/// The table itself. `other_workspace` is never anybody's but admin's and auditor's.
bool allowed(Role role, Action action, Owner owner);

/// Who asks: a user, or a token of his that may be narrower than he is.
struct Principal {
  Id user = 0;
  std::string name;  ///< "alice", or "alice (token ci)".
  bool admin = false, auditor = false;
  std::map<Id, Role> workspaces;  ///< Where he is a member, and as what.
  /// Of a token: what it is limited to. Absent = no limit.
  std::optional<std::vector<Action>> only;
  std::optional<Id> only_workspace;  ///< Of a token for one workspace.
};

/// Whether one of the roles that `who` has toward what belongs to `workspace` (absent: to the
/// platform) permits `action`, within his token's limits. A platform admin manages everything but
/// uses images (image_use, pull_secret_read, push_issue) only where he is a member. Toward the
/// platform everybody who is signed in is at least what a workspace viewer is, and image_use and
/// pull_secret_read mean its public spaces alone. A token for one workspace is no admin or auditor
/// of the platform, whatever its user is.
bool may(const Principal& who, Action action, std::optional<Id> workspace);

/// Whether `may` holds for any workspace or the platform: what a list route asks first. Reading is
/// granted to a member of no workspace too; his list is empty.
bool may_somewhere(const Principal& who, Action action);

}  // namespace portolan::model
