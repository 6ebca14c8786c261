#pragma once
/// What the daemon does by itself: health, statistics, catalogue, retention. A registry that hangs
/// delays no other.
#include <memory>

#include "engine/daemon.h"
#include "engine/fleet.h"
#include "engine/jobs.h"

namespace portolan::engine {

class Keeper {
 public:
  /// Adds its job kinds to `jobs`.
  Keeper(const Daemon& daemon, Fleet& fleet, JobRunner& jobs);
  ~Keeper();
  void start();
  void stop(std::chrono::milliseconds patience);

  struct Load {
    std::size_t due = 0, running = 0;
    std::int64_t late_ms = 0;  ///< How late the most overdue check is.
  };
  Load load() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace portolan::engine
