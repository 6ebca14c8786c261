#pragma once
/// What a validation means for a registry's state: pure rules, no clock of its own.
#include "config/daemon_settings.h"
#include "model/records.h"

namespace portolan::engine {

/// One validation, as it ended.
struct Finding {
  model::Depth depth = model::Depth::quick;
  base::Result<model::Validation> result = base::Error{};
  std::int64_t secret_version = 0;
  std::int64_t at_ms = 0;
  bool by_request = false;  ///< "Check now": counts as much as its own.
};

/// The state that this one result speaks for, with its reason, message and hint: the first failed
/// check's.
struct Diagnosis {
  model::HealthState state = model::HealthState::unknown;
  std::string reason, message, hint;
};
Diagnosis diagnose(const base::Result<model::Validation>& result);

/// Health after `finding`: damped (state after n of m, the first result at once), blocked after two
/// `fail`s of the check `credentials` of one secret version at least 60 s apart, next_try by
/// interval, jitter and back-off. `random` in [0, 1).
model::Health judge(model::Health before, const Finding& finding,
                    const config::DaemonSettings::Health& settings,
                    std::chrono::milliseconds interval, double random);

}  // namespace portolan::engine
