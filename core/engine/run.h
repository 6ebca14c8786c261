#pragma once
/// The sequence of a run, for many registries at once; one that hangs, lies or is down delays no
/// other.
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "model/outcome.h"
#include "model/registry.h"
#include "net/address_policy.h"
#include "services/log.h"

namespace portolan::router {
class Router;
}
namespace portolan::services {
struct UpstreamOptions;
}

namespace portolan::engine {

/// A registry and how calls to it may connect.
struct Target {
  model::Registry registry;
  net::AddressPolicy policy;  ///< The registry's own origin is permitted beside it.
  std::string workspace{};    ///< For a daemon: whose it is; empty: the platform's.
};

struct RunOptions {
  bool validation = true, statistics = true;  ///< Integration is part of both.
  model::Depth depth = model::Depth::full;
  model::Level level = model::Level::normal;
  std::optional<std::uint64_t> max_requests;  ///< Of one call.
  int concurrency = model::limits::requests_per_registry;
  int parallel = model::limits::registries_parallel;
  std::optional<std::chrono::milliseconds> timeout;  ///< Of a registry's whole run.
  base::CancelToken cancel;
  services::Log log;
  /// From any thread, whenever a registry is done.
  std::function<void(std::size_t done, std::size_t total)> progress;
};

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

/// A report for each registry, in their order. A registry whose host steps or integration failed
/// gets no further call. After a cancel the reports hold what was reached. Blocks; uses `parallel`
/// threads.
std::vector<RegistryReport> run(router::Router& router, const std::vector<Target>& targets,
                                const RunOptions& options);

/// What must be said loudly wherever the registry is shown: certificate checks switched off, a
/// password in clear.
std::vector<std::string> warnings_of(const model::Registry& registry);

/// What router::Router::add() takes for a target.
services::UpstreamOptions upstream_options(const Target& target, int concurrency);

}  // namespace portolan::engine
