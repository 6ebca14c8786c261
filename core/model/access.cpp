#include "model/access.h"

#include <algorithm>

namespace portolan::model {
namespace {

/// Toward whose objects a role may do something: a set of owners.
using Owners = std::uint8_t;
constexpr Owners bit(Owner owner) {
  return static_cast<Owners>(1U << static_cast<unsigned>(owner));
}

constexpr Owners no = 0;
constexpr Owners plat = bit(Owner::platform);
constexpr Owners own = bit(Owner::own_workspace);
constexpr Owners both = plat | own;
constexpr Owners all = both | bit(Owner::other_workspace);

struct Row {
  Action action;
  std::string_view word;
  std::array<Owners, roles.size()> by_role;  // In the order of `roles`.
};

using A = Action;
// What belongs to the platform only (types, users, the daemon) says `plat` where it is permitted.
// The last column is also what everybody who is signed in may do toward the platform.
// docs/security.md shows the same table; a test compares them.
// clang-format off
constexpr std::array<Row, action_count> table{{
    //                                                admin auditor ws-admin ws-editor ws-viewer
    {A::type_read,        "type.read",         {{     plat,  plat,    plat,    plat,     plat }}},
    {A::registry_read,    "registry.read",     {{     all,   all,     both,    both,     both }}},
    {A::registry_inspect, "registry.inspect",  {{     all,   all,     own,     no,       no   }}},
    {A::registry_try,     "registry.try",      {{     all,   no,      own,     no,       no   }}},
    {A::registry_create,  "registry.create",   {{     all,   no,      own,     no,       no   }}},
    {A::registry_update,  "registry.update",   {{     all,   no,      own,     no,       no   }}},
    {A::registry_rename,  "registry.rename",   {{     all,   no,      own,     no,       no   }}},
    {A::registry_delete,  "registry.delete",   {{     all,   no,      own,     no,       no   }}},
    {A::registry_check,   "registry.check",    {{     all,   all,     both,    both,     both }}},
    {A::registry_deep,    "registry.deep",     {{     all,   no,      own,     no,       no   }}},
    {A::space_read,       "space.read",        {{     all,   all,     both,    both,     both }}},
    {A::space_create,     "space.create",      {{     all,   no,      own,     no,       no   }}},
    {A::space_update,     "space.update",      {{     all,   no,      own,     no,       no   }}},
    {A::space_delete,     "space.delete",      {{     all,   no,      own,     no,       no   }}},
    {A::binding_read,     "binding.read",      {{     all,   all,     own,     own,      own  }}},
    {A::binding_write,    "binding.write",     {{     all,   no,      no,      no,       no   }}},
    {A::workspace_read,   "workspace.read",    {{     all,   all,     own,     own,      own  }}},
    {A::workspace_create, "workspace.create",  {{     plat,  no,      no,      no,       no   }}},
    {A::workspace_update, "workspace.update",  {{     all,   no,      own,     no,       no   }}},
    {A::workspace_rename, "workspace.rename",  {{     all,   no,      no,      no,       no   }}},
    {A::workspace_delete, "workspace.delete",  {{     all,   no,      no,      no,       no   }}},
    {A::member_read,      "member.read",       {{     all,   all,     own,     own,      own  }}},
    {A::member_write,     "member.write",      {{     all,   no,      own,     no,       no   }}},
    {A::namespace_read,   "namespace.read",    {{     all,   all,     own,     own,      own  }}},
    {A::namespace_assign, "namespace.assign",  {{     all,   no,      no,      no,       no   }}},
    {A::image_use,        "image.use",         {{     both,  plat,    both,    both,     both }}},
    {A::pull_secret_read, "pull-secret.read",  {{     both,  plat,    both,    both,     plat }}},
    {A::push_issue,       "push.issue",        {{     own,   no,      own,     own,      no   }}},
    {A::event_read,       "event.read",        {{     all,   all,     both,    both,     both }}},
    {A::job_read,         "job.read",          {{     all,   all,     both,    both,     both }}},
    {A::job_write,        "job.write",         {{     all,   no,      own,     no,       no   }}},
    {A::user_read,        "user.read",         {{     plat,  plat,    no,      no,       no   }}},
    {A::user_write,       "user.write",        {{     plat,  no,      no,      no,       no   }}},
    {A::token_own,        "token.own",         {{     plat,  plat,    plat,    plat,     plat }}},
    {A::token_write,      "token.write",       {{     plat,  no,      no,      no,       no   }}},
    {A::audit_read,       "audit.read",        {{     plat,  plat,    no,      no,       no   }}},
    {A::webhook_write,    "webhook.write",     {{     plat,  no,      no,      no,       no   }}},
    {A::plugin_read,      "plugin.read",       {{     plat,  plat,    no,      no,       no   }}},
    {A::daemon_write,     "daemon.write",      {{     plat,  no,      no,      no,       no   }}},
    {A::metrics_read,     "metrics.read",      {{     plat,  plat,    no,      no,       no   }}},
}};
// clang-format on

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].action) != i) return false;
  return true;
}
static_assert(rows_are_in_order(), "the table is indexed by action");

