#include <ostream>

#include "base/schema.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/render.h"
#include "config/type_options.h"

namespace portolan::cli {
namespace {

using base::Json;

Json to_json(const base::SchemaField& field) {
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

/// How the command line and a document write the field.
std::string flag_of(const base::SchemaField& field) {
  if (field.pointer == "/credentials/username") return "--username";
  if (field.pointer == "/credentials/password") return "--password-from";
  return "--option " + config::option_key(field) + "=";
}

}  // namespace

int types_list(Session& session) {
  const auto set = session.plugins();
  if (!set) return session.fail(set.error(), exit_config);
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& name : (*set)->types()) {
    const plugin::Note::Type* type = (*set)->type(name);
    Json extensions = Json::array();
    for (const auto& id : type->extensions) extensions.push(Json::string(id));
    Json one = Json::object();
    one.set("type", Json::string(name));
    one.set("name", Json::string(type->name));
    one.set("extensions", std::move(extensions));
    list.push(std::move(one));
    rows.push_back({name, type->name});
  }
  Json all = Json::object();
  all.set("types", std::move(list));
  if (!session.print(all)) session.terminal().out << text_table({"TYPE", "NAME"}, rows);
  return exit_ok;
}

int types_show(Session& session) {
  const auto set = session.plugins();
  if (!set) return session.fail(set.error(), exit_config);
  const std::string& name = session.args().positionals().front();
  const plugin::Note::Type* type = (*set)->type(name);
  if (type == nullptr)  // load() says why: missing (with the nearest name), disabled or refused.
    return session.fail((*set)->load(name).error(), exit_failed);
  const auto schema = base::Schema::compile(type->schema_text);
  if (!schema) return session.fail(schema.error(), exit_failed);

  Json fields = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& field : schema->fields()) {
    fields.push(to_json(field));
    rows.push_back({field.pointer.substr(1), field.type, field.required ? "required" : "",
                    field.secret ? "secret" : "", field.default_text, flag_of(field), field.help});
  }
  Json all = Json::object();
  all.set("type", Json::string(name));
  all.set("name", Json::string(type->name));
  all.set("fields", std::move(fields));
  if (!session.print(all))
    session.terminal().out << type->name << " (" << name << ")\n"
                           << text_table({"FIELD", "TYPE", "", "", "DEFAULT", "FLAG", "HELP"},
                                         rows);
  return exit_ok;
}

}  // namespace portolan::cli
