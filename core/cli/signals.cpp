#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "cli/program.h"

namespace portolan::cli {
namespace {

sigset_t handled(bool hangup) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);  // Ours: the end of the thread.
  if (hangup) sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void Wishes::add(Wish wish) {
  {
    base::Lock lock(mutex_);
    (wish == Wish::stop ? stop_ : reload_) = true;
  }
  changed_.notify_all();
}

Wishes::Wish Wishes::wait(std::chrono::milliseconds patience) {
  const auto until = base::Steady::now() + patience;
  base::Lock lock(mutex_);
  while (!stop_ && !reload_)
    if (changed_.wait_until(mutex_, until) == std::cv_status::timeout) return Wish::none;
  if (stop_) return Wish::stop;
  reload_ = false;
  return Wish::reload;
}

SignalThread::SignalThread(base::CancelToken cancel, std::shared_ptr<Wishes> wishes) {
  const sigset_t set = handled(wishes != nullptr);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([cancel = std::move(cancel), wishes = std::move(wishes), set] {
    int signal = 0;
    while (sigwait(&set, &signal) == 0 && signal != SIGUSR2) {
      if (signal == SIGHUP) {
        wishes->add(Wishes::Wish::reload);
        continue;
      }
      if (cancel.cancelled()) _exit(exit_interrupted);
      cancel.cancel();
      if (wishes) wishes->add(Wishes::Wish::stop);
    }
  });
}

SignalThread::~SignalThread() {
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

}  // namespace portolan::cli
