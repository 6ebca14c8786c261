#pragma once
/// A compiled schema as schema_compile.cpp makes it and the other schema_*.cpp read it.
#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace portolan::base {

struct SchemaMistake;

struct SchemaNode {
  /// choice: an object of one of several forms (oneOf).
  enum class Kind { string, integer, number, boolean, array, object, choice };
  struct Member;

  Kind kind = Kind::string;
  std::string title, description;
  std::string expected;  ///< "an integer from 1 to 64"
  std::optional<Json> default_value;
  std::optional<std::int64_t> order;
  std::vector<Json> allowed;  ///< enum, or the one value of const; empty = any.
  bool secret = false;
  bool hides = false;  ///< It, or something inside it, is secret: never shown.

  std::optional<Json> minimum, maximum;     ///< Of a number.
  std::optional<std::int64_t> least, most;  ///< Characters of a string, items of an array.
  std::shared_ptr<const re2::RE2> pattern;  ///< Shared with other nodes that have the same.
  std::string format;
  std::unique_ptr<SchemaNode> items;  ///< Null: any.

  bool closed = false;  ///< An object with no other members than these.
  std::vector<Member> members;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;

  std::string discriminator;         ///< The member whose constant tells a choice's branches apart.
  std::vector<SchemaNode> branches;  ///< Objects.

  const Member* member(std::string_view name) const;
  std::vector<Json> constants() const;  ///< Of a choice: what its discriminator may be.
  /// The branch that the document chose, or null.
  const SchemaNode* branch_for(const Json& document) const;
};

struct SchemaNode::Member {
  std::string name;
  bool required = false;
  SchemaNode node;
};

/// Shared and immutable once made.
struct CompiledSchema {
  Json json;
  SchemaNode root;
};

bool same_value(const Json& a, const Json& b);  ///< As JSON Schema has it: 1 and 1.0 are the same.
bool has_format(std::string_view text, std::string_view format);
bool is_known_format(std::string_view format);

/// "one of \"a\", \"b\"", or the only value there is.
std::string listed(const std::vector<Json>& values);

/// "an integer from 1 to 64", from everything else in the node.
std::string expectation(const SchemaNode& node);

/// Appends what is wrong in `value`, which stands at `pointer`.
void check_value(const SchemaNode& node, const Json& value, const std::string& pointer,
                 std::vector<SchemaMistake>& mistakes);

/// Compiles `json` into `node`; appends "pointer: what is wrong" for each mistake in the schema.
void compile_node(const Json& json, SchemaNode& node, std::vector<std::string>& mistakes);

// The keywords of the closed profile: what schema_compile.cpp does not find here is refused.

/// What a keyword's own value must be.
enum class Shape { text, boolean, number, integer, size, names, list, object, no, any };

struct Keyword {
  std::string_view name;
  Shape shape;
  unsigned kinds;  ///< Where it means something, one bit a kind.

  bool is_for(SchemaNode::Kind kind) const {
    return (kinds >> static_cast<unsigned>(kind) & 1u) != 0;
  }
};

const Keyword* find_keyword(std::string_view name);
std::vector<std::string> keyword_names();

bool has_shape(const Json& value, Shape shape);
std::string_view words(Shape shape);  ///< "a list of different names"

}  // namespace portolan::base
