#pragma once
/// Plugins and their types as JSON (docs/output.md), for the command line and the API.
#include "base/json.h"
#include "base/result.h"
#include "plugin/plugin_set.h"

namespace portolan::plugin {

std::string_view to_string(State state);  ///< ready disabled refused

base::Json to_json(const Plugin& plugin);

/// Refreshes, and says {"loaded": types that came, "refused" and "needs_restart": plugins,
/// "missing": types that are enabled and that no file implements}.
base::Json refreshed_json(PluginSet& plugins, const SetOptions& options);

/// {"type", "name", "extensions"} of every ready type.
base::Json types_json(const PluginSet& plugins);
/// {"type", "name", "fields": [...]}: the type's form. As PluginSet::load() says of an unknown one.
base::Result<base::Json> form_json(PluginSet& plugins, const std::string& type);

}  // namespace portolan::plugin
