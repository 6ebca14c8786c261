#include "router/registry.h"

#include "services/call.h"

namespace portolan::router {

Registry::Registry(services::UpstreamOptions options, std::shared_ptr<plugin::Type> type,
                   std::shared_ptr<services::Upstream> upstream, std::string config_json)
    : options_(std::move(options)),
      type_(std::move(type)),
      config_json_(std::move(config_json)),
      upstream_(std::move(upstream)) {}

base::Result<Registry::Seat*> Registry::seat(const Gate::Pass& pass,
                                             const base::Deadline& deadline) {
  Seat& seat = seat_of(pass);
  if (seat.instance && seat.generation == generation_.load()) return &seat;
  auto made = make_seat(deadline);
  if (!made) return made.error();
  seat = *std::move(made);
  return &seat;
}

base::Result<Registry::Seat> Registry::make_seat(const base::Deadline& deadline) const {
  std::string base = options_.registry.address, facts;
  Seat seat;
  {
    const base::Lock lock(mutex_);
    seat.generation = generation_.load();
    seat.upstream = upstream_;
    if (integration_ && *integration_) {
      base = (*integration_)->address;
      facts = (*integration_)->facts_json;
    }
  }
  services::Call call(nullptr, {.deadline = deadline});
  auto made = type_->create(call, base, config_json_, facts);
  if (!made) return made.error();
  seat.instance = *std::move(made);
  return seat;
}

std::shared_ptr<services::Upstream> Registry::upstream() const {
  const base::Lock lock(mutex_);
  return upstream_;
}

std::optional<base::Result<model::Integration>> Registry::integration() const {
  const base::Lock lock(mutex_);
  return integration_;
}

base::Result<void> Registry::adopt(net::Transport& transport, model::Integration found) {
  auto moved = upstream();
  if (found.address != moved->registry().address) {
    // Requests of the plugin are relative to the base, and that has moved to another path.
    services::UpstreamOptions options = options_;
    options.registry.address = found.address;
    auto opened = services::Upstream::open(transport, std::move(options));
    if (!opened) return opened.error();
    moved = *std::move(opened);
  }
  const base::Lock lock(mutex_);
  integration_.emplace(std::move(found));
  upstream_ = std::move(moved);
  ++generation_;
  return {};
}

void Registry::keep_failure(base::Error error) {
  const base::Lock lock(mutex_);
  if (!integration_ || !*integration_) integration_.emplace(std::move(error));
}

}  // namespace portolan::router
