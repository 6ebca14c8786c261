#include "api/target.h"

#include <algorithm>

#include "base/host_name.h"
#include "base/text.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using std::string_view;

Error wrong(const char* message, const char* hint = "") {
  return Error{.code = Code::invalid_argument, .message = message, .hint = hint};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
         string_view("-._~").find(c) != string_view::npos;
}

// pchar and what a query has more; '%' is looked at by itself.
bool may_stand(char c) {
  return is_unreserved(c) || string_view("!$&'()*+,;=:@/?").find(c) != string_view::npos;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Result<std::string> decode(string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!may_stand(text[i]))
        return wrong("the target has a character that must be percent-encoded",
                     "Percent-encode all but letters, digits and -._~ in names and values.");
      out += text[i] == '+' && plus_is_blank ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return wrong("the target has a % that two hexadecimal digits miss");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!base::is_utf8(out)) return wrong("the target is not UTF-8");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(out.begin(), out.end(), is_control))
    return wrong("the target has a control character");
  return out;
}

}  // namespace

base::Result<std::vector<std::string>> decode_path(string_view path) {
  std::vector<std::string> segments;
  if (path.empty() || path.front() != '/') return wrong("the path does not begin with a slash");
  if (path == "/") return segments;
  for (std::size_t at = 0; at != string_view::npos;) {
    const std::size_t end = path.find('/', at + 1);
    auto segment =
        decode(path.substr(at + 1, end == string_view::npos ? end : end - at - 1), false);
    if (!segment) return segment.error();
    if (*segment == "." || *segment == "..")
      return wrong("the path has a dot segment", "Send the path without \".\" and \"..\".");
    segments.push_back(*std::move(segment));
    at = end;
  }
  return segments;
}

base::Result<Fields> decode_query(string_view query) {
  Fields fields;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const string_view piece = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t mark = std::min(piece.find('='), piece.size());
    auto name = decode(piece.substr(0, mark), true);
    if (!name) return name.error();
    auto value = decode(piece.substr(std::min(mark + 1, piece.size())), true);
    if (!value) return value.error();
    if (name->empty()) return wrong("the query has a parameter without a name");
    if (fields.size() == query_names_max) return wrong("the query has too many parameters");
    fields.emplace_back(*std::move(name), *std::move(value));
  }
  return fields;
}

std::string percent_encode(string_view text) {
  constexpr string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', hex[byte >> 4], hex[byte & 0xF]};
  }
  return out;
}

std::optional<std::string> host_of(string_view text) {
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.find(':', bracket == string_view::npos ? 0 : bracket);
  if (colon != string_view::npos) {
    const string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit))
      return {};
    text = text.substr(0, colon);
  }
  std::string why;
  return base::canonical_host(text, why);
}

}  // namespace portolan::api
