#include <algorithm>

#include "cli/check/checks.h"
#include "cli/check/functions.h"
#include "cli/check/trial.h"
#include "model/limits.h"

namespace portolan::cli::check {
namespace {

using base::Code;

/// A good status, whose body says nothing, or the word that what is to go is gone.
bool may_be_done(Script script) {
  return script == Script::garbage || script == Script::web_page || script == Script::truncated ||
         script == Script::missing;
}

std::string judge_detect(const Trial& trial, const Ending& ending, const Given& given) {
  if (ending.error) return ending.error->budget ? "" : judge_code(trial, *ending.error);
  return given.sure < model::limits::detect_sure
             ? ""
             : "it is sure (" + std::to_string(given.sure) + " of 100) of a registry " + trial.says;
}

Outcome judge(const Trial& trial, const Extension& extension, const Function& function,
              const Ending& ending, const Given& given) {
  if (ending.error && ending.error->code == Code::unsupported) return {};  // A null member.
  if (Outcome manners = judge_manners(trial, ending); manners.state != State::pass) return manners;
  if (std::string_view(extension.name) == "detect")
    return unless(judge_detect(trial, ending, given));
  if (trial.codes.empty()) return {};
  if (given.items != 0)
    return unless("it gives " + std::to_string(given.items) + " items of a registry " + trial.says);
  if (ending.error) return unless(judge_code(trial, *ending.error));
  const bool enough = function.status_is_enough && may_be_done(trial.script);
  return enough ? Outcome() : unless(std::string("it is well with a registry ") + trial.says);
}

/// Each function of the extension in turn; the first that breaks the rule is told.
Outcome try_all(const Trial& trial, const Extension& extension, const plugin::Contract& contract,
                const plugin::Note::Type& type, const model::Registry& registry) {
  const bool detects = std::string_view(extension.name) == "detect";
  const Means means = means_of(extension);
  for (const Function& function : extension.functions) {
    Given given;
    const Ending ending = run(
        trial, contract, type, registry,
        [&](const Stage& stage) { return function.call(stage, given); }, means);
    Outcome outcome = judge(trial, extension, function, ending, given);
    if (outcome.state == State::pass) continue;
    if (!detects) outcome.message = std::string(function.name) + ": " + outcome.message;
    return outcome;
  }
  return {};
}

std::string rule_of(const Trial& trial, const std::string& extension) {
  if (std::string rule = rule_of_time(trial); !rule.empty()) return rule;
  if (extension == "detect") return "no type is sure of a registry " + std::string(trial.says);
  return (extension == "catalog" ? "nothing is listed of a registry "
                                 : "no change succeeds at a registry ") +
         std::string(trial.says) + ": it is " + codes_text(trial.codes) + ", and why is said";
}

Check make_check(const std::shared_ptr<Loaded>& loaded, const plugin::Note::Type& type,
                 const Extension& extension, std::string name, std::string rule, Script script,
                 std::function<Outcome(const ScriptedUpstream&, const model::Registry&)> ask) {
  return {"calls",
          std::string(extension.name) + "-" + std::move(name),
          type.type,
          std::move(rule),
          [loaded, type, script, ask = std::move(ask)]() -> Outcome {
            const ScriptedUpstream upstream(script);
            const auto registry = made_up_registry(type, upstream.address());
            if (!registry) return skipped(no_registry);
            return ask(upstream, *registry);
          },
          std::chrono::seconds(30)};
}

/// A registry that is busy invites to try again, which would meet the robot whose secret is lost.
Check once(const std::shared_ptr<Loaded>& loaded, const plugin::Note::Type& type,
           const Extension& extension) {
  static const Trial busy = {"once", Script::busy, {Code::unavailable}, "that answers 503"};
  return make_check(
      loaded, type, extension, busy.name,
      "a robot is asked for once: its secret comes once, so the request is not repeated",
      busy.script,
      [loaded, type, extension](const ScriptedUpstream& upstream,
                                const model::Registry& registry) -> Outcome {
        Given given;
        const Function& issue = extension.functions.front();
        const Ending ending = run(busy, loaded->contract(), type, registry,
                                  [&](const Stage& stage) { return issue.call(stage, given); });
        if (upstream.changes() > 1)
          return unless("issue: " + std::to_string(upstream.changes()) +
                        " requests that change something");
        return judge(busy, extension, issue, ending, given);
      });
}

}  // namespace

std::vector<Check> extension_checks(const std::shared_ptr<Loaded>& loaded,
                                    const plugin::Note::Type& type) {
  std::vector<Check> out;
  for (const Extension& extension : extensions_of(type)) {
    const bool detects = std::string_view(extension.name) == "detect";
    for (const Trial& trial : trials()) {
      const bool may_be_one = trial.codes.empty() || trial.script == Script::unauthorized;
      if (detects && may_be_one) continue;  // Who answers so may well be of the type.
      out.push_back(make_check(
          loaded, type, extension, trial.name, rule_of(trial, extension.name), trial.script,
          [loaded, type, extension, &trial](const ScriptedUpstream&,
                                            const model::Registry& registry) {
            return try_all(trial, extension, loaded->contract(), type, registry);
          }));
    }
    if (std::string_view(extension.name) == "robots") out.push_back(once(loaded, type, extension));
  }
  return out;
}

}  // namespace portolan::cli::check
