#include "config/type_options.h"

#include <algorithm>
#include <charconv>

namespace portolan::config {
namespace {

using base::Code;
using base::Error;
using base::Json;
using base::Result;

constexpr std::string_view options_pointer = "/options";

Error mistake(Code code, std::string message, std::string hint) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.hint = std::move(hint);
  error.where = "command line";
  return error;
}

std::string key_of(std::string_view pointer) {
  const std::string begin = std::string(options_pointer) + '/';
  if (pointer.substr(0, begin.size()) != begin) return "";
  std::string key(pointer.substr(begin.size()));
  std::replace(key.begin(), key.end(), '/', '.');
  return key;
}

/// A text as a value of the schema's type; as a string where it is none, which the schema's check
/// then tells in its own words.
Json typed(const std::string& text, const std::string& type) {
  if (type == "boolean" && (text == "true" || text == "false"))
    return Json::boolean(text == "true");
  if (type == "integer" || type == "number") {
    const auto number = base::parse_json(text);
    if (number && number->type() == Json::Type::number) return *number;
  }
  return Json::string(text);
}

/// The type of the items of a list, as its schema says it.
std::string item_type(const base::Schema& schema, const base::SchemaField& field) {
  std::string pointer;
  for (const char c : field.pointer)
    pointer += c == '/' ? std::string("/properties/") : std::string(1, c);
  const Json* type = schema.json().at_pointer(pointer + "/items/type");
  return type && type->as_string() ? *type->as_string() : "string";
}

/// Sets the value at "a.b", making the objects on the way.
void put(Json& object, std::string_view key, const Json& value, bool append) {
  const std::size_t dot = key.find('.');
  const std::string first(key.substr(0, dot));
  const Json* present = object.find(first);
  if (dot != std::string_view::npos) {
    Json inner = present ? *present : Json::object();
    put(inner, key.substr(dot + 1), value, append);
    object.set(first, std::move(inner));
  } else if (append) {
    Json list = present ? *present : Json::array();
    list.push(value);
    object.set(first, std::move(list));
  } else {
    object.set(first, value);
  }
}

Result<Json> parse_pairs(const TypeFlags& flags, const base::Schema& schema) {
  Json options = Json::object();
  std::vector<std::string> known, given;
  const auto fields = schema.fields();
  for (const auto& field : fields) {
    if (!option_key(field).empty()) known.push_back(option_key(field));
  }
  for (const std::string& pair : flags.options) {
    const std::size_t equals = pair.find('=');
    const std::string key = pair.substr(0, equals);
    const std::string hint = "see: portolan types show " + flags.type;
    if (equals == std::string::npos || equals == 0) {
      return mistake(Code::invalid_argument, "--option needs KEY=VALUE, not \"" + key + '"', hint);
    }
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const auto& each) { return option_key(each) == key; });
    if (field == fields.end()) {
      const std::string nearest = base::nearest_name(key, known);
      const std::string meant = nearest.empty() ? "" : ", did you mean \"" + nearest + "\"?";
      return mistake(Code::invalid_argument,
                     "the type " + flags.type + " has no option \"" + key + '"' + meant, hint);
    }
    const bool list = field->type == "array";
    if (!list && std::count(given.begin(), given.end(), key) > 0) {
      return mistake(Code::invalid_argument, "--option " + key + " is given more than once", hint);
    }
    given.push_back(key);
    const std::string type = list ? item_type(schema, *field) : field->type;
    put(options, key, typed(pair.substr(equals + 1), type), list);
  }
  return options;
}

std::string flag_for(const std::string& pointer) {
  if (pointer == "/credentials/username") return "--username";
  if (pointer == "/credentials/password") return "--password-from";
  return "--option " + key_of(pointer);
}

std::string sentence(const base::SchemaMistake& found, const TypeFlags& flags) {
  const std::string flag = flag_for(found.pointer);
  if (!found.about_key) return flag + ": expected " + found.expected + ", found " + found.found;
  if (flag == "--password-from" && !flags.username.empty())
    return flag + " is missing beside --username";
  if (flag == "--username" && flags.password) return flag + " is missing beside --password-from";
  return flag + " is missing; the type " + flags.type + " requires it";
}

Json document_of(const TypeFlags& flags, Json options) {
  Json credentials = Json::object(), document = Json::object();
  if (!flags.username.empty()) credentials.set("username", Json::string(flags.username));
  if (flags.password) {
    Json secret = Json::object();
    secret.set("$secret", Json::string("password"));
    credentials.set("password", std::move(secret));
  }
  document.set("credentials", std::move(credentials));
  document.set("options", std::move(options));
  return document;
}

}  // namespace

std::string option_key(const base::SchemaField& field) { return key_of(field.pointer); }

Result<std::string> options_from_flags(const TypeFlags& flags, const base::Schema& schema) {
  auto options = parse_pairs(flags, schema);
  if (!options) return options.error();
  const Json document = document_of(flags, *std::move(options));
  std::string all;
  for (const auto& found : schema.check(document))
    all += (all.empty() ? "" : "; ") + sentence(found, flags);
  if (all.empty() && flags.username.empty() == flags.password) {
    all = flags.password ? "--username is missing beside --password-from"
                         : "--password-from is missing beside --username";
  }
  if (!all.empty()) {
    return mistake(Code::invalid_config, all, "see: portolan types show " + flags.type);
  }
  return base::to_text(*schema.with_defaults(document).find("options"));
}

}  // namespace portolan::config
