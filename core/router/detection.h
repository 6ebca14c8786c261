#pragma once
#include <memory>
#include <string>
#include <vector>

#include "plugin/plugin_set.h"
#include "router/call_settings.h"

namespace portolan::router {

/// What every ready type thinks of `upstream`, asked side by side without credentials: the best
/// score first, equals by name. A type that fails has no opinion. Returns when the last one has
/// answered.
std::vector<model::Detection> detect_at(plugin::PluginSet& plugins,
                                        const std::shared_ptr<services::Upstream>& upstream,
                                        const CallSettings& settings);

/// What to write instead of type `given` when another one recognises `upstream` surely; else empty.
std::string better_type(plugin::PluginSet& plugins, const std::string& given,
                        const std::shared_ptr<services::Upstream>& upstream,
                        const CallSettings& settings);

}  // namespace portolan::router
