#include "plugin/note.h"

#include <portolan/abi/abi.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/schema.h"
#include "base/text.h"
#include "model/limits.h"

namespace portolan::plugin {
namespace {

constexpr std::string_view entry_symbol = "portolan_plugin_v1";
constexpr std::array<std::string_view, 3> mandatory = {
    PORTOLAN_EXT_INTEGRATION, PORTOLAN_EXT_VALIDATION, PORTOLAN_EXT_STATISTICS};
constexpr std::string_view rebuild = "build the plugin again with portolan_add_plugin()";

/// Reads members and remembers the first that is not as it must be.
class Reader {
 public:
  std::string text(const base::Json& from, const std::string& key, bool needed) {
    const base::Json* value = from.find(key);
    if (!value && !needed) return {};
    const std::string* found = value ? value->as_string() : nullptr;
    if (!found || (needed && found->empty())) {
      complain("\"" + key + "\" must be " + (needed ? "a text that is not empty" : "a text"));
      return {};
    }
    return base::clean_text(*found, model::limits::text_bytes);
  }

  unsigned number(const base::Json& from, const std::string& key) {
    const base::Json* value = from.find(key);
    const auto found = value ? value->as_integer() : std::nullopt;
    if (found && *found >= 0 && *found <= 1'000'000) return static_cast<unsigned>(*found);
    complain("\"" + key + "\" must be a whole number that is not negative");
    return 0;
  }

  std::vector<std::string> texts(const base::Json& from, const std::string& key) {
    std::vector<std::string> all;
    const base::Json* value = from.find(key);
    if (!value || !value->is_array()) {
      complain("\"" + key + "\" must be an array of texts");
      return all;
    }
    for (const base::Json& item : value->items()) {
      if (!item.is_string()) complain("\"" + key + "\" must be an array of texts");
      if (item.is_string())
        all.push_back(base::clean_text(*item.as_string(), model::limits::text_bytes));
    }
    return all;
  }

  void complain(std::string text) {
    if (problem_.empty()) problem_ = std::move(text);
  }
  const std::string& problem() const { return problem_; }

