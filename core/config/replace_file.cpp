#include "config/replace_file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string>

namespace portolan::config {
namespace {

namespace fs = std::filesystem;

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

mode_t mode_for(const fs::path& file) {
  struct stat existing {};
  return ::stat(file.c_str(), &existing) == 0 ? existing.st_mode & 07777 : 0644;
}

base::Error failed(const fs::path& file, int number) {
  base::Error error;
  error.code = base::Code::invalid_config;
  error.message = std::string("the file cannot be written: ") + std::strerror(number);
  error.where = file.string();
  return error;
}

}  // namespace

base::Result<void> replace_file(const fs::path& file, std::string_view text) {
  // A link is followed: replacing it by a file would part it from what it points to.
  std::error_code ignored;
  const fs::path target = fs::is_symlink(file, ignored) ? fs::canonical(file, ignored) : file;
  if (target.empty()) return failed(file, ENOENT);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  fs::create_directories(folder, ignored);
  std::string name = (folder / ".portolan.XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) return failed(file, errno);
  bool done = write_all(descriptor, text) && ::fchmod(descriptor, mode_for(target)) == 0 &&
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

}  // namespace portolan::config
