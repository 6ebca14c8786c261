#include "base/schema_node.h"

#include <algorithm>

namespace portolan::base {
namespace {

using Kind = SchemaNode::Kind;

constexpr unsigned of(Kind kind) { return 1u << static_cast<unsigned>(kind); }
constexpr unsigned strings = of(Kind::string), arrays = of(Kind::array), objects = of(Kind::object);
constexpr unsigned numbers = of(Kind::integer) | of(Kind::number), choices = of(Kind::choice);
constexpr unsigned scalars = strings | numbers | of(Kind::boolean);
constexpr unsigned everything = scalars | arrays | objects | choices;

constexpr Keyword keywords[] = {
    {"type", Shape::text, everything},
    {"title", Shape::text, everything},
    {"description", Shape::text, everything},
    {"default", Shape::any, everything},
    {"examples", Shape::list, everything},
    {"deprecated", Shape::boolean, everything},
    {"enum", Shape::list, scalars},
    {"const", Shape::any, scalars},
    {"minimum", Shape::number, numbers},
    {"maximum", Shape::number, numbers},
    {"minLength", Shape::size, strings},
    {"maxLength", Shape::size, strings},
    {"pattern", Shape::text, strings},
    {"format", Shape::text, strings},
    {"items", Shape::object, arrays},
    {"minItems", Shape::size, arrays},
    {"maxItems", Shape::size, arrays},
    {"properties", Shape::object, objects},
    {"required", Shape::names, objects},
    {"additionalProperties", Shape::no, objects},
    {"dependentRequired", Shape::object, objects},
    {"oneOf", Shape::list, choices},
    {"x-secret", Shape::boolean, strings},
    {"x-order", Shape::integer, everything},
    {"x-group", Shape::text, everything},
    {"x-widget", Shape::text, everything},
    {"x-placeholder", Shape::text, everything},
    {"x-help-url", Shape::text, everything},
    {"x-visible-if", Shape::object, everything},
    {"x-restart", Shape::boolean, everything},
    {"x-since", Shape::text, everything},
};

bool is_names(const Json& value) {
  std::vector<std::string> seen;
  for (const Json& item : value.items()) {
    if (!item.is_string() || std::count(seen.begin(), seen.end(), *item.as_string()) > 0)
      return false;
    seen.push_back(*item.as_string());
  }
  return value.is_array();
}

}  // namespace

bool has_shape(const Json& value, Shape shape) {
  switch (shape) {
    case Shape::text: return value.is_string();
    case Shape::boolean: return value.as_bool().has_value();
    case Shape::number: return value.as_double().has_value();
    case Shape::integer: return value.as_integer().has_value();
    case Shape::size: return value.as_integer().value_or(-1) >= 0;
    case Shape::names: return is_names(value);
    case Shape::list: return value.is_array() && !value.items().empty();
    case Shape::object: return value.is_object();
    case Shape::no: return value.as_bool() == false;
    case Shape::any: return true;
  }
  return false;
}

std::string_view words(Shape shape) {
  switch (shape) {
    case Shape::text: return "a string";
    case Shape::boolean: return "true or false";
    case Shape::number: return "a number";
    case Shape::integer: return "an integer";
    case Shape::size: return "an integer of at least 0";
    case Shape::names: return "a list of different names";
    case Shape::list: return "a list that is not empty";
    case Shape::object: return "an object";
    case Shape::no: return "false";
    case Shape::any: return "anything";
  }
  return "";
}

const Keyword* find_keyword(std::string_view name) {
  const auto* found = std::find_if(std::begin(keywords), std::end(keywords),
                                   [&](const Keyword& keyword) { return keyword.name == name; });
  return found == std::end(keywords) ? nullptr : found;
}

std::vector<std::string> keyword_names() {
  std::vector<std::string> names;
  for (const Keyword& keyword : keywords) names.emplace_back(keyword.name);
  return names;
}

}  // namespace portolan::base
