#pragma once
/// The keywords of the closed profile: what schema_compile.cpp does not find here is refused.
#include <string>
#include <string_view>
#include <vector>

#include "base/schema_node.h"

namespace portolan::base {

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
