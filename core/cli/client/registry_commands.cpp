#include "cli/client/api_command.h"

namespace portolan::cli {
namespace {

using config::Positional;
using config::Value;

const Positional registry{.name = "REGISTRY", .help = "its name, or WORKSPACE/NAME"};

const ApiField workspace_field = [] {
  ApiField field = text("workspace", "NAME", "of this workspace instead of the platform", "");
  field.option.short_name = 'w';
  return field;
}();

/// What a registry is made of, but for its name and type.
std::vector<ApiField> settings_fields() {
  return {
      text("address", "ADDRESS", "host, host:port or URL; without a scheme it is https",
           "/address"),
      text("description", "TEXT", "for people", "/description"),
      text("username", "NAME", "account", "/credentials/username"),
      secret("password-from",
             "where the password is: env:NAME, file:PATH, credential:NAME or stdin",
             "/credentials/password"),
      {{.name = "trusted-realm",
        .argument = "ORIGIN",
        .help = "origin beside the registry's own that may be given the password for a token",
        .repeatable = true},
       "/credentials/trusted_realms",
       As::list},
      {{.name = "option",
        .argument = "KEY=VALUE",
        .help = "option of the type, see `portolan types show TYPE`",
        .repeatable = true},
       "/options",
       As::pairs},
      file("ca", "trust these certificate authorities (PEM) instead of the system's", "/tls/ca"),
      file("client-certificate", "certificate (PEM) to show to the registry",
           "/tls/client_certificate"),
      secret("client-key-from", "where its private key (PEM) is", "/tls/client_key"),
      text("pin", "BASE64", "SHA-256 of the server's public key (RFC 7469)", "/tls/pin_sha256"),
      truth("skip-verify", "accept any certificate (dangerous, and said so)", "/tls/skip_verify"),
      text("proxy", "URL", "HTTP proxy", "/proxy"),
      truth("allow-plain-http", "let a password travel over http", "/allow_plain_http"),
      text("pull-host", "HOST", "how pull references begin", "/pull_host"),
      chosen("default-visibility", "of spaces that are found", "/default_visibility",
             {"as-registry", "private", "public"})};
}

ApiField validate_field() {
  return chosen("validate", "require: keep it only when no check fails; warn; skip", "?validate",
                {"require", "warn", "skip"});
}

std::vector<ApiField> joined(std::vector<ApiField> left, std::vector<ApiField> right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::vector<ApiField> new_registry_fields() {
  ApiField type = text("type", "TYPE", "registry type, see `portolan types`", "/type");
  type.option.short_name = 't';
  type.required = true;
  auto fields = settings_fields();
  fields.front().option.short_name = 'a';
  fields.front().required = true;
  return joined({workspace_field, type}, std::move(fields));
}

std::vector<ApiCommand> ways_in() {
  const Positional name{.name = "NAME", .help = "of the new registry"};
  return {{.words = "registry add",
           .summary = "Integrate a registry for the platform, or for a workspace",
           .method = "POST",
           .path = "{SCOPE}/registries",
           .positionals = {name},
           .fields = joined(new_registry_fields(), {validate_field()}),
           .rows = "",
           .positional_fields = {{"NAME", "/name"}},
           .examples = {{"portolan registry add team -w payments -t docker-registry -a r:5000",
                         "for the members of a workspace, without a password"},
                        {"portolan registry add eu -t harbor -a h.io --username admin ...",
                         "for the platform, with --password-from"}}},
          {.words = "registry try",
           .summary = "Validate a registry without keeping anything",
           .method = "POST",
           .path = "{SCOPE}/registry-trials",
           .positionals = {name},
           .fields = new_registry_fields(),
           .columns = {{"CHECK", "/name"},
                       {"STATE", "/state"},
                       {"MESSAGE", "/message"},
                       {"HINT", "/hint"}},
           .rows = "validation/checks",
           .positional_fields = {{"NAME", "/name"}}},
          {.words = "registry set",
           .summary = "Change a registry; what is left out stays",
           .method = "PATCH",
           .path = "{REGISTRY}",
           .positionals = {registry},
           .fields = joined(settings_fields(), {validate_field()}),
           .rows = ""},
          {.words = "registry rename",
           .summary = "Rename a registry",
           .method = "POST",
           .path = "{REGISTRY}/rename",
           .positionals = {registry, {.name = "NAME", .help = "its new name"}},
           .rows = "",
           .positional_fields = {{"NAME", "/name"}}},
          {.words = "registry pull-credential",
           .summary = "Set the credential that is handed out for pulling",
           .method = "PUT",
           .path = "{REGISTRY}/pull-credential",
           .positionals = {registry},
           .fields = {text("username", "NAME", "account; empty removes it", "/username"),
                      secret("password-from", "where its password is", "/password")},
           .done = "the pull credential is kept"},
          {.words = "registry remove",
           .summary = "Remove a registry",
           .method = "DELETE",
           .path = "{REGISTRY}",
           .positionals = {registry},
           .fields = {truth("cascade", "revoke robots and unbind first", "?cascade"),
                      truth("abandon", "of a dead registry: leave its robots, listed", "?abandon")},
           .rows = "",
           .done = "the registry is removed",
           .jobs = true}};
}

std::vector<ApiCommand> looks() {
  const std::vector<Column> health = {{"REGISTRY", "/identity"},    {"TYPE", "/type"},
                                      {"STATE", "/health/state"},   {"SINCE", "/health/since"},
                                      {"REASON", "/health/reason"}, {"ADDRESS", "/address"}};
  return {
      {.words = "registry list",
       .summary = "List the registries one may see",
       .path = "{SCOPE}/registries",
       .fields = {workspace_field, text("search", "TEXT", "part of the name", "?search"),
                  text("type", "TYPE", "only of this type", "?type"),
                  text("state", "STATE", "only in this state", "?state"),
                  text("sort", "COLUMN", "name, type, state or created; -name descends", "?sort")},
       .columns = health},
      {.words = "registry show",
       .summary = "Show a registry",
       .path = "{REGISTRY}",
       .positionals = {registry},
       .rows = ""},
      {.words = "registry overview",
       .summary = "Basic information, statistics, quick start",
       .path = "{REGISTRY}/overview",
       .positionals = {registry},
       .rows = ""},
      {.words = "registry checks",
       .summary = "Health with its history",
       .path = "{REGISTRY}/checks",
       .positionals = {registry},
       .columns = {{"STATE", "/state"},
                   {"SINCE", "/since"},
                   {"UNTIL", "/until"},
                   {"REASON", "/reason"},
                   {"MESSAGE", "/message"}},
       .rows = "history"},
      {.words = "registry stats",
       .summary = "The newest numbers, with states and ages",
       .path = "{REGISTRY}/statistics",
       .positionals = {registry},
       .columns = {{"MEASURE", "/name"},
                   {"VALUE", "/value"},
                   {"UNIT", "/unit"},
                   {"STATE", "/state"},
                   {"TAKEN", "/taken_at"},
                   {"LAST KNOWN", "/last_known/value"}},
       .rows = "measures"},
      {.words = "registry series",
       .summary = "One measure over time",
       .path = "{REGISTRY}/statistics/series",
       .positionals = {registry, {.name = "MEASURE", .help = "its name, such as repositories"}},
       .fields = {text("from", "TIME", "2026-01-31T10:00:00Z", "?from"),
                  text("to", "TIME", "now, when left out", "?to")},
       .columns = {{"AT", "/at"},
                   {"VALUE", "/value"},
                   {"MINIMUM", "/minimum"},
                   {"MAXIMUM", "/maximum"},
                   {"STATE", "/state"}},
       .rows = "points",
       .positional_fields = {{"MEASURE", "?measure"}}},
      {.words = "registry events",
       .summary = "What happened to a registry, newest first",
       .path = "{REGISTRY}/events",
       .positionals = {registry},
       .columns = {{"AT", "/at"}, {"KIND", "/kind"}, {"SUBJECT", "/subject"}}}};
}

std::vector<ApiCommand> acts() {
  return {
      {.words = "registry check",
       .summary = "Validate now",
       .method = "POST",
       .path = "{REGISTRY}/check",
       .positionals = {registry},
       .fields = {chosen("depth", "quick: the health probe; full: everything", "/depth",
                         {"quick", "full"})},
       .rows = "",
       .jobs = true,
       .examples = {{"portolan registry check harbor-eu --depth full --watch", "step by step"}}},
      {.words = "registry collect",
       .summary = "Take the numbers now",
       .method = "POST",
       .path = "{REGISTRY}/statistics",
       .positionals = {registry},
       .fields = {chosen("level", "how deep", "/level", {"quick", "normal", "deep"})},
       .rows = "",
       .jobs = true},
      {.words = "registry refresh",
       .summary = "Read spaces, repositories and tags now",
       .method = "POST",
       .path = "{REGISTRY}/catalogue",
       .positionals = {registry},
       .rows = "",
       .jobs = true},
      {.words = "registry pause",
       .summary = "Stop all traffic to a registry",
       .method = "POST",
       .path = "{REGISTRY}/pause",
       .positionals = {registry},
       .done = "the registry is paused"},
      {.words = "registry resume",
       .summary = "End the pause of a registry",
       .method = "POST",
       .path = "{REGISTRY}/resume",
       .positionals = {registry},
       .done = "the registry is looked at again"}};
}

}  // namespace

std::vector<ApiCommand> registry_commands() {
  std::vector<ApiCommand> out = looks();
  for (auto* part : {ways_in, acts})
    for (ApiCommand& command : part()) out.push_back(std::move(command));
  return out;
}

}  // namespace portolan::cli
