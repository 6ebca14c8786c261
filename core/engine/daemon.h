#pragma once
/// What every use case of the daemon works with, and who asked for it.
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "model/access.h"
#include "services/log.h"

namespace portolan::config {
struct DaemonSettings;
}
namespace portolan::plugin {
class PluginSet;
}
namespace portolan::router {
class Router;
}
namespace portolan::store {
class Reader;
class Store;
class Writer;
}  // namespace portolan::store

namespace portolan::engine {

using model::Id;

/// Made once by the composition root; outlives every use case.
struct Daemon {
  store::Store& store;
  plugin::PluginSet& plugins;
  router::Router& router;
  /// The settings as they are now; a reload gives another object.
  std::function<std::shared_ptr<const config::DaemonSettings>()> settings;
  /// Where lines go, and from which level on they are made now; may be empty.
  std::function<services::Log()> log;

  services::Log current_log() const { return log ? log() : services::Log(); }
  void say(int level, std::string message) const;
};

/// Who caused a change: what the audit says. Written in the transaction of the change.
struct Act {
  std::string actor;   ///< "alice", "alice (token ci)", "portolan" for what it does by itself.
  std::string remote;  ///< Address of the client; empty for itself.
  std::string request_id;
  bool platform_admin = false;  ///< May be told what others may not: twins, owners, address rules.
};

/// Appends an audit entry of `act` to the transaction.
base::Result<void> note(store::Writer& writer, const Act& act, std::string action,
                        std::string subject, std::string before_json, std::string after_json);

}  // namespace portolan::engine
