#include <algorithm>
#include <map>

#include "base/mutex.h"
#include "base/schema.h"
#include "base/schema_node.h"
#include "base/text.h"
#include "base/url.h"

namespace portolan::base {
namespace {

using Kind = SchemaNode::Kind;

constexpr std::size_t shown_bytes = 64;
constexpr std::int64_t pattern_memory = 1 << 20;

struct KindName {
  std::string_view name;
  Kind kind;
};
constexpr KindName kind_names[] = {{"string", Kind::string}, {"integer", Kind::integer},
                                   {"number", Kind::number}, {"boolean", Kind::boolean},
                                   {"array", Kind::array},   {"object", Kind::object}};

std::string quoted(std::string_view text) { return "\"" + clean_text(text, shown_bytes) + "\""; }

/// The same few patterns stand in hundreds of schemas (names, digests): one of each is alive.
std::shared_ptr<const re2::RE2> pattern_of(const std::string& text) {
  static Mutex mutex;
  static std::map<std::string, std::weak_ptr<const re2::RE2>> alive;
  const Lock lock(mutex);
  if (const auto found = alive.find(text); found != alive.end()) {
    if (auto pattern = found->second.lock()) return pattern;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(pattern_memory);
  auto pattern = std::make_shared<const re2::RE2>(text, options);
  std::erase_if(alive, [](const auto& entry) { return entry.second.expired(); });
  alive[text] = pattern;
  return pattern;
}

/// Compiles one node of the schema and, through itself, those inside.
class Compiler {
 public:
  Compiler(const Json& json, SchemaNode& node, std::string pointer,
           std::vector<std::string>& mistakes)
      : json_(json), node_(node), pointer_(std::move(pointer)), mistakes_(mistakes) {}

  void run() {
    if (!json_.is_object()) return wrong("a schema is an object");
    if (!read_kind()) return;
    const std::size_t before = mistakes_.size();
    check_keywords();
    read_annotations();
    read_values();
    read_text();
    read_inside();
    check_secrecy();
    if (mistakes_.size() == before) check_own_values();
  }

 private:
  void wrong(const std::string& what) {
    mistakes_.push_back((pointer_.empty() ? "/" : pointer_) + ": " + what);
  }

  // Null for what check_keywords() refuses, so that all that is right around it is still read.
  const Json* get(std::string_view key) const {
    const Json* value = json_.find(key);
    const Keyword* keyword = find_keyword(key);
    return value && keyword->is_for(node_.kind) && has_shape(*value, keyword->shape) ? value
                                                                                     : nullptr;
  }
  std::string text(std::string_view key) const {
    const Json* value = get(key);
    return value ? *value->as_string() : "";
  }
  std::optional<std::int64_t> integer(std::string_view key) const {
    const Json* value = get(key);
    return value ? value->as_integer() : std::nullopt;
  }

  bool read_kind();
  void check_keywords();
  void read_annotations();
  void check_secrecy();
  void read_values();
  void read_text();
  void read_inside();
  void read_object();
  void read_dependencies(const Json& dependencies);
  void read_branches(const Json& branches);
  bool tells_branches_apart(const std::string& name) const;
  void compile_inside(const Json& json, SchemaNode& node, const std::string& pointer);
  void check_own_values();

  const Json& json_;
  SchemaNode& node_;
  const std::string pointer_;
  std::vector<std::string>& mistakes_;
};

// `type` may be left out where another keyword already says it.
bool Compiler::read_kind() {
  const Json* type = json_.find("type");
  if (json_.find("oneOf")) {
    node_.kind = Kind::choice;
    if (!type || *type == Json::string("object")) return true;
    wrong("\"oneOf\" is for the type object");
    return false;
  }
  if (const Json* value = json_.find("const"); !type && value && value->is_string()) {
    node_.kind = Kind::string;
    return true;
  }
  for (const auto& [name, kind] : kind_names) {
    if (!type || !type->is_string() || *type->as_string() != name) continue;
    node_.kind = kind;
    return true;
  }
  wrong("\"type\" must be one of string, integer, number, boolean, array, object");
  return false;
}

void Compiler::check_keywords() {
  for (const auto& [name, value] : json_.members()) {
    const Keyword* keyword = find_keyword(name);
    if (!keyword) {
      const std::string nearest = nearest_name(name, keyword_names());
      wrong("unknown keyword " + quoted(name) +
            (nearest.empty() ? "" : " (did you mean \"" + nearest + "\"?)"));
    } else if (!keyword->is_for(node_.kind)) {
      wrong("\"" + name + "\" has no meaning for this type");
    } else if (!has_shape(value, keyword->shape)) {
      wrong("\"" + name + "\" must be " + std::string(words(keyword->shape)));
    }
  }
}

void Compiler::read_annotations() {
  node_.title = text("title");
  node_.description = text("description");
  node_.order = integer("x-order");
  node_.secret = get("x-secret") && get("x-secret")->as_bool() == true;
  node_.hides = node_.secret;
  if (const Json* value = get("default")) node_.default_value = *value;
  if (get("x-help-url") && !parse_url(text("x-help-url")))
    wrong("\"x-help-url\" must be an http or https URL");
}

void Compiler::check_secrecy() {
  if (!node_.hides) return;
  for (const char* shown : {"default", "examples", "enum", "const"}) {
    if (get(shown))
      wrong("what is or holds a secret has no \"" + std::string(shown) + "\": it would be shown");
  }
}

void Compiler::read_values() {
  if (const Json* value = get("const")) node_.allowed = {*value};
  if (const Json* values = get("enum")) {
    if (get("const")) wrong("\"enum\" and \"const\" exclude each other");
    for (const Json& value : values->items()) {
      const auto same = [&](const Json& other) { return same_value(value, other); };
      if (std::any_of(node_.allowed.begin(), node_.allowed.end(), same))
        wrong("\"enum\" has a value twice");
      node_.allowed.push_back(value);
    }
  }
  if (const Json* value = get("minimum")) node_.minimum = *value;
  if (const Json* value = get("maximum")) node_.maximum = *value;
  if (node_.minimum && node_.maximum && node_.minimum->as_double() > node_.maximum->as_double()) {
    wrong("\"minimum\" is above \"maximum\"");
  }
  const bool is_string = node_.kind == Kind::string;
  node_.least = integer(is_string ? "minLength" : "minItems");
  node_.most = integer(is_string ? "maxLength" : "maxItems");
  if (node_.least && node_.most && *node_.least > *node_.most)
    wrong("the least size is above the most");
}

void Compiler::read_text() {
  if (get("format")) {
    node_.format = text("format");
    if (!is_known_format(node_.format)) wrong("unknown format " + quoted(node_.format));
  }
  if (!get("pattern")) return;
  node_.pattern = pattern_of(text("pattern"));
  if (!node_.pattern->ok())
    wrong("\"pattern\" is not usable: " + clean_text(node_.pattern->error(), 256));
}

void Compiler::compile_inside(const Json& json, SchemaNode& node, const std::string& pointer) {
  Compiler(json, node, pointer, mistakes_).run();
  node_.hides = node_.hides || node.hides;
}

void Compiler::read_inside() {
  if (const Json* items = get("items")) {
    node_.items = std::make_unique<SchemaNode>();
    compile_inside(*items, *node_.items, pointer_ + "/items");
  }
  if (node_.kind == Kind::object) read_object();
  if (const Json* branches = get("oneOf")) read_branches(*branches);
}

void Compiler::read_object() {
  node_.closed = get("additionalProperties") != nullptr;
  if (const Json* properties = get("properties")) {
    if (!node_.closed) wrong("an object with \"properties\" needs \"additionalProperties\": false");
    for (const auto& [name, schema] : properties->members()) {
      SchemaNode::Member& member = node_.members.emplace_back();
      member.name = name;
      compile_inside(schema, member.node, pointer_below(pointer_ + "/properties", name));
    }
  }
  if (const Json* required = get("required")) {
    for (const Json& name : required->items()) {
      const auto member =
          std::find_if(node_.members.begin(), node_.members.end(),
                       [&](const auto& each) { return each.name == *name.as_string(); });
      if (member == node_.members.end())
        wrong("\"required\" names " + quoted(*name.as_string()) + ", which is no property");
      else
        member->required = true;
    }
  }
  if (const Json* dependencies = get("dependentRequired")) read_dependencies(*dependencies);
}

void Compiler::read_dependencies(const Json& dependencies) {
  for (const auto& [name, others] : dependencies.members()) {
    if (!has_shape(others, Shape::names)) {
      wrong("\"dependentRequired\" gives " + quoted(name) + " no list of different names");
      continue;
    }
    auto& [key, needed] = node_.dependent_required.emplace_back(name, std::vector<std::string>());
    for (const Json& other : others.items()) needed.push_back(*other.as_string());
    for (const std::string& each : needed) {
      if (!node_.member(key) || !node_.member(each))
        wrong("\"dependentRequired\" names what is no property");
    }
  }
}

void Compiler::read_branches(const Json& branches) {
  const std::size_t before = mistakes_.size();
  node_.branches.resize(branches.items().size());
  for (std::size_t i = 0; i < node_.branches.size(); ++i) {
    compile_inside(branches.items()[i], node_.branches[i],
                   pointer_ + "/oneOf/" + std::to_string(i));
  }
  if (mistakes_.size() > before) return;
  for (const SchemaNode::Member& member : node_.branches.front().members) {
    if (!tells_branches_apart(member.name)) continue;
    node_.discriminator = member.name;
    return;
  }
  wrong("\"oneOf\" needs a property that each branch requires with a \"const\" of its own");
}

bool Compiler::tells_branches_apart(const std::string& name) const {
  std::vector<Json> seen;
  for (const SchemaNode& branch : node_.branches) {
    const SchemaNode::Member* member = branch.member(name);
    if (!member || !member->required || member->node.allowed.size() != 1) return false;
    const Json& value = member->node.allowed.front();
    const auto same = [&](const Json& other) { return same_value(value, other); };
    if (std::any_of(seen.begin(), seen.end(), same)) return false;
    seen.push_back(value);
  }
  return true;
}

// What the author wrote as a value must itself pass: a wrong default would only show at a user's.
void Compiler::check_own_values() {
  const auto check = [&](const Json& value, const std::string& keyword) {
    std::vector<SchemaMistake> found;
    check_value(node_, value, "", found);
    for (const SchemaMistake& mistake : found) {
      wrong("\"" + keyword + "\"" + (mistake.pointer.empty() ? "" : " at " + mistake.pointer) +
            " must be " + mistake.expected + ", not " + mistake.found);
    }
  };
  const std::vector<Json> allowed = std::move(node_.allowed);
  node_.allowed.clear();
  node_.expected = expectation(node_);
  for (const Json& value : allowed) check(value, get("const") ? "const" : "enum");
  node_.allowed = allowed;
  node_.expected = expectation(node_);
  if (node_.default_value) check(*node_.default_value, "default");
  if (const Json* examples = get("examples")) {
    for (const Json& example : examples->items()) check(example, "examples");
  }
}

}  // namespace

void compile_node(const Json& json, SchemaNode& node, std::vector<std::string>& mistakes) {
  Compiler(json, node, "", mistakes).run();
}

}  // namespace portolan::base
