#include "api/paging.h"

#include <algorithm>
#include <array>

#include "api/target.h"

namespace portolan::api {
namespace {

using base::Json;
using std::string_view;

constexpr int cursor_version = 1;
constexpr std::size_t cursor_bytes_max = 2 * 1024;
constexpr string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string base64url(string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += alphabet[(bits >> (held - 6)) & 0x3F];
  }
  if (held > 0) out += alphabet[(bits << (6 - held)) & 0x3F];
  return out;
}

std::optional<std::string> from_base64url(string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == string_view::npos) return {};
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> held) & 0xFF);
    }
  }
  return out;
}

base::Error refuse(const char* message) {
  return {.code = base::Code::invalid_argument,
          .message = message,
          .hint = "Begin again without a cursor, or follow the Link of the page before.",
          .where = "cursor"};
}

}  // namespace

std::vector<Parameter> page_parameters(PageLimits limits) {
  return {
      {.name = "limit",
       .schema = R"({"type": "integer", "minimum": 1, "maximum": )" + std::to_string(limits.most) +
                 R"(, "default": )" + std::to_string(limits.usual) + "}",
       .help =
           "How many rows a page has at most; limits.page and limits.page-max of the daemon are "
           "its default and its bound."},
      {.name = "cursor",
       .schema = R"({"type": "string", "minLength": 1, "maxLength": )" +
                 std::to_string(cursor_bytes_max) + "}",
       .help = "Where the page begins: taken from the Link of the page before, never made up."}};
}

base::Result<Page> read_page(const Call& call, string_view list) {
  Page page;
  page.limit = static_cast<std::size_t>(call.number("limit"));
  if (call.text("cursor").empty()) return page;
  auto after = decode_cursor(list, call.text("cursor"));
  if (!after) return after.error();
  page.after = *std::move(after);
  return page;
}

std::string encode_cursor(string_view list, const std::vector<std::string>& after) {
  Json key = Json::array();
  for (const std::string& part : after) key.push(Json::string(part));
  return base64url(to_text(Json::array(
      {Json::integer(cursor_version), Json::string(std::string(list)), std::move(key)})));
}

base::Result<std::vector<std::string>> decode_cursor(string_view list, string_view text) {
  const auto bytes = from_base64url(text.substr(0, cursor_bytes_max + 1));
  if (!bytes || text.size() > cursor_bytes_max) return refuse("the cursor is not one of ours");
  const auto json = base::parse_json(*bytes, {.depth = 3, .values = 64});
  if (!json || !json->is_array() || json->items().size() != 3 ||
      json->items()[0].as_integer() != cursor_version)
    return refuse("the cursor is not one of ours, or of another version");
  if (json->items()[1] != Json::string(std::string(list)))
    return refuse("the cursor belongs to another list, order or filter");
  std::vector<std::string> after;
  for (const Json& part : json->items()[2].items()) {
    if (!part.is_string()) return refuse("the cursor is not one of ours");
    after.push_back(*part.as_string());
  }
  // The one spelling that we make: what is equal is equal as text.
  if (after.empty() || encode_cursor(list, after) != text)
    return refuse("the cursor is not one of ours");
  return after;
}

void link_next(Answer& answer, const Call& call, string_view list,
               const std::vector<std::string>& last_row) {
  std::string target = call.request.path + "?";
  for (const auto& [name, value] : call.request.query) {
    if (name != "cursor") target += percent_encode(name) + "=" + percent_encode(value) + "&";
  }
  target += "cursor=" + encode_cursor(list, last_row);
  answer.headers.emplace_back("Link", "<" + target + ">; rel=\"next\"");
}

}  // namespace portolan::api
