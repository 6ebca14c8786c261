#pragma once
/// Which registries a command is about: those of documents (-f), or one from flags (--type,
/// --address).
#include <string>
#include <vector>

#include "cli/session.h"
#include "engine/run.h"
#include "manifest/manifest.h"

namespace portolan::cli {

/// The targets, or what to return from the command: everything has been said on standard error.
struct Targets {
  std::vector<engine::Target> list;
  int exit_code = 0;  ///< Not 0: stop with it.
};

/// Reads documents or flags, checks them against the types' schemas, resolves the references.
/// Contacts nothing.
Targets read_targets(Session& session);

/// The schemas of all types that were found, from the plugins' notes.
base::Result<manifest::TypeSchemas> type_schemas(plugin::PluginSet& plugins);

/// The policy of flags alone: --allow-private.
net::AddressPolicy policy_of(const config::ParsedCommand& arguments);

}  // namespace portolan::cli
