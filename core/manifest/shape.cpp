#include "manifest/checks.h"

#include <stdexcept>

#include "manifest/manifest.h"

namespace portolan::manifest {
namespace {

/// Without the keywords that base::Schema does not know: names for editors, and counts of members,
/// which check_registry.cpp checks with better words.
base::Json without_foreign_keywords(const base::Json& schema) {
  if (schema.is_array()) {
    base::Json::Items items;
    for (const auto& item : schema.items()) items.push_back(without_foreign_keywords(item));
    return base::Json::array(std::move(items));
  }
  if (!schema.is_object()) return schema;
  base::Json::Members members;
  for (const auto& [key, value] : schema.members()) {
    const bool foreign =
        key == "$schema" || key == "$id" || key == "minProperties" || key == "maxProperties";
    if (!foreign) members.emplace_back(key, without_foreign_keywords(value));
  }
  return base::Json::object(std::move(members));
}

base::Schema compiled() {
  const auto json = base::parse_json(schema_text());
  auto schema = base::Schema::compile(base::to_text(without_foreign_keywords(*json)));
  // The text is part of the program, and a test compiles it.
  if (!schema) throw std::logic_error("manifest.schema.json: " + schema.error().message);
  return *std::move(schema);
}

/// What to say of a name that somebody may well try, or empty.
std::string explanation(std::string_view pointer) {
  const std::string_view key = pointer.substr(pointer.rfind('/') + 1);
  const std::string_view holder = pointer.substr(0, pointer.rfind('/'));
  const bool reference = holder.size() > 4 && holder.substr(holder.size() - 4) == "From";
  if (reference && key == "exec") {
    return "a manifest may not run programs; use env, file, credential or stdin";
  }
  if ((reference && key == "value") || key == "password") {
    return "a secret may not stand in a manifest; write passwordFrom with env, file, credential or "
           "stdin";
  }
  return "";
}

/// Whether somebody may have put a secret there by mistake, so that what was found is not shown.
bool may_hold_secret(std::string_view pointer) {
  return pointer.find("From") != std::string_view::npos ||
         pointer.find("/proxy") != std::string_view::npos;
}

std::string without_text(const std::string& found) {
  return found.rfind("the string", 0) == 0 ? "a string" : found;
}

/// The pattern of names is told in words.
std::string in_words(std::string expected) {
  constexpr std::string_view pattern = "a string that matches ^[a-z0-9][a-z0-9._-]{0,62}$";
  const auto at = expected.find(pattern);
  if (at == std::string::npos) return expected;
  return expected.replace(at, pattern.size(),
                          "at most 63 of a-z, 0-9, '.', '_', '-', first no sign");
}

std::string nearest_field(std::string_view pointer, const base::SchemaMistake& found) {
  const bool url =
      found.about_key && found.nearest.empty() && pointer.substr(pointer.rfind('/') + 1) == "url";
  return url ? "address" : found.nearest;
}

bool wants_quotes(const base::SchemaMistake& found) {
  const bool text =
      found.expected.rfind("a string", 0) == 0 || found.expected.find('"') != std::string::npos;
  return text && !found.about_key && found.found.rfind("the number ", 0) == 0;
}

}  // namespace

Mistake to_mistake(const Document& document, const std::string& pointer,
                   const base::SchemaMistake& found) {
  const std::string shown = may_hold_secret(pointer) ? without_text(found.found) : found.found;
  std::string message = "expected " + in_words(found.expected) + ", found " + shown;
  if (found.about_key && document.places.count(pointer) != 0) {
    message = explanation(pointer);
    if (message.empty()) message = "unknown field";
  } else if (found.about_key) {
    message = "this field is missing";
    const auto beside = found.expected.find(" beside ");
    if (beside != std::string::npos) message += found.expected.substr(beside);
  }
  if (wants_quotes(found)) message += "; put it in quotes";
  Mistake mistake = document.mistake(pointer, std::move(message), found.about_key);
  mistake.expected = in_words(found.expected);
  mistake.found = shown;
  mistake.nearest = nearest_field(pointer, found);
  return mistake;
}

void check_shape(const Document& document, std::vector<Mistake>& mistakes) {
  static const base::Schema schema = compiled();
  for (const auto& found : schema.check(document.value)) {
    if (document.is_broken(found.pointer)) continue;
    mistakes.push_back(to_mistake(document, found.pointer, found));
  }
}

}  // namespace portolan::manifest
