/// The one setting that the program writes itself.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/file.h"
#include "config/configuration.h"
#include "config/ini.h"

namespace portolan::config {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Result;

constexpr const char* enabled_key = "plugins.enabled";

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

mode_t mode_for(const fs::path& file) {
  struct stat existing {};
  return ::stat(file.c_str(), &existing) == 0 ? existing.st_mode & 07777 : 0644;
}

Error failed(const fs::path& file, int number) {
  Error error;
  error.code = base::Code::invalid_config;
  error.message = std::string("the file cannot be written: ") + std::strerror(number);
  error.where = file.string();
  return error;
}

/// Writes `text` beside `file`, flushes it and renames it over `file`: a reader sees the old or the
/// new text, never a part. Missing folders are made; the mode of an existing file is kept, a new
/// one gets 0644. invalid_config with the file in `where`.
Result<void> replace_file(const fs::path& file, std::string_view text) {
  // A link is followed: replacing it by a file would part it from what it points to.
  std::error_code ignored;
  const fs::path target = fs::is_symlink(file, ignored) ? fs::canonical(file, ignored) : file;
  if (target.empty()) return failed(file, ENOENT);
  const fs::path folder = base::folder_of(target);
  fs::create_directories(folder, ignored);
  std::string name = (folder / ".portolan.XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) return failed(file, errno);
  bool done = base::write_all(descriptor, text) && ::fchmod(descriptor, mode_for(target)) == 0 &&
              ::fsync(descriptor) == 0;
  int number = errno;
  if (::close(descriptor) != 0 && done) {
    done = false;
    number = errno;
  }
  if (done && ::rename(name.c_str(), target.c_str()) == 0) return {};
  if (done) number = errno;
  ::unlink(name.c_str());
  return failed(file, number);
}

}  // namespace

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

}  // namespace portolan::config
