#include "router/call_thread.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <exception>

#include "base/mutex.h"
#include "model/limits.h"

namespace portolan::router {
namespace {

using base::Steady;

// Hundreds of them at once: address space only, pages come as they are touched.
constexpr std::size_t stack_bytes = 1024 * 1024;

std::atomic<int> abandoned{0};
thread_local const std::atomic<bool>* this_thread_left_alone = nullptr;

/// Shared by the caller and the thread; whoever goes last frees it.
struct Shared : StartedCall {
  explicit Shared(std::function<void()> body) : work(std::move(body)) {}
  bool give_up() override;

  std::function<void()> work;                     // The thread's alone.
  std::function<void(base::Result<void>)> ended;  // The thread's alone.
  base::Mutex mutex;
  base::Condition changed;
  bool done GUARDED_BY(mutex) = false;
  std::atomic<bool> left_alone{
      false};  // Set with the mutex held, so that `abandoned` counts it once.
  bool cancelled GUARDED_BY(mutex) = false;
  std::string thrown GUARDED_BY(mutex);
};

base::Result<void> outcome_of(const std::string& thrown) {
  if (thrown.empty()) return {};
  return base::Error{base::Code::internal, "an exception ended the call: " + thrown};
}

base::Error no_thread() {
  return {base::Code::limit, "the system gives no more threads",
          "lower --parallel, or raise the limit of processes (ulimit -u)"};
}

void run(Shared& shared) {
  std::string thrown;
  this_thread_left_alone = &shared.left_alone;
  try {
    shared.work();
  } catch (const std::exception& problem) {
    thrown = problem.what();
  } catch (...) {
    thrown = "an unknown exception";
  }
  shared.work = nullptr;  // What it owns goes before it counts as done.
  bool waited_for = true;
  {
    const base::Lock lock(shared.mutex);
    shared.thrown = thrown;
    shared.done = true;
    if (shared.left_alone) {
      abandoned.fetch_sub(1);
      waited_for = false;
    }
    shared.changed.notify_all();
  }
  if (!shared.ended) return;
  if (waited_for) shared.ended(outcome_of(thrown));
  shared.ended = nullptr;
}

bool Shared::give_up() {
  const base::Lock lock(mutex);
  if (done) return false;
  if (!left_alone.exchange(true)) abandoned.fetch_add(1);
  return true;
}

bool start(const std::shared_ptr<Shared>& shared) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  auto owned = std::make_unique<std::shared_ptr<Shared>>(shared);
  pthread_t thread;
  const int failed = pthread_create(
      &thread, &attributes,
      [](void* argument) -> void* {
        const std::unique_ptr<std::shared_ptr<Shared>> mine(
            static_cast<std::shared_ptr<Shared>*>(argument));
        run(**mine);
        return nullptr;
      },
      owned.get());
  pthread_attr_destroy(&attributes);
  if (failed == 0) owned.release();
  return failed == 0;
}

Steady::time_point with_grace(Steady::time_point at) {
  return at > Steady::time_point::max() - model::limits::answer_grace
             ? Steady::time_point::max()
             : at + model::limits::answer_grace;
}

}  // namespace

bool given_up() { return this_thread_left_alone && this_thread_left_alone->load(); }

bool any_abandoned() { return abandoned.load() != 0; }

base::Result<void> run_in_time(const base::Deadline& deadline, std::function<void()> work) {
  const auto shared = std::make_shared<Shared>(std::move(work));
  if (!start(shared)) return no_thread();
  // The token may outlive this call by far, so its listener holds nothing of it.
  deadline.cancel.on_cancel([weak = std::weak_ptr<Shared>(shared)] {
    if (const auto alive = weak.lock()) {
      const base::Lock lock(alive->mutex);
      alive->cancelled = true;
      alive->changed.notify_all();
    }
  });

  base::Lock lock(shared->mutex);
  Steady::time_point until = with_grace(deadline.at);
  bool noticed = false;
  while (!shared->done && Steady::now() < until) {
    if (shared->cancelled && !noticed) {
      noticed = true;
      until = std::min(until, with_grace(Steady::now()));
    }
    shared->changed.wait_until(shared->mutex, until);
  }
  if (!shared->done) {
    shared->left_alone = true;
    abandoned.fetch_add(1);
    if (shared->cancelled)
      return base::Error{base::Code::cancelled, "cancelled; the plugin did not come back"};
    return base::Error{
        base::Code::timeout, "the deadline passed and the plugin did not come back",
        "report it to the plugin's vendor; a plugin returns soon after its deadline"};
  }
  return outcome_of(shared->thrown);
}

base::Result<std::shared_ptr<StartedCall>> start_call(
    std::function<void()> work, std::function<void(base::Result<void>)> ended) {
  const auto shared = std::make_shared<Shared>(std::move(work));
  shared->ended = std::move(ended);
  if (!start(shared)) return no_thread();
  return std::shared_ptr<StartedCall>(shared);
}

}  // namespace portolan::router
