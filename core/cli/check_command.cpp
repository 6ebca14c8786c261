#include <algorithm>
#include <iostream>
#include <iterator>

#include "cli/check/checks.h"
#include "cli/check/one_file.h"
#include "cli/commands.h"
#include "cli/flag_registry.h"
#include "cli/program.h"
#include "cli/render.h"
#include "cli/targets.h"
#include "model/json.h"

namespace portolan::cli {
namespace {

using base::Json;
using check::Finding;
using check::State;
using model::text_or_null;

std::string_view word(State state) {
  switch (state) {
    case State::pass: return "pass";
    case State::fail: return "fail";
    case State::skip: return "skip";
  }
  return "fail";
}

long count(const std::vector<Finding>& findings, State state) {
  return std::count_if(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.outcome.state == state; });
}

Json to_json(const std::string& file, const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    Json one = Json::object();
    one.set("group", Json::string(finding.group));
    one.set("name", Json::string(finding.name));
    one.set("type", text_or_null(finding.type));
    one.set("state", Json::string(std::string(word(finding.outcome.state))));
    one.set("rule", Json::string(finding.rule));
    one.set("message", text_or_null(finding.outcome.message));
    list.push(std::move(one));
  }
  Json summary = Json::object();
  summary.set("passed", Json::integer(count(findings, State::pass)));
  summary.set("failed", Json::integer(count(findings, State::fail)));
  summary.set("skipped", Json::integer(count(findings, State::skip)));
  Json out = Json::object();
  out.set("file", Json::string(file));
  out.set("checks", std::move(list));
  out.set("summary", std::move(summary));
  return out;
}

void print(std::ostream& out, const std::vector<Finding>& findings) {
  std::vector<std::vector<std::string>> rows;
  for (const Finding& finding : findings)
    rows.push_back({std::string(word(finding.outcome.state)), finding.name, finding.type,
                    finding.outcome.message});
  out << text_table({"STATE", "CHECK", "TYPE", "WHAT WAS SEEN"}, rows);
  for (const Finding& finding : findings)
    if (finding.outcome.state == State::fail)
      out << '\n'
          << finding.name << ": " << finding.outcome.message << "\n  rule: " << finding.rule
          << '\n';
  out << '\n'
      << count(findings, State::pass) << " passed, " << count(findings, State::fail) << " failed, "
      << count(findings, State::skip) << " skipped\n";
}

void append(std::vector<check::Check>& all, std::vector<check::Check> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

}  // namespace

int plugins_check(Session& session) {
  const std::string& file = session.args().positionals().front();
  const plugin::Plugin plugin = plugin::inspect_file(file);
  std::vector<Finding> findings = check::run_here(check::file_checks(file));
  if (plugin.note) {
    auto schemas = check::run_here(check::schema_checks(*plugin.note));
    std::move(schemas.begin(), schemas.end(), std::back_inserter(findings));
  }

  if (plugin.refusal) {
    findings.push_back({"entry", "entry-loads", "", "a file that is not refused is loaded",
                        check::skipped("the file is refused: nothing of it was run")});
  } else {
    const auto loaded = std::make_shared<check::Loaded>(file);
    std::vector<check::Check> checks = check::entry_checks(loaded, *plugin.note);
    for (const auto& type : plugin.note->types) {
      append(checks, check::lifecycle_checks(loaded, type));
      append(checks, check::call_checks(loaded, type));
      append(checks, check::extension_checks(loaded, type));
      append(checks, check::manners_checks(loaded, type));
    }
    if (session.args().has("address")) {
      check::OneFile set(*plugin.note);
      const auto registry =
          flag_registry(session.args(), set, {config::process_environment(), std::cin},
                        set.types().size() == 1 ? set.types().front() : "");
      if (!registry) return session.fail(registry.error(), exit_code_of(registry.error()));
      net::AddressPolicy policy = policy_of(session.args());
      if (const auto url = base::parse_address(registry->address)) policy.permit_origin(*url);
      const check::Target target{*registry, policy, session.args().duration("timeout"),
                                 session.logger()};
      append(checks, check::registry_checks(loaded, target));
      if (const auto* type = set.type(registry->type))
        append(checks, check::catalog_checks(loaded, *type, target));
    }
    auto apart = check::run_apart(checks, session.cancel());
    std::move(apart.begin(), apart.end(), std::back_inserter(findings));
  }
  if (!session.print(to_json(file, findings))) print(session.terminal().out, findings);
  if (session.cancel().cancelled()) return exit_interrupted;
  return count(findings, State::fail) == 0 ? exit_ok : exit_failed;
}

}  // namespace portolan::cli
