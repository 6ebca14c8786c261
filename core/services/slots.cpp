#include "services/slots.h"

#include <algorithm>
#include <utility>

#include "net/transport.h"

namespace portolan::services {
namespace {

bool is_same(const std::weak_ptr<net::Inbox>& a, const std::shared_ptr<net::Inbox>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

Slot::Slot(Slot&& other) noexcept
    : slots_(std::exchange(other.slots_, nullptr)), reserved_(other.reserved_) {}

Slot& Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    give_back();
    slots_ = std::exchange(other.slots_, nullptr);
    reserved_ = other.reserved_;
  }
  return *this;
}

void Slot::give_back() {
  if (auto* slots = std::exchange(slots_, nullptr)) slots->give_back(reserved_);
}

Slot Slots::take(const std::shared_ptr<net::Inbox>& waiter, bool may_use_reserved) {
  base::Lock lock(mutex_);
  const auto place = std::find_if(queue_.begin(), queue_.end(),
                                  [&](const auto& other) { return is_same(other, waiter); });
  if (free_ > place - queue_.begin()) {
    --free_;
    if (place != queue_.end()) queue_.erase(place);
    return Slot(*this, false);
  }
  if (!may_use_reserved || !reserved_free_) return {};
  reserved_free_ = false;
  if (place != queue_.end()) queue_.erase(place);
  return Slot(*this, true);
}

void Slots::queue(const std::shared_ptr<net::Inbox>& waiter) {
  base::Lock lock(mutex_);
  const bool queued = std::any_of(queue_.begin(), queue_.end(),
                                  [&](const auto& other) { return is_same(other, waiter); });
  if (!queued) queue_.push_back(waiter);
}

void Slots::leave(const std::shared_ptr<net::Inbox>& waiter) {
  base::Lock lock(mutex_);
  std::erase_if(queue_, [&](const auto& other) { return is_same(other, waiter); });
  wake_the_next();
}

void Slots::give_back(bool reserved) {
  base::Lock lock(mutex_);
  if (reserved) {
    reserved_free_ = true;
  } else {
    ++free_;
  }
  wake_the_next();
}

void Slots::wake_the_next() {
  std::erase_if(queue_, [](const auto& waiter) { return waiter.expired(); });
  // Everybody who could be served, and one more who may be waiting for the reserved place.
  const auto count = std::min(queue_.size(), static_cast<std::size_t>(free_) + 1);
  for (std::size_t i = 0; i < count; ++i) {
    if (auto waiter = queue_[i].lock()) waiter->wake();
  }
}

}  // namespace portolan::services
