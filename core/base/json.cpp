#include "base/json.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>
#include <unordered_set>

// RapidJSON asserts what it would read out of bounds; here that must be a failure, not an abort.
#define RAPIDJSON_ASSERT(condition) ((condition) ? void() : throw std::logic_error(#condition))
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "base/text.h"

namespace portolan::base {
namespace {

constexpr std::size_t shown_key_bytes = 64;

std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line =
      1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line.
  return std::to_string(line) + ":" + std::to_string(1 + rune_count(before.substr(line_start)));
}

/// Builds the value from RapidJSON's events. Returning false stops the parse; error() tells why.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  bool Null() { return add(Json()); }
  bool Bool(bool value) { return add(Json::boolean(value)); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return add(Json::number(std::string(text, size)));
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    // RapidJSON lets "\udc00" and raw invalid bytes through.
    if (!is_utf8({text, size})) return fail(Code::protocol, "a string is not valid UTF-8");
    return add(Json::string(std::string(text, size)));
  }
  bool Key(const char* text, rapidjson::SizeType size, bool);
  bool StartObject() { return open(true); }
  bool StartArray() { return open(false); }
  bool EndObject(rapidjson::SizeType) { return add(close()); }
  bool EndArray(rapidjson::SizeType) { return add(close()); }

  Json take() { return std::move(root_); }
  const Error& error() const { return error_; }

 private:
  struct Container {
    bool is_object = false;
    Json::Members members;
    Json::Items items;
    std::string key;                       // Of the member whose value comes next.
    std::unordered_set<std::string> keys;  // Filled only when scanning the members got slow.
  };

  bool fail(Code code, std::string message) {
    error_.code = code;
    error_.message = std::move(message);
    return false;
  }
  bool open(bool is_object);
  Json close();
  bool add(Json value);
  bool is_new(Container& container, const std::string& key);

  const JsonLimits limits_;
  std::vector<Container> open_;
  std::size_t values_ = 0;
  Json root_;
  Error error_;
};

bool Builder::Key(const char* text, rapidjson::SizeType size, bool) {
  std::string key(text, size);
  if (!is_utf8(key)) return fail(Code::protocol, "a key is not valid UTF-8");
  if (!is_new(open_.back(), key)) {
    return fail(Code::protocol,
                "the key \"" + clean_text(key, shown_key_bytes) + "\" is there twice");
  }
  open_.back().key = std::move(key);
  return true;
}

bool Builder::is_new(Container& container, const std::string& key) {
  constexpr std::size_t scanned_members = 16;
  const Json::Members& members = container.members;
  if (members.size() <= scanned_members) {
    return std::none_of(members.begin(), members.end(),
                        [&](const auto& member) { return member.first == key; });
  }
  if (container.keys.empty()) {
    for (const auto& member : members) container.keys.insert(member.first);
  }
  return container.keys.insert(key).second;
}

bool Builder::open(bool is_object) {
  if (open_.size() >= static_cast<std::size_t>(limits_.depth)) {
    return fail(Code::limit, "nested deeper than " + std::to_string(limits_.depth) + " levels");
  }
  open_.emplace_back().is_object = is_object;
  return true;
}

Json Builder::close() {
  Container done = std::move(open_.back());
  open_.pop_back();
  return done.is_object ? Json::object(std::move(done.members))
                        : Json::array(std::move(done.items));
}

bool Builder::add(Json value) {
  if (++values_ > limits_.values) {
    return fail(Code::limit, "more than " + std::to_string(limits_.values) + " values");
  }
  if (open_.empty()) {
    root_ = std::move(value);
  } else if (open_.back().is_object) {
    open_.back().members.emplace_back(std::move(open_.back().key), std::move(value));
  } else {
    open_.back().items.push_back(std::move(value));
  }
  return true;
}

Error parse_error(std::string_view text, const rapidjson::ParseResult& result,
                  const Builder& builder) {
  Error error;
  if (result.Code() == rapidjson::kParseErrorTermination) {
    error = builder.error();
  } else {
    error.code = Code::protocol;
    // "Missing a comma or } after an object member."
    error.message = rapidjson::GetParseError_En(result.Code());
    error.message[0] = static_cast<char>(std::tolower(error.message[0]));
    if (error.message.back() == '.') error.message.pop_back();
  }
  error.message = "not readable as JSON: " + error.message;
  error.where = line_and_column(text, result.Offset());
  return error;
}

