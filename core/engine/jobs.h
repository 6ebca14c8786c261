#pragma once
/// Lasting work: rows in the store, run here. A kill in the middle leaves a lease that runs out;
/// then the body runs again, so bodies are idempotent.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "engine/daemon.h"
#include "store/jobs.h"

namespace portolan::engine {

/// What a body may do beside its work.
struct JobContext {
  const model::Job& job;
  base::CancelToken cancel;  ///< The daemon stops: end soon, the job runs again.
  /// Says what it does now (a JSON text for the kinds that document one). Writes to the store.
  std::function<void(const std::string& progress)> progress;
};

struct JobKind {
  std::string name;  ///< "robot.sync"
  int parallel = 8;  ///< Of this kind at once.
  int attempts = 0;  ///< 0 = until it succeeds, with a growing pause up to an hour.
  /// How long after a kill it runs again; kept up by the runner while the body runs.
  std::chrono::milliseconds lease = std::chrono::seconds(30);
  /// The output as JSON text. An Error is tried again unless it is `invalid_argument`,
  /// `not_found`, `conflict` or `unsupported`.
  std::function<base::Result<std::string>(JobContext&)> body;
};

/// Runs due jobs on threads of its own, from start() to stop().
class JobRunner {
 public:
  explicit JobRunner(const Daemon& daemon);
  ~JobRunner();            ///< Stops, with a second of patience.
  void add(JobKind kind);  ///< Before start().
  void start();
  /// Cancels, waits for bodies up to `patience`; what still runs is left to its lease. False: a
  /// body did not come back, so leave the process by _exit.
  bool stop(std::chrono::milliseconds patience);

  /// Enqueues in the caller's transaction. limit: too many wait.
  base::Result<model::Job> enqueue(
      store::Writer& writer, model::Job job,
      store::WhenRunning when_running = store::WhenRunning::join) const;

  /// How often bodies of each kind failed since the process began, tries that follow included.
  std::map<std::string, std::uint64_t> failures() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace portolan::engine
