#include "cli/client/api_command.h"

namespace portolan::cli {
namespace {

using config::Positional;
using config::Value;

const Positional workspace{.name = "WORKSPACE", .help = "name of the workspace"};
const Positional user{.name = "USER", .help = "name of the user"};

ApiField given(config::Option option, std::string at, As as) {
  return {std::move(option), std::move(at), as};
}

std::vector<ApiCommand> workspaces() {
  return {{.words = "workspace list",
           .summary = "List the workspaces one may see",
           .path = "workspaces",
           .fields = {text("search", "TEXT", "part of the name", "?search")},
           .columns = {{"WORKSPACE", "/name"},
                       {"DESCRIPTION", "/description"},
                       {"SINCE", "/created_at"}}},
          {.words = "workspace show",
           .summary = "Show a workspace",
           .path = "workspaces/{WORKSPACE}",
           .positionals = {workspace},
           .rows = ""},
          {.words = "workspace create",
           .summary = "Make a workspace",
           .method = "POST",
           .path = "workspaces",
           .positionals = {workspace},
           .fields = {text("description", "TEXT", "for people", "/description")},
           .rows = "",
           .positional_fields = {{"WORKSPACE", "/name"}}},
          {.words = "workspace set",
           .summary = "Change the description of a workspace",
           .method = "PATCH",
           .path = "workspaces/{WORKSPACE}",
           .positionals = {workspace},
           .fields = {text("description", "TEXT", "for people", "/description")},
           .rows = ""},
          {.words = "workspace rename",
           .summary = "Rename a workspace",
           .method = "POST",
           .path = "workspaces/{WORKSPACE}/rename",
           .positionals = {workspace, {.name = "NAME", .help = "its new name"}},
           .rows = "",
           .positional_fields = {{"NAME", "/name"}}},
          {.words = "workspace rotate-credential",
           .summary = "Give a workspace new credentials to pull with",
           .method = "POST",
           .path = "workspaces/{WORKSPACE}/pull-secret/rotate",
           .positionals = {workspace},
           .rows = "",
           .jobs = true},
          {.words = "workspace remove",
           .summary = "Remove a workspace",
           .method = "DELETE",
           .path = "workspaces/{WORKSPACE}",
           .positionals = {workspace},
           .fields = {truth("cascade", "remove what is in the way too", "?cascade"),
                      truth("abandon", "the same; robots at dead registries are left, listed",
                            "?abandon")},
           .rows = "",
           .done = "the workspace is removed",
           .jobs = true}};
}

std::vector<ApiCommand> members() {
  const Positional cluster{.name = "CLUSTER", .help = "name of the cluster"};
  const Positional name{.name = "NAMESPACE", .help = "name of the namespace"};
  const std::string namespace_path = "workspaces/{WORKSPACE}/namespaces";
  return {
      {.words = "workspace members",
       .summary = "List the members of a workspace",
       .path = "workspaces/{WORKSPACE}/members",
       .positionals = {workspace},
       .columns = {{"USER", "/user"}, {"ROLE", "/role"}}},
      {.words = "workspace member",
       .summary = "Add a member, or change his role",
       .method = "PUT",
       .path = "workspaces/{WORKSPACE}/members/{USER}",
       .positionals = {workspace,
                       user,
                       {.name = "ROLE",
                        .help = "what he is there",
                        .choices = {"workspace-admin", "workspace-editor", "workspace-viewer"}}},
       .done = "he is a member with that role",
       .positional_fields = {{"ROLE", "/role"}}},
      {.words = "workspace dismiss",
       .summary = "Remove a member",
       .method = "DELETE",
       .path = "workspaces/{WORKSPACE}/members/{USER}",
       .positionals = {workspace, user},
       .done = "he is no member any more"},
      {.words = "workspace namespaces",
       .summary = "List the namespaces of a workspace",
       .path = namespace_path,
       .positionals = {workspace},
       .columns = {{"CLUSTER", "/cluster"}, {"NAMESPACE", "/namespace"}}},
      {.words = "workspace assign",
       .summary = "Give a namespace to a workspace",
       .method = "PUT",
       .path = namespace_path + "/{CLUSTER}/{NAMESPACE}",
       .positionals = {workspace, cluster, name},
       .fields = {truth("move", "take it from the workspace that has it", "?move")},
       .done = "the namespace belongs to the workspace"},
      {.words = "workspace release",
       .summary = "Take a namespace from a workspace",
       .method = "DELETE",
       .path = namespace_path + "/{CLUSTER}/{NAMESPACE}",
       .positionals = {workspace, cluster, name},
       .done = "the namespace belongs to no workspace"}};
}

std::vector<ApiCommand> users() {
  const ApiField password =
      secret("password-from",
             "where the password is: env:NAME, file:PATH, credential:NAME or stdin", "/password");
  return {
      {.words = "user list",
       .summary = "List users",
       .path = "users",
       .fields = {text("search", "TEXT", "part of the name", "?search")},
       .columns = {{"USER", "/name"},
                   {"ADMIN", "/admin"},
                   {"AUDITOR", "/auditor"},
                   {"DISABLED", "/disabled"},
                   {"SINCE", "/created_at"}}},
      {.words = "user show",
       .summary = "Show a user",
       .path = "users/{USER}",
       .positionals = {user},
       .rows = ""},
      {.words = "user create",
       .summary = "Add a user",
       .method = "POST",
       .path = "users",
       .positionals = {user},
       .fields = {password, text("display-name", "TEXT", "for people", "/display_name"),
                  truth("admin", "may do everything", "/admin"),
                  truth("auditor", "may read everything", "/auditor")},
       .rows = "",
       .positional_fields = {{"USER", "/name"}}},
      {.words = "user password",
       .summary = "Set a password; all sessions of the user end",
       .method = "PUT",
       .path = "users/{USER}/password",
       .positionals = {user},
       .fields = {needed(password),
                  secret("present-password-from", "of one's own account: where the present one is",
                         "/present_password")},
       .done = "the password is set"},
      {.words = "user disable",
       .summary = "Let a user in no more; his tokens and sessions end",
       .method = "PATCH",
       .path = "users/{USER}",
       .positionals = {user},
       .rows = "",
       .positional_fields = {{"=true", "/disabled"}}},
      {.words = "user enable",
       .summary = "Let a user in again",
       .method = "PATCH",
       .path = "users/{USER}",
       .positionals = {user},
       .rows = "",
       .positional_fields = {{"=false", "/disabled"}}},
      {.words = "user remove",
       .summary = "Remove a user",
       .method = "DELETE",
       .path = "users/{USER}",
       .positionals = {user},
       .done = "the user is removed"},
      {.words = "whoami", .summary = "Who am I, and what am I where", .path = "me", .rows = ""}};
}

std::vector<ApiCommand> tokens() {
  return {{.words = "token list",
           .summary = "List one's tokens, or everybody's",
           .path = "tokens",
           .fields = {truth("all", "everybody's", "?all")},
           .columns = {{"ID", "/id"},
                       {"USER", "/user"},
                       {"NAME", "/name"},
                       {"WORKSPACE", "/workspace"},
                       {"EXPIRES", "/expires_at"},
                       {"LAST USED", "/last_used_at"}}},
          {.words = "token create",
           .summary = "Make a token; it is shown once",
           .method = "POST",
           .path = "tokens",
           .positionals = {{.name = "NAME", .help = "what it is for"}},
           .fields = {given({.name = "scope",
                             .argument = "ACTION",
                             .help = "limit it to this, such as registry.read",
                             .repeatable = true},
                            "/scopes", As::list),
                      text("workspace", "NAME", "limit it to one workspace", "/workspace"),
                      given({.name = "life",
                             .argument = "DURATION",
                             .help = "how long it lives",
                             .value = Value::duration},
                            "/life_s", As::seconds)},
           .rows = "",
           .positional_fields = {{"NAME", "/name"}}},
          {.words = "token revoke",
           .summary = "Revoke a token",
           .method = "DELETE",
           .path = "tokens/{ID}",
           .positionals = {{.name = "ID", .help = "of the token"}},
           .done = "the token is revoked"}};
}

}  // namespace

std::vector<ApiCommand> tenant_commands() {
  std::vector<ApiCommand> out = workspaces();
  for (auto* part : {members, users, tokens})
    for (ApiCommand& command : part()) out.push_back(std::move(command));
  return out;
}

}  // namespace portolan::cli
