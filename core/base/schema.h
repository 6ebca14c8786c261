#pragma once
/// JSON Schema 2020-12, the closed profile of docs/plugin-guide.md: our own validator, all errors
/// at once.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace portolan::base {

/// One mistake in a document.
struct SchemaMistake {
  std::string pointer;     ///< RFC 6901 into the document.
  bool about_key = false;  ///< The mistake is the key itself (unknown, missing), not its value.
  std::string expected;    ///< "an integer from 1 to 64".
  std::string found;       ///< "the string \"x\""; a value of an x-secret field is never shown.
  std::string nearest;     ///< The nearest known name for an unknown key or enum value, or empty.
};

/// A field of a type's form, from the schema: what `types show`, flags and docs print.
struct SchemaField {
  std::string pointer;  ///< "/options/pageSize"
  std::string name;     ///< "pageSize"
  std::string type;     ///< string integer number boolean array object
  bool required = false, secret = false;
  std::string default_text;  ///< JSON text, empty = none.
  std::string title, help;
  std::vector<std::string> choices;
};

/// A compiled schema. Immutable; safe from any thread.
class Schema {
 public:
  /// invalid_config naming every unknown keyword, bad pattern (RE2) or wrong type with its pointer.
  static Result<Schema> compile(std::string_view text);

  /// Every mistake, in document order.
  std::vector<SchemaMistake> check(const Json& document) const;
  /// The document with defaults filled in where absent.
  Json with_defaults(const Json& document) const;
  /// Every leaf field, in x-order then document order.
  std::vector<SchemaField> fields() const;
  const Json& json() const;

 private:
  struct Node;
  std::shared_ptr<const Node> root_;
};

/// The candidate nearest to `word` within a third of its length (edit distance), or empty.
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace portolan::base