// What an integer looks like once fraction and exponent are worked out: "1.50e1" is "15".
std::optional<std::string> as_plain_integer(std::string_view number) {
  const bool negative = number.front() == '-';
  if (negative) number.remove_prefix(1);
  const std::size_t e = number.find_first_of("eE");
  std::string digits(number.substr(0, e));
  long exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view power = number.substr(e + 1);
    if (power.front() == '+') power.remove_prefix(1);
    if (std::from_chars(power.data(), power.data() + power.size(), exponent).ec != std::errc())
      return {};
  }
  if (const std::size_t point = digits.find('.'); point != std::string::npos) {
    exponent -= static_cast<long>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return "0";
  for (; exponent < 0 && digits.back() == '0'; ++exponent) digits.pop_back();
  constexpr long longest = 19;  // Digits of the largest std::int64_t.
  if (exponent < 0 || exponent > longest) return {};
  digits.append(static_cast<std::size_t>(exponent), '0');
  return negative ? "-" + digits : digits;
}

template <class Number>
std::optional<Number> read_whole(std::string_view text) {
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

Json Json::boolean(bool value) {
  Json json;
  json.type_ = Type::boolean;
  json.boolean_ = value;
  return json;
}

Json Json::integer(std::int64_t value) { return number(std::to_string(value)); }

Json Json::number(std::string text) {
  Json json;
  json.type_ = Type::number;
  json.text_ = std::move(text);
  return json;
}

Json Json::string(std::string value) {
  Json json;
  json.type_ = Type::string;
  json.text_ = std::move(value);
  return json;
}

Json Json::array(Items items) {
  Json json;
  json.type_ = Type::array;
  json.items_ = std::move(items);
  return json;
}

Json Json::object(Members members) {
  Json json;
  json.type_ = Type::object;
  json.members_ = std::move(members);
  return json;
}

std::optional<bool> Json::as_bool() const {
  if (type_ != Type::boolean) return {};
  return boolean_;
}

std::optional<std::int64_t> Json::as_integer() const {
  if (type_ != Type::number) return {};
  if (const auto value = read_whole<std::int64_t>(text_)) return value;
  const auto plain = as_plain_integer(text_);
  return plain ? read_whole<std::int64_t>(*plain) : std::nullopt;
}

std::optional<double> Json::as_double() const {
  if (type_ != Type::number) return {};
  return read_whole<double>(text_);
}

const std::string* Json::as_string() const { return type_ == Type::string ? &text_ : nullptr; }

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : members_) {
    if (name == key) return &value;
  }
  return nullptr;
}

const Json* Json::at_pointer(std::string_view pointer) const {
  const Json* value = this;
  while (value && !pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    if (value->type_ == Type::array) {
      const auto index =
          token.size() > 1 && token.front() == '0' ? std::nullopt : read_whole<std::size_t>(token);
      value = index && *index < value->items_.size() ? &value->items_[*index] : nullptr;
      continue;
    }
    std::string key;
    for (std::size_t i = 0; i < token.size(); ++i) {
      if (token[i] != '~') {
        key += token[i];
      } else if (++i < token.size() && (token[i] == '0' || token[i] == '1')) {
        key += token[i] == '0' ? '~' : '/';
      } else {
        return nullptr;
      }
    }
    value = value->find(key);
  }
  return value;
}

void Json::set(std::string key, Json value) {
  type_ = Type::object;
  for (auto& member : members_) {
    if (member.first == key) {
      member.second = std::move(value);
      return;
    }
  }
  members_.emplace_back(std::move(key), std::move(value));
}

void Json::push(Json value) {
  type_ = Type::array;
  items_.push_back(std::move(value));
}

std::string pointer_below(std::string_view pointer, std::string_view key) {
  std::string below(pointer);
  below += '/';
  for (const char c : key) {
    if (c == '~')
      below += "~0";
    else if (c == '/')
      below += "~1";
    else
      below += c;
  }
  return below;
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error{
        .code = Code::limit,
        .message = "the JSON text has more than " + std::to_string(limits.bytes) + " bytes"};
  }
  // RapidJSON takes NUL for the end and would leave what follows unread.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Error{.code = Code::protocol,
                 .message = "not readable as JSON: it contains a NUL byte",
                 .where = line_and_column(text, nul)};
  }
  try {
    // Iterative: a deep text must not eat the stack. Numbers stay text: RapidJSON's conversion
    // overflows on huge exponents.
    constexpr unsigned flags =
        rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    rapidjson::MemoryStream stream(text.data(), text.size());
    rapidjson::Reader reader;
    Builder builder(limits);
    const rapidjson::ParseResult result = reader.Parse<flags>(stream, builder);
    if (result.IsError()) return parse_error(text, result, builder);
    return builder.take();
  } catch (const std::logic_error& broken) {
    return Error{.code = Code::internal,
                 .message = std::string("the JSON reader failed: ") + broken.what()};
  }
}

}  // namespace portolan::base
