#include "manifest/readers.h"

#include <string_view>

namespace portolan::manifest {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - from;
}

bool is_word(std::string_view text, std::string_view lower, std::string_view title,
             std::string_view upper) {
  return text == lower || text == title || text == upper;
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?  as JSON writes it, or empty.
std::string json_number(std::string_view text) {
  std::string number;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    if (text[0] == '-') number = "-";
    text.remove_prefix(1);
  }
  const std::size_t whole = digits_at(text, 0);
  number += whole == 0 ? "0" : std::string(text.substr(0, whole));
  text.remove_prefix(whole);
  if (!text.empty() && text[0] == '.') {
    const std::size_t fraction = digits_at(text, 1);
    if (whole == 0 && fraction == 0) return "";
    number += '.' + (fraction == 0 ? "0" : std::string(text.substr(1, fraction)));
    text.remove_prefix(1 + fraction);
  } else if (whole == 0) {
    return "";
  }
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    const std::size_t sign = text.size() > 1 && (text[1] == '-' || text[1] == '+') ? 1 : 0;
    const std::size_t exponent = digits_at(text, 1 + sign);
    if (exponent == 0) return "";
    number += std::string(text.substr(0, 1 + sign + exponent));
    text.remove_prefix(1 + sign + exponent);
  }
  return text.empty() ? number : "";
}

/// 0x1F, 0o17, 010, -01, 00.5
bool has_odd_base(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() < 2 || text[0] != '0') return false;
  if (text[1] == 'x' || text[1] == 'o') {
    const char* digits = text[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
    return text.size() > 2 && text.find_first_not_of(digits, 2) == std::string_view::npos;
  }
  return is_digit(text[1]) && !json_number(text).empty();
}

bool is_not_finite(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return is_word(text, ".inf", ".Inf", ".INF") || is_word(text, ".nan", ".NaN", ".NAN");
}

}  // namespace

PlainScalar read_plain(const std::string& text) {
  if (text.empty() || text == "~" || is_word(text, "null", "Null", "NULL")) return {};
  if (is_word(text, "true", "True", "TRUE")) return {base::Json::boolean(true), ""};
  if (is_word(text, "false", "False", "FALSE")) return {base::Json::boolean(false), ""};
  if (has_odd_base(text)) {
    return {{}, "readers of YAML disagree on this number; write it in decimal, or in quotes"};
  }
  if (is_not_finite(text)) return {{}, "this is no finite number; put it in quotes if it is text"};
  if (std::string number = json_number(text); !number.empty()) {
    return {base::Json::number(std::move(number)), ""};
  }
  return {base::Json::string(text), ""};
}

}  // namespace portolan::manifest
