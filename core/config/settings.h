#pragma once
/// Where the settings of the program are kept. Registries are in the manifest, not here.
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

/// The file that holds the settings now; empty when there is none.
std::filesystem::path present_file(const SettingsPlace& place);

/// The settings file, if there is one, and `conf.d/*.conf` beside it in lexical order. A named file
/// that is missing and a folder that cannot be read are `mistakes`.
std::vector<std::filesystem::path> settings_files(const SettingsPlace& place,
                                                  std::vector<base::Error>& mistakes);

/// What a registry type may be called: "docker-registry".
bool is_type_name(const std::string& word);

/// `../lib/portolan/plugins` seen from the running executable, so that a relocated installation and
/// a build tree find their own plugins.
std::filesystem::path installed_plugin_directory();

/// PORTOLAN_PLUGIN_DIRS, separated by colons; empty parts are left out.
std::vector<std::filesystem::path> plugin_directories(const Environment& environment);

}  // namespace portolan::config
