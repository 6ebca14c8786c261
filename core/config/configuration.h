#pragma once
/// The daemon's settings as they are in force, and where each of them comes from.
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "config/command.h"
#include "config/daemon_settings.h"
#include "config/parse.h"
#include "config/setting.h"
#include "config/settings.h"

namespace portolan::config {

/// A value from the command line.
struct SettingFlag {
  std::string name;  ///< "server.listen"
  std::string text;
  std::string origin;  ///< "flag --listen"
};

/// Later ones win: the file, `conf.d/*.conf` beside it in lexical order, the environment, flags.
struct Sources {
  SettingsPlace place{};
  Environment environment{};
  std::vector<std::string> variables{};  ///< Names that are set, to tell of misspelt ones.
  std::vector<SettingFlag> flags{};
  bool root = false;  ///< Decides about defaults of paths.
};

/// One setting in force.
struct InForce {
  std::string name{};
  std::string text{};    ///< As a file would have it.
  std::string origin{};  ///< "FILE:LINE", "environment NAME", "flag --NAME", "default".
};

struct Configuration {
  DaemonSettings settings{};            ///< To be used only without mistakes.
  std::vector<InForce> in_force{};      ///< Every setting, in the order of settings_of().
  std::vector<base::Error> mistakes{};  ///< All of them: invalid_config; invalid_argument of flags.
  std::vector<std::string> warnings{};
  std::vector<std::filesystem::path> files{};  ///< Those that were read, in order.

  /// Of a setting that exists.
  const InForce& at(std::string_view name) const;
};

/// Reads everything and says everything that is wrong. Relative paths of a file start at its
/// folder. Opens no file but those with settings.
Configuration load(const Sources& sources);

/// The names of settings that differ and cannot change without a restart.
std::vector<std::string> need_restart(const Configuration& running, const Configuration& next);

/// The options of a command that takes settings: --set SECTION.KEY=VALUE and some with names of
/// their own.
std::vector<Option> setting_options();

/// What those options say. A --set without "=" is kept with an empty text and told by load().
std::vector<SettingFlag> setting_flags(const ParsedCommand& arguments);

/// The names of the variables of this process.
std::vector<std::string> process_variables();

/// Adds `type` to or takes it from `plugins.enabled`, in the file that sets it, and replaces that
/// file in one step; comments and order of the other lines stay. Gives that file; nothing when
/// nothing had to change. invalid_config when a file has a mistake, or the environment decides.
base::Result<std::optional<std::filesystem::path>> set_enabled(const SettingsPlace& place,
                                                               const Environment& environment,
                                                               const std::string& type,
                                                               bool enabled);

// The room's own: what no single setting can tell.

/// Fills server.listen, store.path and store.key-file where they are empty.
void fill_paths(DaemonSettings& settings, const Environment& environment, bool root);

/// Adds to the mistakes what does not go together. A rule about a setting of `bad` is left out: its
/// value is not the one that was meant.
void check_settings(Configuration& configuration, const std::set<std::string>& bad);

}  // namespace portolan::config
