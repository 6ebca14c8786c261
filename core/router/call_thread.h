#pragma once
/// Calls that must be answered in time, whatever the plugin does.
#include <functional>
#include <memory>
#include <optional>

#include "base/cancel.h"
#include "base/result.h"

namespace portolan::router {

/// Runs `work` on a thread of its own and waits for it until limits::answer_grace behind the
/// deadline or a cancel. `timeout` or `cancelled`: it did not come back and is abandoned, with
/// everything that it captured (capture by value or shared_ptr). `limit`: the system gives no
/// thread. `internal`: it threw.
base::Result<void> run_in_time(const base::Deadline& deadline, std::function<void()> work);

/// A call that nobody waits for in place.
class StartedCall {
 public:
  virtual ~StartedCall() = default;
  /// Abandons it: `ended` is not called any more. False: it has ended already.
  virtual bool give_up() = 0;
};

/// Runs `work` on a thread of its own, then `ended` there, unless it was given up meanwhile; the
/// Error is `internal` when `work` threw. `limit`: the system gives no thread; neither runs.
base::Result<std::shared_ptr<StartedCall>> start_call(
    std::function<void()> work, std::function<void(base::Result<void>)> ended);

/// As run_in_time() for a call with an answer.
template <class T>
base::Result<T> answer_in_time(const base::Deadline& deadline,
                               std::function<base::Result<T>()> work) {
  const auto answer = std::make_shared<std::optional<base::Result<T>>>();
  const auto ended =
      run_in_time(deadline, [answer, work = std::move(work)] { answer->emplace(work()); });
  if (!ended) return ended.error();
  return **std::move(answer);
}

/// An abandoned call still runs: leave the process by _exit before any destructor pulls its ground
/// away. False again once it has come back after all.
bool any_abandoned();

/// True on a call thread whose caller has given it up: what it holds is not used again.
bool given_up();

}  // namespace portolan::router
