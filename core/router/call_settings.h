#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/cancel.h"
#include "services/log.h"

namespace portolan::model {
struct Memory;
}

namespace portolan::router {

/// The bounds of one router call, and who hears of it.
struct CallSettings {
  base::Deadline deadline{};
  std::uint64_t max_requests = PORTOLAN_NO_BUDGET;  ///< Integration on the way counts too.
  services::Log log{};
  std::function<void(std::uint64_t, std::uint64_t, std::string_view)> progress{};
  /// Of validate() alone: no credential is sent and nothing is integrated, so that a secret which
  /// was refused can rest. Host steps, identity and api-version are made, the others skipped.
  bool anonymous = false;
  /// Of validate() alone: host steps that are not through by then have failed.
  base::Steady::time_point reach_by = base::Steady::time_point::max();
  /// Of statistics() alone: what the plugin may recall, and what it remembered when that answered.
  model::Memory* memory = nullptr;
};

}  // namespace portolan::router
