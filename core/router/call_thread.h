#pragma once
/// Calls that must be answered in time, whatever the plugin does.
#include <functional>
#include <memory>
#include <optional>

#include "base/cancel.h"
#include "base/result.h"

namespace portolan::router {

/// Runs `work` on a thread of its own and waits for it until `limits::answer_grace` behind the
/// deadline or a cancel. True: it came back. False: it did not and is abandoned, with everything
/// that it captured (capture by value or shared_ptr); any_abandoned() is true from then on.
bool run_in_time(const base::Deadline& deadline, std::function<void()> work);

/// As run_in_time() for a call with an answer; `timeout` or `cancelled` when it did not come back.
template <class T>
base::Result<T> answer_in_time(const base::Deadline& deadline,
                               std::function<base::Result<T>()> work) {
  auto answer = std::make_shared<std::optional<base::Result<T>>>();
  if (run_in_time(deadline, [answer, work = std::move(work)] { *answer = work(); }))
    return **answer;
  const bool cancelled = deadline.cancel.cancelled();
  return base::Error{cancelled ? base::Code::cancelled : base::Code::timeout,
                     cancelled ? "the call was cancelled and did not come back"
                               : "the call did not come back by its deadline",
                     "the plugin ignores deadlines: report it to its vendor"};
}

/// A call was abandoned: leave the process by _exit, destructors would pull its ground away.
bool any_abandoned();

}  // namespace portolan::router
