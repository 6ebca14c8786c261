#pragma once
/// Everything that a serving process is made of, in the order it is made.
#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "api/caller.h"
#include "api/metrics.h"
#include "api/resources.h"
#include "api/server.h"
#include "base/log.h"
#include "cli/session.h"
#include "config/configuration.h"
#include "engine/fleet.h"
#include "engine/grants.h"
#include "engine/jobs.h"
#include "engine/keeper.h"
#include "engine/registries.h"
#include "engine/webhooks.h"
#include "store/store.h"

namespace portolan::daemon {

/// The settings as they are now, for everybody who asks. Safe from any thread.
class Settings {
 public:
  explicit Settings(config::Configuration configuration);
  std::shared_ptr<const config::DaemonSettings> now() const EXCLUDES(mutex_);
  /// Takes over what may change while running. Its answer names what did, and what needs a restart.
  base::Result<base::Json> change_to(config::Configuration next) EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  const config::Configuration
      running_;  // Of the start: what a restart would change is told from it.
  config::Configuration latest_ GUARDED_BY(mutex_);
  std::shared_ptr<const config::DaemonSettings> now_ GUARDED_BY(mutex_);
};

/// The key that seals what is kept. Made at the first start; a database without its key is refused.
base::Result<base::SealingKey> open_key(const config::DaemonSettings::Store& settings,
                                        std::ostream& notices);

/// A process that serves. Made by start(), ended by stop(); used by one thread.
class Running {
 public:
  static base::Result<std::unique_ptr<Running>> start(cli::Session& session);
  ~Running();

  const std::vector<api::Listening>& listening() const { return server_->listening(); }
  /// Printed once: how the first admin comes in. Absent when there are users.
  std::optional<std::string> setup_token();
  /// Everything or nothing. Any thread.
  base::Result<base::Json> reload() EXCLUDES(reload_mutex_);
  base::Log& log() { return log_; }
  /// Once a minute: what may wait.
  void housekeeping();
  /// Every few seconds: what a start or a sweep needed and nothing uses now.
  void give_back_memory();
  /// Stops taking requests, lets work end within server.drain. False: something did not come back,
  /// so leave the process by _exit.
  bool stop();

 private:
  Running(cli::Session& session, std::unique_ptr<store::Store> store, plugin::PluginSet& plugins,
          router::Router& router);
  base::Result<void> listen();
  base::Result<base::Json> reload_now() REQUIRES(reload_mutex_);
  api::Routes routes();
  void report(api::Samples& samples) const;
  base::Json load_plugins() REQUIRES(reload_mutex_);

  cli::Session& session_;
  Settings settings_;
  base::Log log_;
  base::Mutex reload_mutex_;  // One reload at a time: SIGHUP and the API.
  std::unique_ptr<store::Store> store_;
  engine::Daemon daemon_;
  engine::Fleet fleet_;
  engine::JobRunner jobs_;
  engine::Registries registries_;
  engine::Grants grants_;
  engine::Keeper keeper_;
  engine::Webhooks webhooks_;
  api::Authenticator authenticator_;
  std::shared_ptr<api::Metrics> metrics_ = std::make_shared<api::Metrics>();
  std::unique_ptr<api::Resources> resources_;
  std::unique_ptr<api::Server> server_;
  std::atomic<const api::Server*> serving_{
      nullptr};  // server_, for who may ask before it is there.
  std::atomic<bool> stopping_{false}, reloaded_well_{true};
  std::atomic<std::int64_t> reloaded_ms_{0};
  bool settled_ = false;  // What only the start needed is given back.
  std::thread news_;      // Rings the bell after every committed write.
};

}  // namespace portolan::daemon
