#include "cli/check/trial.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "model/limits.h"
#include "net/transport.h"
#include "router/config_json.h"
#include "services/upstream.h"

namespace portolan::cli::check {

using base::Code;
using std::chrono::milliseconds;

namespace {

constexpr const char* cancel_rule = "a cancelled call comes back within 250 ms";
constexpr const char* deadline_rule = "a call comes back within 250 ms after its deadline";

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

}  // namespace

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
      // Who meets a 403 or 404 where the product should be may take it for another's.
      {"403", Script::forbidden, {Code::forbidden, Code::protocol}, "that answers 403"},
      {"404", Script::missing, {Code::not_found, Code::protocol}, "that answers 404"},
      // `protocol` of who follows none: the 302 is the answer then.
      {"metadata-redirect",
       Script::to_metadata,
       {Code::policy, Code::protocol},
       "that redirects to a cloud's metadata"},
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

std::string codes_text(const std::vector<Code>& codes) {
  std::string out;
  for (const Code code : codes)
    out += (out.empty() ? "" : " or ") + std::string(base::to_string(code));
  return out;
}

Ending run(const Trial& trial, const plugin::Contract& contract, const plugin::Note::Type& type,
           const model::Registry& registry,
           const std::function<base::Result<void>(const Stage&)>& make_call, const Means& means) {
  const auto config = router::make_config_json(type, registry);
  if (!config) throw std::runtime_error(config.error().message);
  const Host host(registry);
  const auto loaded = contract.type(type);
  Ending ending;

  services::CallOptions options;
  options.deadline = base::Deadline::in(trial.deadline);
  options.max_requests = std::min(trial.budget, means.requests);
  options.anonymous = means.anonymous;
  options.log = means.log;
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
  const auto done = make_call({*loaded, **instance, call, registry.address});
  const auto now = base::Steady::now();
  interrupt.join();
  if (!done) ending.error = done.error();
  ending.explained = call.failure().has_value();
  if (now > due) ending.late = std::chrono::duration_cast<milliseconds>(now - due);
  return ending;
}

Outcome judge_manners(const Trial& trial, const Ending& ending) {
  const auto broken = [](std::string what, const char* rule) {
    return Outcome{State::fail, std::move(what), rule};
  };
  if (ending.late > model::limits::answer_grace) {
    const bool cancelled = trial.cancel_after.count() > 0;
    return broken("it came back " + std::to_string(ending.late.count()) + " ms after the " +
                      (cancelled ? "cancel" : "deadline"),
                  cancelled ? cancel_rule : deadline_rule);
  }
  if (!ending.error) return {};
  if (ending.error->message.starts_with("plugin misbehaves"))
    return broken(ending.error->message,
                  "what a plugin hands over is whole (docs/abi.md, What the host does with what a "
                  "plugin hands over)");
  if (ending.error->code == Code::internal)
    return broken("internal: " + ending.error->message,
                  "internal is for a fault of the plugin, and a registry's is none "
                  "(docs/plugin-guide.md, Errors)");
  if (!ending.explained)
    return broken("it answered " + std::string(base::to_string(ending.error->code)) +
                      " and did not say why with call->fail()",
                  "a call that fails says why (docs/plugin-guide.md, Errors)");
  return {};
}

std::string judge_code(const Trial& trial, const base::Error& error) {
  if (std::find(trial.codes.begin(), trial.codes.end(), error.code) != trial.codes.end()) return {};
  return "expected " + codes_text(trial.codes) + ", found " +
         std::string(base::to_string(error.code)) + ": " + error.message;
}

std::string rule_of_time(const Trial& trial) {
  if (trial.cancel_after.count() > 0) return cancel_rule;
  if (trial.script == Script::hang) return deadline_rule;
  if (trial.codes.empty()) return "a list without end ends with the budget or the deadline";
  return {};
}

}  // namespace portolan::cli::check
