#pragma once
/// Everything `portolan` understands, declared once: parsing, -h, completion, man page and
/// docs/cli.md come from it.
#include "config/command.h"

namespace portolan::cli {

/// The same object every time; made at first use.
const config::Program& program();

/// Exit codes (docs/errors.md). 64 usage is config's; 69 and 77 belong to commands against a
/// daemon.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;        ///< All registries failed, or the only one.
inline constexpr int exit_partly = 4;        ///< Some failed.
inline constexpr int exit_unavailable = 69;  ///< The daemon cannot be reached.
inline constexpr int exit_denied = 77;       ///< The daemon says that one may not.
inline constexpr int exit_config = 78;  ///< A file, a reference in it or the settings are wrong.
inline constexpr int exit_interrupted = 130;

}  // namespace portolan::cli
