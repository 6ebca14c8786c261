#pragma once
/// Files by their descriptors. What fails answers false and leaves the reason in errno.
#include <filesystem>
#include <string_view>
#include <utility>

namespace portolan::base {

/// A file descriptor that is closed once; -1 is none.
class Descriptor {
 public:
  explicit Descriptor(int opened) : number_(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// Writes all of it, however many calls of the kernel that takes.
bool write_all(int descriptor, std::string_view bytes);

/// The names in `folder` are on the disk when it returns.
bool sync_folder(const std::filesystem::path& folder);

/// The folder that `file` is in; "." for a bare name.
std::filesystem::path folder_of(const std::filesystem::path& file);

}  // namespace portolan::base
