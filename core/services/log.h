#pragma once
/// The log lines of calls into plugins, and where they go.
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <portolan/abi/call.h>

namespace portolan::services {

struct LogLine {
  int level = 0;  ///< PORTOLAN_LOG_*
  std::uint64_t call = 0;
  std::string registry, message;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Where log lines go, and from which level on they are made at all.
struct Log {
  Log() = default;
  Log(std::function<void(const LogLine&)> to, int from = PORTOLAN_LOG_DEBUG)
      : take(std::move(to)), least(from) {}

  std::function<void(const LogLine&)> take;  ///< May be empty. Any thread.
  int least = PORTOLAN_LOG_DEBUG;

  bool wants(int level) const { return take && level >= least; }
};

}  // namespace portolan::services
