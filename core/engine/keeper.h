#pragma once
/// What the daemon does by itself: health, statistics, catalogue, retention. A registry that hangs
/// delays no other.
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "engine/daemon.h"

namespace portolan::engine {

class Fleet;
class JobRunner;

/// One thread plans and writes, one listens to the store; each look at a registry runs on a thread
/// of its own with its own deadline. At most `health.parallel` checks that are younger than a
/// quarter of a second run at once: one that takes longer, or hung the last time, stands aside (up
/// to four times as many in all). Statistics and catalogues: a quarter as many, at least one. What
/// ended within 50 ms is written in one transaction.
class Keeper {
 public:
  /// Adds its job kinds to `jobs`: "registry.check" {"registry", "depth"}, "registry.statistics"
  /// {"registry", "level"}, "registry.catalogue" {"registry"}, "repository.tags" {"registry",
  /// "repository"}. They join a look that is under way and is as good. Progress: {"checks": [...]}
  /// so far, {"repositories": n}; output: the validation, the statistics, what the sweep found.
  Keeper(const Daemon& daemon, Fleet& fleet, JobRunner& jobs);
  ~Keeper();  ///< Stops, with a second of patience.
  void start();
  /// The plugins of these types have just come: their registries are due now. Any thread.
  void look_at_types(const std::set<std::string>& types);
  /// False: a look did not come back, so leave the process by _exit. Nothing starts anew.
  bool stop(std::chrono::milliseconds patience);

  struct Load {
    std::size_t due = 0, running = 0;
    std::int64_t late_ms = 0;  ///< How late the most overdue check is.
  };
  Load load() const;
  /// How long the last validation of depth quick took, of each registry that had one since the
  /// start. One that hung took until its deadline.
  std::map<Id, std::chrono::microseconds> check_times() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

/// Folds measures into hours and days, and drops events, transitions and ended jobs that are older
/// than the settings keep them (jobs: a week), and with audit.retention entries of the audit. Each
/// in a transaction of its own; the first Error, after all were tried.
base::Result<void> drop_what_is_old(const Daemon& daemon);

}  // namespace portolan::engine