 private:
  std::string problem_;
};

Note::Type read_type(Reader& reader, const base::Json& json) {
  Note::Type type;
  type.type = reader.text(json, "type", true);
  type.name = reader.text(json, "name", true);
  type.extensions = reader.texts(json, "extensions");
  if (!is_type_word(type.type))
    reader.complain("\"type\" must be made of a-z, 0-9 and '-', at most 63");
  const base::Json* schema = json.find("schema");
  if (!schema || !schema->is_object()) reader.complain("\"schema\" must be an object");
  if (schema) type.schema_text = base::to_text(*schema);
  return type;
}

bool has(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// A type's form is exactly `credentials` (user name, password) and `options`: everything else
/// about a registry belongs to the host and is alike for all types.
std::string form_problem(const base::Json& schema) {
  const base::Json* properties = schema.find("properties");
  if (!properties || properties->members().size() != 2 || !properties->find("credentials") ||
      !properties->find("options")) {
    return "its properties must be exactly \"credentials\" and \"options\"";
  }
  for (const auto& [name, property] : properties->members()) {
    const base::Json* type = property.find("type");
    if (!type || !type->as_string() || *type->as_string() != "object")
      return "\"" + name + "\" must be an object";
  }
  const base::Json* fields = schema.at_pointer("/properties/credentials/properties");
  for (const auto& [name, field] : fields ? fields->members() : base::Json::Members{}) {
    if (name != "username" && name != "password") {
      return "\"credentials\" may hold \"username\" and \"password\" only, not \"" + name + "\"";
    }
  }
  return {};
}

std::optional<Refusal> judge_schema(const Note::Type& type) {
  const auto refusal = [&](const std::string& problem) {
    return Refusal{
        "bad_schema",
        "the schema of type " + type.type + ": " +
            base::clean_text(problem, model::limits::text_bytes),
        "correct the schema (docs/plugin-guide.md lists its keywords) and build the plugin again"};
  };
  const auto compiled = base::Schema::compile(type.schema_text);
  if (!compiled) return refusal(compiled.error().message);
  if (const std::string problem = form_problem(compiled->json()); !problem.empty())
    return refusal(problem);
  return std::nullopt;
}

std::optional<Refusal> judge_abi(const Note& note) {
  const std::string built = "it needs ABI " + std::to_string(note.abi_major) + "." +
                            std::to_string(note.min_host_minor) + ", this host has " + host_abi();
  if (note.abi_major < PORTOLAN_ABI_MAJOR) {
    return Refusal{"abi_too_old", built,
                   "get a newer version of the plugin, or build it with this SDK"};
  }
  if (note.abi_major > PORTOLAN_ABI_MAJOR || note.min_host_minor > PORTOLAN_ABI_MINOR) {
    return Refusal{"abi_too_new", built, "update portolan, or get an older version of the plugin"};
  }
  return std::nullopt;
}

}  // namespace

std::string host_abi() {
  return std::to_string(PORTOLAN_ABI_MAJOR) + "." + std::to_string(PORTOLAN_ABI_MINOR);
}

bool is_type_word(std::string_view word) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !word.empty() && word.size() <= 63 && plain(word[0]) &&
         std::all_of(word.begin(), word.end(), [&](char c) { return plain(c) || c == '-'; });
}

Checked<Note> parse_note(std::string_view text) {
  auto json = base::parse_json(text, {.depth = 32, .bytes = model::limits::plugin_note_bytes});
  if (!json)
    return Refusal{"bad_note", "the note is no JSON: " + json.error().message,
                   std::string(rebuild)};
  Reader reader;
  Note note;
  note.id = reader.text(*json, "id", true);
  note.name = reader.text(*json, "name", true);
  note.version = reader.text(*json, "version", true);
  note.vendor = reader.text(*json, "vendor", false);
  note.licence = reader.text(*json, "licence", false);
  note.doc_url = reader.text(*json, "doc_url", false);
  if (const base::Json* abi = json->find("abi")) {
    note.abi_major = reader.number(*abi, "major");
    note.abi_minor = reader.number(*abi, "minor");
    note.min_host_minor = reader.number(*abi, "min_host_minor");
  } else {
    reader.complain("\"abi\" is missing");
  }
  note.permissions = reader.texts(*json, "permissions");
  std::set<std::string> seen;
  if (const base::Json* types = json->find("types"); types && !types->items().empty()) {
    for (const base::Json& item : types->items()) {
      note.types.push_back(read_type(reader, item));
      if (!seen.insert(note.types.back().type).second) reader.complain("a type is named twice");
    }
  } else {
    reader.complain("\"types\" must name at least one type");
  }
  if (!reader.problem().empty())
    return Refusal{"bad_note", "the note: " + reader.problem(), std::string(rebuild)};
  note.json = *std::move(json);
  return note;
}

bool Note::Type::can_detect() const { return has(extensions, PORTOLAN_EXT_DETECT); }

std::optional<Refusal> judge_note(const Note& note, const std::vector<std::string>& exports) {
  if (auto refusal = judge_abi(note)) return refusal;
  if (!has(exports, entry_symbol)) {
    return Refusal{
        "no_entry_symbol", "the file does not export " + std::string(entry_symbol),
        "export it (PORTOLAN_PLUGIN(Class) does), and see that no version script hides it"};
  }
  for (const Note::Type& type : note.types) {
    for (const std::string_view id : mandatory) {
      if (!has(type.extensions, id)) {
        return Refusal{"missing_extension",
                       "type " + type.type + " lacks the extension " + std::string(id),
                       "a type must have integration, validation and statistics"};
      }
    }
    if (auto refusal = judge_schema(type)) return refusal;
  }
  return std::nullopt;
}

}  // namespace portolan::plugin
