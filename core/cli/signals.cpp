#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "cli/program.h"

namespace portolan::cli {
namespace {

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);  // Ours: the end of the thread.
  return set;
}

}  // namespace

SignalThread::SignalThread(base::CancelToken cancel) {
  const sigset_t set = handled();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([cancel = std::move(cancel), set] {
    int signal = 0;
    while (sigwait(&set, &signal) == 0 && signal != SIGUSR2) {
      if (cancel.cancelled()) _exit(exit_interrupted);
      cancel.cancel();
    }
  });
}

SignalThread::~SignalThread() {
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

}  // namespace portolan::cli
