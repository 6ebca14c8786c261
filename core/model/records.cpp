#include "model/records.h"

namespace portolan::model {

std::string_view to_string(DefaultVisibility visibility) {
  switch (visibility) {
    case DefaultVisibility::upstream: return "as-registry";
    case DefaultVisibility::closed: return "private";
    case DefaultVisibility::open: return "public";
  }
  return "as-registry";
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

}  // namespace portolan::model
