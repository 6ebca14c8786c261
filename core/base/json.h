#pragma once
/// JSON (RFC 8259) in and out. The one door to RapidJSON, behind limits: depth, duplicate keys,
/// UTF-8 and number size are checked; no exception, no recursion on foreign bytes.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace portolan::base {

/// An immutable JSON value. Members keep their order. Cheap to move; copies are deep.
class Json {
 public:
  enum class Type { null, boolean, number, string, array, object };
  using Members = std::vector<std::pair<std::string, Json>>;
  using Items = std::vector<Json>;

  Json() = default;  ///< null
  static Json boolean(bool value);
  static Json integer(std::int64_t value);
  static Json number(std::string text);  ///< A valid JSON number, kept as text.
  static Json string(std::string value);
  static Json array(Items items = {});
  static Json object(Members members = {});

  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::null; }
  bool is_object() const { return type_ == Type::object; }
  bool is_array() const { return type_ == Type::array; }
  bool is_string() const { return type_ == Type::string; }

  /// nullopt when it is of another type, or the number is no integer that fits.
  std::optional<bool> as_bool() const;
  std::optional<std::int64_t> as_integer() const;
  std::optional<double> as_double() const;
  const std::string* as_string() const;
  const std::string& number_text() const { return text_; }  ///< Of a number: exactly as written.

  const Items& items() const { return items_; }            ///< Empty unless an array.
  const Members& members() const { return members_; }      ///< Empty unless an object.
  const Json* find(std::string_view key) const;            ///< Null when absent or no object.
  const Json* at_pointer(std::string_view pointer) const;  ///< RFC 6901; null when absent.

  /// Building.
  void set(std::string key, Json value);  ///< Replaces or appends a member; makes null an object.
  void push(Json value);                  ///< Appends an item; makes null an array.

  friend bool operator==(const Json&, const Json&) = default;

 private:
  Type type_ = Type::null;
  bool boolean_ = false;
  std::string text_;  // Of a string or number.
  Items items_;
  Members members_;
};

/// Beyond a limit a text is refused with Code::limit.
struct JsonLimits {
  int depth = 64;
  std::size_t bytes = 16 * 1024 * 1024;
  std::size_t values = 1'000'000;
};

/// protocol with "line:column" in `where` when it is not one well-formed JSON text.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The RFC 6901 pointer of member `key` of the object at `pointer`.
std::string pointer_below(std::string_view pointer, std::string_view key);

/// Compact, or indented by two blanks. Valid UTF-8 whatever the strings hold; control characters
/// escaped.
std::string to_text(const Json& value, bool pretty = false);

}  // namespace portolan::base
