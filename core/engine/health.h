#pragma once
/// What a validation means for a registry's state: pure rules, no clock of its own.
#include "base/result.h"
#include "config/daemon_settings.h"
#include "model/records.h"

namespace portolan::engine {

/// One validation, as it ended.
struct Finding {
  model::Depth depth = model::Depth::quick;
  base::Result<model::Validation> result = base::Error{};
  std::int64_t secret_version = 0;  ///< 0: there is no credential.
  bool secret_rested = false;       ///< There is one, and it was not sent (may_send_secret()).
  std::int64_t at_ms = 0;
};

/// The state that this one result speaks for, with its reason, message and hint: the first failed
/// check's. A host step that failed is unreachable, identity or api-version unhealthy, credentials
/// unauthenticated; any other failure, or a warning that something does not work now, degraded. An
/// Error is unknown: the plugin did not answer, the registry did nothing.
struct Diagnosis {
  model::HealthState state = model::HealthState::unknown;
  std::string reason, message, hint;
};
Diagnosis diagnose(const base::Result<model::Validation>& result);

/// Whether an Error of this code says that the plugin or the registry's own settings cannot work.
bool is_about_setup(base::Code code);

/// Between two refusals that count, and between two tries that somebody asks for.
inline constexpr std::chrono::milliseconds refusal_gap = std::chrono::seconds(60);

/// Whether the credential of `secret_version` may be put on the wire now. Not within refusal_gap of
/// its last refusal; blocked: once every `blocked_retry` (0: never), or when somebody asks.
bool may_send_secret(const model::Health& health, std::int64_t secret_version,
                     std::chrono::milliseconds blocked_retry, std::int64_t now_ms, bool by_request);

/// Health after `finding`.
/// - State: the first result at once; then the newest result's when `flap.count` of the last
///   `flap.window` say so, or none of them says the old one. Blocked, and everything about the
///   plugin or the options, at once. `since` is when the state began; the reason is the newest's.
/// - Blocked after two refusals (`credentials` fail, unauthorized; never a 403) of one secret
///   version at least refusal_gap apart with no acceptance between; ended by an acceptance.
/// - Next try: after `interval`; while failing after a tenth of the time that it has lasted, at
///   least `interval` and at most five (an outage is noticed to be over within a tenth of its
///   length); after a quarter of `interval` when the newest result is not the state yet; not before
///   refusal_gap after a first refusal. Spread by `jitter` per cent; `random` in [0, 1).
model::Health judge(model::Health before, const Finding& finding,
                    const config::DaemonSettings::Health& settings,
                    std::chrono::milliseconds interval, double random);

}  // namespace portolan::engine
