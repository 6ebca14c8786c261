/// Any command of the table: words in, request out, answer as table, JSON or YAML.
#include <algorithm>
#include <fstream>
#include <iostream>

#include "cli/client/api_command.h"
#include "cli/client/client.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/render.h"
#include "manifest/manifest.h"
#include "services/vault.h"

namespace portolan::cli {
namespace {

using base::Code;
using base::Error;
using base::Json;

/// A request as it grows from the command line.
struct Draft {
  std::string path;  ///< Below /api/v1, without query.
  std::string query;
  Json body;
};

void put(Draft& draft, const std::string& at, Json value) {
  if (at.empty()) return;
  if (at.front() == '?') {
    const std::string* text = value.as_string();
    draft.query += (draft.query.empty() ? "?" : "&") + at.substr(1) + "=" +
                   services::percent_encoded(text ? *text : base::to_text(value));
    return;
  }
  // At most two deep: "/tls/ca".
  const auto slash = at.find('/', 1);
  if (slash == at.npos) {
    draft.body.set(at.substr(1), std::move(value));
    return;
  }
  const std::string outer = at.substr(1, slash - 1);
  const Json* present = draft.body.find(outer);
  Json inner = present ? *present : Json::object();
  inner.set(at.substr(slash + 1), std::move(value));
  draft.body.set(outer, std::move(inner));
}

base::Result<Json> pairs_value(const std::vector<std::string>& pairs, const std::string& option) {
  Json out = Json::object();
  for (const std::string& pair : pairs) {
    const auto equal = pair.find('=');
    if (equal == pair.npos || equal == 0)
      return Error{.code = Code::invalid_argument,
                   .message = "\"" + pair + "\" is not KEY=VALUE",
                   .where = "--" + option};
    const std::string text = pair.substr(equal + 1);
    auto json = base::parse_json(text);
    out.set(pair.substr(0, equal), json ? *std::move(json) : Json::string(text));
  }
  return out;
}

base::Result<Json> value_of(const ApiField& field, const config::ParsedCommand& args) {
  const std::string& name = field.option.name;
  switch (field.as) {
    case As::text: return Json::string(args.value(name));
    case As::number: return Json::integer(static_cast<std::int64_t>(*args.number(name)));
    case As::truth: return Json::boolean(true);
    case As::seconds: return Json::integer(args.duration(name)->count() / 1000);
    case As::list: {
      Json out = Json::array();
      for (const std::string& one : args.values(name)) out.push(Json::string(one));
      return out;
    }
    case As::pairs: return pairs_value(args.values(name), name);
    case As::file: {
      Json reference = Json::object();
      reference.set("file", Json::string(args.value(name)));
      auto text =
          manifest::read_reference(reference, "", manifest::Privacy::open,
                                   manifest::References{config::process_environment(), std::cin});
      if (!text) {
        text.error().where = "--" + name;
        return text.error();
      }
      return Json::string(text->reveal());
    }
    case As::secret: {
      auto secret = read_secret(args.value(name), "--" + name);
      if (!secret) return secret.error();
      return Json::string(secret->reveal());
    }
  }
  return Json();
}

/// "name" is below /registries, "workspace/name" below its workspace.
std::string registry_path(const std::string& identity) {
  const auto slash = identity.find('/');
  if (slash == identity.npos) return "registries/" + services::percent_encoded(identity);
  return "workspaces/" + services::percent_encoded(identity.substr(0, slash)) + "/registries/" +
         services::percent_encoded(identity.substr(slash + 1));
}

void fill(std::string& path, const std::string& placeholder, const std::string& text) {
  const auto at = path.find(placeholder);
  if (at != path.npos) path.replace(at, placeholder.size(), text);
}

std::string path_of(const ApiCommand& command, const config::ParsedCommand& args) {
  std::string path = command.path;
  if (path.find("{SCOPE}/") == 0) {
    const std::string workspace = args.value("workspace");
    fill(path, "{SCOPE}/",
         workspace.empty() ? "" : "workspaces/" + services::percent_encoded(workspace) + "/");
  }
  for (std::size_t n = 0; n < args.positionals().size() && n < command.positionals.size(); ++n) {
    const std::string& name = command.positionals[n].name;
    const std::string& text = args.positionals()[n];
    fill(path, "{" + name + "}",
         name == "REGISTRY" ? registry_path(text) : services::percent_encoded(text));
  }
  return path;
}

base::Result<Draft> draft_of(const ApiCommand& command, const config::ParsedCommand& args) {
  Draft draft;
  draft.path = path_of(command, args);
  if (command.method != "GET" && command.method != "DELETE") draft.body = Json::object();
  for (const auto& [source, at] : command.positional_fields) {
    if (source.front() == '=') {
      put(draft, at, Json::boolean(source == "=true"));
      continue;
    }
    for (std::size_t n = 0; n < command.positionals.size(); ++n)
      if (command.positionals[n].name == source && n < args.positionals().size())
        put(draft, at, Json::string(args.positionals()[n]));
  }
  for (const ApiField& field : command.fields) {
    if (!args.has(field.option.name)) {
      if (!field.required) continue;
      return Error{.code = Code::invalid_argument,
                   .message = "--" + field.option.name + " is missing",
                   .hint = "portolan " + command.words + " --help"};
    }
    auto value = value_of(field, args);
    if (!value) return value.error();
    put(draft, field.at, *std::move(value));
  }
  // Several routes take no body; those that do have a field or a positional for it.
  const auto goes_into_body = [](const std::string& at) {
    return !at.empty() && at.front() == '/';
  };
  const bool takes_body =
      std::any_of(command.fields.begin(), command.fields.end(),
                  [&](const ApiField& field) { return goes_into_body(field.at); }) ||
      std::any_of(command.positional_fields.begin(), command.positional_fields.end(),
                  [&](const auto& one) { return goes_into_body(one.second); });
  if (!takes_body) draft.body = Json();
  return draft;
}

const Json* rows_in(const ApiCommand& command, const Json& answer) {
  return command.rows.empty() ? nullptr : answer.at_pointer("/" + command.rows);
}

void print_table(Session& session, const ApiCommand& command, const Json& answer) {
  const Json* list = rows_in(command, answer);
  if (command.columns.empty() || !list) {
    session.terminal().out << object_text(answer);
    return;
  }
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> headings;
  for (const Column& column : command.columns) headings.push_back(column.heading);
  for (const Json& row : list->items()) {
    std::vector<std::string> cells;
    for (const Column& column : command.columns) {
      const Json* value = row.at_pointer(column.at);
      cells.push_back(cell_text(value));
    }
    rows.push_back(std::move(cells));
  }
  session.terminal().out << text_table(headings, rows);
}

int refuse(Session& session, const Error& error) {
  return session.fail(error, client_exit_code(error));
}

/// One line a check as it comes, on standard error.
class Progress {
 public:
  explicit Progress(std::ostream& err) : err_(err) {}
  void show(const Json& job) {
    const Json* checks = job.at_pointer("/progress/checks");
    const std::size_t count = checks ? checks->items().size() : 0;
    for (; told_ < count; ++told_) {
      const Json& check = checks->items()[told_];
      err_ << cell_text(check.find("state")) << "  " << cell_text(check.find("name")) << "  "
           << cell_text(check.find("message")) << '\n';
    }
    if (const Json* text = job.find("progress");
        text && text->is_string() && last_ != *text->as_string()) {
      last_ = *text->as_string();
      err_ << last_ << '\n';
    }
  }

