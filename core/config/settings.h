#pragma once
/// Where the settings of the program are kept, and the one that the program writes itself.
/// Registries are in the manifest, not here.
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace portolan::config {

/// Reads one variable of the environment. Tests give their own.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

/// Where settings are read and, by enable and disable, written.
struct SettingsPlace {
  std::filesystem::path file;      ///< Written to.
  std::filesystem::path fallback;  ///< Read while `file` does not exist; empty = none.
  bool named = false;  ///< By --config or PORTOLAN_CONFIG: then it must exist to be read.
};

/// `option` (--config) wins, then PORTOLAN_CONFIG; else /etc/portolan/portolan.conf, for users
/// other than root after $XDG_CONFIG_HOME/portolan/portolan.conf.
SettingsPlace settings_place(const std::string& option, const Environment& environment, bool root);

/// The settings file, if there is one, and `conf.d/*.conf` beside it in lexical order. A named file
/// that is missing and a folder that cannot be read are `mistakes`.
std::vector<std::filesystem::path> settings_files(const SettingsPlace& place,
                                                  std::vector<base::Error>& mistakes);

/// What a registry type may be called: "docker-registry".
bool is_type_name(const std::string& word);

/// Adds `type` to or takes it from `plugins.enabled`, in the file that sets it, and replaces that
/// file in one step; comments and order of the other lines stay. Gives that file; nothing when
/// nothing had to change. invalid_config when a file has a mistake, or the environment decides.
base::Result<std::optional<std::filesystem::path>> set_enabled(const SettingsPlace& place,
                                                               const Environment& environment,
                                                               const std::string& type,
                                                               bool enabled);

/// `../lib/portolan/plugins` seen from the running executable, so that a relocated installation and
/// a build tree find their own plugins.
std::filesystem::path installed_plugin_directory();

/// PORTOLAN_PLUGIN_DIRS, separated by colons; empty parts are left out.
std::vector<std::filesystem::path> plugin_directories(const Environment& environment);

}  // namespace portolan::config
