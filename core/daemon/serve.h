#pragma once
/// `portolan serve`: the composition root. The only place that knows store, engine and api.
#include "cli/session.h"

namespace portolan::daemon {

/// Serves until SIGTERM or SIGINT; SIGHUP reloads. The exit code of the process.
int serve(cli::Session& session);

}  // namespace portolan::daemon
