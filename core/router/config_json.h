#pragma once
#include <string>

#include "base/result.h"
#include "model/registry.h"
#include "plugin/plugin_set.h"

namespace portolan::router {

/// What create() gets: credentials (the password as {"$secret":"password"}) and options, the
/// defaults of the type's schema filled in. invalid_config listing every mistake; no secret in any
/// text.
base::Result<std::string> make_config_json(const plugin::Note::Type& type,
                                           const model::Registry& registry);

}  // namespace portolan::router
