#pragma once
/// What the commands share: where to print, settings, plugins, how to be interrupted.
#include <iosfwd>
#include <memory>
#include <string>

#include "base/cancel.h"
#include "base/json.h"
#include "base/result.h"
#include "cli/signals.h"
#include "config/configuration.h"
#include "config/parse.h"
#include "net/transport.h"
#include "plugin/plugin_set.h"
#include "router/router.h"

namespace portolan::cli {

/// Standard streams and what the terminal can do. Colour: by terminal and NO_COLOR.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool color = false;     ///< Of `out`.
  bool progress = false;  ///< `err` is a terminal.
};

/// One invocation. Made in main, used by one command.
class Session {
 public:
  Session(Terminal terminal, config::ParsedCommand arguments, base::CancelToken cancel,
          std::shared_ptr<Wishes> wishes = nullptr);

  const config::ParsedCommand& args() const { return arguments_; }
  Terminal& terminal() { return terminal_; }
  const base::CancelToken& cancel() const { return cancel_; }
  /// Of a command that serves.
  Wishes& wishes() { return *wishes_; }

  /// Settings and plugins, read at first use. The Error is for exit_config.
  base::Result<const config::DaemonSettings*> settings();
  /// The same with where each comes from and every mistake. Flags of the command are in it.
  const config::Configuration& configuration();
  /// As the files and the environment are now, for a reload.
  config::Configuration load_configuration() const;
  base::Result<plugin::PluginSet*> plugins();
  /// Where plugins are looked for and which are enabled, by these settings and the command line.
  plugin::SetOptions plugin_options(const config::DaemonSettings& settings) const;
  config::SettingsPlace settings_place() const;
  /// The router over those plugins and the network, made at first use; lives as long as the
  /// session.
  base::Result<router::Router*> router();
  /// The network that the router uses, made at first use.
  net::Transport& transport();

  /// Prints `value` as -o says (json or yaml). False for "table": the caller prints its own.
  bool print(const base::Json& value);

  /// "portolan: what happened" and the hint on standard error; returns `exit_code`.
  int fail(const base::Error& error, int exit_code);
  /// "portolan: warning: NAME: ..." on standard error, one line each.
  void warn(const std::string& registry, const std::vector<std::string>& warnings);
  /// Prints log lines of --log-level and above on standard error, from any thread.
  services::Log logger();

 private:
  Terminal terminal_;
  config::ParsedCommand arguments_;
  base::CancelToken cancel_;
  std::shared_ptr<Wishes> wishes_;
  std::optional<config::Configuration> configuration_;
  std::unique_ptr<plugin::PluginSet> plugins_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<router::Router> router_;
};

/// Of an error before anything was contacted: 64 for the command line, exit_config for the values
/// in it and in files, exit_failed for the rest.
int exit_code_of(const base::Error& error);

}  // namespace portolan::cli
