#pragma once
/// The live side of every registry that is kept: router::Registry objects, made from rows.
#include <map>
#include <memory>

#include "base/mutex.h"
#include "engine/daemon.h"
#include "model/records.h"

namespace portolan::base {
struct Url;
}
namespace portolan::net {
class AddressPolicy;
}
namespace portolan::router {
class Registry;
}

namespace portolan::engine {

/// Safe from any thread.
class Fleet {
 public:
  explicit Fleet(const Daemon& daemon) : daemon_(daemon) {}

  struct Live {
    model::RegistryRecord record;  ///< Without secrets.
    std::shared_ptr<router::Registry> registry;
  };
  /// The registry as its row says now; made anew when its settings or secret or the daemon's
  /// settings changed since, with the facts that are kept. An Error is found anew at each call.
  /// plugin_missing, plugin_disabled, plugin_refused, invalid_config (options that a newer schema
  /// refuses, naming the field), not_found.
  base::Result<Live> live(Id registry) EXCLUDES(mutex_);
  /// As live(), for what sends the credential: unauthorized while it is blocked or was just
  /// refused.
  base::Result<Live> trusted(Id registry) EXCLUDES(mutex_);
  /// One that is not kept, for "try this".
  base::Result<std::shared_ptr<router::Registry>> draft(const model::RegistryRecord& record) const;
  /// Where registries of the platform, or of workspaces, may connect to.
  base::Result<net::AddressPolicy> policy(bool of_workspace) const;
  /// policy: a literal address that registries of the platform may not have. A name is judged when
  /// it is connected to.
  base::Result<void> may_reach(const base::Url& url) const;

 private:
  struct Entry {
    std::int64_t revision = 0, secret_version = 0;
    std::shared_ptr<const config::DaemonSettings> settings;  ///< The address policy is theirs.
    std::shared_ptr<router::Registry> registry;
  };
  std::shared_ptr<router::Registry> kept(const Entry& as, Id registry) EXCLUDES(mutex_);
  void forget(Id registry) EXCLUDES(mutex_);

  const Daemon& daemon_;
  base::Mutex mutex_;
  std::map<Id, Entry> entries_ GUARDED_BY(mutex_);
};

}  // namespace portolan::engine
