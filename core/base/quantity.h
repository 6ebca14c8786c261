#pragma once
/// Spans of time and sizes as people write them; one reader for files, flags and schemas.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portolan::base {

/// "30s", "250ms", "1m30s", "36h", "1.5s", "0s": numbers with ms, s, m, h or d, the larger unit
/// first. nullopt for anything else (no sign, no bare number, no blank) and above ten years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "512", "512B", "64KiB", "16MiB", "2GiB", "1TiB", or in thousands kB, MB, GB, TB. nullopt for
/// anything else and what does not fit.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// The shortest text that parse_duration reads back: "1m30s", "90d", "0s". Not of negative spans.
std::string duration_text(std::chrono::milliseconds span);

/// The shortest exact text that parse_bytes reads back: "32KiB", "1000".
std::string bytes_text(std::uint64_t bytes);

}  // namespace portolan::base
