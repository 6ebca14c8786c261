#include "api/http.h"

#include <map>

#include "base/mutex.h"

namespace portolan::api {

struct Bell::Listening::Shared {
  base::Mutex mutex;
  std::uint64_t last GUARDED_BY(mutex) = 0;
  std::map<std::uint64_t, std::function<void()>> listeners GUARDED_BY(mutex);
};

Bell::Bell() : shared_(std::make_shared<Listening::Shared>()) {}

// Under the lock: who has let go of its Listening may rely on not being called.
void Bell::ring() const {
  base::Lock lock(shared_->mutex);
  for (const auto& [number, listener] : shared_->listeners) listener();
}

Bell::Listening Bell::listen(std::function<void()> listener) const {
  base::Lock lock(shared_->mutex);
  shared_->listeners.emplace(++shared_->last, std::move(listener));
  return {shared_, shared_->last};
}

Bell::Listening::Listening(std::shared_ptr<Shared> bell, std::uint64_t number)
    : bell_(std::move(bell)), number_(number) {}

Bell::Listening::Listening(Listening&& other) noexcept
    : bell_(std::move(other.bell_)), number_(other.number_) {}

Bell::Listening& Bell::Listening::operator=(Listening&& other) noexcept {
  std::swap(bell_, other.bell_);
  std::swap(number_, other.number_);
  return *this;
}

Bell::Listening::~Listening() {
  if (!bell_) return;
  base::Lock lock(bell_->mutex);
  bell_->listeners.erase(number_);
}

}  // namespace portolan::api
