#include "engine/health.h"

#include <algorithm>
#include <array>
#include <optional>

namespace portolan::engine {
namespace {

using base::Code;
using model::Check;
using model::CheckState;
using model::Health;
using model::HealthState;
using std::chrono::milliseconds;

constexpr std::int64_t back_off_most = 5;   // Intervals.
constexpr std::int64_t back_off_part = 10;  // Of an outage, until it is looked at again.
constexpr std::int64_t confirm_part = 4;    // Of an interval.

bool is_host_step(const Check& check) {
  constexpr std::array<std::string_view, 5> names = {"address", "dns", "tcp", "tls", "http"};
  return std::find(names.begin(), names.end(), check.name) != names.end();
}

bool is_who(const Check& check) { return check.name == "identity" || check.name == "api-version"; }

/// Something that should work does not at this moment, whatever anybody is permitted.
bool does_not_work(Code code) {
  switch (code) {
    case Code::unreachable:
    case Code::timeout:
    case Code::unavailable:
    case Code::rate_limited:
    case Code::protocol:
    case Code::limit:
    case Code::internal: return true;
    default: return false;
  }
}

HealthState of_failure(const Check& check) {
  if (is_host_step(check)) return HealthState::unreachable;
  if (is_who(check)) return HealthState::unhealthy;
  return check.name == "credentials" ? HealthState::unauthenticated : HealthState::degraded;
}

HealthState of_doubt(const Check& check) {
  if (is_host_step(check)) return HealthState::unreachable;
  const bool is_needed = is_who(check) || check.name == "credentials";
  const bool fails = does_not_work(check.code);
  if (is_needed && fails && check.code != Code::rate_limited) return HealthState::unhealthy;
  // "Not verifiable" and "not asked" are no trouble.
  return fails || is_who(check) ? HealthState::degraded : HealthState::healthy;
}

HealthState state_of(const Check& check) {
  switch (check.state) {
    case CheckState::fail: return of_failure(check);
    case CheckState::unknown: return of_doubt(check);
    case CheckState::warn:
      return does_not_work(check.code) ? HealthState::degraded : HealthState::healthy;
    case CheckState::ok:
    case CheckState::skipped: break;
  }
  return HealthState::healthy;
}

/// healthy < degraded < the rest, among which the first check decides.
int gravity(HealthState state) {
  if (state == HealthState::healthy) return 0;
  return state == HealthState::degraded ? 1 : 2;
}

bool is_up(HealthState state) { return gravity(state) < 2 && state != HealthState::unknown; }

const Check* credentials_of(const Finding& finding) {
  if (!finding.result || finding.secret_version == 0 || finding.secret_rested) return nullptr;
  for (const Check& check : finding.result->checks) {
    if (check.name == "credentials") return &check;
  }
  return nullptr;
}

void count_refusals(Health& health, const Finding& finding) {
  if (health.refused_version != finding.secret_version) {
    health.blocked = false;  // Of another secret.
    health.refused_version = 0;
    health.refused_at_ms = 0;
  }
  const Check* check = credentials_of(finding);
  if (!check) return;
  if (check->state == CheckState::ok || check->state == CheckState::warn) {
    health.blocked = false;
    health.refused_version = 0;
    health.refused_at_ms = 0;
  } else if (check->state == CheckState::fail && check->code == Code::unauthorized) {
    if (health.refused_version == 0) {
      health.refused_version = finding.secret_version;
      health.refused_at_ms = finding.at_ms;
    } else if (finding.at_ms - health.refused_at_ms >= refusal_gap.count()) {
      health.blocked = true;
      health.refused_at_ms = finding.at_ms;
    }
  }
}

/// What the result speaks for, while a secret that was refused rests; nothing before it is blocked.
std::optional<Diagnosis> reading_of(const Health& health, const Finding& finding) {
  Diagnosis read = diagnose(finding.result);
  if (!finding.secret_rested || health.refused_version == 0 || !is_up(read.state)) return read;
  if (!health.blocked) return std::nullopt;
  return Diagnosis{HealthState::unauthenticated, "unauthorized",
                   "the registry refused the user name or password twice; they are not sent any "
                   "more",
                   "give new credentials, or check the registry now"};
}

bool is_believed(const Health& health, HealthState newest, const config::Flap& flap) {
  const auto times = [&](HealthState state) {
    return std::count(health.recent.begin(), health.recent.end(), state);
  };
  return static_cast<std::uint64_t>(times(newest)) >= flap.count || times(health.state) == 0;
}

void remember(Health& health, HealthState newest, const config::Flap& flap) {
  health.recent.push_back(newest);
  const auto most = static_cast<std::size_t>(std::max<std::uint64_t>(flap.window, 1));
  while (health.recent.size() > most) health.recent.erase(health.recent.begin());
}

/// The state after a reading, damped.
void take(Health& health, const Diagnosis& read, const Finding& finding, const config::Flap& flap) {
  // What is about the set-up is not damped: that would only keep an old truth.
  const bool at_once = health.last_try_ms == 0 || health.state == HealthState::unknown ||
                       (!finding.result && is_about_setup(finding.result.error().code)) ||
                       (health.blocked && read.state == HealthState::unauthenticated);
  remember(health, read.state, flap);
  if (read.state != health.state && (at_once || is_believed(health, read.state, flap))) {
    health.state = read.state;
    health.since_ms = finding.at_ms;
  }
  if (read.state == health.state) {
    health.reason = read.reason;
    health.message = read.message;
    health.hint = read.hint;
  }
  if (health.since_ms == 0) health.since_ms = finding.at_ms;
  if (is_up(read.state)) health.last_success_ms = finding.at_ms;
  if (!finding.result) return;
  health.last = *finding.result;
  if (finding.depth != model::Depth::full) return;
  health.last_full = *finding.result;
  health.last_full_ms = finding.at_ms;
}

std::int64_t pause_after(const Health& health, const Finding& finding, milliseconds interval) {
  const std::int64_t usual = interval.count();
  const bool is_blocked = health.blocked && health.state == HealthState::unauthenticated;
  if (is_blocked || health.recent.empty()) return usual;
  if (health.recent.back() != health.state) return usual / confirm_part;
  if (is_up(health.state)) return usual;
  return std::clamp((finding.at_ms - health.since_ms) / back_off_part, usual,
                    usual * back_off_most);
}

}  // namespace

bool is_about_setup(Code code) {
  switch (code) {
    case Code::plugin_missing:
    case Code::plugin_disabled:
    case Code::plugin_refused:
    case Code::invalid_config:
    case Code::tls:
    case Code::policy: return true;
    default: return false;
  }
}

Diagnosis diagnose(const base::Result<model::Validation>& result) {
  if (!result) {
    const base::Error& error = result.error();
    return {HealthState::unknown, std::string(to_string(error.code)), error.message, error.hint};
  }
  if (result->checks.empty()) return {HealthState::unknown, "internal", "no check was made", ""};
  Diagnosis found{HealthState::healthy, "", "", ""};
  for (const Check& check : result->checks) {
    const HealthState state = state_of(check);
    if (gravity(state) <= gravity(found.state)) continue;
    found = {state, std::string(to_string(check.code)), check.message, check.hint};
  }
  return found;
}

bool may_send_secret(const Health& health, std::int64_t secret_version, milliseconds blocked_retry,
                     std::int64_t now_ms, bool by_request) {
  if (secret_version == 0 || health.refused_version != secret_version) return true;
  const std::int64_t rested = now_ms - health.refused_at_ms;
  if (rested < refusal_gap.count()) return false;
  if (!health.blocked || by_request) return true;
  return blocked_retry.count() > 0 && rested >= blocked_retry.count();
}

Health judge(Health before, const Finding& finding, const config::DaemonSettings::Health& settings,
             milliseconds interval, double random) {
  if (!finding.result && finding.result.error().code == Code::cancelled) return before;
  Health after = std::move(before);
  count_refusals(after, finding);
  if (const auto read = reading_of(after, finding)) take(after, *read, finding, settings.flap);
  after.last_try_ms = finding.at_ms;

  const auto pause = static_cast<double>(pause_after(after, finding, interval));
  const double spread = static_cast<double>(settings.jitter) / 100 * (2 * random - 1);
  after.next_try_ms = finding.at_ms + static_cast<std::int64_t>(pause * (1 + spread));
  if (after.refused_version != 0 && !after.blocked)
    after.next_try_ms = std::max(after.next_try_ms, after.refused_at_ms + refusal_gap.count());
  return after;
}

}  // namespace portolan::engine
