#include "router/session.h"

#include <algorithm>

namespace portolan::router {

services::CallOptions Session::call_options() const {
  std::uint64_t budget = settings_.max_requests;
  if (budget != PORTOLAN_NO_BUDGET) budget -= std::min(budget, requests_);
  return {.deadline = settings_.deadline,
          .max_requests = budget,
          .reserved_slot = reserved_slot_,
          .anonymous = settings_.anonymous,
          .log = settings_.log,
          .progress = settings_.progress};
}

base::Result<void> Session::integrate_once(const Gate::Pass* heir) {
  if (registry_.has_facts()) return {};
  const auto pass = registry_.gate().enter(Kind::integration, settings_.deadline);
  if (!pass) return pass.error();
  if (registry_.has_facts()) return {};  // Whoever was inside has brought them.
  const auto found = integrate_inside(*pass);
  if (found) return {};
  if (heir) registry_.hand_over(*pass, *heir);
  return found.error();
}

base::Result<model::Integration> Session::integrate() {
  const auto pass = registry_.gate().enter(Kind::integration, settings_.deadline);
  if (!pass) return pass.error();
  return integrate_inside(*pass);
}

bool Session::ended_early(const base::Error& error) const {
  const base::Deadline& deadline = settings_.deadline;
  return error.budget || (error.code == base::Code::timeout && deadline.passed()) ||
         (error.code == base::Code::cancelled && deadline.cancel.cancelled());
}

base::Result<model::Integration> Session::integrate_inside(const Gate::Pass& pass) {
  auto found = ask<model::Integration>(pass, [](plugin::Instance& instance, services::Call& call) {
    return instance.integrate(call);
  });
  if (!found) {
    if (found.error().code == base::Code::protocol) {
      std::string hint = better_type(plugins_, registry_.type(), registry_.upstream(), settings_);
      if (!hint.empty()) found.error().hint = std::move(hint);
    }
    registry_.keep_failure(found.error());
    return found;
  }
  registry_.vacate(pass);  // Its instance was made without these facts.
  if (auto adopted = registry_.adopt(transport_, *found); !adopted) return adopted.error();
  return found;
}

}  // namespace portolan::router
