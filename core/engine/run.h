#pragma once
/// The sequence of a run, for many registries at once; one that hangs, lies or is down delays no
/// other.
#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/report.h"
#include "model/registry.h"
#include "router/router.h"

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
