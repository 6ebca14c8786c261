#pragma once
/// The project that `portolan plugins new` writes: the files of sdk/scaffold, embedded by CMake.
#include <string_view>
#include <vector>

namespace portolan::cli {

/// @type@, @class@ and @title@ in the text stand for what the author chose.
struct ScaffoldFile {
  std::string_view path, text;
};

std::vector<ScaffoldFile> scaffold_files();

}  // namespace portolan::cli
