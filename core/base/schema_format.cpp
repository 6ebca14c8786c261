// The formats that a schema may name, and the words for what it expects.
#include <algorithm>

#include "base/host_name.h"
#include "base/quantity.h"
#include "base/schema_node.h"
#include "base/url.h"

namespace portolan::base {
namespace {

struct Format {
  std::string_view name;
  std::string_view noun;
  bool (*matches)(std::string_view);
};

bool is_host_name(std::string_view text) {
  std::string ignored;
  return canonical_host(text, ignored).has_value();
}

bool is_email(std::string_view text) {
  constexpr std::size_t local_max = 64;  // RFC 5321 §4.5.3.1.1
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > local_max) return false;
  const auto plain = [](char c) {
    return c > 0x20 && c < 0x7F && c != '@' && c != '"' && c != '\\';
  };
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), plain) &&
         is_host_name(text.substr(at + 1));
}

constexpr Format formats[] = {
    {"uri", "a URL such as https://host/path",
     [](std::string_view text) { return bool(parse_url(text)); }},
    {"hostname", "a host name", is_host_name},
    {"email", "an e-mail address", is_email},
    {"duration", "a duration such as 30s, 250ms or 1m30s",
     [](std::string_view text) { return parse_duration(text).has_value(); }},
    {"bytes", "a size such as 512KiB or 16MiB",
     [](std::string_view text) { return parse_bytes(text).has_value(); }},
};

const Format* find_format(std::string_view name) {
  const auto* found = std::find_if(std::begin(formats), std::end(formats),
                                   [&](const Format& format) { return format.name == name; });
  return found == std::end(formats) ? nullptr : found;
}

// " from 1 to 64", " of at least 1", " of at most 64" or nothing.
std::string span(const std::string& least, const std::string& most, const std::string& from) {
  if (!least.empty() && !most.empty()) return " " + from + " " + least + " to " + most;
  if (!least.empty()) return " of at least " + least;
  if (!most.empty()) return " of at most " + most;
  return "";
}

std::string size_span(const SchemaNode& node, const std::string& unit) {
  const std::string text = span(node.least ? std::to_string(*node.least) : "",
                                node.most ? std::to_string(*node.most) : "", "of");
  return text.empty() ? text : text + " " + unit;
}

std::string string_expectation(const SchemaNode& node) {
  std::string text = node.format.empty() ? "a string" : std::string(find_format(node.format)->noun);
  text += size_span(node, "characters");
  if (node.pattern) text += " that matches " + node.pattern->pattern();
  return text;
}

std::string number_expectation(const SchemaNode& node, const std::string& noun) {
  return noun + span(node.minimum ? node.minimum->number_text() : "",
                     node.maximum ? node.maximum->number_text() : "", "from");
}

}  // namespace

std::string listed(const std::vector<Json>& values) {
  std::string text = values.size() > 1 ? "one of " : "";
  for (const Json& value : values) {
    if (&value != &values.front()) text += ", ";
    text += to_text(value);
  }
  return text;
}

bool is_known_format(std::string_view format) { return find_format(format) != nullptr; }

bool has_format(std::string_view text, std::string_view format) {
  return find_format(format)->matches(text);
}

std::string expectation(const SchemaNode& node) {
  if (!node.allowed.empty()) return listed(node.allowed);
  switch (node.kind) {
    case SchemaNode::Kind::string: return string_expectation(node);
    case SchemaNode::Kind::integer: return number_expectation(node, "an integer");
    case SchemaNode::Kind::number: return number_expectation(node, "a number");
    case SchemaNode::Kind::boolean: return "true or false";
    case SchemaNode::Kind::array: return "a list" + size_span(node, "items");
    case SchemaNode::Kind::object: return "an object";
    case SchemaNode::Kind::choice:
      return "an object whose \"" + node.discriminator + "\" is " + listed(node.constants());
  }
  return "";
}

}  // namespace portolan::base
