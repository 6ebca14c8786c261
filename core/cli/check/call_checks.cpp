#include <algorithm>
#include <stdexcept>
#include <thread>

#include "base/schema.h"
#include "cli/check/checks.h"
#include "cli/check/scripted_upstream.h"
#include "model/words.h"
#include "router/config_json.h"
#include "services/call.h"

namespace portolan::cli::check {
namespace {

using base::Code;
using std::chrono::milliseconds;

enum class Kind { integration, validation, statistics };
constexpr Kind kinds[] = {Kind::integration, Kind::validation, Kind::statistics};

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::integration: return "integration";
    case Kind::validation: return "validation";
    case Kind::statistics: return "statistics";
  }
  return "";
}

/// What an upstream does, and what the plugin must make of it.
struct Trial {
  const char* name;
  Script script;
  std::vector<Code> codes;  ///< Of integration; empty: any end will do.
  const char* says;
  milliseconds deadline = milliseconds(8000);
  milliseconds cancel_after = milliseconds(0);
  std::uint64_t budget = UINT64_MAX;
};

const std::vector<Trial>& trials() {
  static const std::vector<Trial> all = {
      {"deadline", Script::hang, {Code::timeout}, "that never answers", milliseconds(500)},
      {"cancel",
       Script::hang,
       {Code::cancelled},
       "that never answers",
       milliseconds(8000),
       milliseconds(150)},
      // Without a sign of the product a 401 may also be another's.
      {"401", Script::unauthorized, {Code::unauthorized, Code::protocol}, "that answers 401"},
      {"429", Script::rate_limited, {Code::rate_limited}, "that answers 429"},
      {"500", Script::broken, {Code::unavailable}, "that answers 500"},
      {"garbage", Script::garbage, {Code::protocol}, "whose JSON is none"},
      {"web-page", Script::web_page, {Code::protocol}, "that is a web page"},
      {"truncated",
       Script::truncated,
       {Code::protocol, Code::unreachable},
       "whose answers are cut off"},
      {"endless-objects",
       Script::endless_objects,
       {},
       "whose list never ends",
       milliseconds(3000),
       milliseconds(0),
       50},
      {"endless-lists",
       Script::endless_lists,
       {},
       "whose list never ends",
       milliseconds(3000),
       milliseconds(0),
       50}};
  return all;
}

/// How one call ended.
struct Ending {
  std::optional<base::Error> error;
  bool explained = false;  ///< The plugin used call->fail().
  milliseconds late{0};    ///< Behind the deadline or the cancel; 0 without either.
  std::vector<model::Check> checks;
  model::Statistics statistics;
};

base::Result<void> run_kind(Kind kind, plugin::Instance& instance, services::Call& call,
                            Ending& ending) {
  switch (kind) {
    case Kind::integration: {
      const auto found = instance.integrate(call);
      return found ? base::Result<void>() : found.error();
    }
    case Kind::validation:
      return instance.validate(call, model::Depth::full, [&](model::Check check) {
        ending.checks.push_back(std::move(check));
      });
    case Kind::statistics: return instance.collect(call, model::Level::normal, ending.statistics);
  }
  return {};
}

/// The registry's end of the host, over a transport of its own.
struct Host {
  std::unique_ptr<net::Transport> transport = net::make_curl_transport();
  std::shared_ptr<services::Upstream> upstream;

  explicit Host(model::Registry registry) {
    auto policy = net::AddressPolicy::make(true, {});
    auto opened =
        services::Upstream::open(*transport, {std::move(registry), *std::move(policy), 8});
    if (!opened) throw std::runtime_error(opened.error().message);
    upstream = *std::move(opened);
  }
};

Ending run(const Trial& trial, Kind kind, const plugin::Contract& contract,
           const plugin::Note::Type& type, const model::Registry& registry) {
  const auto config = router::make_config_json(type, registry);
  if (!config) throw std::runtime_error(config.error().message);
  const Host host(registry);
  const auto loaded = contract.type(type);
  Ending ending;

  services::CallOptions options;
  options.deadline = base::Deadline::in(trial.deadline);
  options.max_requests = trial.budget;
  const base::CancelToken cancel = options.deadline.cancel;
  auto due = options.deadline.at;
  services::Call call(host.upstream, std::move(options));
  auto instance = loaded->create(call, registry.address, *config, "");
  if (!instance) throw std::runtime_error("create() failed: " + instance.error().message);

  if (trial.cancel_after.count() > 0) due = base::Steady::now() + trial.cancel_after;
  std::thread interrupt([&] {
    if (trial.cancel_after.count() == 0) return;
    std::this_thread::sleep_until(due);
    cancel.cancel();
  });
  const auto done = run_kind(kind, **instance, call, ending);
  const auto now = base::Steady::now();
  interrupt.join();
  if (!done) ending.error = done.error();
  ending.explained = call.failure().has_value();
  if (now > due) ending.late = std::chrono::duration_cast<milliseconds>(now - due);
  return ending;
}

