#pragma once
/// (registry, call) → the plugin for its type, and its answer or a named error.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/outcome.h"
#include "plugin/instance.h"
#include "router/call_settings.h"

namespace portolan::net {
class Transport;
}
namespace portolan::plugin {
class PluginSet;
}
namespace portolan::services {
class Traffic;
struct UpstreamOptions;
}  // namespace portolan::services

namespace portolan::router {

class Harvest;

/// One registry under management: its upstream, its facts, the gate of its calls. Shared by calls.
class Registry;

/// Runs calls on the caller's thread and returns when the plugin does; answer_in_time() gives an
/// answer within limits::answer_grace. One call of a kind (integration, validation, statistics,
/// catalog, change) runs at a time for a registry; a second one waits until its deadline. Safe from
/// any thread. `plugins` and `transport` outlive it and every call, abandoned ones included.
class Router {
 public:
  Router(plugin::PluginSet& plugins, net::Transport& transport);

  /// Prepares a registry: type known, options by its schema, upstream open. Nothing is contacted.
  /// `known`: what an earlier process found out at this origin; spares an integration.
  /// plugin_missing, plugin_disabled, plugin_refused, or invalid_config naming every mistake.
  base::Result<std::shared_ptr<Registry>> add(services::UpstreamOptions options,
                                              std::optional<model::Integration> known = {});

  /// What the plugin finds out; kept for every later call.
  base::Result<model::Integration> integrate(Registry& registry, const CallSettings& settings);
  /// What integration found, or why the last one failed; nothing before the first. Asks nobody: the
  /// engine calls it after validate(), so that a refused password is not tried again.
  std::optional<base::Result<model::Integration>> integration(const Registry& registry) const;

  /// Host probe, integration when there are no facts yet, the plugin's checks: composed as issue 3
  /// §4 says. What a check can say is no Error; an Error only when the gate stays shut. `each` sees
  /// checks as they are made, on this thread.
  base::Result<model::Validation> validate(
      Registry& registry, model::Depth depth, const CallSettings& settings,
      const std::function<void(const model::Check&)>& each = {});

  /// Integrates first when there are no facts. A budget, deadline or cancel that ends it gives what
  /// was reached, not complete.
  base::Result<model::Statistics> statistics(Registry& registry, model::Level level,
                                             const CallSettings& settings);
  /// As above, through a harvest of that level which keeps what arrived when nobody waits any more.
  base::Result<model::Statistics> statistics(Registry& registry, model::Level level,
                                             const CallSettings& settings, Harvest& harvest);

  base::Result<void> spaces(Registry&, const plugin::Query&, const CallSettings&,
                            const plugin::Receiver<model::Space>&, std::string& cursor);
  base::Result<void> repositories(Registry&, const plugin::Query&, const CallSettings&,
                                  const plugin::Receiver<model::Repository>&, std::string& cursor);
  base::Result<void> tags(Registry&, const plugin::Query&, const CallSettings&,
                          const plugin::Receiver<model::Tag>&, std::string& cursor);
  base::Result<void> artifacts(Registry&, const plugin::Query&, const CallSettings&,
                               const plugin::Receiver<model::Artifact>&, std::string& cursor);

  // Changes, and the list of robots: one of all these at a time for a registry. As in
  // plugin::Instance; integrates first when there are no facts.

  base::Result<model::Space> create_space(Registry&, const std::string& name, model::Visibility,
                                          const CallSettings&);
  base::Result<void> remove_space(Registry&, const std::string& name, const CallSettings&);
  base::Result<model::Space> set_visibility(Registry&, const std::string& name, model::Visibility,
                                            const CallSettings&);
  base::Result<model::Robot> issue_robot(Registry&, const std::string& name,
                                         const std::vector<model::Grant>& grants,
                                         std::uint32_t lifetime_days, const CallSettings&);
  base::Result<model::Robot> rewrite_robot(Registry&, const std::string& id,
                                           const std::vector<model::Grant>& grants,
                                           const CallSettings&);
  base::Result<void> revoke_robot(Registry&, const std::string& id, const CallSettings&);
  base::Result<std::vector<model::Robot>> list_robots(Registry&, const std::string& prefix,
                                                      const CallSettings&);

  /// Every ready type's detect at `address`, side by side and without credentials; best score
  /// first, equals by name.
  std::vector<model::Detection> detect(const services::UpstreamOptions& address,
                                       const CallSettings& settings);

  /// What all exchanges of calls through this router came to.
  const services::Traffic& traffic() const { return *traffic_; }

 private:
  template <class T, class Body>
  base::Result<T> change(Registry& registry, const CallSettings& settings, Body&& body);

  base::Result<void> list(
      Registry& registry, const CallSettings& settings,
      const std::function<base::Result<void>(plugin::Instance&, services::Call&)>& body);

  plugin::PluginSet& plugins_;
  net::Transport& transport_;
  // Shared: an abandoned call may count after us.
  const std::shared_ptr<services::Traffic> traffic_;
};

}  // namespace portolan::router
