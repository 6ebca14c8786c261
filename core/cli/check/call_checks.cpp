#include "cli/check/checks.h"
#include "cli/check/trial.h"

namespace portolan::cli::check {
namespace {

using base::Code;

enum class Kind { integration, validation, quick_validation, statistics };
constexpr Kind kinds[] = {Kind::integration, Kind::validation, Kind::quick_validation,
                          Kind::statistics};

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::integration: return "integration";
    case Kind::validation: return "validation";
    case Kind::quick_validation: return "validation-quick";
    case Kind::statistics: return "statistics";
  }
  return "";
}

/// How a mandatory call ended, and what it told before.
struct Told : Ending {
  std::vector<model::Check> checks;
  std::vector<model::Measure> measures;
};

base::Result<void> run_kind(Kind kind, plugin::Instance& instance, services::Call& call,
                            Told& ending) {
  switch (kind) {
    case Kind::integration: {
      const auto found = instance.integrate(call);
      return found ? base::Result<void>() : found.error();
    }
    case Kind::validation:
    case Kind::quick_validation: {
      const auto depth = kind == Kind::validation ? model::Depth::full : model::Depth::quick;
      return instance.validate(
          call, depth, [&](model::Check check) { ending.checks.push_back(std::move(check)); });
    }
    case Kind::statistics:
      return instance.collect(call, model::Level::normal, [&](auto&& batch) {
        for (model::FoundMeasure& found : batch)
          ending.measures.push_back(std::move(found.measure));
        return true;
      });
  }
  return {};
}

std::string judge_integration(const Trial& trial, const Told& ending) {
  if (trial.codes.empty()) return {};
  if (!ending.error) return std::string("it integrated a registry ") + trial.says;
  return judge_code(trial, *ending.error);
}

std::string judge_validation(const Trial& trial, const Told& ending) {
  for (const auto& check : ending.checks) {
    const bool sound =
        check.state == model::CheckState::ok &&
        (check.name == "identity" || check.name == "credentials" || check.name == "capabilities");
    if (sound && !trial.codes.empty() && trial.script != Script::unauthorized)
      return check.name + " is ok at a registry " + trial.says;
    if (sound && check.name == "credentials" && trial.script == Script::unauthorized)
      return "credentials are ok at a registry that refuses them";
    const bool bad =
        check.state == model::CheckState::fail || check.state == model::CheckState::warn;
    if (bad && check.hint.empty()) return check.name + " is not ok and has no hint what to do";
    if (bad && check.code == Code::ok) return check.name + " is not ok and has the code ok";
  }
  return {};
}

std::string judge_statistics(const Trial& trial, const Told& ending) {
  const auto invented = [](const model::Measure& measure) {
    return measure.state == model::MeasureState::known ||
           (measure.state == model::MeasureState::partial && measure.value > 0);
  };
  for (const auto& measure : ending.measures)
    if (!trial.codes.empty() && invented(measure))
      return measure.name + " = " + std::to_string(measure.value) + " of a registry " + trial.says;
  return {};
}

Outcome judge(const Trial& trial, Kind kind, const Told& ending) {
  if (Outcome manners = judge_manners(trial, ending); manners.state != State::pass) return manners;
  switch (kind) {
    case Kind::integration: return unless(judge_integration(trial, ending));
    case Kind::quick_validation:
    case Kind::validation: return unless(judge_validation(trial, ending));
    case Kind::statistics: return unless(judge_statistics(trial, ending));
  }
  return {};
}

std::string rule_of(const Trial& trial, Kind kind) {
  if (std::string rule = rule_of_time(trial); !rule.empty()) return rule;
  switch (kind) {
    case Kind::integration:
      return "a registry " + std::string(trial.says) + " is " + codes_text(trial.codes) +
             ", and why is said";
    case Kind::validation:
    case Kind::quick_validation:
      return "nothing is ok at a registry " + std::string(trial.says) +
             ", and what is wrong has a hint";
    case Kind::statistics: return "no number is made up for a registry " + std::string(trial.says);
  }
  return {};
}

}  // namespace

std::vector<Check> call_checks(const std::shared_ptr<Loaded>& loaded,
                               const plugin::Note::Type& type) {
  std::vector<Check> out;
  for (const Kind kind : kinds) {
    for (const Trial& trial : trials()) {
      out.push_back({"calls", std::string(to_string(kind)) + "-" + trial.name, type.type,
                     rule_of(trial, kind), [loaded, type, kind, &trial]() -> Outcome {
                       const ScriptedUpstream upstream(trial.script);
                       const auto registry = made_up_registry(type, upstream.address());
                       if (!registry) return skipped(no_registry);
                       Told told;
                       static_cast<Ending&>(told) =
                           run(trial, loaded->contract(), type, *registry, [&](const Stage& stage) {
                             return run_kind(kind, stage.instance, stage.call, told);
                           });
                       return judge(trial, kind, told);
                     }});
    }
  }
  return out;
}

}  // namespace portolan::cli::check
