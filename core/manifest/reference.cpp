#include "manifest/manifest.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "manifest/readers.h"

namespace portolan::manifest {
namespace {

namespace fs = std::filesystem;
using base::Result;
using base::Secret;

constexpr std::size_t reference_bytes = 1024 * 1024;

base::Error failed(std::string message, std::string hint = {}) {
  base::Error error;
  error.code = base::Code::invalid_config;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

Result<Secret> checked(std::string text, const std::string& what) {
  if (text.size() > reference_bytes) return failed(what + " holds more than 1 MiB");
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  if (text.empty()) return failed(what + " is empty");
  return Secret(std::move(text));
}

Result<Secret> read_file(const fs::path& file, Privacy privacy) {
  const std::string what = "the file " + file.string();
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) {
    return failed(what + " cannot be read: " + std::strerror(errno));
  }
  if (S_ISDIR(facts.st_mode)) return failed(what + " is a directory");
  constexpr mode_t others = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
  if (privacy == Privacy::secret && S_ISREG(facts.st_mode) && (facts.st_mode & others) != 0) {
    return failed(what + " may be read or written by others", "chmod 600 " + file.string());
  }
  std::ifstream in(file, std::ios::binary);
  std::string text = read_bytes(in, reference_bytes);
  if (!in.eof() && !in) return failed(what + " cannot be read");
  return checked(std::move(text), what);
}

Result<Secret> read_credential(const std::string& name, const References& references) {
  const auto directory = references.environment("CREDENTIALS_DIRECTORY");
  if (!directory || directory->empty()) {
    return failed("CREDENTIALS_DIRECTORY is not set",
                  "systemd sets it for a unit with LoadCredential=" + name);
  }
  if (name.find('/') != std::string::npos || name == "..") {
    return failed("a credential's name has no slash");
  }
  // systemd makes the directory accessible to the unit's user alone, whatever the files' modes.
  return read_file(fs::path(*directory) / name, Privacy::open);
}

}  // namespace

Result<Secret> read_reference(const base::Json& reference, const std::string& folder,
                              Privacy privacy, const References& references) {
  const auto& [kind, value] = reference.members().front();
  if (kind == "stdin") {
    return checked(read_bytes(references.standard_input, reference_bytes), "standard input");
  }
  const std::string& name = *value.as_string();
  if (kind == "credential") return read_credential(name, references);
  if (kind == "file") return read_file(fs::path(folder) / name, privacy);
  auto variable = references.environment(name);
  const std::string what = "the environment variable " + name;
  if (!variable) return failed(what + " is not set");
  return checked(*std::move(variable), what);
}

}  // namespace portolan::manifest
