#pragma once
/// Every plugin file that was found: ready, disabled or refused. Listing runs no code of a plugin.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin/instance.h"
#include "plugin/note.h"
#include "plugin/plugin_files.h"

namespace portolan::plugin {

/// Finds and reads all plugin files of the directories; loads one only when a type of it is asked
/// for. Safe from any thread. What was loaded stays loaded.
class PluginSet {
 public:
  static std::unique_ptr<PluginSet> scan(const SetOptions& options);
  virtual ~PluginSet() = default;

  virtual std::vector<Plugin> plugins() const = 0;     ///< By directory, then file name.
  virtual std::vector<std::string> types() const = 0;  ///< Of ready plugins, sorted.
  /// Of a ready plugin; as long as the set lives.
  virtual const Note::Type* type(std::string_view name) const = 0;

  /// The loaded type. plugin_refused, plugin_disabled or plugin_missing (with the nearest known
  /// name).
  virtual base::Result<std::shared_ptr<Type>> load(std::string_view type) = 0;

  /// Reads the directories anew. A plugin that is ready stays what it is, whatever became of its
  /// file and of `enabled_types` (Plugin::needs_restart); everything else is read as at first, and
  /// what is ready from now on is loaded at once, so that plugins() tells what was refused. Answers
  /// the types that can be used and could not before. A set without files does nothing.
  virtual std::vector<std::string> refresh(const SetOptions& /*options*/) { return {}; }
};

}  // namespace portolan::plugin
