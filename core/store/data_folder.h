#pragma once
/// The folder that holds the database: private, and of one process at a time. The room's own.
#include <filesystem>

#include "base/result.h"

namespace portolan::store {

/// Held while a process uses a folder; the kernel lets go of it however the process ends.
class FolderLock {
 public:
  /// Makes the folder (0700) when it is missing. invalid_config: cannot be made or written to, or
  /// another process holds it.
  static base::Result<FolderLock> take(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// An empty file with mode 0600 when there is none; its companions get the same mode from SQLite.
base::Result<void> make_private_file(const std::filesystem::path& file);
/// Its bytes and its name are on the disk. unavailable.
base::Result<void> make_durable(const std::filesystem::path& file);
/// `from` takes the name `to`, durably. unavailable.
base::Result<void> move_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace portolan::store
