#pragma once
#include "config/parse.h"
#include "manifest/manifest.h"
#include "model/registry.h"
#include "plugin/plugin_set.h"

namespace portolan::cli {

/// The registry that --type, --address and their companions describe, checked against the type's
/// schema, secrets read. Errors name the flag; plugin_missing names the nearest type.
/// `type`: what goes without --type; empty: it must be given.
base::Result<model::Registry> flag_registry(const config::ParsedCommand& arguments,
                                            plugin::PluginSet& plugins,
                                            const manifest::References& references,
                                            const std::string& type = {});

/// TLS, proxy and timeouts of flags; what `detect` shares.
base::Result<void> read_connection_flags(const config::ParsedCommand& arguments,
                                         const manifest::References& references,
                                         model::Registry& registry);

/// "env:NAME", "file:PATH", "credential:NAME" or "stdin" as the reference that documents write.
base::Result<base::Json> secret_reference(const std::string& flag, const std::string& source);

}  // namespace portolan::cli
