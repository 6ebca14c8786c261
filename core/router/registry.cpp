#include "router/registry.h"

#include "router/call_thread.h"
#include "services/call.h"

namespace portolan::router {

Registry::Registry(services::UpstreamOptions options, std::shared_ptr<plugin::Type> type,
                   std::shared_ptr<services::Upstream> upstream, std::string config_json)
    : options_(std::move(options)),
      type_(std::move(type)),
      config_json_(std::move(config_json)),
      upstream_(std::move(upstream)) {}

base::Result<Registry::Lease> Registry::lease(const base::Deadline& deadline) {
  {
    const base::Lock lock(mutex_);
    if (!idle_.empty()) {
      auto instance = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(instance), upstream_, generation_);
    }
  }
  return make_instance(deadline);
}

base::Result<Registry::Lease> Registry::make_instance(const base::Deadline& deadline) {
  std::string base = options_.registry.address, facts;
  std::shared_ptr<services::Upstream> upstream;
  std::uint64_t generation = 0;
  {
    const base::Lock lock(mutex_);
    generation = generation_;
    upstream = upstream_;
    if (integration_ && *integration_) {
      base = (*integration_)->address;
      facts = (*integration_)->facts_json;
    }
  }
  services::CallOptions options;
  options.deadline = deadline;
  const auto call = services::Call::make(nullptr, std::move(options));
  auto made = type_->create(*call, base, config_json_, facts);
  if (!made) return made.error();
  return Lease(*this, *std::move(made), std::move(upstream), generation);
}

void Registry::give_back(std::unique_ptr<plugin::Instance> instance, std::uint64_t generation) {
  if (given_up()) return;
  const base::Lock lock(mutex_);
  if (generation == generation_) idle_.push_back(std::move(instance));
}

std::shared_ptr<services::Upstream> Registry::upstream() const {
  const base::Lock lock(mutex_);
  return upstream_;
}

std::optional<base::Result<model::Integration>> Registry::integration() const {
  const base::Lock lock(mutex_);
  return integration_;
}

void Registry::keep(model::Integration integration, std::shared_ptr<services::Upstream> upstream) {
  std::vector<std::unique_ptr<plugin::Instance>> old;  // Destroyed without the lock.
  const base::Lock lock(mutex_);
  integration_.emplace(std::move(integration));
  upstream_ = std::move(upstream);
  old.swap(idle_);
  ++generation_;
  has_facts_ = true;
}

void Registry::keep_failure(base::Error error) {
  const base::Lock lock(mutex_);
  if (!integration_ || !*integration_) integration_.emplace(std::move(error));
}

}  // namespace portolan::router
