#pragma once
/// How json::parse() does it.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"
#include "json_text.hpp"

namespace portolan::inline v1 {

struct json_limits {
  std::uint32_t depth = 64;
  std::uint32_t values = 4'000'000;
};

namespace detail {
struct json_node {
  enum kind : std::uint8_t { null, yes, no, number, string, array, object } type = null;
  bool escaped = false;     // A string with at least one backslash.
  std::uint32_t begin = 0;  // Of the text: without quotes for strings.
  std::uint32_t end = 0;
  std::uint32_t next = 0;   // The node behind this one and all that is in it.
  std::uint32_t count = 0;  // Items, or members.
};
struct json_table {
  std::string text;
  std::vector<json_node> nodes;
};

/// One pass, an explicit stack of open containers.
class json_parser {
 public:
  json_parser(json_table& table, json_limits limits)
      : text_(table.text), nodes_(table.nodes), limits_(limits) {}

  void run() {
    if (text_.size() > 0xFFFF'FFF0U) fail("is larger than 4 GiB");
    blank();
    value();
    while (!open_.empty()) step();
    if (at_ != text_.size()) fail("goes on behind its end");
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw failure(PORTOLAN_PROTOCOL,
                  std::string("the JSON text ") + what + " at byte " + std::to_string(at_));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void blank() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  json_node& add(json_node::kind type, std::size_t begin, std::size_t end) {
    if (nodes_.size() >= limits_.values) fail("has more values than the limit");
    json_node node;
    node.type = type;
    node.begin = static_cast<std::uint32_t>(begin);
    node.end = static_cast<std::uint32_t>(end);
    node.next = static_cast<std::uint32_t>(nodes_.size() + 1);
    return nodes_.emplace_back(node);
  }

  /// The next item or member of the innermost open container, or its end.
  void step() {
    const std::uint32_t container = open_.back();
    const bool object = nodes_[container].type == json_node::object;
    const char last = object ? '}' : ']';
    if (peek() == last) {
      ++at_;
      return close(container, object);
    }
    if (nodes_[container].count > 0) {
      if (peek() != ',') fail("lacks a comma");
      ++at_;
      blank();
    }
    ++nodes_[container].count;
    if (object) {
      if (peek() != '"') fail("lacks a member's name");
      string();
      blank();
      if (peek() != ':') fail("lacks a colon");
      ++at_;
      blank();
    }
    value();
  }

  void close(std::uint32_t container, bool object) {
    nodes_[container].next = static_cast<std::uint32_t>(nodes_.size());
    nodes_[container].end = static_cast<std::uint32_t>(at_);
    if (object) refuse_duplicates(container);
    open_.pop_back();
    blank();
  }

  void refuse_duplicates(std::uint32_t container) {
    if (nodes_[container].count < 2) return;
    keys_.clear();
    for (std::uint32_t i = container + 1; i < nodes_[container].next; i = nodes_[i + 1].next) {
      const auto raw = text_.substr(nodes_[i].begin, nodes_[i].end - nodes_[i].begin);
      keys_.push_back(nodes_[i].escaped ? json_unescape(raw) : std::string(raw));
    }
    std::sort(keys_.begin(), keys_.end());
    if (std::adjacent_find(keys_.begin(), keys_.end()) != keys_.end()) fail("repeats a name");
  }

  void value() {
    switch (peek()) {
      case '{': return container(json_node::object);
      case '[': return container(json_node::array);
      case '"': string(); break;
      case 't': word("true", json_node::yes); break;
      case 'f': word("false", json_node::no); break;
      case 'n': word("null", json_node::null); break;
      default: number();
    }
    blank();
  }

  void container(json_node::kind type) {
    if (open_.size() >= limits_.depth) fail("is nested deeper than the limit");
    open_.push_back(static_cast<std::uint32_t>(nodes_.size()));
    add(type, at_, at_);
    ++at_;
    blank();
  }

  void word(std::string_view expected, json_node::kind type) {
    if (text_.substr(at_, expected.size()) != expected) fail("has an unknown word");
    add(type, at_, at_ + expected.size());
    at_ += expected.size();
  }

  bool digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  void number() {
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else if (!digits()) {
      fail("lacks a value");
    }
    if (peek() == '.' && (++at_, !digits())) fail("has a number without digits behind its point");
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) fail("has a number without digits in its exponent");
    }
    add(json_node::number, begin, at_);
  }

  void string() {
    const std::size_t begin = ++at_;
    bool escaped = false;
    while (peek() != '"') {
      if (at_ >= text_.size()) fail("ends inside a string");
      if (static_cast<unsigned char>(text_[at_]) < 0x20)
        fail("has a control character in a string");
      if (text_[at_] == '\\') {
        escaped = true;
        escape();
      } else {
        const std::size_t length = utf8_length(text_, at_);
        if (length == 0) fail("is not UTF-8");
        at_ += length;
      }
    }
    add(json_node::string, begin, at_).escaped = escaped;
    ++at_;
  }

  void escape() {
    ++at_;
    if (peek() != 'u') {
      if (peek() == '\0' || std::string_view("\"\\/bfnrt").find(peek()) == std::string_view::npos)
        fail("has an unknown escape");
      ++at_;
      return;
    }
    const std::uint32_t point = hex4(text_.substr(at_ + 1));
    if (point > 0xFFFF || (point >= 0xDC00 && point < 0xE000)) fail("has a bad \\u escape");
    at_ += 5;
    if (point < 0xD800 || point >= 0xDC00) return;
    const std::uint32_t low = text_.substr(at_, 2) == "\\u" ? hex4(text_.substr(at_ + 2)) : 0;
    if (low < 0xDC00 || low > 0xDFFF) fail("has half a surrogate pair");
    at_ += 6;
  }

  std::string_view text_;
  std::vector<json_node>& nodes_;
  json_limits limits_;
  std::size_t at_ = 0;
  std::vector<std::uint32_t> open_;
  std::vector<std::string> keys_;
};

}  // namespace detail

}  // namespace portolan::inline v1
