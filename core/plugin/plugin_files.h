#pragma once
/// The files of the search path, read and judged. Nothing of them runs.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugin/note.h"
#include "plugin/refusal.h"
#include "plugin/sealed_file.h"

namespace portolan::plugin {

enum class State { ready, disabled, refused };

struct Plugin {
  std::filesystem::path file;
  State state = State::refused;
  std::optional<Note> note;          ///< Where it could be read.
  std::vector<std::string> exports;  ///< Where they could be read; a good plugin has one.
  std::optional<Refusal>
      refusal;  ///< When refused; when disabled by another file: code "replaced".
  /// Of one that is in use: what a restart would change, "the file is another one now"; else empty.
  std::string needs_restart{};
};

struct SetOptions {
  std::vector<std::filesystem::path>
      directories;  ///< Installed one first, then PORTOLAN_PLUGIN_DIRS.
  /// --plugin-dir: all types are enabled, and a file replaces the one of the same id in
  /// `directories`.
  std::vector<std::filesystem::path> enabled_directories;
  std::set<std::string> enabled_types;
};

/// Tells a file from the one that was there before.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;
  std::int64_t changed_ns = 0;  ///< When its bytes were written.
  bool operator==(const FileMark&) const = default;
};

/// A file of a plugin directory, read.
struct FoundFile {
  Plugin plugin;
  std::optional<SealedFile> sealed{};  ///< What can be loaded; only of a file that is not refused.
  FileMark mark{};
  bool for_this_call = false;  ///< From an enabled directory.
};

/// Everything that the bytes tell, the graver reason first; note and exports as far as they are
/// readable. A good one is `disabled`.
FoundFile read_plugin_file(const std::filesystem::path& path);

/// The *.so files of all directories, by directory and name; one refused entry for a directory that
/// is none or holds too many. A directory that is named twice is read once.
std::vector<FoundFile> read_plugin_files(const SetOptions& options);

/// One file, whatever the search path says: what `plugins inspect FILE` and `plugins check FILE`
/// read.
Plugin inspect_file(const std::filesystem::path& file);

}  // namespace portolan::plugin
