#include "base/schema.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/schema_node.h"

namespace portolan::base {
namespace {

using Kind = SchemaNode::Kind;

void fill_members(const SchemaNode& node, Json& document);

// `value` with the defaults of what is absent inside it.
Json filled(const SchemaNode& node, const Json& value) {
  Json out = value;
  if (node.kind == Kind::array && node.items) {
    Json::Items items;
    for (const Json& item : value.items()) items.push_back(filled(*node.items, item));
    if (value.is_array()) out = Json::array(std::move(items));
  } else if (node.kind == Kind::object && value.is_object()) {
    fill_members(node, out);
  } else if (node.kind == Kind::choice && value.is_object()) {
    if (const SchemaNode* branch = node.branch_for(value)) fill_members(*branch, out);
  }
  return out;
}

// What an absent value becomes. An object is made only when it would be whole: one that lacks a
// required member would turn a correct document into a wrong one.
std::optional<Json> made(const SchemaNode& node) {
  if (node.default_value) return filled(node, *node.default_value);
  if (node.kind != Kind::object) return {};
  Json object = Json::object();
  fill_members(node, object);
  const bool whole = std::all_of(node.members.begin(), node.members.end(), [&](const auto& member) {
    return !member.required || object.find(member.name);
  });
  if (!whole || object.members().empty()) return {};
  return object;
}

void fill_members(const SchemaNode& node, Json& document) {
  for (const SchemaNode::Member& member : node.members) {
    if (const Json* value = document.find(member.name)) {
      document.set(member.name, filled(member.node, *value));
    } else if (auto fresh = made(member.node)) {
      document.set(member.name, std::move(*fresh));
    }
  }
}

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::string: return "string";
    case Kind::integer: return "integer";
    case Kind::number: return "number";
    case Kind::boolean: return "boolean";
    case Kind::array: return "array";
    case Kind::object:
    case Kind::choice: return "object";
  }
  return "";
}

std::vector<std::string> as_choices(const std::vector<Json>& values) {
  std::vector<std::string> choices;
  for (const Json& value : values)
    choices.push_back(value.is_string() ? *value.as_string() : to_text(value));
  return choices;
}

/// Collects the leaves of a schema. A branch's fields are never required: another may be chosen.
class FieldList {
 public:
  void add_members(const SchemaNode& node, const std::string& pointer, bool in_branch) {
    std::vector<const SchemaNode::Member*> members;
    for (const auto& member : node.members) members.push_back(&member);
    std::stable_sort(members.begin(), members.end(), [](const auto* a, const auto* b) {
      return a->node.order.value_or(INT64_MAX) < b->node.order.value_or(INT64_MAX);
    });
    for (const auto* member : members) {
      const std::string below = pointer_below(pointer, member->name);
      const bool required = member->required && !in_branch;
      if (member->node.kind == Kind::object && !member->node.members.empty())
        add_members(member->node, below, in_branch);
      else if (member->node.kind == Kind::choice)
        add_branches(member->node, below, required);
      else
        add(*member, below, required);
    }
  }
  void add_branches(const SchemaNode& node, const std::string& pointer, bool required) {
    const SchemaNode::Member& chooser = *node.branches.front().member(node.discriminator);
    if (SchemaField* field = add(chooser, pointer_below(pointer, chooser.name), required)) {
      field->choices = as_choices(node.constants());
      field->expected = listed(node.constants());
    }
    for (const SchemaNode& branch : node.branches) add_members(branch, pointer, true);
  }
  std::vector<SchemaField> take() { return std::move(fields_); }

 private:
  SchemaField* add(const SchemaNode::Member& member, const std::string& pointer, bool required) {
    if (!seen_.insert(pointer).second) return nullptr;  // Branches share fields.
    const SchemaNode& node = member.node;
    SchemaField& field = fields_.emplace_back();
    field.pointer = pointer;
    field.name = member.name;
    field.type = type_name(node.kind);
    field.required = required;
    field.secret = node.secret;
    field.default_text = node.default_value ? to_text(*node.default_value) : "";
    field.title = node.title;
    field.help = node.description;
    field.expected = node.expected;
    field.choices = as_choices(node.allowed);
    return &field;
  }

  std::vector<SchemaField> fields_;
  std::set<std::string> seen_;
};

}  // namespace

Result<Schema> Schema::compile(std::string_view text) {
  Error error{
      .code = Code::invalid_config,
      .hint = "The closed profile of JSON Schema that Portolan reads is in docs/plugin-guide.md."};
  Result<Json> json = parse_json(text);
  if (!json) {
    error.message = "the configuration schema is unusable: " + json.error().message;
    error.where = json.error().where;
    return error;
  }
  auto compiled = std::make_shared<CompiledSchema>();
  compiled->json = *std::move(json);
  std::vector<std::string> mistakes;
  compile_node(compiled->json, compiled->root, mistakes);
  if (mistakes.empty()) return Schema(std::move(compiled));
  error.message = "the configuration schema is unusable: ";
  for (const std::string& mistake : mistakes) {
    if (&mistake != &mistakes.front()) error.message += "; ";
    error.message += mistake;
  }
  error.where = mistakes.front().substr(0, mistakes.front().find(": "));
  return error;
}

std::vector<SchemaMistake> Schema::check(const Json& document) const {
  std::vector<SchemaMistake> mistakes;
  check_value(compiled_->root, document, "", mistakes);
  return mistakes;
}

Json Schema::with_defaults(const Json& document) const { return filled(compiled_->root, document); }

std::vector<SchemaField> Schema::fields() const {
  FieldList fields;
  const SchemaNode& root = compiled_->root;
  if (root.kind == Kind::choice)
    fields.add_branches(root, "", true);
  else
    fields.add_members(root, "", false);
  return fields.take();
}

const Json& Schema::json() const { return compiled_->json; }

}  // namespace portolan::base
