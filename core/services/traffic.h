#pragma once
/// What the exchanges with all registries came to, for the daemon's metrics.
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/mutex.h"

namespace portolan::services {

/// Counts since the process began. Safe from any thread.
class Traffic {
 public:
  /// Upper bounds in seconds; one more bucket counts what took longer.
  static constexpr std::array bounds{0.005, 0.01, 0.025, 0.05, 0.1,  0.25,
                                     0.5,   1.0,  2.5,   5.0,  10.0, 30.0};

  struct OfType {
    /// By what ended it: the HTTP status ("200"; "other" outside 100 to 599), or our code when no
    /// whole answer came ("unreachable").
    std::map<std::string, std::uint64_t> ends;
    std::array<std::uint64_t, bounds.size() + 1> buckets{};  ///< How many took how long.
    double seconds = 0;                                      ///< All of them together.
  };

  /// One exchange with a registry of `type` ended. `status` 0: no answer came.
  void count(const std::string& type, int status, std::optional<base::Code> error,
             std::chrono::duration<double> took) EXCLUDES(mutex_);
  std::map<std::string, OfType> by_type() const EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, OfType> types_ GUARDED_BY(mutex_);  // As many as there are types.
};

}  // namespace portolan::services
