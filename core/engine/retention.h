#pragma once
#include "engine/daemon.h"

namespace portolan::engine {

/// Folds measures into hours and days, and drops events, transitions and ended jobs that are older
/// than the settings keep them (jobs: a week), and with audit.retention entries of the audit. Each
/// in a transaction of its own; the first Error, after all were tried.
base::Result<void> drop_what_is_old(const Daemon& daemon);

}  // namespace portolan::engine
