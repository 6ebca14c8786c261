#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "plugin/refusal.h"

namespace portolan::plugin {

/// unsafe_owner unless root or `self` owns it, unsafe_mode when group or others may write to it:
/// whoever can write the file runs code in this process. `what` names it: "the file /x.so".
std::optional<Refusal> check_safe(uid_t owner, mode_t mode, uid_t self, const std::string& what);

/// The bytes of a file, read once into memory that nobody can change afterwards (a sealed memfd),
/// so that what is loaded is what was checked. Owns the descriptor.
class SealedFile {
 public:
  /// unreadable or too_large.
  static Checked<SealedFile> read(const std::filesystem::path& file);

  SealedFile(SealedFile&& other) noexcept;
  SealedFile& operator=(SealedFile&&) = delete;
  ~SealedFile();

  std::string_view bytes() const { return bytes_; }
  /// unsafe_owner or unsafe_mode of the file or of a directory it lies in, when it was read.
  const std::optional<Refusal>& danger() const { return danger_; }
  /// Opens the same bytes for the dynamic loader, for as long as this object lives.
  std::string loader_path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  SealedFile(int descriptor, std::string_view bytes, std::optional<Refusal> danger)
      : descriptor_(descriptor), bytes_(bytes), danger_(std::move(danger)) {}

  int descriptor_;
  std::string_view bytes_;
  std::optional<Refusal> danger_;
};

}  // namespace portolan::plugin
