#pragma once
/// Every plugin file that was found: ready, disabled or refused. Listing runs no code of a plugin.
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin/instance.h"
#include "plugin/note.h"
#include "plugin/refusal.h"

namespace portolan::plugin {

enum class State { ready, disabled, refused };

struct Plugin {
  std::filesystem::path file;
  State state = State::refused;
  std::optional<Note> note;          ///< Where it could be read.
  std::vector<std::string> exports;  ///< Where they could be read; a good plugin has one.
  std::optional<Refusal>
      refusal;  ///< When refused; when disabled by another file: code "replaced".
};

struct SetOptions {
  std::vector<std::filesystem::path>
      directories;  ///< Installed one first, then PORTOLAN_PLUGIN_DIRS.
  /// --plugin-dir: all types are enabled, and a file replaces the one of the same id in
  /// `directories`.
  std::vector<std::filesystem::path> enabled_directories;
  std::set<std::string> enabled_types;
};

/// Finds and reads all plugin files of the directories; loads one only when a type of it is asked
/// for. Safe from any thread. What was loaded stays loaded.
class PluginSet {
 public:
  static std::unique_ptr<PluginSet> scan(SetOptions options);
  virtual ~PluginSet() = default;

  virtual const std::vector<Plugin>& plugins() const = 0;  ///< By directory, then file name.
  virtual std::vector<std::string> types() const = 0;      ///< Of ready plugins, sorted.
  virtual const Note::Type* type(std::string_view name) const = 0;  ///< Of a ready plugin.

  /// The loaded type. plugin_refused, plugin_disabled or plugin_missing (with the nearest known
  /// name).
  virtual base::Result<std::shared_ptr<Type>> load(std::string_view type) = 0;
};

/// One file, whatever the search path says: what `plugins inspect FILE` and `plugins check FILE`
/// read.
Plugin inspect_file(const std::filesystem::path& file);

}  // namespace portolan::plugin
