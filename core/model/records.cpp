#include "model/records.h"

#include <array>

namespace portolan::model {
namespace {

/// The value whose word is `text`.
template <class Word, std::size_t count>
std::optional<Word> word_from(const std::array<Word, count>& words, std::string_view text) {
  for (const Word word : words)
    if (to_string(word) == text) return word;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(DefaultVisibility visibility) {
  switch (visibility) {
    case DefaultVisibility::upstream: return "as-registry";
    case DefaultVisibility::closed: return "private";
    case DefaultVisibility::open: return "public";
  }
  return "as-registry";
}

std::optional<DefaultVisibility> default_visibility_from(std::string_view text) {
  using enum DefaultVisibility;
  return word_from(std::array{upstream, closed, open}, text);
}

std::string_view to_string(HealthState state) {
  switch (state) {
    case HealthState::unknown: return "unknown";
    case HealthState::healthy: return "healthy";
    case HealthState::degraded: return "degraded";
    case HealthState::unhealthy: return "unhealthy";
    case HealthState::unauthenticated: return "unauthenticated";
    case HealthState::unreachable: return "unreachable";
  }
  return "unknown";
}

std::optional<HealthState> health_state_from(std::string_view text) {
  using enum HealthState;
  return word_from(std::array{unknown, healthy, degraded, unhealthy, unauthenticated, unreachable},
                   text);
}

std::string_view to_string(Enforcement enforcement) {
  return enforcement == Enforcement::registry ? "registry" : "catalog";
}

std::string_view to_string(JobState state) {
  switch (state) {
    case JobState::queued: return "queued";
    case JobState::running: return "running";
    case JobState::done: return "done";
    case JobState::failed: return "failed";
    case JobState::cancelled: return "cancelled";
  }
  return "queued";
}

std::optional<JobState> job_state_from(std::string_view text) {
  using enum JobState;
  return word_from(std::array{queued, running, done, failed, cancelled}, text);
}

}  // namespace portolan::model
