#include "model/access.h"

#include <catch2/catch.hpp>
#include <set>

using namespace portolan::model;

namespace {

using A = Action;
constexpr Id mine = 1, foreign = 2;

std::vector<Action> actions() {
  std::vector<Action> all;
  for (std::size_t i = 0; i < action_count; ++i) all.push_back(static_cast<Action>(i));
  return all;
}

/// The rules as sentences, apart from how the table is written: which actions change something,
/// and which of them are about images.
bool one_of(Action action, const std::set<Action>& set) { return set.count(action) != 0; }

const std::set<Action> image_actions{A::image_use, A::pull_secret_read, A::push_issue};
const std::set<Action> changes{
    A::registry_try,     A::registry_create,  A::registry_update,  A::registry_rename,
    A::registry_delete,  A::registry_deep,    A::space_create,     A::space_update,
    A::space_delete,     A::binding_write,    A::workspace_create, A::workspace_update,
    A::workspace_rename, A::workspace_delete, A::member_write,     A::namespace_assign,
    A::push_issue,       A::job_write,        A::user_write,       A::token_write,
    A::webhook_write,    A::daemon_write};
/// What exists at the platform only.
const std::set<Action> platform_only{A::type_read,    A::workspace_create, A::user_read,
                                     A::user_write,   A::token_own,        A::token_write,
                                     A::audit_read,   A::webhook_write,    A::plugin_read,
                                     A::daemon_write, A::metrics_read};
/// What a workspace-admin may change in his workspace.
const std::set<Action> workspace_changes{
    A::registry_try,    A::registry_create,  A::registry_update, A::registry_rename,
    A::registry_delete, A::registry_deep,    A::space_create,    A::space_update,
    A::space_delete,    A::workspace_update, A::member_write,    A::push_issue,
    A::job_write};
/// What whoever may see a workspace may read there.
const std::set<Action> workspace_reads{
    A::registry_read, A::registry_check, A::space_read, A::binding_read, A::workspace_read,
    A::member_read,   A::namespace_read, A::event_read, A::job_read,     A::image_use};
/// What everybody who is signed in may do toward the platform.
const std::set<Action> signed_in{A::type_read,  A::registry_read, A::registry_check,
                                 A::space_read, A::image_use,     A::pull_secret_read,
                                 A::event_read, A::job_read,      A::token_own};

bool expected(Role role, Action action, Owner owner) {
  const bool at_platform = owner == Owner::platform;
  if (at_platform && one_of(action, signed_in)) return true;
  if (!at_platform && one_of(action, platform_only)) return false;
  switch (role) {
    case Role::admin:
      if (one_of(action, image_actions)) return owner == Owner::own_workspace;
      return true;
    case Role::auditor: return !one_of(action, changes) && !one_of(action, image_actions);
    case Role::workspace_admin:
      return owner == Owner::own_workspace &&
             (one_of(action, workspace_changes) || one_of(action, workspace_reads) ||
              action == A::registry_inspect || action == A::pull_secret_read);
    case Role::workspace_editor:
      return owner == Owner::own_workspace &&
             (one_of(action, workspace_reads) || action == A::pull_secret_read ||
              action == A::push_issue);
    case Role::workspace_viewer:
      return owner == Owner::own_workspace && one_of(action, workspace_reads);
  }
  return false;
}

Principal member_as(Role role) {
  Principal who;
  who.user = 7;
  who.workspaces[mine] = role;
  return who;
}

Principal admin() {
  Principal who;
  who.user = 1;
  who.admin = true;
  return who;
}

}  // namespace

TEST_CASE("every cell of the table is what the rules say", "[model][access]") {
  std::size_t cells = 0;
  for (const Role role : roles)
    for (const Action action : actions())
      for (const Owner owner : owners) {
        INFO(to_string(role) << " " << to_string(action) << " " << static_cast<int>(owner));
        CHECK(allowed(role, action, owner) == expected(role, action, owner));
        ++cells;
      }
  CHECK(cells >= 500);
}

TEST_CASE("a workspace role gives nothing in another workspace", "[model][access]") {
  for (const Role role : {Role::workspace_admin, Role::workspace_editor, Role::workspace_viewer})
    for (const Action action : actions()) {
      CHECK_FALSE(allowed(role, action, Owner::other_workspace));
      CHECK_FALSE(may(member_as(role), action, foreign));
    }
}

TEST_CASE("a higher workspace role may all that a lower one may", "[model][access]") {
  for (const Action action : actions())
    for (const Owner owner : owners) {
      INFO(to_string(action));
      CHECK((allowed(Role::workspace_admin, action, owner) ||
             !allowed(Role::workspace_editor, action, owner)));
      CHECK((allowed(Role::workspace_editor, action, owner) ||
             !allowed(Role::workspace_viewer, action, owner)));
      // Whatever the admin of a workspace may there, the admin of the platform may too.
      CHECK(
          (allowed(Role::admin, action, owner) || !allowed(Role::workspace_admin, action, owner)));
    }
}

