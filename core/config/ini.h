#pragma once
/// A settings file line by line, so that mistakes have a place and a rewritten file keeps its
/// comments.
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace portolan::config {

struct IniValue {
  std::string name{};  ///< "section.key"
  std::string text{};
  std::size_t line = 0;  ///< From 1.
};

struct Ini {
  std::filesystem::path file{};
  std::vector<std::string> lines{};
  std::vector<IniValue> values{};       ///< In the order of the file.
  std::string section{};                ///< Of the last line.
  std::vector<base::Error> mistakes{};  ///< Unreadable, above 1 MiB, lines that are no setting.
};

/// Never fails: what is wrong is among the mistakes.
Ini read_ini(const std::filesystem::path& file);

/// invalid_config at "file:line"; `line` 0 = the file as a whole.
base::Error mistake_at(const std::filesystem::path& file, std::size_t line, std::string message,
                       std::string hint = {});

}  // namespace portolan::config
