#include <iostream>

#include "base/mutex.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/render.h"
#include "cli/targets.h"
#include "engine/run.h"

namespace portolan::cli {
namespace {

engine::FailOn fail_on(const config::ParsedCommand& args) {
  engine::FailOn out;
  for (const auto& word : args.values("fail-on")) {
    out.warn = out.warn || word == "warn";
    out.unknown = out.unknown || word == "unknown";
    out.partial = out.partial || word == "partial";
  }
  return out;
}

int number_or(const config::ParsedCommand& args, std::string_view option, int otherwise,
              int least) {
  const auto number = args.number(option);
  return number ? std::max(least, static_cast<int>(std::min<std::uint64_t>(*number, 100'000)))
                : otherwise;
}

engine::RunOptions run_options(Session& session) {
  const auto& args = session.args();
  engine::RunOptions out;
  out.validation = args.command->words != "stats";
  out.statistics = args.command->words != "validate";
  if (args.value("depth") == "quick") out.depth = model::Depth::quick;
  if (args.value("level") == "quick") out.level = model::Level::quick;
  if (args.value("level") == "deep") out.level = model::Level::deep;
  out.max_requests = args.number("max-requests");
  out.concurrency = number_or(args, "concurrency", model::limits::requests_per_registry, 1);
  out.parallel = number_or(args, "parallel", model::limits::registries_parallel, 1);
  out.timeout = args.duration("timeout");
  out.cancel = session.cancel();
  out.log = session.logger();
  return out;
}

/// "12 of 200" on a terminal's standard error, wiped by clear().
class ProgressLine {
 public:
  explicit ProgressLine(Terminal& terminal) : terminal_(terminal) {}
  void show(std::size_t done, std::size_t total) {
    base::Lock lock(mutex_);
    terminal_.err << "\r" << done << " of " << total << " registries" << std::flush;
  }
  void clear() {
    base::Lock lock(mutex_);
    if (terminal_.progress) terminal_.err << "\r\033[K" << std::flush;
  }

 private:
  base::Mutex mutex_;
  Terminal& terminal_ GUARDED_BY(mutex_);
};

int exit_code(const std::vector<engine::RegistryReport>& reports, const engine::FailOn& fail_on,
              bool interrupted) {
  if (interrupted) return exit_interrupted;
  const engine::Summary sum = engine::summarize(reports, fail_on);
  if (sum.failed == 0) return exit_ok;
  return sum.failed == sum.registries ? exit_failed : exit_partly;
}

}  // namespace

int run_fleet(Session& session) {
  const Targets targets = read_targets(session);
  if (targets.exit_code != 0) return targets.exit_code;
  const auto router = session.router();
  if (!router) return session.fail(router.error(), exit_config);

  engine::RunOptions options = run_options(session);
  ProgressLine line(session.terminal());
  if (session.terminal().progress)
    options.progress = [&](std::size_t done, std::size_t total) { line.show(done, total); };
  const auto reports = engine::run(**router, targets.list, options);
  line.clear();

  Parts parts;
  parts.validation = options.validation;
  parts.statistics = options.statistics;
  parts.integration = options.validation && options.statistics;
  const engine::FailOn also = fail_on(session.args());
  if (session.args().value("output") != "table")  // Tables say it beside the registry.
    for (const auto& report : reports) session.warn(report.name, report.warnings);
  if (session.args().value("output") == "junit") {
    session.terminal().out << to_junit(reports, also);
  } else if (!session.print(to_json(reports, also, parts))) {
    session.terminal().out << to_tables(reports, also, parts, session.terminal().color);
  }
  return exit_code(reports, also, session.cancel().cancelled());
}

int lint(Session& session) {
  if (!session.args().has("file"))
    return session.fail(
        {base::Code::invalid_argument, "it is not said which document", "give -f FILE", ""},
        config::usage_exit_code);
  const auto plugins = session.plugins();
  if (!plugins) return session.fail(plugins.error(), exit_config);
  const auto types = type_schemas(**plugins);
  if (!types) return session.fail(types.error(), exit_config);
  const auto reading = manifest::read(session.args().values("file"), *types, std::cin);

  using base::Json;
  const auto said = [](const std::string& text) {
    return text.empty() ? Json() : Json::string(text);
  };
  const auto place = [](int number) { return number == 0 ? Json() : Json::integer(number); };
  Json list = Json::array();
  for (const auto& mistake : reading.mistakes) {
    Json one = Json::object();
    one.set("file", Json::string(mistake.file));
    one.set("line", place(mistake.line));
    one.set("column", place(mistake.column));
    one.set("path", said(mistake.path));
    one.set("message", Json::string(mistake.message));
    one.set("found", said(mistake.found));
    one.set("expected", said(mistake.expected));
    one.set("nearest", said(mistake.nearest));
    list.push(std::move(one));
  }
  Json notes = Json::array();
  for (const auto& note : reading.notes) notes.push(Json::string(note));
  Json all = Json::object();
  all.set("mistakes", std::move(list));
  all.set("notes", std::move(notes));
  if (!session.print(all)) {
    for (const auto& mistake : reading.mistakes) session.terminal().out << to_text(mistake) << '\n';
    for (const auto& note : reading.notes) session.terminal().out << "note: " << note << '\n';
    session.terminal().out << reading.mistakes.size()
                           << (reading.mistakes.size() == 1 ? " mistake\n" : " mistakes\n");
  }
  return reading.mistakes.empty() ? exit_ok : exit_config;
}

int print_schema(Session& session) {
  session.terminal().out << manifest::schema_text();
  return exit_ok;
}

}  // namespace portolan::cli
