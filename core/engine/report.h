#pragma once
/// What a run found out, registry by registry. Plain values.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/outcome.h"

namespace portolan::engine {

/// One registry's part; what was not asked for or not reached is absent.
struct RegistryReport {
  std::string name, type, address;
  std::optional<model::Integration> integration;
  std::optional<model::Validation> validation;
  std::optional<model::Statistics> statistics;
  std::optional<base::Error> error;  ///< Why the calls ended early, if they did.
  std::vector<std::string>
      warnings;  ///< Said loudly wherever the registry is shown, e.g. skipVerify.
  std::int64_t elapsed_ms = 0;
};

/// What beside an error and the verdict `fail` makes a registry count as failed.
struct FailOn {
  bool warn = false, unknown = false, partial = false;
};

struct Summary {
  std::size_t registries = 0, ok = 0, warn = 0, unknown = 0, fail = 0;
  std::size_t failed = 0;  ///< By error, verdict or FailOn: decides the exit code.
  std::size_t incomplete =
      0;  ///< Statistics that a budget, deadline or cancel cut, or that miss a part.
};

bool failed(const RegistryReport& report, const FailOn& fail_on);
Summary summarize(const std::vector<RegistryReport>& reports, const FailOn& fail_on);

}  // namespace portolan::engine