const Row& row(Action action) { return table[static_cast<std::size_t>(action)]; }

bool within_token(const Principal& who, Action action) {
  return !who.only || std::find(who.only->begin(), who.only->end(), action) != who.only->end();
}

bool may_toward_platform(const Principal& who, Action action) {
  const auto as = [&](Role role) { return allowed(role, action, Owner::platform); };
  if (as(Role::workspace_viewer)) return true;
  if (who.only_workspace) {
    // A token for one workspace is no more than its member, whatever else its user is.
    const auto member = who.workspaces.find(*who.only_workspace);
    return member != who.workspaces.end() && as(member->second);
  }
  return (who.admin && as(Role::admin)) || (who.auditor && as(Role::auditor)) ||
         std::any_of(who.workspaces.begin(), who.workspaces.end(),
                     [&](const auto& member) { return as(member.second); });
}

bool may_toward_workspace(const Principal& who, Action action, Id workspace) {
  if (who.only_workspace && *who.only_workspace != workspace) return false;
  const auto member = who.workspaces.find(workspace);
  const bool is_member = member != who.workspaces.end();
  const Owner owner = is_member ? Owner::own_workspace : Owner::other_workspace;
  return (is_member && allowed(member->second, action, owner)) ||
         (who.admin && allowed(Role::admin, action, owner)) ||
         (who.auditor && allowed(Role::auditor, action, owner));
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::admin: return "admin";
    case Role::auditor: return "auditor";
    case Role::workspace_admin: return "workspace-admin";
    case Role::workspace_editor: return "workspace-editor";
    case Role::workspace_viewer: return "workspace-viewer";
  }
  return "workspace-viewer";
}

std::string_view to_string(Action action) { return row(action).word; }

std::optional<Role> role_from(std::string_view text) {
  for (const Role role : roles)
    if (to_string(role) == text) return role;
  return std::nullopt;
}

std::optional<Action> action_from(std::string_view text) {
  for (const Row& row : table)
    if (row.word == text) return row.action;
  return std::nullopt;
}

bool allowed(Role role, Action action, Owner owner) {
  return (row(action).by_role[static_cast<std::size_t>(role)] & bit(owner)) != 0;
}

bool may(const Principal& who, Action action, std::optional<Id> workspace) {
  if (!within_token(who, action)) return false;
  return workspace ? may_toward_workspace(who, action, *workspace)
                   : may_toward_platform(who, action);
}

bool may_somewhere(const Principal& who, Action action) {
  if (!within_token(who, action)) return false;
  // Whoever is a member nowhere asks like a viewer of no workspace: his lists are empty.
  if (allowed(Role::workspace_viewer, action, Owner::own_workspace)) return true;
  if (may_toward_platform(who, action)) return true;
  if (who.only_workspace) return may_toward_workspace(who, action, *who.only_workspace);
  return (who.admin && allowed(Role::admin, action, Owner::other_workspace)) ||
         (who.auditor && allowed(Role::auditor, action, Owner::other_workspace)) ||
         std::any_of(who.workspaces.begin(), who.workspaces.end(), [&](const auto& member) {
           return may_toward_workspace(who, action, member.first);
         });
}

}  // namespace portolan::model
