#include <ostream>

#include "base/schema.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/render.h"
#include "config/type_options.h"
#include "plugin/listing.h"

namespace portolan::cli {
namespace {

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
  if (session.print(plugin::types_json(**set))) return exit_ok;
  std::vector<std::vector<std::string>> rows;
  for (const auto& name : (*set)->types()) rows.push_back({name, (*set)->type(name)->name});
  session.terminal().out << text_table({"TYPE", "NAME"}, rows);
  return exit_ok;
}

int types_show(Session& session) {
  const auto set = session.plugins();
  if (!set) return session.fail(set.error(), exit_config);
  const std::string& name = session.args().positionals().front();
  const auto form = plugin::form_json(**set, name);
  if (!form) return session.fail(form.error(), exit_failed);
  if (session.print(*form)) return exit_ok;
  const plugin::Note::Type* type = (*set)->type(name);
  const auto schema = base::Schema::compile(type->schema_text);
  std::vector<std::vector<std::string>> rows;
  for (const auto& field : schema->fields())
    rows.push_back({field.pointer.substr(1), field.type, field.required ? "required" : "",
                    field.secret ? "secret" : "", field.default_text, flag_of(field), field.help});
  session.terminal().out << type->name << " (" << name << ")\n"
                         << text_table({"FIELD", "TYPE", "", "", "DEFAULT", "FLAG", "HELP"}, rows);
  return exit_ok;
}

}  // namespace portolan::cli
