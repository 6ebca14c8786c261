#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <vector>

#include "plugin/plugin_set.h"
#include "plugin/sealed_file.h"

namespace portolan::plugin {

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

}  // namespace portolan::plugin
