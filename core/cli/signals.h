#pragma once
#include <chrono>
#include <memory>
#include <thread>

#include "base/cancel.h"
#include "base/mutex.h"

namespace portolan::cli {

/// What signals asked for, for a command that serves. Safe from any thread.
class Wishes {
 public:
  enum class Wish { none, stop, reload };
  void add(Wish wish) EXCLUDES(mutex_);
  /// Waits for a wish, at most `patience`; stop goes before reload and stays.
  Wish wait(std::chrono::milliseconds patience) EXCLUDES(mutex_);

 private:
  base::Mutex mutex_;
  base::Condition changed_;
  bool stop_ GUARDED_BY(mutex_) = false, reload_ GUARDED_BY(mutex_) = false;
};

/// Turns the first SIGINT or SIGTERM into cancel(), the second into _exit(130). Made before any
/// other thread, so that all of them have the signals blocked. With `wishes` SIGHUP is one, too;
/// without, it ends the process as ever. Destruction ends the thread.
class SignalThread {
 public:
  SignalThread(base::CancelToken cancel, std::shared_ptr<Wishes> wishes);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  std::thread thread_;
};

}  // namespace portolan::cli
