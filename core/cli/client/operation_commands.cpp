#include "cli/client/api_command.h"

namespace portolan::cli {
namespace {

using config::Positional;

const Positional webhook{.name = "ID", .help = "of the webhook"};
const Positional job{.name = "JOB", .help = "id of the job"};

/// Of jobs and events: `more`, and what both have.
std::vector<ApiField> with_filters(std::vector<ApiField> more, const std::string& also = "") {
  more.push_back(text("kind", "KIND", "only of this kind", "?kind"));
  more.push_back(text("registry", "REGISTRY", "only of this registry" + also, "?registry"));
  more.push_back(text("workspace", "WORKSPACE", "only of this workspace", "?workspace"));
  return more;
}

std::vector<ApiCommand> jobs_and_events() {
  return {
      {.words = "job list",
       .summary = "Lasting work, newest first",
       .path = "jobs",
       .fields = with_filters({chosen("state", "only in this state", "?state",
                                      {"queued", "running", "done", "failed", "cancelled"})}),
       .columns = {{"ID", "/id"},
                   {"KIND", "/kind"},
                   {"STATE", "/state"},
                   {"ATTEMPT", "/attempt"},
                   {"CREATED", "/created_at"},
                   {"ERROR", "/error/message"}}},
      {.words = "job show",
       .summary = "Show a job",
       .path = "jobs/{JOB}",
       .positionals = {job},
       .rows = ""},
      {.words = "job watch",
       .summary = "Follow a job to its end",
       .path = "jobs/{JOB}/stream",
       .positionals = {job},
       .rows = "",
       .stream = true},
      {.words = "job cancel",
       .summary = "Cancel a job that waits",
       .method = "DELETE",
       .path = "jobs/{JOB}",
       .positionals = {job},
       .done = "the job is cancelled"},
      {.words = "event list",
       .summary = "What happened, newest first",
       .path = "events",
       .fields = with_filters({text("search", "TEXT", "only with this in the subject", "?search")},
                              ", and of removed ones of that name"),
       .columns = {{"AT", "/at"}, {"KIND", "/kind"}, {"SUBJECT", "/subject"}}},
      {.words = "event watch",
       .summary = "What happens, as it happens",
       .path = "events/stream",
       .rows = "",
       .stream = true}};
}

std::vector<ApiCommand> webhooks() {
  return {{.words = "webhook list",
           .summary = "List webhooks",
           .path = "webhooks",
           .columns = {{"ID", "/id"},
                       {"NAME", "/name"},
                       {"URL", "/url"},
                       {"KINDS", "/kinds"},
                       {"LAST TRY", "/last_delivery/at"},
                       {"STATUS", "/last_delivery/status"},
                       {"ERROR", "/last_delivery/message"},
                       {"NEXT TRY", "/last_delivery/next_try_at"}}},
          {.words = "webhook create",
           .summary = "Send events to a URL",
           .method = "POST",
           .path = "webhooks",
           .positionals = {{.name = "NAME", .help = "of the webhook"},
                           {.name = "URL", .help = "where events go"}},
           .fields = {{{.name = "kind",
                        .argument = "KIND",
                        .help = "only events of this kind",
                        .repeatable = true},
                       "/kinds",
                       As::list},
                      secret("secret-from", "where the signing secret is; else one is made",
                             "/secret")},
           .rows = "",
           .positional_fields = {{"NAME", "/name"}, {"URL", "/url"}}},
          {.words = "webhook show",
           .summary = "Show a webhook",
           .path = "webhooks/{ID}",
           .positionals = {webhook},
           .rows = ""},
          {.words = "webhook update",
           .summary = "Change a webhook; another URL needs the secret again",
           .method = "PATCH",
           .path = "webhooks/{ID}",
           .positionals = {webhook},
           .fields = {text("url", "URL", "where events go", "/url"),
                      {{.name = "kind",
                        .argument = "KIND",
                        .help = "only events of this kind",
                        .repeatable = true},
                       "/kinds",
                       As::list},
                      secret("secret-from", "where the signing secret is", "/secret")},
           .rows = ""},
          {.words = "webhook enable",
           .summary = "Send events to a webhook again",
           .method = "PATCH",
           .path = "webhooks/{ID}",
           .positionals = {webhook},
           .rows = "",
           .positional_fields = {{"=true", "/enabled"}}},
          {.words = "webhook disable",
           .summary = "Send nothing to a webhook",
           .method = "PATCH",
           .path = "webhooks/{ID}",
           .positionals = {webhook},
           .rows = "",
           .positional_fields = {{"=false", "/enabled"}}},
          {.words = "webhook delete",
           .summary = "Remove a webhook",
           .method = "DELETE",
           .path = "webhooks/{ID}",
           .positionals = {webhook},
           .done = "the webhook is removed"}};
}

std::vector<ApiCommand> operators() {
  return {{.words = "audit list",
           .summary = "Who did what, newest first",
           .path = "audit",
           .fields = {text("actor", "NAME", "only of this actor", "?actor"),
                      text("action", "ACTION", "only this action", "?action"),
                      text("subject", "NAME", "only about this object", "?subject"),
                      text("from", "TIME", "from 2026-01-31T10:00:00Z on", "?from"),
                      text("to", "TIME", "before this time", "?to")},
           .columns = {{"AT", "/at"},
                       {"ACTOR", "/actor"},
                       {"ACTION", "/action"},
                       {"SUBJECT", "/subject"},
                       {"OUTCOME", "/outcome"},
                       {"FROM", "/remote"}}},
          {.words = "audit verify",
           .summary = "Check the chain of hashes",
           .path = "audit/verification",
           .rows = ""},
          {.words = "reload",
           .summary = "Let the daemon read its configuration anew",
           .method = "POST",
           .path = "reload",
           .rows = ""},
          {.words = "plugins served",
           .summary = "The daemon's plugins, and what only a restart would change",
           .path = "plugins",
           .columns = {{"STATE", "/state"},
                       {"ID", "/id"},
                       {"VERSION", "/version"},
                       {"TYPES", "/types"},
                       {"NEEDS A RESTART", "/needs_restart"},
                       {"FILE", "/file"}},
           .rows = "plugins"}};
}

}  // namespace

std::vector<ApiCommand> operation_commands() {
  std::vector<ApiCommand> out = jobs_and_events();
  for (ApiCommand& command : webhooks()) out.push_back(std::move(command));
  for (ApiCommand& command : operators()) out.push_back(std::move(command));
  return out;
}

}  // namespace portolan::cli
