#include "store/database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "base/file.h"

namespace portolan::store {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

std::string reason(int number) { return std::system_category().message(number); }

Error unusable(const fs::path& folder, int number) {
  return {.code = Code::invalid_config,
          .message = "the folder of the database cannot be used: " + reason(number),
          .hint = "Name a folder with --store that the user who runs the daemon may write to.",
          .where = folder.string()};
}

Error file_error(const fs::path& file, int number) {
  return {.code = Code::unavailable,
          .message = "the file cannot be written: " + reason(number),
          .hint = "Check the room on the disk and who owns the folder.",
          .where = file.string()};
}

Error in_use(const fs::path& folder, int descriptor) {
  std::array<char, 32> text{};
  const ssize_t length = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string process(text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  return {.code = Code::invalid_config,
          .message = "the database is in use by another process" +
                     (process.empty() ? "" : " (" + process + ")"),
          .hint = "Stop that daemon, or give this one a folder of its own with --store.",
          .where = folder.string()};
}

base::Result<void> sync(const fs::path& file) {
  const base::Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) return file_error(file, errno);
  return {};
}

base::Result<void> sync_folder_of(const fs::path& file) {
  const fs::path folder = base::folder_of(file);
  if (!base::sync_folder(folder)) return file_error(folder, errno);
  return {};
}

}  // namespace

base::Result<FolderLock> FolderLock::take(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(base::folder_of(folder), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return unusable(folder, errno);
  const fs::path file = folder / "portolan.lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return unusable(folder, errno);
  FolderLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return in_use(folder, descriptor);
  // For people only: the lock is the kernel's, whatever the file says.
  const std::string process = "process " + std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, process.data(), process.size(), 0) < 0) {
    return unusable(folder, errno);
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

base::Result<void> make_private_file(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return file_error(file, errno);
  ::close(descriptor);
  return {};
}

base::Result<void> make_durable(const fs::path& file) {
  if (auto done = sync(file); !done) return done;
  return sync_folder_of(file);
}

base::Result<void> move_file(const fs::path& from, const fs::path& to) {
  if (auto done = sync(from); !done) return done;
  if (::rename(from.c_str(), to.c_str()) != 0) return file_error(to, errno);
  return sync_folder_of(to);
}

}  // namespace portolan::store