TEST_CASE("words of roles and actions read back and are told apart", "[model][access]") {
  std::set<std::string_view> words;
  for (const Action action : actions()) {
    CHECK(words.insert(to_string(action)).second);
    CHECK(action_from(to_string(action)) == action);
  }
  for (const Role role : roles) {
    CHECK(words.insert(to_string(role)).second);
    CHECK(role_from(to_string(role)) == role);
  }
  CHECK(to_string(A::registry_create) == "registry.create");
  CHECK(to_string(A::pull_secret_read) == "pull-secret.read");
  CHECK_FALSE(action_from("registry_create"));
  CHECK_FALSE(action_from(""));
  CHECK_FALSE(role_from("owner"));
}

TEST_CASE("an admin manages every registry and uses images only where he is a member",
          "[model][access]") {
  Principal who = admin();
  CHECK(may(who, A::registry_update, std::nullopt));
  CHECK(may(who, A::registry_update, foreign));
  for (const Action action : image_actions) CHECK_FALSE(may(who, action, foreign));
  CHECK(may(who, A::image_use, std::nullopt));  // What is public is everybody's.
  CHECK_FALSE(may(who, A::push_issue, std::nullopt));

  who.workspaces[mine] = Role::workspace_viewer;
  for (const Action action : image_actions) CHECK(may(who, action, mine));
  for (const Action action : image_actions) CHECK_FALSE(may(who, action, foreign));
}

TEST_CASE("an auditor reads everything, changes nothing, uses images as a member only",
          "[model][access]") {
  Principal who;
  who.auditor = true;
  CHECK(may(who, A::audit_read, std::nullopt));
  CHECK(may(who, A::registry_inspect, foreign));
  for (const Action action : changes) {
    CHECK_FALSE(may(who, action, std::nullopt));
    CHECK_FALSE(may(who, action, foreign));
    CHECK_FALSE(may_somewhere(who, action));
  }
  CHECK_FALSE(may(who, A::image_use, foreign));
  who.workspaces[mine] = Role::workspace_editor;
  CHECK(may(who, A::push_issue, mine));
  CHECK_FALSE(may(who, A::image_use, foreign));
}

TEST_CASE("roles in two workspaces stay in their workspaces", "[model][access]") {
  Principal who = member_as(Role::workspace_viewer);
  who.workspaces[foreign] = Role::workspace_admin;
  CHECK(may(who, A::registry_delete, foreign));
  CHECK_FALSE(may(who, A::registry_delete, mine));
  CHECK_FALSE(may(who, A::registry_delete, std::nullopt));
  CHECK(may_somewhere(who, A::registry_delete));
  CHECK_FALSE(may_somewhere(member_as(Role::workspace_viewer), A::registry_delete));
}

TEST_CASE("whoever is signed in and a member nowhere sees what is the platform's",
          "[model][access]") {
  const Principal nobody;
  for (const Action action : actions()) {
    INFO(to_string(action));
    CHECK(may(nobody, action, std::nullopt) == one_of(action, signed_in));
    CHECK_FALSE(may(nobody, action, mine));
    CHECK(may_somewhere(nobody, action) ==
          (one_of(action, signed_in) || one_of(action, workspace_reads)));
  }
}

TEST_CASE("a token may less than its user, never more", "[model][access]") {
  for (const Role role : roles)
    for (const Action action : actions()) {
      Principal user = role == Role::admin || role == Role::auditor ? Principal{} : member_as(role);
      user.admin = role == Role::admin;
      user.auditor = role == Role::auditor;
      Principal token = user;
      token.only = std::vector<Action>{A::registry_read};
      for (const std::optional<Id> owner : {std::optional<Id>{}, std::optional<Id>{mine}}) {
        CHECK(may(token, action, owner) ==
              (action == A::registry_read && may(user, action, owner)));
      }
      Principal narrow = user;
      narrow.only_workspace = mine;
      CHECK(may(narrow, action, mine) == may(user, action, mine));
      CHECK_FALSE(may(narrow, action, foreign));
      CHECK((!may(narrow, action, std::nullopt) || may(user, action, std::nullopt)));
      CHECK((!may_somewhere(narrow, action) || may_somewhere(user, action)));
    }
}

TEST_CASE("an admin's token for one workspace is no admin of the platform", "[model][access]") {
  Principal token = admin();
  token.only_workspace = mine;
  CHECK(may(token, A::registry_update, mine));
  CHECK_FALSE(may(token, A::registry_update, std::nullopt));
  CHECK_FALSE(may(token, A::user_write, std::nullopt));
  CHECK_FALSE(may_somewhere(token, A::user_write));
  CHECK(may_somewhere(token, A::registry_update));
  CHECK(may(token, A::registry_read, std::nullopt));
}

TEST_CASE("may_somewhere covers whatever may permits", "[model][access]") {
  for (const bool is_admin : {false, true})
    for (const bool auditor : {false, true})
      for (const Role role :
           {Role::workspace_admin, Role::workspace_editor, Role::workspace_viewer})
        for (const bool narrow : {false, true})
          for (const Action action : actions()) {
            Principal who = member_as(role);
            who.admin = is_admin;
            who.auditor = auditor;
            if (narrow) who.only_workspace = foreign;
            const bool any = may(who, action, std::nullopt) || may(who, action, mine) ||
                             may(who, action, foreign);
            CHECK((!any || may_somewhere(who, action)));
          }
}
