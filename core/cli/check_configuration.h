#pragma once
#include <vector>

#include "base/error.h"
#include "config/configuration.h"

namespace portolan::cli {

/// Everything that is wrong with the settings, before anything is opened for good: the mistakes of
/// load(), network rules that are not understood, files that cannot be read or do not serve, keys
/// that others may read. Used by `config check`, `serve --check` and a start alike.
std::vector<base::Error> check_configuration(const config::Configuration& configuration);

}  // namespace portolan::cli
