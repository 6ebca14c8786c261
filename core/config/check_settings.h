#pragma once
/// What no single setting can tell: paths that depend on who runs the program, and rules between
/// settings.
#include <set>
#include <string>

#include "config/configuration.h"

namespace portolan::config {

/// Fills server.listen, store.path and store.key-file where they are empty.
void fill_paths(DaemonSettings& settings, const Environment& environment, bool root);

/// Adds to the mistakes what does not go together. A rule about a setting of `bad` is left out: its
/// value is not the one that was meant.
void check_settings(Configuration& configuration, const std::set<std::string>& bad);

}  // namespace portolan::config
