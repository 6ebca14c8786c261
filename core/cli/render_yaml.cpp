#include <algorithm>

#include "cli/render.h"

namespace portolan::cli {
namespace {

using base::Json;

/// Letters, digits and a few signs only, and nothing that the core schema reads as another type.
bool plain(std::string_view text) {
  static constexpr std::string_view words[] = {"true", "false", "null", "yes", "no",
                                               "on",   "off",   "y",    "n"};
  if (text.empty() || !std::isalpha(static_cast<unsigned char>(text.front()))) return false;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::find(std::begin(words), std::end(words), lower) != std::end(words)) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '/';
  });
}

/// A JSON string is a YAML double-quoted scalar (YAML 1.2 §1.3).
std::string scalar(const Json& value) {
  const std::string* text = value.as_string();
  return text != nullptr && plain(*text) ? *text : base::to_text(value);
}

bool nested(const Json& value) { return !value.items().empty() || !value.members().empty(); }

void write(const Json& value, std::size_t indent, bool in_item, std::string& out) {
  const std::string pad(indent, ' ');
  bool first = in_item;  // The first line of an item stands behind its dash.
  for (const auto& [key, member] : value.members()) {
    if (!first) out += pad;
    first = false;
    out += (plain(key) ? key : base::to_text(Json::string(key))) + ":";
    if (nested(member)) {
      out += "\n";
      write(member, member.is_array() ? indent : indent + 2, false, out);
    } else {
      out += " " + scalar(member) + "\n";
    }
  }
  for (const Json& item : value.items()) {
    if (!first) out += pad;
    first = false;
    out += "- ";
    if (nested(item)) {
      write(item, indent + 2, true, out);
    } else {
      out += scalar(item) + "\n";
    }
  }
}

}  // namespace

std::string to_yaml(const Json& value) {
  if (!nested(value)) return scalar(value) + "\n";
  std::string out;
  write(value, 0, false, out);
  return out;
}

}  // namespace portolan::cli
