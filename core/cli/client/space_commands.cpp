#include "cli/client/api_command.h"

namespace portolan::cli {
namespace {

using config::Positional;

const Positional registry{.name = "REGISTRY", .help = "its name, or WORKSPACE/NAME"};
const Positional space{.name = "SPACE", .help = "name of the space"};
const Positional workspace{.name = "WORKSPACE", .help = "name of the workspace"};

std::vector<ApiCommand> spaces() {
  return {
      {.words = "space list",
       .summary = "List the spaces of a registry that one may see",
       .path = "{REGISTRY}/spaces",
       .positionals = {registry},
       .fields = {text("search", "TEXT", "part of the name", "?search"),
                  chosen("visibility", "only these", "?visibility", {"private", "public"})},
       .columns = {{"SPACE", "/name"},
                   {"VISIBILITY", "/visibility"},
                   {"UPSTREAM", "/upstream_visibility"},
                   {"ENFORCED BY", "/enforcement"},
                   {"REPOSITORIES", "/repositories"},
                   {"WORKSPACES", "/workspaces"},
                   {"GONE", "/gone_at"}}},
      {.words = "space show",
       .summary = "Show a space",
       .path = "{REGISTRY}/spaces/{SPACE}",
       .positionals = {registry, space},
       .rows = ""},
      {.words = "space create",
       .summary = "Make a space upstream, or declare a prefix",
       .method = "POST",
       .path = "{REGISTRY}/spaces",
       .positionals = {registry, space},
       .fields = {chosen("visibility", "who may use it", "/visibility", {"private", "public"}),
                  truth("declare", "a prefix of a registry without spaces of its own", "/declare")},
       .rows = "",
       .positional_fields = {{"SPACE", "/name"}},
       .jobs = true},
      {.words = "space visibility",
       .summary = "Make a space public or private",
       .method = "PATCH",
       .path = "{REGISTRY}/spaces/{SPACE}",
       .positionals = {registry,
                       space,
                       {.name = "VISIBILITY",
                        .help = "who may use it",
                        .choices = {"public", "private"}}},
       .fields = {truth("upstream", "change the registry's own flag too", "/upstream")},
       .rows = "",
       .positional_fields = {{"VISIBILITY", "/visibility"}},
       .jobs = true},
      {.words = "space delete",
       .summary = "Delete an empty, unbound space upstream",
       .method = "DELETE",
       .path = "{REGISTRY}/spaces/{SPACE}",
       .positionals = {registry, space},
       .fields = {needed(text("confirm", "NAME", "the name of the space again", "?confirm"))},
       .rows = "",
       .done = "the space is deleted",
       .jobs = true}};
}

std::vector<ApiCommand> bindings() {
  return {{.words = "binding list",
           .summary = "What a workspace is bound to",
           .path = "workspaces/{WORKSPACE}/bindings",
           .positionals = {workspace},
           .columns = {{"SPACE", "/space"},
                       {"ACCESS", "/access"},
                       {"BROKEN", "/broken"},
                       {"SINCE", "/created_at"},
                       {"UPSTREAM", "/revoke_pending"}}},
          {.words = "binding add",
           .summary = "Let a workspace use a private space",
           .method = "POST",
           .path = "{REGISTRY}/spaces/{SPACE}/bindings",
           .positionals = {registry, space, workspace},
           .fields = {chosen("access", "what it may do there", "/access", {"pull", "push"})},
           .rows = "",
           .positional_fields = {{"WORKSPACE", "/workspace"}}},
          {.words = "binding remove",
           .summary = "End the use of a space by a workspace",
           .method = "DELETE",
           .path = "{REGISTRY}/spaces/{SPACE}/bindings/{WORKSPACE}",
           .positionals = {registry, space, workspace},
           .done = "the workspace is unbound"}};
}

std::vector<ApiCommand> images() {
  const std::vector<Column> references = {{"IMAGE", "/reference"},
                                          {"FROM", "/sources/0/registry"},
                                          {"WHY", "/sources/0/reasons"},
                                          {"UPDATED", "/updated_at"}};
  return {
      {.words = "image list",
       .summary = "The images that I may use, or a workspace may",
       .path = "{SCOPE}/images",
       .fields = {text("workspace", "NAME", "of this workspace", ""),
                  text("namespace", "CLUSTER/NAMESPACE", "of this namespace of it", "?namespace"),
                  text("search", "TEXT", "part of the name", "?search")},
       .columns = references},
      {.words = "image repositories",
       .summary = "Repositories of a registry, as last seen",
       .path = "{REGISTRY}/repositories",
       .positionals = {registry},
       .fields = {text("search", "TEXT", "part of the name", "?search"),
                  text("space", "SPACE", "only of this space", "?space"),
                  text("sort", "COLUMN", "name, updated or pulls; -name descends", "?sort")},
       .columns = {{"REPOSITORY", "/name"},
                   {"ARTIFACTS", "/artifacts"},
                   {"PULLS", "/pulls"},
                   {"SEEN", "/seen_at"}}},
      {.words = "image tags",
       .summary = "Tags of a repository, as last seen",
       .path = "{REGISTRY}/repositories/{REPOSITORY}/tags",
       .positionals = {registry, {.name = "REPOSITORY", .help = "its whole name"}},
       .columns = {{"TAG", "/name"}, {"DIGEST", "/digest"}, {"SEEN", "/seen_at"}}},
      {.words = "image refresh",
       .summary = "Read the tags of a repository now",
       .method = "POST",
       .path = "{REGISTRY}/repositories/{REPOSITORY}/tags",
       .positionals = {registry, {.name = "REPOSITORY", .help = "its whole name"}},
       .rows = "",
       .done = "the tags were read less than 30 s ago",
       .jobs = true},
      {.words = "image pull-secret",
       .summary = "What a namespace needs to pull, as Docker's config",
       .path = "workspaces/{WORKSPACE}/pull-secret",
       .positionals = {workspace},
       .fields = {text("namespace", "CLUSTER/NAMESPACE", "of this namespace", "?namespace")},
       .rows = "",
       .examples = {{"portolan image pull-secret payments -o json | jq .dockerconfigjson",
                     "for docker, skopeo or a Kubernetes secret"}}},
      {.words = "image push",
       .summary = "A short-lived credential to push with",
       .method = "POST",
       .path = "{REGISTRY}/spaces/{SPACE}/push",
       .positionals = {registry, space, workspace},
       .fields = {{{.name = "life",
                    .argument = "DURATION",
                    .help = "how long, at most a day",
                    .value = config::Value::duration},
                   "/life_s",
                   As::seconds}},
       .rows = "",
       .positional_fields = {{"WORKSPACE", "/workspace"}}},
      {.words = "search",
       .summary = "Search everything one may see",
       .path = "search",
       .positionals = {{.name = "TEXT", .help = "part of a name"}},
       .rows = "",
       .positional_fields = {{"TEXT", "?q"}}}};
}

}  // namespace

std::vector<ApiCommand> space_commands() {
  std::vector<ApiCommand> out = spaces();
  for (auto* part : {bindings, images})
    for (ApiCommand& command : part()) out.push_back(std::move(command));
  return out;
}

}  // namespace portolan::cli
