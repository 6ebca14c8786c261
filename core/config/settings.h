#pragma once
/// Settings of the program itself, kept in an INI file. Registries are in the manifest, not here.
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace portolan::config {

/// Reads one variable of the environment. Tests give their own.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

struct Settings {
  /// `enabled` in `[plugins]`: the registry types whose plugins may be used.
  std::set<std::string> enabled_types{"docker-registry", "harbor"};
};

/// Where settings are read and, by enable and disable, written.
struct SettingsPlace {
  std::filesystem::path file;      ///< Written to.
  std::filesystem::path fallback;  ///< Read while `file` does not exist; empty = none.
  bool named = false;  ///< By --config or PORTOLAN_CONFIG: then it must exist to be read.
};

/// `option` (--config) wins, then PORTOLAN_CONFIG; else /etc/portolan/portolan.conf, for users
/// other than root after $XDG_CONFIG_HOME/portolan/portolan.conf.
SettingsPlace settings_place(const std::string& option, const Environment& environment, bool root);

/// Defaults when no file is there. invalid_config with "file:line" and the nearest known key for
/// anything that is not understood.
base::Result<Settings> read_settings(const SettingsPlace& place);

/// Adds `type` to or takes it from `plugins.enabled` and replaces the file in one step; comments
/// and order of the other lines stay. False when nothing had to change.
base::Result<bool> set_enabled(const SettingsPlace& place, const std::string& type, bool enabled);

/// `../lib/portolan/plugins` seen from the running executable, so that a relocated installation and
/// a build tree find their own plugins.
std::filesystem::path installed_plugin_directory();

/// PORTOLAN_PLUGIN_DIRS, separated by colons; empty parts are left out.
std::vector<std::filesystem::path> plugin_directories(const Environment& environment);

}  // namespace portolan::config
