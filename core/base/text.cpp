#include "base/text.h"

#include <cstdint>

namespace portolan::base {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr char32_t escape = 0x1B;

bool is_line_or_tab(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x85 || code == 0x2028 || code == 0x2029;
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// What reorders or hides the letters beside it (Unicode UAX 9, "Trojan source").
bool is_invisible_mark(char32_t code) {
  return code == 0x061C || code == 0xFEFF || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069);
}

// Ends at BEL, ESC \ or the C1 string terminator; one that never ends takes the rest of the text.
std::size_t after_string_sequence(std::string_view text, std::size_t position) {
  while (position < text.size()) {
    if (text[position] == '\a') return position + 1;
    if (text.substr(position, 2) == "\x1B\\" || text.substr(position, 2) == "\xC2\x9C")
      return position + 2;
    ++position;
  }
  return position;
}

std::size_t after_control_sequence(std::string_view text, std::size_t position) {
  while (position < text.size() && text[position] >= 0x20 && text[position] <= 0x3F) ++position;
  return position < text.size() && text[position] >= 0x40 && text[position] <= 0x7E ? position + 1
                                                                                    : position;
}

// `position` is behind an introducer: ESC, whose next byte says what it is, or its one-rune C1
// form.
std::size_t after_escape(std::string_view text, std::size_t position, char32_t introducer) {
  if (introducer == escape) {
    if (position == text.size()) return position;
    const auto next = static_cast<unsigned char>(text[position]);
    if (next < 0x20 || next > 0x7E) return position;
    if (next < 0x30) {
      while (position < text.size() && text[position] >= 0x20 && text[position] <= 0x2F) ++position;
      return position < text.size() && text[position] >= 0x30 && text[position] <= 0x7E
                 ? position + 1
                 : position;
    }
    ++position;
    if (next < 0x40 || next > 0x5F) return position;
    introducer = next + 0x40u;
  }
  switch (introducer) {
    case 0x9B: return after_control_sequence(text, position);
    case 0x90:
    case 0x98:
    case 0x9D:
    case 0x9E:
    case 0x9F: return after_string_sequence(text, position);
    default: return position;
  }
}

// `text` cut to `limit` bytes, before a code point that would not fit whole.
void cut(std::string& text, std::size_t limit) {
  if (text.size() <= limit) return;
  const bool marked = limit >= ellipsis.size();
  std::size_t end = marked ? limit - ellipsis.size() : limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  if (marked) text += ellipsis;
}

}  // namespace

Rune rune_at(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t offset) {
    return static_cast<unsigned char>(text[position + offset]);
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - position < length) return {};
  char32_t code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (overlong || surrogate || code > 0x10FFFF) return {};
  return {code, length, true};
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Rune rune = rune_at(text, i);
    if (!rune.valid) return false;
    i += rune.length;
  }
  return true;
}

std::size_t rune_count(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); i += rune_at(text, i).length) ++count;
  return count;
}

std::string clean_text(std::string_view text, std::size_t limit) {
  std::string clean;
  for (std::size_t i = 0; i < text.size() && clean.size() <= limit;) {
    const Rune rune = rune_at(text, i);
    const std::string_view bytes = text.substr(i, rune.length);
    i += rune.length;
    if (is_line_or_tab(rune.code)) {
      if (!clean.empty() && clean.back() != ' ') clean += ' ';
    } else if (is_control(rune.code)) {
      i = after_escape(text, i, rune.code);
    } else if (!is_invisible_mark(rune.code)) {
      clean += rune.valid ? bytes : replacement;
    }
  }
  cut(clean, limit);
  if (!clean.empty() && clean.back() == ' ') clean.pop_back();
  return clean;
}

}  // namespace portolan::base
