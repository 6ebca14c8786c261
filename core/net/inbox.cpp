#include "net/inbox.h"

#include <algorithm>

#include "net/receive_buffer.h"

namespace portolan::net {

std::optional<Event> LoopInbox::next(base::Steady::time_point until) {
  std::shared_ptr<Flow> to_resume;
  std::optional<Event> event;
  {
    base::Lock lock(mutex_);
    while (items_.empty() && !woken_) {
      sleeping_ = true;
      // A wait until the end of time overflows in libstdc++.
      const bool late = until == base::Steady::time_point::max()
                            ? (changed_.wait(mutex_), false)
                            : changed_.wait_until(mutex_, until) == std::cv_status::timeout;
      sleeping_ = false;
      if (late && items_.empty()) break;
    }
    if (items_.empty()) {
      woken_ = false;
      return std::nullopt;
    }
    Flow& flow = *items_.front().flow;
    event = std::move(items_.front().event);
    flow.waiting -= event->bytes.size();
    if (flow.paused && flow.waiting <= model::limits::buffered_bytes / 2) {
      flow.paused = false;
      to_resume = std::move(items_.front().flow);
    }
    items_.pop_front();
  }
  if (to_resume) resume_(std::move(to_resume));
  return event;
}

void LoopInbox::wake() {
  {
    base::Lock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

std::shared_ptr<Flow> LoopInbox::admit(std::uint64_t exchange) {
  auto flow = std::make_shared<Flow>(exchange);
  base::Lock lock(mutex_);
  flows_.push_back(flow);
  return flow;
}

std::shared_ptr<Flow> LoopInbox::drop(std::uint64_t exchange) {
  std::shared_ptr<Flow> flow;
  base::Lock lock(mutex_);
  std::erase_if(items_, [&](const Item& item) { return item.event.exchange == exchange; });
  const auto found = std::find_if(flows_.begin(), flows_.end(),
                                  [&](const auto& known) { return known->exchange == exchange; });
  if (found == flows_.end()) return nullptr;
  flow = *found;
  flow->aborted = true;
  flows_.erase(found);
  return flow;
}

LoopInbox::Pushed LoopInbox::push(const std::shared_ptr<Flow>& flow, std::vector<Event>& events) {
  base::Lock lock(mutex_);
  if (flow->aborted) {
    events.clear();
    return {};
  }
  if (events.back().kind == Event::Kind::done) std::erase(flows_, flow);
  for (Event& event : events) {
    flow->waiting += event.bytes.size();
    items_.push_back({std::move(event), flow});
  }
  events.clear();
  // What one more turn brings must still fit.
  if (flow->waiting + kTurnBytes > model::limits::buffered_bytes) flow->paused = true;
  return {flow->paused, std::exchange(sleeping_, false)};
}

}  // namespace portolan::net
