#pragma once
/// The inbox that the loop fills: the only place where loop and consumer meet.
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "net/transport.h"

namespace portolan::net {

class Transfer;

/// What loop and consumer both know of one exchange. Members are guarded by the inbox's mutex,
/// except `transfer`, which belongs to the loop thread: null before its start and after its end.
struct Flow {
  explicit Flow(std::uint64_t number) : exchange(number) {}
  const std::uint64_t exchange;
  std::size_t waiting = 0;  ///< Body bytes in the inbox.
  bool paused = false;
  bool aborted = false;
  Transfer* transfer = nullptr;
};

class LoopInbox final : public Inbox {
 public:
  /// `resume`: called by the consumer's thread when a paused flow may go on; any thread, short.
  explicit LoopInbox(std::function<void(std::shared_ptr<Flow>)> resume)
      : resume_(std::move(resume)) {}

  std::optional<Event> next(base::Steady::time_point until) override;
  void wake() override;

  /// [consumer] Before the exchange starts.
  std::shared_ptr<Flow> admit(std::uint64_t exchange);
  /// [consumer] Drops its events, waiting and future. Null when it has ended or never was.
  std::shared_ptr<Flow> drop(std::uint64_t exchange);

  struct Pushed {
    bool pause = false;  ///< Enough waits here: stop receiving until `resume`.
    bool ring = false;   ///< The consumer sleeps: call ring() when all of this turn is pushed.
  };
  /// [loop] Moves the events in. `flow` gets no further one after a done.
  Pushed push(const std::shared_ptr<Flow>& flow, std::vector<Event>& events);
  void ring() { changed_.notify_one(); }

 private:
  struct Item {
    Event event;
    std::shared_ptr<Flow> flow;
  };
  const std::function<void(std::shared_ptr<Flow>)> resume_;
  base::Mutex mutex_;
  base::Condition changed_;
  std::deque<Item> items_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Flow>> flows_ GUARDED_BY(mutex_);  // Admitted, done not yet pushed.
  bool sleeping_ GUARDED_BY(mutex_) = false;
  bool woken_ GUARDED_BY(mutex_) = false;
};

}  // namespace portolan::net