 private:
  std::ostream& err_;
  std::size_t told_ = 0;
  std::string last_;
};

/// The ids of the jobs in an answer: the answer itself, or its members.
std::vector<std::int64_t> jobs_in(const Json& answer) {
  std::vector<std::int64_t> out;
  const auto add = [&](const Json* id) {
    if (const auto number = id ? id->as_integer() : std::nullopt) out.push_back(*number);
  };
  if (const Json* job = answer.find("job")) add(job->is_object() ? job->find("id") : job);
  if (const Json* jobs = answer.find("jobs"))
    for (const Json& job : jobs->items()) add(job.find("id"));
  if (answer.find("attempt")) add(answer.find("id"));
  return out;
}

int follow(Session& session, Client& client, std::int64_t job) {
  Progress progress(session.terminal().err);
  Json last;
  auto done =
      client.stream("/api/v1/jobs/" + std::to_string(job) + "/stream", [&](const Json& now) {
        progress.show(now);
        last = now;
        return true;
      });
  if (!done) return refuse(session, done.error());
  if (session.cancel().cancelled()) return exit_interrupted;
  if (!session.print(last)) session.terminal().out << object_text(last);
  return cell_text(last.find("state")) == "done" ? exit_ok : exit_failed;
}

int stream(Session& session, Client& client, const Draft& draft) {
  auto done = client.stream("/api/v1/" + draft.path + draft.query, [&](const Json& event) {
    session.terminal().out << base::to_text(event) << '\n';
    session.terminal().out.flush();
    return true;
  });
  return done ? exit_ok : refuse(session, done.error());
}

/// Every page of a list, or as many as --limit wants.
base::Result<Json> all_pages(Session& session, Client& client, const ApiCommand& command,
                             const Draft& draft) {
  const auto limit = session.args().number("limit");
  std::string target = "/api/v1/" + draft.path + draft.query;
  Json answer;
  Json rows = Json::array();
  for (;;) {
    auto reply = client.send(command.method, target, draft.body);
    if (!reply) return reply.error();
    answer = std::move(reply->body);
    if (const Json* list = rows_in(command, answer))
      for (const Json& row : list->items())
        if (!limit || rows.items().size() < *limit) rows.push(row);
    target = reply->next;
    if (target.empty() || (limit && rows.items().size() >= *limit)) break;
  }
  if (command.rows == "items" && !answer.is_null()) answer.set("items", std::move(rows));
  return answer;
}

}  // namespace

int run_api_command(Session& session) {
  const auto& all = api_commands();
  const auto command = std::find_if(all.begin(), all.end(), [&](const ApiCommand& one) {
    return one.words == session.args().command->words;
  });
  const auto draft = draft_of(*command, session.args());
  if (!draft) return refuse(session, draft.error());
  auto client = Client::open(session);
  if (!client) return refuse(session, client.error());
  if (command->stream) return stream(session, *client, *draft);
  const auto answer = all_pages(session, *client, *command, *draft);
  if (!answer) return refuse(session, answer.error());
  const auto jobs = command->jobs ? jobs_in(*answer) : std::vector<std::int64_t>();
  if (!jobs.empty() && session.args().has("watch")) {
    int code = exit_ok;
    for (const std::int64_t job : jobs)
      if (const int one = follow(session, *client, job); one != exit_ok) code = one;
    return code;
  }
  if (answer->is_null()) {
    session.terminal().err << command->done << '\n';
  } else if (!session.print(*answer)) {
    print_table(session, *command, *answer);
  }
  return exit_ok;
}

}  // namespace portolan::cli
