#include "config/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>

#include "config/ini.h"

namespace portolan::config {
namespace {

namespace fs = std::filesystem;
using base::Error;

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

}  // namespace

fs::path present_file(const SettingsPlace& place) {
  std::error_code ignored;
  if (fs::exists(place.file, ignored)) return place.file;
  if (!place.fallback.empty() && fs::exists(place.fallback, ignored)) return place.fallback;
  return {};
}

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
