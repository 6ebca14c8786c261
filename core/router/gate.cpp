#include "router/gate.h"

#include <algorithm>

#include "model/limits.h"

namespace portolan::router {
namespace {

using base::Steady;
using namespace std::chrono_literals;

constexpr auto look_again = 20ms;  // A cancel wakes nobody here.

std::int64_t ticks(Steady::time_point at) { return at.time_since_epoch().count(); }

/// When a call with this deadline is back at the latest.
std::int64_t back_by(const base::Deadline& deadline) {
  const bool endless = deadline.at > Steady::time_point::max() - model::limits::answer_grace;
  return ticks(endless ? Steady::time_point::max() : deadline.at + model::limits::answer_grace);
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::integration: return "integration";
    case Kind::validation: return "validation";
    case Kind::statistics: return "statistics";
    case Kind::catalog: return "listing";
    case Kind::change: return "change";
  }
  return "call";
}

base::Result<Gate::Pass> Gate::enter(Kind kind, const base::Deadline& deadline) {
  if (take(kind, deadline)) return Pass(*this, kind);
  waiting_.fetch_add(1);
  auto pass = wait(kind, deadline);
  waiting_.fetch_sub(1);
  return pass;
}

bool Gate::take(Kind kind, const base::Deadline& deadline) {
  std::int64_t expected = nobody;
  return back_by_[static_cast<std::size_t>(kind)].compare_exchange_strong(expected,
                                                                          back_by(deadline));
}

base::Result<Gate::Pass> Gate::wait(Kind kind, const base::Deadline& deadline) {
  const std::string word(to_string(kind));
  base::Lock lock(mutex_);
  while (!take(kind, deadline)) {
    const auto now = Steady::now();
    const std::int64_t inside = back_by_[static_cast<std::size_t>(kind)].load();
    if (inside != nobody && inside < ticks(now)) {
      return base::Error{
          base::Code::internal,
          "an earlier " + word + " of this registry did not come back from its plugin",
          "start portolan anew, and report it to the plugin's vendor"};
    }
    if (deadline.cancel.cancelled()) {
      return base::Error{base::Code::cancelled,
                         "cancelled while another " + word + " of this registry was running"};
    }
    if (now >= deadline.at) {
      return base::Error{base::Code::timeout,
                         "another " + word + " of this registry is still running",
                         "wait for it, or give a longer --timeout"};
    }
    left_.wait_until(mutex_, std::min(deadline.at, now + look_again));
  }
  return Pass(*this, kind);
}

void Gate::leave(Kind kind) {
  back_by_[static_cast<std::size_t>(kind)].store(nobody);
  if (waiting_.load() == 0) return;
  const base::Lock lock(mutex_);
  left_.notify_all();
}

}  // namespace portolan::router
