#pragma once
#include "router/registry.h"
#include "router/router.h"

namespace portolan::router {

/// The plugin calls of one router call: they share its deadline and its budget of requests. Used by
/// one thread; `registry`, `transport` and `settings` outlive it.
class Session {
 public:
  /// `reserved_slot`: may use the request slot that is kept for validation.
  Session(Router& router, Registry& registry, const CallSettings& settings, bool reserved_slot)
      : router_(router), registry_(registry), settings_(settings), reserved_slot_(reserved_slot) {}

  /// One call into the plugin, on an instance that nobody else uses meanwhile:
  /// body(plugin::Instance&, services::Call&) answers a Result<T>. A template, so that a routed
  /// call costs no allocation.
  template <class T, class Body>
  base::Result<T> ask(Body&& body) {
    auto lease = registry_.lease(settings_.deadline);
    if (!lease) return lease.error();
    const auto call = make_call(lease->take_upstream());
    auto answer = body(**lease, *call);
    requests_ += call->requests();
    return answer;
  }

  /// Facts there are, or integration gives them now. One at a time, so that a wrong password is
  /// tried once. A registry of another type is `protocol` with the likely right one in the hint.
  base::Result<void> integrate_once();
  /// Anew, whatever there is.
  base::Result<model::Integration> integrate();

 private:
  std::shared_ptr<services::Call> make_call(std::shared_ptr<services::Upstream> upstream) const;
  base::Result<model::Integration> integrate_inside();

  Router& router_;
  Registry& registry_;
  const CallSettings& settings_;
  const bool reserved_slot_;
  std::uint64_t requests_ = 0;
};

}  // namespace portolan::router
