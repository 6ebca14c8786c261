#pragma once
/// Text that others wrote, made fit for a terminal, a log or a report.
#include <cstddef>
#include <string>
#include <string_view>

namespace portolan::base {

/// One code point of a text. An invalid byte reads as U+FFFD of length 1.
struct Rune {
  char32_t code = 0xFFFD;
  std::size_t length = 1;
  bool valid = false;
};

/// The code point at `position` (below text.size()), by RFC 3629: overlong forms, surrogates and
/// cut sequences are invalid.
Rune rune_at(std::string_view text, std::size_t position);

bool is_utf8(std::string_view text);

/// How many code points it has; an invalid byte counts as one.
std::size_t rune_count(std::string_view text);

/// Valid UTF-8 of at most `limit` bytes on one line: escape sequences (ECMA-48), control characters
/// and bidirectional marks are removed, line ends and tabs become one blank, invalid bytes become
/// U+FFFD. A text that was cut ends in "…" when the limit has room for it.
std::string clean_text(std::string_view text, std::size_t limit);

}  // namespace portolan::base
