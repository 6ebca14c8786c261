#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// A directory of plugin files that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "portolan-XXXXXX").string();
    path_ = ::mkdtemp(name.data());  // Mode 0700.
  }
  Folder(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    std::filesystem::permissions(path_ / name, std::filesystem::perms(0644));
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// The bytes of a hand-made plugin: plain, wicked, next, needy, changing.
inline std::string built(const std::string& name) {
  std::ifstream file(std::string(HAND_MADE_PLUGINS) + "/" + name + ".so", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// `bytes` with every `from` replaced by `to`, which is as long.
inline std::string patched(std::string bytes, const std::string& from, const std::string& to) {
  if (from.size() != to.size() || bytes.find(from) == std::string::npos) abort();
  for (std::size_t at = 0; (at = bytes.find(from, at)) != std::string::npos; at += to.size())
    bytes.replace(at, to.size(), to);
  return bytes;
}
