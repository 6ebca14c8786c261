#pragma once
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace portolan::config {

/// Writes `text` beside `file`, flushes it and renames it over `file`: a reader sees the old or the
/// new text, never a part. Missing folders are made; the mode of an existing file is kept, a new
/// one gets 0644. invalid_config with the file in `where`.
base::Result<void> replace_file(const std::filesystem::path& file, std::string_view text);

}  // namespace portolan::config
