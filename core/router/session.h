#pragma once
/// What one router call makes of plugin calls. The room's own.
#include <memory>
#include <string>
#include <vector>

#include "router/call_settings.h"
#include "router/call_thread.h"
#include "router/registry.h"
#include "services/call.h"

namespace portolan::plugin {
class PluginSet;
}

namespace portolan::router {

/// The plugin calls of one router call: they share its deadline and its budget of requests. Used by
/// one thread; what it is made of outlives it.
class Session {
 public:
  /// `reserved_slot`: may use the request slot that is kept for validation.
  Session(plugin::PluginSet& plugins, net::Transport& transport, Registry& registry,
          const CallSettings& settings, bool reserved_slot = false)
      : plugins_(plugins),
        transport_(transport),
        registry_(registry),
        settings_(settings),
        reserved_slot_(reserved_slot) {}

  /// One call into the plugin, on the instance of the pass's kind:
  /// body(plugin::Instance&, services::Call&) answers a Result<T>. A template, so that a routed
  /// call costs no allocation.
  template <class T, class Body>
  base::Result<T> ask(const Gate::Pass& pass, Body&& body) {
    const auto seat = registry_.seat(pass, settings_.deadline);
    if (!seat) return seat.error();
    services::Call call((*seat)->upstream, call_options());
    auto answer = body(*(*seat)->instance, call);
    requests_ += call.requests();
    if (given_up()) registry_.vacate(pass);  // Stuck once, never used again.
    return answer;
  }

  /// Facts there are, or integration gives them now. One at a time, so that a wrong password is
  /// tried once. A registry of another type is `protocol` with the likely right one in the hint.
  /// `heir`: the instance that failed to integrate goes on there, and knows what it has just seen.
  base::Result<void> integrate_once(const Gate::Pass* heir = nullptr);
  /// Anew, whatever there is.
  base::Result<model::Integration> integrate();
  /// A budget, a deadline or a cancel ended it, not something that went wrong.
  bool ended_early(const base::Error& error) const;

 private:
  services::CallOptions call_options() const;
  base::Result<model::Integration> integrate_inside(const Gate::Pass& pass);

  plugin::PluginSet& plugins_;
  net::Transport& transport_;
  Registry& registry_;
  const CallSettings& settings_;
  const bool reserved_slot_;
  std::uint64_t requests_ = 0;
};

/// What every ready type thinks of `upstream`, asked side by side without credentials: the best
/// score first, equals by name. A type that fails has no opinion. Returns when the last one has
/// answered.
std::vector<model::Detection> detect_at(plugin::PluginSet& plugins,
                                        const std::shared_ptr<services::Upstream>& upstream,
                                        const CallSettings& settings);

/// What to write instead of type `given` when another one recognises `upstream` surely; else empty.
std::string better_type(plugin::PluginSet& plugins, const std::string& given,
                        const std::shared_ptr<services::Upstream>& upstream,
                        const CallSettings& settings);

}  // namespace portolan::router
