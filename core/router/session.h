#pragma once
#include <functional>

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

  template <class T>
  using Body = std::function<base::Result<T>(plugin::Instance&, services::Call&)>;

  /// One call into the plugin, on an instance that nobody else uses meanwhile.
  template <class T>
  base::Result<T> ask(const Body<T>& body) {
    auto lease = registry_.lease(settings_.deadline);
    if (!lease) return lease.error();
    const auto call = make_call();
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
  std::shared_ptr<services::Call> make_call() const;
  base::Result<model::Integration> integrate_inside();

  Router& router_;
  Registry& registry_;
  const CallSettings& settings_;
  const bool reserved_slot_;
  std::uint64_t requests_ = 0;
};

}  // namespace portolan::router
