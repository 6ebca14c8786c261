#pragma once
/// JSON Schema 2020-12, the closed profile of docs/plugin-guide.md: our own validator, all errors
/// at once.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace portolan::base {

/// One mistake in a document.
struct SchemaMistake {
  std::string pointer;     ///< RFC 6901 into the document; of a missing key, where it would be.
  bool about_key = false;  ///< The mistake is the key itself (unknown, missing), not its value.
  std::string expected;    ///< "an integer from 1 to 64".
  std::string found;       ///< "the string \"x\""; never what is or may hold an x-secret.
  std::string nearest;     ///< The nearest known name for an unknown key or enum value, or empty.
};

/// A field of a type's form, from the schema: what `types show`, flags and docs print.
struct SchemaField {
  std::string pointer;    ///< "/options/pageSize"
  std::string name;       ///< "pageSize"
  std::string type;       ///< string integer number boolean array object
  bool required = false;  ///< By the object it stands in; never in a branch of a oneOf.
  bool secret = false;
  std::string default_text;  ///< JSON text, empty = none.
  std::string title, help;
  std::string expected;  ///< "an integer from 1 to 64"
  std::vector<std::string> choices;
};

struct CompiledSchema;

/// A compiled schema. Immutable; copies share it; safe from any thread.
///
/// The profile: type (one word), properties with additionalProperties false, required,
/// dependentRequired, enum, const, default, minimum, maximum, minLength, maxLength (code points),
/// pattern (RE2, found anywhere), format (uri hostname email duration bytes), items, minItems,
/// maxItems, oneOf (objects told apart by a required const), title, description, examples,
/// deprecated, x-secret x-order x-group x-widget x-placeholder x-help-url x-visible-if x-restart
/// x-since. An object without properties and additionalProperties takes any keys.
class Schema {
 public:
  /// invalid_config naming, each with its pointer, every unknown or misplaced keyword, bad pattern,
  /// wrong type, default or example that fails itself, and value shown of a secret.
  static Result<Schema> compile(std::string_view text);

  /// Every mistake, in document order; the missing keys of an object behind those inside it. In
  /// place of an x-secret string {"$secret": "name"} passes too: its value was sealed.
  std::vector<SchemaMistake> check(const Json& document) const;
  /// The document with defaults filled in where absent. For a document that check() passed.
  Json with_defaults(const Json& document) const;
  /// Every leaf field, in x-order then document order.
  std::vector<SchemaField> fields() const;
  const Json& json() const;

 private:
  explicit Schema(std::shared_ptr<const CompiledSchema> compiled)
      : compiled_(std::move(compiled)) {}

  std::shared_ptr<const CompiledSchema> compiled_;
};

/// The candidate nearest to `word` within a third of its length (edit distance, whatever the case),
/// or empty.
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace portolan::base
