#pragma once
/// A JSON reader for answers of registries (RFC 8259): one flat table of values over the text, no
/// recursion, with limits. Duplicate keys, invalid UTF-8 and lone surrogates are refused.
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json_parser.hpp"

namespace portolan::inline v1 {

/// A value inside a parsed text; cheap to copy, keeps the text alive. Reading a wrong type answers
/// "nothing" instead of throwing: what registries send is not to be trusted.
class json {
 public:
  json() = default;  ///< Nothing: absent.

  /// PORTOLAN_PROTOCOL with the byte offset when `text` is not one well-formed JSON text.
  static json parse(std::string text, json_limits limits = {});

  explicit operator bool() const { return table_ != nullptr; }  ///< Present (null is present).
  bool is_null() const { return is(detail::json_node::null); }
  bool is_object() const { return is(detail::json_node::object); }
  bool is_array() const { return is(detail::json_node::array); }
  bool is_string() const { return is(detail::json_node::string); }
  std::size_t size() const { return is_array() || is_object() ? node().count : 0; }

  std::optional<std::string> string() const {
    if (!is_string()) return std::nullopt;
    const auto raw = slice();
    return node().escaped ? detail::json_unescape(raw) : std::string(raw);
  }
  std::string string_or(std::string_view otherwise) const {
    auto text = string();
    return text ? *std::move(text) : std::string(otherwise);
  }
  /// An integer that fits; `1.0`, `1e3` and anything beyond 64 bits are nothing.
  std::optional<std::int64_t> integer() const {
    if (!is(detail::json_node::number)) return std::nullopt;
    const auto raw = slice();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (error != std::errc{} || end != raw.data() + raw.size()) return std::nullopt;
    return value;
  }
  std::int64_t integer_or(std::int64_t otherwise) const { return integer().value_or(otherwise); }
  std::optional<bool> boolean() const {
    if (is(detail::json_node::yes)) return true;
    if (is(detail::json_node::no)) return false;
    return std::nullopt;
  }
  /// A number exactly as written; empty for other types.
  std::string_view number_text() const {
    return is(detail::json_node::number) ? slice() : std::string_view{};
  }

  /// The member of that name; nothing when absent or when this is no object.
  json operator[](std::string_view key) const {
    if (!is_object()) return {};
    for (std::uint32_t at = index_ + 1; at < node().next; at = nodes()[at + 1].next) {
      const json name(table_, at);
      if (nodes()[at].escaped ? detail::json_unescape(name.slice()) == key : name.slice() == key)
        return {table_, at + 1};
    }
    return {};
  }

  /// Calls fn(json) for every item of an array, fn(std::string key, json) for every member.
  template <class F>
  void each(F&& fn) const {
    if constexpr (requires { fn(std::string{}, json{}); }) {
      if (!is_object()) return;
      for (std::uint32_t at = index_ + 1; at < node().next; at = nodes()[at + 1].next)
        fn(json(table_, at).string_or(""), json(table_, at + 1));
    } else {
      if (!is_array()) return;
      for (std::uint32_t at = index_ + 1; at < node().next; at = nodes()[at].next)
        fn(json(table_, at));
    }
  }

  /// The value's own text, as received.
  std::string_view raw() const {
    if (!table_) return {};
    return is_string() ? std::string_view(table_->text)
                             .substr(node().begin - 1, node().end - node().begin + 2)
                       : slice();
  }

 private:
  json(std::shared_ptr<const detail::json_table> table, std::uint32_t index)
      : table_(std::move(table)), index_(index) {}
  const std::vector<detail::json_node>& nodes() const { return table_->nodes; }
  const detail::json_node& node() const { return table_->nodes[index_]; }
  bool is(detail::json_node::kind type) const { return table_ && node().type == type; }
  std::string_view slice() const {
    return std::string_view(table_->text).substr(node().begin, node().end - node().begin);
  }

  std::shared_ptr<const detail::json_table> table_;
  std::uint32_t index_ = 0;
};

inline json json::parse(std::string text, json_limits limits) {
  auto table = std::make_shared<detail::json_table>();
  table->text = std::move(text);
  detail::json_parser(*table, limits).run();
  return {std::move(table), 0};
}

/// `text` as a JSON string with its quotes, for request bodies.
inline std::string json_quote(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      ((out += "\\u00") += hex[c >> 4]) += hex[c & 15];
    } else {
      out += c;
    }
  }
  return out += '"';
}

}  // namespace portolan::inline v1
