#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace portolan::base {

using Steady = std::chrono::steady_clock;

/// Asks work to stop. Copies share one state. Safe from any thread; cancel() may be called often.
class CancelToken {
 public:
  CancelToken() : state_(std::make_shared<State>()) {}

  bool cancelled() const { return state_->flag.load(std::memory_order_acquire); }

  /// Runs every listener once, on this thread.
  void cancel() const {
    std::vector<std::function<void()>> listeners;
    {
      std::lock_guard lock(state_->mutex);
      if (state_->flag.exchange(true)) return;
      listeners.swap(state_->listeners);
    }
    for (auto& listener : listeners) listener();
  }

  /// Called at cancel(), or at once when it has happened. It must be short and must outlive no
  /// object that it captures by reference: pair it with a token of the same lifetime.
  void on_cancel(std::function<void()> listener) const {
    {
      std::lock_guard lock(state_->mutex);
      if (!state_->flag.load()) {
        state_->listeners.push_back(std::move(listener));
        return;
      }
    }
    listener();
  }

 private:
  struct State {
    std::atomic<bool> flag{false};
    std::mutex mutex;
    std::vector<std::function<void()>> listeners;
  };
  std::shared_ptr<State> state_;
};

/// The bounds of one piece of work: until when, and unless cancelled.
struct Deadline {
  Steady::time_point at = Steady::time_point::max();
  CancelToken cancel;

  bool passed() const { return Steady::now() >= at; }
  static Deadline in(std::chrono::milliseconds span, CancelToken cancel = {}) {
    return {Steady::now() + span, std::move(cancel)};
  }
};

}  // namespace portolan::base
