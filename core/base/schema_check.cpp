#include <algorithm>

#include "base/schema.h"
#include "base/schema_node.h"
#include "base/text.h"

namespace portolan::base {
namespace {

using Kind = SchemaNode::Kind;

constexpr std::size_t shown_bytes = 64;

std::string quoted(std::string_view text) { return "\"" + clean_text(text, shown_bytes) + "\""; }

std::string description(const Json& value, bool hidden) {
  switch (value.type()) {
    case Json::Type::null: return "null";
    case Json::Type::boolean: return hidden ? "a boolean" : *value.as_bool() ? "true" : "false";
    case Json::Type::number:
      return hidden ? "a number" : "the number " + clean_text(value.number_text(), shown_bytes);
    case Json::Type::string:
      return hidden ? "a string" : "the string " + quoted(*value.as_string());
    case Json::Type::array: return "a list of " + std::to_string(value.items().size());
    case Json::Type::object: return "an object";
  }
  return "";
}

// What stands in for a secret once the host has sealed it.
bool is_secret_reference(const Json& value) {
  const Json* name = value.find("$secret");
  return name && name->is_string() && value.members().size() == 1;
}

bool in_range(const SchemaNode& node, const Json& value) {
  const double number = value.as_double().value_or(0);
  return (!node.minimum || number >= node.minimum->as_double()) &&
         (!node.maximum || number <= node.maximum->as_double());
}

bool in_size(const SchemaNode& node, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  return (!node.least || count >= *node.least) && (!node.most || count <= *node.most);
}

bool string_fits(const SchemaNode& node, const Json& value) {
  if (node.secret && is_secret_reference(value)) return true;
  const std::string* text = value.as_string();
  if (!text || !in_size(node, rune_count(*text))) return false;
  if (node.pattern && !re2::RE2::PartialMatch(*text, *node.pattern)) return false;
  return node.format.empty() || has_format(*text, node.format);
}

// The value itself, not what is inside it.
bool fits(const SchemaNode& node, const Json& value) {
  const auto is_value = [&](const Json& each) { return same_value(each, value); };
  if (!node.allowed.empty() && std::none_of(node.allowed.begin(), node.allowed.end(), is_value))
    return false;
  switch (node.kind) {
    case Kind::string: return string_fits(node, value);
    case Kind::integer: return value.as_integer() && in_range(node, value);
    case Kind::number: return value.as_double() && in_range(node, value);
    case Kind::boolean: return value.as_bool().has_value();
    case Kind::array: return value.is_array() && in_size(node, value.items().size());
    case Kind::object:
    case Kind::choice: return value.is_object();
  }
  return false;
}

std::vector<std::string> names_of(const std::vector<SchemaNode::Member>& members) {
  std::vector<std::string> names;
  for (const auto& member : members) names.push_back(member.name);
  return names;
}

std::string nearest_value(const std::vector<Json>& allowed, const Json& value) {
  if (!value.is_string()) return "";
  std::vector<std::string> names;
  for (const Json& each : allowed) {
    if (each.is_string()) names.push_back(*each.as_string());
  }
  return nearest_name(*value.as_string(), names);
}

/// Walks a document beside its schema.
class Check {
 public:
  explicit Check(std::vector<SchemaMistake>& mistakes) : mistakes_(mistakes) {}

  void value(const SchemaNode& node, const Json& value, const std::string& pointer) {
    if (!fits(node, value)) {
      const std::string nearest = node.hides ? "" : nearest_value(node.allowed, value);
      mistakes_.push_back({pointer, false, node.expected, description(value, node.hides), nearest});
    } else if (node.kind == Kind::array && node.items) {
      for (std::size_t i = 0; i < value.items().size(); ++i) {
        this->value(*node.items, value.items()[i], pointer + "/" + std::to_string(i));
      }
    } else if (node.kind == Kind::object) {
      object(node, value, pointer);
    } else if (node.kind == Kind::choice) {
      choice(node, value, pointer);
    }
  }

 private:
  void object(const SchemaNode& node, const Json& document, const std::string& pointer) {
    for (const auto& [name, inside] : document.members()) {
      const std::string below = pointer_below(pointer, name);
      if (const SchemaNode::Member* member = node.member(name))
        value(member->node, inside, below);
      else if (node.closed)
        unknown_key(node, name, below);
    }
    for (const SchemaNode::Member& member : node.members) {
      if (member.required) needs(document, pointer, member.name, "");
    }
    for (const auto& [name, others] : node.dependent_required) {
      if (!document.find(name)) continue;
      for (const std::string& other : others)
        needs(document, pointer, other, " beside \"" + name + "\"");
    }
  }

  void choice(const SchemaNode& node, const Json& document, const std::string& pointer) {
    if (const SchemaNode* branch = node.branch_for(document))
      return object(*branch, document, pointer);
    const Json* chosen = document.find(node.discriminator);
    if (!chosen) return needs(document, pointer, node.discriminator, "");
    const std::vector<Json> constants = node.constants();
    mistakes_.push_back({pointer_below(pointer, node.discriminator), false, listed(constants),
                         description(*chosen, false), nearest_value(constants, *chosen)});
  }

  void unknown_key(const SchemaNode& node, const std::string& name, const std::string& pointer) {
    const std::vector<std::string> known = names_of(node.members);
    std::string expected = known.empty() ? "no key" : "one of the keys ";
    for (const std::string& each : known)
      expected += (&each == &known.front() ? "\"" : ", \"") + each + "\"";
    mistakes_.push_back(
        {pointer, true, expected, "the unknown key " + quoted(name), nearest_name(name, known)});
  }

  void needs(const Json& document, const std::string& pointer, const std::string& name,
             const std::string& why) {
    if (document.find(name)) return;
    mistakes_.push_back(
        {pointer_below(pointer, name), true, "the key \"" + name + "\"" + why, "no such key", ""});
  }

  std::vector<SchemaMistake>& mistakes_;
};

}  // namespace

const SchemaNode::Member* SchemaNode::member(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& each) { return each.name == name; });
  return found == members.end() ? nullptr : &*found;
}

std::vector<Json> SchemaNode::constants() const {
  std::vector<Json> values;
  for (const SchemaNode& branch : branches) {
    if (const Member* chooser = branch.member(discriminator))
      values.push_back(chooser->node.allowed.front());
  }
  return values;
}

const SchemaNode* SchemaNode::branch_for(const Json& document) const {
  const Json* chosen = document.find(discriminator);
  for (const SchemaNode& branch : branches) {
    if (chosen && same_value(branch.member(discriminator)->node.allowed.front(), *chosen))
      return &branch;
  }
  return nullptr;
}

bool same_value(const Json& a, const Json& b) {
  if (a.type() != Json::Type::number || b.type() != Json::Type::number) return a == b;
  if (a.as_integer() || b.as_integer()) return a.as_integer() == b.as_integer();
  return a.as_double() == b.as_double();
}

void check_value(const SchemaNode& node, const Json& value, const std::string& pointer,
                 std::vector<SchemaMistake>& mistakes) {
  Check(mistakes).value(node, value, pointer);
}

}  // namespace portolan::base
