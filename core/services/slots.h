#pragma once
/// How many requests of one registry may be in flight, all calls together.
#include <deque>
#include <memory>

#include "base/mutex.h"

namespace portolan::net {
class Inbox;
}

namespace portolan::services {

class Slots;

/// A place taken; given back when it goes. Empty when moved from or never taken.
class Slot {
 public:
  Slot() = default;
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot() { give_back(); }
  explicit operator bool() const { return slots_ != nullptr; }
  void give_back();

 private:
  friend class Slots;
  Slot(Slots& slots, bool reserved) : slots_(&slots), reserved_(reserved) {}
  Slots* slots_ = nullptr;
  bool reserved_ = false;
};

/// First come, first served: who waits is served before who only tries. Safe from any thread.
class Slots {
 public:
  /// One more than `count` exists, for those that may use the reserved one.
  explicit Slots(int count) : free_(count) {}

  /// Takes one if nobody who waits would be passed over. `waiter` keeps its turn once it queued.
  Slot take(const std::shared_ptr<net::Inbox>& waiter, bool may_use_reserved) EXCLUDES(mutex_);
  /// Queues `waiter`: it is woken when its turn has come and must then take().
  void queue(const std::shared_ptr<net::Inbox>& waiter) EXCLUDES(mutex_);
  /// Leaves the queue. Harmless for who is not in it.
  void leave(const std::shared_ptr<net::Inbox>& waiter) EXCLUDES(mutex_);

 private:
  friend class Slot;
  void give_back(bool reserved) EXCLUDES(mutex_);
  void wake_the_next() REQUIRES(mutex_);

  base::Mutex mutex_;
  int free_ GUARDED_BY(mutex_);
  bool reserved_free_ GUARDED_BY(mutex_) = true;
  std::deque<std::weak_ptr<net::Inbox>> queue_ GUARDED_BY(mutex_);
};

}  // namespace portolan::services
