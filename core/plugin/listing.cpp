#include "plugin/listing.h"

#include "base/schema.h"

namespace portolan::plugin {
namespace {

using base::Json;

Json field_json(const base::SchemaField& field) {
  Json choices = Json::array();
  for (const auto& choice : field.choices) choices.push(Json::string(choice));
  Json out = Json::object();
  out.set("pointer", Json::string(field.pointer));
  out.set("name", Json::string(field.name));
  out.set("type", Json::string(field.type));
  out.set("required", Json::boolean(field.required));
  out.set("secret", Json::boolean(field.secret));
  auto value = base::parse_json(field.default_text);
  out.set("default", value ? *std::move(value) : Json());
  out.set("choices", std::move(choices));
  out.set("title", Json::string(field.title));
  out.set("help", Json::string(field.help));
  return out;
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::ready: return "ready";
    case State::disabled: return "disabled";
    case State::refused: return "refused";
  }
  return "refused";
}

Json to_json(const Plugin& plugin) {
  Json types = Json::array();
  if (plugin.note)
    for (const auto& type : plugin.note->types) types.push(Json::string(type.type));
  const bool hint = plugin.refusal && !plugin.refusal->hint.empty();
  Json out = Json::object();
  out.set("file", Json::string(plugin.file.string()));
  out.set("state", Json::string(std::string(to_string(plugin.state))));
  out.set("id", plugin.note ? Json::string(plugin.note->id) : Json());
  out.set("version", plugin.note ? Json::string(plugin.note->version) : Json());
  out.set("types", std::move(types));
  out.set("code", plugin.refusal ? Json::string(plugin.refusal->code) : Json());
  out.set("message", plugin.refusal ? Json::string(plugin.refusal->message) : Json());
  out.set("hint", hint ? Json::string(plugin.refusal->hint) : Json());
  out.set("needs_restart",
          plugin.needs_restart.empty() ? Json() : Json::string(plugin.needs_restart));
  return out;
}

Json refreshed_json(PluginSet& plugins, const SetOptions& options) {
  Json loaded = Json::array(), refused = Json::array(), stale = Json::array();
  for (const std::string& type : plugins.refresh(options)) loaded.push(Json::string(type));
  std::set<std::string> missing = options.enabled_types;
  for (const Plugin& plugin : plugins.plugins()) {
    if (plugin.state == State::refused) refused.push(to_json(plugin));
    if (!plugin.needs_restart.empty()) stale.push(to_json(plugin));
    if (!plugin.note) continue;
    for (const Note::Type& type : plugin.note->types) missing.erase(type.type);
  }
  Json none = Json::array();
  for (const std::string& type : missing) none.push(Json::string(type));
  Json out = Json::object();
  out.set("loaded", std::move(loaded));
  out.set("refused", std::move(refused));
  out.set("missing", std::move(none));
  out.set("needs_restart", std::move(stale));
  return out;
}

Json types_json(const PluginSet& plugins) {
  Json list = Json::array();
  for (const auto& name : plugins.types()) {
    const Note::Type* type = plugins.type(name);
    Json extensions = Json::array();
    for (const auto& id : type->extensions) extensions.push(Json::string(id));
    Json one = Json::object();
    one.set("type", Json::string(name));
    one.set("name", Json::string(type->name));
    one.set("extensions", std::move(extensions));
    list.push(std::move(one));
  }
  Json out = Json::object();
  out.set("types", std::move(list));
  return out;
}

base::Result<Json> form_json(PluginSet& plugins, const std::string& name) {
  const Note::Type* type = plugins.type(name);
  if (type == nullptr) return plugins.load(name).error();  // It says why.
  const auto schema = base::Schema::compile(type->schema_text);
  if (!schema) return schema.error();
  Json fields = Json::array();
  for (const auto& field : schema->fields()) fields.push(field_json(field));
  Json out = Json::object();
  out.set("type", Json::string(name));
  out.set("name", Json::string(type->name));
  out.set("fields", std::move(fields));
  return out;
}

}  // namespace portolan::plugin
