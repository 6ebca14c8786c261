#pragma once
/// One way in which an upstream may be bad, and how a call over it ended.
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/check/finding.h"
#include "cli/check/scripted_upstream.h"
#include "model/registry.h"
#include "plugin/contract.h"
#include "services/call.h"

namespace portolan::cli::check {

/// What an upstream does, and what the plugin must make of it.
struct Trial {
  const char* name;
  Script script;
  std::vector<base::Code> codes;  ///< Of a call that fails; empty: any end will do.
  const char* says;
  std::chrono::milliseconds deadline = std::chrono::milliseconds(8000);
  std::chrono::milliseconds cancel_after = std::chrono::milliseconds(0);
  std::uint64_t budget = UINT64_MAX;
};

/// All that there are, in the order they are told.
const std::vector<Trial>& trials();
/// "timeout or limit"
std::string codes_text(const std::vector<base::Code>& codes);

/// How one call ended.
struct Ending {
  std::optional<base::Error> error;
  bool explained = false;             ///< The plugin used call->fail().
  std::chrono::milliseconds late{0};  ///< Behind the deadline or the cancel; 0 without either.
};

/// What a call is made on; all of it made for that call.
struct Stage {
  plugin::Type& type;
  plugin::Instance& instance;
  services::Call& call;
  const std::string& address;
};

/// What a call gets beside its trial.
struct Means {
  std::uint64_t requests = PORTOLAN_NO_BUDGET;  ///< The trial's own budget if that is less.
  bool anonymous = false;
  services::Log log{};
};

/// Makes one call of the plugin to `registry`, whose address is that of the trial's upstream.
/// Throws std::runtime_error where nothing can be tried.
Ending run(const Trial& trial, const plugin::Contract& contract, const plugin::Note::Type& type,
           const model::Registry& registry,
           const std::function<base::Result<void>(const Stage&)>& make_call,
           const Means& means = {});

/// What no call may do, whatever it is for: come back late, break the contract, fail without a
/// word. The outcome has that rule, not the one of the trial.
Outcome judge_manners(const Trial& trial, const Ending& ending);
/// Empty when the call failed with one of the trial's codes.
std::string judge_code(const Trial& trial, const base::Error& error);

/// The rule of a trial that is about time alone, whatever the call; empty for every other.
std::string rule_of_time(const Trial& trial);

}  // namespace portolan::cli::check
