#include "config/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>

#include "config/configuration.h"
#include "config/ini.h"
#include "config/replace_file.h"

namespace portolan::config {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Result;

constexpr const char* enabled_key = "plugins.enabled";

/// The file that holds the settings now; empty when there is none.
fs::path present_file(const SettingsPlace& place) {
  std::error_code ignored;
  if (fs::exists(place.file, ignored)) return place.file;
  if (!place.fallback.empty() && fs::exists(place.fallback, ignored)) return place.fallback;
  return {};
}

/// Files like 10-network.conf; hidden ones are an editor's or a mounted volume's.
std::vector<fs::path> parts_beside(const fs::path& file, std::vector<Error>& mistakes) {
  const fs::path folder = file.parent_path() / "conf.d";
  std::vector<fs::path> parts;
  std::error_code failed;
  if (!fs::exists(folder, failed)) return parts;
  for (fs::directory_iterator each(folder, failed), end; !failed && each != end;
       each.increment(failed)) {
    const fs::path& part = each->path();
    if (part.extension() == ".conf" && part.filename().string().front() != '.')
      parts.push_back(part);
  }
  if (failed) mistakes.push_back(mistake_at(folder, 0, "the folder cannot be read"));
  std::sort(parts.begin(), parts.end());
  return parts;
}

const IniValue* enabled_in(const Ini& ini) {
  for (const IniValue& value : ini.values)
    if (value.name == enabled_key) return &value;
  return nullptr;
}

/// Puts the setting where it stands, or below its section, or at the end.
std::string rewritten(Ini ini, const std::string& types) {
  const std::string value = "= " + types;
  if (const IniValue* stands = enabled_in(ini)) {
    std::string& line = ini.lines[stands->line - 1];
    line = line.substr(0, line.find('=')) + value;
  } else {
    if (ini.section != "plugins") ini.lines.push_back("[plugins]");
    ini.lines.push_back("enabled " + value);
  }
  std::string text;
  for (const auto& line : ini.lines) text += line + '\n';
  return text;
}

}  // namespace

bool is_type_name(const std::string& word) {
  return !word.empty() && word.size() <= 63 && std::isalnum(static_cast<unsigned char>(word[0])) &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return std::islower(c) || std::isdigit(c) || c == '.' || c == '_' || c == '-';
         });
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (!value) return std::nullopt;
    return std::string(value);
  };
}

SettingsPlace settings_place(const std::string& option, const Environment& environment, bool root) {
  const auto variable = [&](const char* name) { return environment(name).value_or(""); };
  if (!option.empty()) return {option, {}, true};
  if (const auto named = variable("PORTOLAN_CONFIG"); !named.empty()) return {named, {}, true};
  const fs::path system = "/etc/portolan/portolan.conf";
  if (root) return {system, {}, false};
  fs::path home = variable("XDG_CONFIG_HOME");
  if (home.empty() && !variable("HOME").empty()) home = fs::path(variable("HOME")) / ".config";
  if (home.empty()) return {system, {}, false};
  return {home / "portolan" / "portolan.conf", system, false};
}

std::vector<fs::path> settings_files(const SettingsPlace& place, std::vector<Error>& mistakes) {
  const fs::path file = present_file(place);
  if (file.empty() && place.named) {
    mistakes.push_back(mistake_at(place.file, 0, "the settings file does not exist"));
    return {};
  }
  if (!file.empty()) {
    auto files = parts_beside(file, mistakes);
    files.insert(files.begin(), file);
    return files;
  }
  auto files = parts_beside(place.file, mistakes);
  if (files.empty() && !place.fallback.empty()) files = parts_beside(place.fallback, mistakes);
  return files;
}

Result<std::optional<fs::path>> set_enabled(const SettingsPlace& place,
                                            const Environment& environment, const std::string& type,
                                            bool enabled) {
  if (!is_type_name(type)) return mistake_at({}, 0, "\"" + type + "\" is no registry type");
  SettingsPlace may_be_new = place;
  may_be_new.named = false;
  const auto known = load({.place = may_be_new, .environment = environment});
  if (!known.mistakes.empty()) return known.mistakes.front();
  auto types = known.settings.plugins.enabled;
  const bool changed = enabled ? types.insert(type).second : types.erase(type) > 0;
  if (!changed) return std::optional<fs::path>();
  const std::string& origin = known.at(enabled_key).origin;
  if (origin.rfind("environment ", 0) == 0) {
    return Error{.code = base::Code::invalid_config,
                 .message = "plugins.enabled is set by the environment, which no file changes",
                 .hint = "Change the variable, or take it away.",
                 .where = origin};
  }
  // Where it stands, unless that is the system's and we write to the user's.
  const fs::path present = present_file(place);
  fs::path from = present;
  if (const auto line = origin.rfind(':'); line != std::string::npos) from = origin.substr(0, line);
  const bool ours = present == place.file || present.empty();
  Ini ini = ours && !from.empty() ? read_ini(from) : Ini{};
  if (!ours) ini = read_ini(present);
  DaemonSettings settings;
  settings.plugins.enabled = types;
  std::string text;
  for (const Setting& setting : settings_of(settings))
    if (setting.name == enabled_key) text = text_of(setting);
  const fs::path& to = ours && !from.empty() ? from : place.file;
  if (auto done = replace_file(to, rewritten(std::move(ini), text)); !done) return done.error();
  return std::optional(to);
}

fs::path installed_plugin_directory() {
  std::error_code failed;
  const fs::path executable = fs::read_symlink("/proc/self/exe", failed);
  return executable.parent_path().parent_path() / "lib" / "portolan" / "plugins";
}

std::vector<fs::path> plugin_directories(const Environment& environment) {
  std::vector<fs::path> directories;
  std::istringstream parts(environment("PORTOLAN_PLUGIN_DIRS").value_or(""));
  for (std::string part; std::getline(parts, part, ':');) {
    if (!part.empty()) directories.emplace_back(part);
  }
  return directories;
}

}  // namespace portolan::config
