#include "router/session.h"

#include <algorithm>

namespace portolan::router {

std::shared_ptr<services::Call> Session::make_call(
    std::shared_ptr<services::Upstream> upstream) const {
  services::CallOptions options;
  options.deadline = settings_.deadline;
  options.reserved_slot = reserved_slot_;
  options.anonymous = settings_.anonymous;
  options.log = settings_.log;
  options.progress = settings_.progress;
  if (settings_.max_requests != PORTOLAN_NO_BUDGET) {
    options.max_requests = settings_.max_requests - std::min(settings_.max_requests, requests_);
  }
  return services::Call::make(std::move(upstream), std::move(options));
}

base::Result<void> Session::integrate_once() {
  if (registry_.has_facts()) return {};
  const auto pass = registry_.gate().enter(Kind::integration, settings_.deadline);
  if (!pass) return pass.error();
  if (registry_.has_facts()) return {};  // Whoever was inside has brought them.
  const auto found = integrate_inside();
  return found ? base::Result<void>() : found.error();
}

base::Result<model::Integration> Session::integrate() {
  const auto pass = registry_.gate().enter(Kind::integration, settings_.deadline);
  if (!pass) return pass.error();
  return integrate_inside();
}

base::Result<model::Integration> Session::integrate_inside() {
  auto found = ask<model::Integration>(
      [](plugin::Instance& instance, services::Call& call) { return instance.integrate(call); });
  if (!found) {
    if (found.error().code == base::Code::protocol) {
      std::string hint = router_.better_type(registry_, settings_);
      if (!hint.empty()) found.error().hint = std::move(hint);
    }
    registry_.keep_failure(found.error());
    return found;
  }
  if (auto adopted = router_.adopt(registry_, *found); !adopted) return adopted.error();
  return found;
}

}  // namespace portolan::router
