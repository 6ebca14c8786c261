#pragma once
/// Every plugin file that was found: ready, disabled or refused. Listing runs no code of a plugin.
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/schema.h"
#include "plugin/instance.h"

namespace portolan::plugin {

/// The manifest in the ELF note (docs/abi.md, "The note").
struct Note {
  std::string id, name, version, vendor, licence, doc_url;
  unsigned abi_major = 0, abi_minor = 0, min_host_minor = 0;
  struct Type {
    std::string type, name, schema_text;
    std::vector<std::string> extensions;
  };
  std::vector<Type> types;
  std::vector<std::string> permissions;
  base::Json json;  ///< As read.
};

/// The note of a shared object, read from bounded bytes without loading it. `code` of the Refusal
/// is stable.
struct Refusal {
  std::string code;  ///< "not_elf", "wrong_machine", "no_note", "bad_note", "abi_too_new", ...
                     ///< docs/errors.md
  std::string message;
  std::string hint;
};

enum class State { ready, disabled, refused };

struct Plugin {
  std::filesystem::path file;
  State state = State::refused;
  std::optional<Note> note;        ///< Where it could be read.
  std::optional<Refusal> refusal;  ///< When refused.
};

struct SetOptions {
  std::vector<std::filesystem::path>
      directories;  ///< Installed one first, then PORTOLAN_PLUGIN_DIRS.
  std::vector<std::filesystem::path> enabled_directories;  ///< --plugin-dir: enabled for this call.
  std::set<std::string> enabled_types;
};

/// Finds and reads all plugin files of the directories; loads one only when a type of it is asked
/// for. Safe from any thread. What was loaded stays loaded.
class PluginSet {
 public:
  static std::unique_ptr<PluginSet> scan(SetOptions options);
  virtual ~PluginSet() = default;

  virtual const std::vector<Plugin>& plugins() const = 0;           ///< By file name.
  virtual std::vector<std::string> types() const = 0;               ///< Of ready plugins, sorted.
  virtual const Note::Type* type(std::string_view name) const = 0;  ///< Of a ready plugin.

  /// The loaded type. plugin_refused, plugin_disabled or plugin_missing (with the nearest known
  /// name).
  virtual base::Result<std::shared_ptr<Type>> load(std::string_view type) = 0;
};

/// One file, whatever the search path says: what `plugins inspect FILE` and `plugins check FILE`
/// read.
Plugin inspect_file(const std::filesystem::path& file);

}  // namespace portolan::plugin
