#pragma once
#include <thread>

#include "base/cancel.h"

namespace portolan::cli {

/// Turns the first SIGINT or SIGTERM into cancel(), the second into _exit(130). Made before any
/// other thread, so that all of them have both signals blocked. Destruction ends the thread.
class SignalThread {
 public:
  explicit SignalThread(base::CancelToken cancel);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  std::thread thread_;
};

}  // namespace portolan::cli
