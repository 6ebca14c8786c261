#include <ostream>

#include "cli/commands.h"
#include "cli/program.h"
#include "cli/render.h"
#include "plugin/listing.h"

namespace portolan::cli {
namespace {

using base::Json;

std::string type_names(const plugin::Plugin& plugin) {
  std::string out;
  if (plugin.note)
    for (const auto& type : plugin.note->types) out += (out.empty() ? "" : " ") + type.type;
  return out;
}

void print_refusals(std::ostream& out, const std::vector<plugin::Plugin>& plugins) {
  for (const auto& plugin : plugins) {
    if (!plugin.refusal) continue;
    out << '\n'
        << plugin.file.string() << ": " << plugin.refusal->message << " [" << plugin.refusal->code
        << "]\n";
    if (!plugin.refusal->hint.empty()) out << "  hint: " << plugin.refusal->hint << '\n';
  }
}

void print_plugins(Session& session, const std::vector<plugin::Plugin>& plugins) {
  Json list = Json::array();
  for (const auto& plugin : plugins) list.push(to_json(plugin));
  Json all = Json::object();
  all.set("plugins", std::move(list));
  if (session.print(all)) return;
  std::vector<std::vector<std::string>> rows;
  for (const auto& plugin : plugins)
    rows.push_back({std::string(to_string(plugin.state)), plugin.note ? plugin.note->id : "-",
                    plugin.note ? plugin.note->version : "-", type_names(plugin),
                    plugin.file.string()});
  session.terminal().out << text_table({"STATE", "ID", "VERSION", "TYPES", "FILE"}, rows);
  print_refusals(session.terminal().out, plugins);
}

/// Loads every ready plugin, so that what only shows at load (descriptor, symbols) shows now.
void load_all(plugin::PluginSet& set) {
  // A failed load is recorded in plugins(), which the caller prints.
  for (const auto& type : set.types()) (void)set.load(type);
}

int set_enabled(Session& session, bool enabled) {
  const std::string& type = session.args().positionals().front();
  if (enabled) {
    const auto plugins = session.plugins();
    if (plugins && !(*plugins)->type(type)) {
      const base::Error why = (*plugins)->load(type).error();
      if (why.code == base::Code::plugin_missing) return session.fail(why, exit_failed);
    }
  }
  const auto place = session.settings_place();
  const auto changed = config::set_enabled(place, config::process_environment(), type, enabled);
  if (!changed) return session.fail(changed.error(), exit_config);
  session.terminal().out << "plugins of type " << type
                         << (*changed ? " are now " : " were already ")
                         << (enabled ? "enabled" : "disabled")
                         << (*changed ? " in " + (*changed)->string() : "") << '\n';
  return exit_ok;
}

}  // namespace

int plugins_list(Session& session) {
  const auto set = session.plugins();
  if (!set) return session.fail(set.error(), exit_config);
  print_plugins(session, (*set)->plugins());
  return exit_ok;
}

int plugins_inspect(Session& session) {
  const plugin::Plugin plugin = plugin::inspect_file(session.args().positionals().front());
  if (!plugin.note) {
    print_plugins(session, {plugin});
    return exit_failed;
  }
  Json all = to_json(plugin);
  all.set("manifest", plugin.note->json);
  if (!session.print(all)) {
    session.terminal().out << base::to_text(plugin.note->json, true) << '\n';
    print_refusals(session.terminal().out, {plugin});
  }
  return plugin.refusal ? exit_failed : exit_ok;
}

int plugins_doctor(Session& session) {
  const auto set = session.plugins();
  if (!set) return session.fail(set.error(), exit_config);
  load_all(**set);
  print_plugins(session, (*set)->plugins());
  for (const auto& plugin : (*set)->plugins())
    if (plugin.state == plugin::State::refused) return exit_failed;
  return exit_ok;
}

int plugins_enable(Session& session) { return set_enabled(session, true); }
int plugins_disable(Session& session) { return set_enabled(session, false); }

}  // namespace portolan::cli
