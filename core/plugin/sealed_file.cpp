#include "plugin/sealed_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "model/limits.h"

namespace portolan::plugin {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t memfd_name_max = 249;  // memfd_create(2)

Refusal unreadable(const std::string& what) {
  return {"unreadable", what + ": " + std::generic_category().message(errno),
          "check that the file exists and that this user may read it"};
}

std::optional<Refusal> check_directory(const fs::path& directory) {
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0)
    return unreadable("the directory " + directory.string());
  return check_safe(facts.st_uid, facts.st_mode, ::geteuid(),
                    "the directory " + directory.string());
}

/// The directory that was listed, and the one a symbolic link leads to: a name can be replaced in
/// both.
std::optional<Refusal> check_directories(const fs::path& file) {
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  if (error) return Refusal{"unreadable", error.message(), "check where the symbolic link leads"};
  const fs::path listed = fs::absolute(file, error).parent_path();
  if (auto refusal = check_directory(listed)) return refusal;
  return real.parent_path() == listed ? std::nullopt : check_directory(real.parent_path());
}

/// Copies all of `from`, in the kernel. False with errno set.
bool copy(int from, int to, std::size_t limit) {
  for (std::size_t copied = 0; copied <= limit;) {
    const ssize_t count = ::sendfile(to, from, nullptr, limit + 1 - copied);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    copied += static_cast<std::size_t>(count);
  }
  errno = EFBIG;  // It grew while it was read.
  return false;
}

}  // namespace

std::optional<Refusal> check_safe(uid_t owner, mode_t mode, uid_t self, const std::string& what) {
  if (owner != 0 && owner != self) {
    return Refusal{"unsafe_owner", what + " belongs to user " + std::to_string(owner),
                   "give it to root or to the user who runs portolan (chown)"};
  }
  if ((mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Refusal{"unsafe_mode", what + " can be written by group or others",
                   "take that right away (chmod go-w)"};
  }
  return std::nullopt;
}

Checked<SealedFile> SealedFile::read(const fs::path& file) {
  // O_NONBLOCK: a pipe that is called x.so must not hold us up.
  const base::Descriptor source(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (source.get() < 0 || ::fstat(source.get(), &facts) != 0)
    return unreadable("the file cannot be opened");
  if (!S_ISREG(facts.st_mode)) {
    return Refusal{"unreadable", "it is no regular file", "remove it from the plugin directory"};
  }
  constexpr std::size_t limit = model::limits::plugin_file_bytes;
  const auto too_large = [] {
    return Refusal{"too_large", "the file has more than " + std::to_string(limit >> 20) + " MiB",
                   "strip it of its debug information"};
  };
  if (static_cast<std::uint64_t>(facts.st_size) > limit) return too_large();
  auto danger = check_safe(facts.st_uid, facts.st_mode, ::geteuid(), "the file");
  if (!danger) danger = check_directories(file);

  // The name shows in /proc/self/maps and in debuggers, where /proc/self/fd/N would say nothing.
  const std::string name = ("portolan:" + file.filename().string()).substr(0, memfd_name_max);
  base::Descriptor sealed(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (sealed.get() < 0) return unreadable("no memory file");
  if (!copy(source.get(), sealed.get(), limit)) {
    return errno == EFBIG ? too_large() : unreadable("the file cannot be read");
  }
  if (::fcntl(sealed.get(), F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0 ||
      ::fstat(sealed.get(), &facts) != 0) {
    return unreadable("the memory file cannot be sealed");
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size == 0) return SealedFile(sealed.release(), {}, std::move(danger));
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, sealed.get(), 0);
  if (mapped == MAP_FAILED) return unreadable("the file cannot be mapped");
  return SealedFile(sealed.release(), {static_cast<const char*>(mapped), size}, std::move(danger));
}

SealedFile::SealedFile(SealedFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(std::exchange(other.bytes_, {})),
      danger_(std::move(other.danger_)) {}

SealedFile::~SealedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace portolan::plugin
