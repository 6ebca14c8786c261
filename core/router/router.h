#pragma once
/// (registry, call) → the plugin for its type, and its answer or a named error.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/outcome.h"
#include "plugin/plugin_set.h"
#include "services/upstream.h"

namespace portolan::router {

/// One registry under management: its upstream, its facts, the gate of its calls. Shared by calls.
class Registry;

struct CallSettings {
  base::Deadline deadline;
  std::uint64_t max_requests = PORTOLAN_NO_BUDGET;
  std::function<void(const services::LogLine&)> log;
  std::function<void(std::uint64_t, std::uint64_t, std::string_view)> progress;
};

/// Runs calls on the caller's thread; see CallThread for an answer within limits::answer_grace.
/// Safe from any thread.
class Router {
 public:
  Router(plugin::PluginSet& plugins, net::Transport& transport);
  ~Router();

  /// Prepares a registry: type known, upstream open. Nothing is contacted.
  base::Result<std::shared_ptr<Registry>> add(services::UpstreamOptions options);

  base::Result<model::Integration> integrate(Registry& registry, const CallSettings& settings);
  /// What integration found, or why the last one failed; nothing before the first. Asks nobody: the
  /// engine calls it after validate(), so that a refused password is not tried again.
  std::optional<base::Result<model::Integration>> integration(const Registry& registry) const;

  /// Host probe, integration when there are no facts yet, the plugin's checks: composed as issue 3
  /// §4 says. Never an Error for what a check can say; an Error only for unknown type, gate,
  /// internal. `each` sees checks as they come.
  base::Result<model::Validation> validate(
      Registry& registry, model::Depth depth, const CallSettings& settings,
      const std::function<void(const model::Check&)>& each = {});
  base::Result<model::Statistics> statistics(Registry& registry, model::Level level,
                                             const CallSettings& settings);

  base::Result<void> spaces(Registry&, const plugin::Query&, const CallSettings&,
                            const plugin::Receiver<model::Space>&, std::string& cursor);
  base::Result<void> repositories(Registry&, const plugin::Query&, const CallSettings&,
                                  const plugin::Receiver<model::Repository>&, std::string& cursor);
  base::Result<void> tags(Registry&, const plugin::Query&, const CallSettings&,
                          const plugin::Receiver<model::Tag>&, std::string& cursor);
  base::Result<void> artifacts(Registry&, const plugin::Query&, const CallSettings&,
                               const plugin::Receiver<model::Artifact>&, std::string& cursor);

  /// Every ready type's detect at `address`, best score first.
  std::vector<model::Detection> detect(const services::UpstreamOptions& address,
                                       const CallSettings& settings);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace portolan::router
