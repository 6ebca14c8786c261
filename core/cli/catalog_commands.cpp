#include <iostream>

#include "base/mutex.h"
#include "base/text.h"
#include "base/url.h"
#include "cli/commands.h"
#include "cli/flag_registry.h"
#include "cli/program.h"
#include "cli/render.h"
#include "cli/targets.h"
#include "model/json.h"
#include "router/call_thread.h"
#include "services/upstream.h"

namespace portolan::cli {
namespace {

using base::Json;

router::CallSettings settings_of(Session& session, std::chrono::milliseconds otherwise) {
  router::CallSettings out;
  out.deadline =
      base::Deadline::in(session.args().duration("timeout").value_or(otherwise), session.cancel());
  if (const auto budget = session.args().number("max-requests")) out.max_requests = *budget;
  out.log = session.logger();
  return out;
}

int concurrency_of(Session& session) {
  return static_cast<int>(std::clamp<std::uint64_t>(
      session.args().number("concurrency").value_or(model::limits::requests_per_registry), 1,
      100'000));
}

Json row_json(const model::Repository& row) {
  const auto known = [](std::int64_t value) { return value < 0 ? Json() : Json::integer(value); };
  Json out = Json::object();
  out.set("name", Json::string(row.name));
  out.set("space", Json::string(row.space));
  out.set("artifacts", known(row.artifacts));
  out.set("pulls", known(row.pulls));
  const std::string updated = model::utc_time(row.updated_ms);
  out.set("updated_at", updated.empty() ? Json() : Json::string(updated));
  return out;
}

Json row_json(const model::Tag& row) {
  Json out = Json::object();
  out.set("name", Json::string(row.name));
  out.set("digest", row.digest.empty() ? Json() : Json::string(row.digest));
  return out;
}

/// How a listing ended, and where the next one goes on.
struct Listed {
  base::Result<void> ended;
  std::string cursor;
};

/// Rows go out as they come, in the syntax of -o, so that a listing of any length takes no memory.
/// Safe from any thread: a call that was given up may still bring rows.
template <class T>
class RowPrinter {
 public:
  RowPrinter(std::ostream& out, const std::string& format, const char* key)
      : out_(out), format_(format) {
    if (format_ == "json") out_ << "{\"" << key << "\":[";
    if (format_ == "yaml") out_ << key << ":\n";
  }
  /// False after end(), and when the output takes no more: the rest need not be fetched.
  bool add(const std::vector<T>& rows) {
    base::Lock lock(mutex_);
    if (ended_) return false;
    for (const T& row : rows) print(row);
    return static_cast<bool>(out_);
  }
  /// `limit`: of the rows asked for; 0 = none. Fewer in a listing that ended well are all.
  void end(const Listed& listed, std::uint64_t limit) {
    base::Lock lock(mutex_);
    ended_ = true;
    const bool whole = listed.ended && (limit == 0 || printed_ < limit);
    const bool known = !whole && !listed.cursor.empty();
    const std::string shown = base::to_text(known ? Json::string(listed.cursor) : Json());
    if (format_ == "json") out_ << "\n],\"cursor\":" << shown << "}\n";
    if (format_ == "yaml") out_ << (printed_ == 0 ? "  []\n" : "") << "cursor: " << shown << "\n";
    out_.flush();
  }

 private:
  void print(const T& row) REQUIRES(mutex_) {
    if (format_ == "table") {
      out_ << row.name << '\n';
    } else if (format_ == "json") {
      out_ << (printed_ == 0 ? "\n" : ",\n") << base::to_text(row_json(row));
    } else {
      Json list = Json::array();
      list.push(row_json(row));
      out_ << to_yaml(list);
    }
    ++printed_;
  }

  base::Mutex mutex_;
  std::ostream& out_ GUARDED_BY(mutex_);
  const std::string format_;
  std::uint64_t printed_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
};

/// The one registry of the command, ready to be called.
struct One {
  router::Router* router = nullptr;
  std::shared_ptr<router::Registry> registry;
  int exit_code = 0;
};

One one_registry(Session& session) {
  Targets targets = read_targets(session);
  if (targets.exit_code != 0) return {nullptr, nullptr, targets.exit_code};
  if (targets.list.size() != 1)
    return {nullptr, nullptr,
            session.fail({base::Code::invalid_argument, "the documents hold more than one registry",
                          "name one with --registry NAME", ""},
                         config::usage_exit_code)};
  const auto router = session.router();
  if (!router) return {nullptr, nullptr, session.fail(router.error(), exit_config)};
  const model::Registry& wanted = targets.list.front().registry;
  session.warn(wanted.name, engine::warnings_of(wanted));
  auto registry =
      (*router)->add(engine::upstream_options(targets.list.front(), concurrency_of(session)));
  if (!registry)
    return {nullptr, nullptr, session.fail(registry.error(), exit_code_of(registry.error()))};
  return {*router, *std::move(registry), 0};
}

/// The address answered, so it is the name that is wrong.
base::Error explained(base::Error error, const std::string& repository) {
  if (error.code != base::Code::not_found || repository.empty()) return error;
  error.message = "the registry knows no repository " + base::clean_text(repository, 256);
  error.hint = "list those that it knows: portolan repos, with the same options";
  return error;
}

/// `list` is the router's function for T.
template <class T, class List>
int print_rows(Session& session, const char* key, plugin::Query query, List list) {
  const One one = one_registry(session);
  if (one.exit_code != 0) return one.exit_code;
  query.cursor = session.args().value("cursor");
  query.limit = session.args().number("limit").value_or(0);
  const auto settings = settings_of(session, model::limits::statistics);
  const auto printer =
      std::make_shared<RowPrinter<T>>(session.terminal().out, session.args().value("output"), key);
  const auto work = [=, router = one.router, registry = one.registry]() -> base::Result<Listed> {
    Listed listed;
    const auto print = [printer](std::vector<T>&& rows) { return printer->add(rows); };
    listed.ended = (router->*list)(*registry, query, settings, print, listed.cursor);
    return listed;
  };
  auto answer = router::answer_in_time<Listed>(settings.deadline, work);
  const Listed listed = answer ? *std::move(answer) : Listed{std::move(answer).error(), ""};
  printer->end(listed, query.limit);
  if (session.cancel().cancelled()) return exit_interrupted;
  if (listed.ended) return exit_ok;
  return session.fail(explained(listed.ended.error(), query.repository), exit_failed);
}

}  // namespace

int list_repositories(Session& session) {
  plugin::Query query;
  query.space = session.args().value("space");
  return print_rows<model::Repository>(session, "repositories", query,
                                       &router::Router::repositories);
}

int list_tags(Session& session) {
  plugin::Query query;
  query.repository = session.args().positionals().front();
  return print_rows<model::Tag>(session, "tags", query, &router::Router::tags);
}

int detect(Session& session) {
  engine::Target target;
  const auto address = base::parse_address(session.args().positionals().front());
  if (!address) return session.fail(address.error(), config::usage_exit_code);
  target.registry.name = address->authority();
  target.registry.address = address->text();
  const manifest::References references{config::process_environment(), std::cin};
  if (auto done = read_connection_flags(session.args(), references, target.registry); !done)
    return session.fail(done.error(), exit_config);
  target.policy = policy_of(session.args());
  session.warn(target.registry.name, engine::warnings_of(target.registry));
  const auto router = session.router();
  if (!router) return session.fail(router.error(), exit_config);

  const auto settings = settings_of(session, model::limits::validation);
  const auto found = router::answer_in_time<std::vector<model::Detection>>(
      settings.deadline,
      [=, router = *router, upstream = engine::upstream_options(target, concurrency_of(session))]()
          -> base::Result<std::vector<model::Detection>> {
        return router->detect(upstream, settings);
      });
  if (!found)
    return session.fail(found.error(),
                        session.cancel().cancelled() ? exit_interrupted : exit_failed);

  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : *found) {
    Json item = Json::object();
    item.set("type", Json::string(one.type));
    item.set("score", Json::integer(one.score));
    item.set("reason", Json::string(one.reason));
    list.push(std::move(item));
    rows.push_back({one.type, std::to_string(one.score), one.reason});
  }
  Json all = Json::object();
  all.set("address", Json::string(target.registry.address));
  all.set("detections", std::move(list));
  if (!session.print(all)) session.terminal().out << text_table({"TYPE", "SCORE", "REASON"}, rows);
  return !found->empty() && found->front().score >= model::limits::detect_sure ? exit_ok
                                                                               : exit_failed;
}

}  // namespace portolan::cli
