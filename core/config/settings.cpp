#include "config/settings.h"

#include <unistd.h>
#include <algorithm>
#include <boost/program_options.hpp>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/schema.h"
#include "config/replace_file.h"

namespace portolan::config {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using base::Error;
using base::Result;

constexpr const char* enabled_key = "plugins.enabled";
constexpr std::size_t file_bytes = 1024 * 1024;

Error mistake(const fs::path& file, std::size_t line, std::string message, std::string hint = {}) {
  Error error;
  error.code = base::Code::invalid_config;
  error.message = std::move(message);
  error.hint = std::move(hint);
  error.where = file.string() + (line ? ":" + std::to_string(line) : "");
  return error;
}

/// The lines of a settings file and what each of them says.
struct Lines {
  std::vector<std::string> text;
  std::string section;                 ///< Of the last line.
  std::optional<std::size_t> enabled;  ///< Index of the line with plugins.enabled.
  Settings settings;
};

bool is_type_name(const std::string& word) {
  return !word.empty() && word.size() <= 63 && std::isalnum(static_cast<unsigned char>(word[0])) &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return std::islower(c) || std::isdigit(c) || c == '.' || c == '_' || c == '-';
         });
}

Result<std::set<std::string>> parse_types(const std::string& value) {
  std::set<std::string> types;
  std::istringstream words(value);
  for (std::string word; std::getline(words, word, ',');) {
    const auto first = word.find_first_not_of(" \t");
    if (first == std::string::npos) continue;
    word = word.substr(first, word.find_last_not_of(" \t") - first + 1);
    if (!is_type_name(word)) {
      return mistake({}, 0, "\"" + word + "\" is no registry type",
                     "separate types by commas: docker-registry, harbor");
    }
    types.insert(word);
  }
  return types;
}

/// One line, read below its section. Program_options tells no line numbers, so it gets one at a
/// time.
Result<void> read_line(Lines& lines, const std::string& line, const fs::path& file) {
  const std::size_t number = lines.text.size() + 1;
  try {
    std::istringstream one((lines.section.empty() ? "" : "[" + lines.section + "]\n") + line +
                           '\n');
    po::options_description known;
    known.add_options()(enabled_key, po::value<std::string>());
    for (const auto& option : po::parse_config_file(one, known, true).options) {
      if (option.unregistered) {
        const std::string nearest = base::nearest_name(option.string_key, {enabled_key});
        return mistake(file, number, "unknown setting \"" + option.string_key + "\"",
                       nearest.empty() ? "known: " + std::string(enabled_key)
                                       : "did you mean \"" + nearest + "\"?");
      }
      if (lines.enabled) return mistake(file, number, "plugins.enabled is set twice");
      auto types = parse_types(option.value.empty() ? "" : option.value.front());
      if (!types) return mistake(file, number, types.error().message, types.error().hint);
      lines.settings.enabled_types = *std::move(types);
      lines.enabled = lines.text.size();
    }
  } catch (const po::error&) {
    return mistake(file, number, "this is no setting",
                   "write [section], or key = value, or # comment");
  }
  const auto open = line.find_first_not_of(" \t");
  const auto close = line.find(']');
  if (open != std::string::npos && line[open] == '[' && close != std::string::npos) {
    lines.section = line.substr(open + 1, close - open - 1);
  }
  lines.text.push_back(line);
  return {};
}

Result<Lines> read_lines(const fs::path& file) {
  std::ifstream in(file);
  if (!in) return mistake(file, 0, "the settings file cannot be read");
  Lines lines;
  std::size_t bytes = 0;
  for (std::string line; std::getline(in, line);) {
    bytes += line.size() + 1;
    if (bytes > file_bytes) return mistake(file, 0, "the settings file is larger than 1 MiB");
    if (auto read = read_line(lines, line, file); !read) return read.error();
  }
  if (in.bad()) return mistake(file, 0, "the settings file cannot be read");
  return lines;
}

/// The file that holds the settings now; empty when there is none.
fs::path present_file(const SettingsPlace& place) {
  std::error_code ignored;
  if (fs::exists(place.file, ignored)) return place.file;
  if (!place.fallback.empty() && fs::exists(place.fallback, ignored)) return place.fallback;
  return {};
}

std::string joined(const std::set<std::string>& types) {
  std::string text;
  for (const auto& type : types) text += (text.empty() ? "" : ", ") + type;
  return text;
}

/// Puts the setting where it stands, or below its section, or at the end.
std::string rewritten(Lines lines) {
  const std::string value = "= " + joined(lines.settings.enabled_types);
  if (lines.enabled) {
    std::string& line = lines.text[*lines.enabled];
    line = line.substr(0, line.find('=')) + value;
  } else {
    if (lines.section != "plugins") lines.text.push_back("[plugins]");
    lines.text.push_back("enabled " + value);
  }
  std::string text;
  for (const auto& line : lines.text) text += line + '\n';
  return text;
}

}  // namespace

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

Result<Settings> read_settings(const SettingsPlace& place) {
  const fs::path file = present_file(place);
  if (file.empty() && !place.named) return Settings{};
  if (file.empty()) return mistake(place.file, 0, "the settings file does not exist");
  auto lines = read_lines(file);
  if (!lines) return lines.error();
  return lines->settings;
}

Result<bool> set_enabled(const SettingsPlace& place, const std::string& type, bool enabled) {
  if (!is_type_name(type)) return mistake({}, 0, "\"" + type + "\" is no registry type");
  const fs::path file = present_file(place);
  Lines lines;
  if (!file.empty()) {
    auto read = read_lines(file);
    if (!read) return read.error();
    lines = *std::move(read);
  }
  auto& types = lines.settings.enabled_types;
  const bool changed = enabled ? types.insert(type).second : types.erase(type) > 0;
  if (!changed) return false;
  if (auto done = replace_file(place.file, rewritten(std::move(lines))); !done) return done.error();
  return true;
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
