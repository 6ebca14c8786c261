#include "base/json.h"
#include "base/text.h"

namespace portolan::base {
namespace {

void append_escaped(std::string& out, char32_t code) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += hex[code >> shift & 0xF];
}

// Terminals act on C1 controls too, so they are escaped like those that RFC 8259 names.
bool needs_escape(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const Rune rune = rune_at(text, i);
    switch (rune.code) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (needs_escape(rune.code))
          append_escaped(out, rune.code);
        else if (rune.valid)
          out += text.substr(i, rune.length);
        else
          out += "\xEF\xBF\xBD";
    }
    i += rune.length;
  }
  out += '"';
}

class Writer {
 public:
  explicit Writer(bool pretty) : pretty_(pretty) {}

  void write(const Json& value) {
    switch (value.type()) {
      case Json::Type::null: out_ += "null"; break;
      case Json::Type::boolean: out_ += *value.as_bool() ? "true" : "false"; break;
      case Json::Type::number: out_ += value.number_text(); break;
      case Json::Type::string: append_string(out_, *value.as_string()); break;
      case Json::Type::array: write_array(value.items()); break;
      case Json::Type::object: write_object(value.members()); break;
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void write_array(const Json::Items& items) {
    begin('[');
    for (const Json& item : items) {
      next(&item == &items.front());
      write(item);
    }
    end(']', items.empty());
  }

  void write_object(const Json::Members& members) {
    begin('{');
    for (const auto& member : members) {
      next(&member == &members.front());
      append_string(out_, member.first);
      out_ += pretty_ ? ": " : ":";
      write(member.second);
    }
    end('}', members.empty());
  }

  void begin(char bracket) {
    out_ += bracket;
    ++depth_;
  }
  void next(bool first) {
    if (!first) out_ += ',';
    new_line();
  }
  void end(char bracket, bool empty) {
    --depth_;
    if (!empty) new_line();
    out_ += bracket;
  }
  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  const bool pretty_;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string to_text(const Json& value, bool pretty) {
  Writer writer(pretty);
  writer.write(value);
  return writer.take();
}

}  // namespace portolan::base
