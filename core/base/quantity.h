#pragma once
/// Spans of time and sizes as people write them; one reader for files, flags and schemas.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace portolan::base {

/// "30s", "250ms", "1m30s", "36h", "1.5s", "0s": numbers with ms, s, m, h or d, the larger unit
/// first. nullopt for anything else (no sign, no bare number, no blank) and above ten years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "512", "512B", "64KiB", "16MiB", "2GiB", "1TiB", or in thousands kB, MB, GB, TB. nullopt for
/// anything else and what does not fit.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace portolan::base
