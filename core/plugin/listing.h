#pragma once
/// Plugins and their types as JSON (docs/output.md), for the command line and the API.
#include "base/json.h"
#include "base/result.h"
#include "plugin/plugin_set.h"

namespace portolan::plugin {

std::string_view to_string(State state);  ///< ready disabled refused

base::Json to_json(const Plugin& plugin);

/// {"type", "name", "extensions"} of every ready type.
base::Json types_json(const PluginSet& plugins);
/// {"type", "name", "fields": [...]}: the type's form. As PluginSet::load() says of an unknown one.
base::Result<base::Json> form_json(PluginSet& plugins, const std::string& type);

}  // namespace portolan::plugin