std::string codes_text(const std::vector<Code>& codes) {
  std::string out;
  for (const Code code : codes)
    out += (out.empty() ? "" : " or ") + std::string(base::to_string(code));
  return out;
}

std::string judge_integration(const Trial& trial, const Ending& ending) {
  if (trial.codes.empty()) return {};
  if (!ending.error) return std::string("it integrated a registry ") + trial.says;
  const auto wanted =
      std::find(trial.codes.begin(), trial.codes.end(), ending.error->code) != trial.codes.end();
  return wanted
             ? ""
             : "expected " + codes_text(trial.codes) + ", found " +
                   std::string(base::to_string(ending.error->code)) + ": " + ending.error->message;
}

std::string judge_validation(const Trial& trial, const Ending& ending) {
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

std::string judge_statistics(const Trial& trial, const Ending& ending) {
  const auto invented = [](const model::Measure& measure) {
    return measure.state == model::MeasureState::known ||
           (measure.state == model::MeasureState::partial && measure.value > 0);
  };
  std::vector<model::Measure> all = ending.statistics.measures;
  for (const auto& space : ending.statistics.spaces)
    all.insert(all.end(), space.measures.begin(), space.measures.end());
  for (const auto& measure : all)
    if (!trial.codes.empty() && invented(measure))
      return measure.name + " = " + std::to_string(measure.value) + " of a registry " + trial.says;
  return {};
}

std::string judge(const Trial& trial, Kind kind, const Ending& ending) {
  if (ending.late > model::limits::answer_grace)
    return "it came back " + std::to_string(ending.late.count()) + " ms after the " +
           (trial.cancel_after.count() > 0 ? "cancel" : "deadline");
  if (ending.error && ending.error->message.starts_with("plugin misbehaves"))
    return ending.error->message;
  if (ending.error && ending.error->code == Code::internal)
    return "internal: " + ending.error->message;
  if (ending.error && !ending.explained)
    return "it answered " + std::string(base::to_string(ending.error->code)) +
           " and did not say why with call->fail()";
  switch (kind) {
    case Kind::integration: return judge_integration(trial, ending);
    case Kind::validation: return judge_validation(trial, ending);
    case Kind::statistics: return judge_statistics(trial, ending);
  }
  return {};
}

std::string rule_of(const Trial& trial, Kind kind) {
  if (trial.cancel_after.count() > 0) return "a cancelled call comes back within 250 ms";
  if (trial.script == Script::hang) return "a call comes back within 250 ms after its deadline";
  if (trial.codes.empty()) return "a list without end ends with the budget or the deadline";
  switch (kind) {
    case Kind::integration:
      return "a registry " + std::string(trial.says) + " is " + codes_text(trial.codes) +
             ", and why is said";
    case Kind::validation:
      return "nothing is ok at a registry " + std::string(trial.says) +
             ", and what is wrong has a hint";
    case Kind::statistics: return "no number is made up for a registry " + std::string(trial.says);
  }
  return {};
}

}  // namespace

std::optional<model::Registry> made_up_registry(const plugin::Note::Type& type,
                                                const std::string& address) {
  const auto schema = base::Schema::compile(type.schema_text);
  if (!schema) return std::nullopt;
  model::Registry registry;
  registry.name = "check";
  registry.type = type.type;
  registry.address = address;
  base::Json options = base::Json::object();
  for (const auto& field : schema->fields()) {
    if (field.pointer == "/credentials/username") registry.credentials.username = "check";
    if (field.pointer == "/credentials/password")
      registry.credentials.password = base::Secret("check");
    if (!field.pointer.starts_with("/options/") || !field.required || !field.default_text.empty())
      continue;
    const base::Json* example =
        schema->json().at_pointer("/properties/options/properties/" + field.name + "/examples/0");
    if (example) options.set(field.name, *example);
  }
  registry.options_json = base::to_text(options);
  return router::make_config_json(type, registry) ? std::optional(std::move(registry))
                                                  : std::nullopt;
}

std::vector<Check> call_checks(const std::shared_ptr<Loaded>& loaded,
                               const plugin::Note::Type& type) {
  std::vector<Check> out;
  for (const Kind kind : kinds) {
    for (const Trial& trial : trials()) {
      out.push_back(
          {"calls", std::string(to_string(kind)) + "-" + trial.name, type.type,
           rule_of(trial, kind), [loaded, type, kind, &trial]() -> Outcome {
             const ScriptedUpstream upstream(trial.script);
             const auto registry = made_up_registry(type, upstream.address());
             if (!registry)
               return skipped("a required field of the form has neither default nor example");
             return unless(
                 judge(trial, kind, run(trial, kind, loaded->contract(), type, *registry)));
           }});
    }
  }
  return out;
}

}  // namespace portolan::cli::check
