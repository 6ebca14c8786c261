#pragma once
/// One look at one registry: validation, statistics or catalogue; and what is kept of it.
#include <functional>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "engine/daemon.h"
#include "engine/health.h"

namespace portolan::engine {

class Fleet;
class JobRunner;

/// `deep` is statistics of level deep, on a schedule of its own.
enum class Round { health, statistics, deep, catalogue, tags };

/// What is asked for. The depth counts for health, the level for statistics, the repository for
/// tags.
struct Look {
  Id registry = 0;
  Round round = Round::health;
  model::Depth depth = model::Depth::quick;
  model::Level level = model::Level::normal;
  std::string repository{};
  bool by_request = false;
  bool integrate = false;  ///< Integration is made anew, whatever is known.
};

/// When statistics of level deep were kept last; 0: never.
std::int64_t last_deep(store::Reader& reader, Id registry);

/// What was seen. `record` is the registry as it was when the look began.
struct Seen {
  Look look{};
  std::optional<model::RegistryRecord> record{};
  std::optional<Finding> finding{};
  std::optional<model::Statistics> statistics{};
  model::Notes remembered{};     ///< Of the plugin for its next collection; good for what
  std::string remembered_for{};  ///< this says.
  std::optional<model::Integration> integration{};
  std::string output_json{};           ///< The result, when there is one.
  std::optional<base::Error> error{};  ///< Why there is none.
};

/// Runs it on this thread and returns when the plugin does. A sweep writes to the store as it goes;
/// of everything else nothing is kept yet. `each`, `progress`: on this thread, may be empty.
struct LookBounds {
  base::Deadline deadline;
  std::function<void(const model::Check&)> each{};
  std::function<void(const std::string& progress_json)> progress{};
};
/// What follows from a sweep for robots is a job of `jobs`.
Seen look_at(const Daemon& daemon, Fleet& fleet, const JobRunner& jobs, const Look& look,
             const LookBounds& bounds);

/// What there is to see of a look that did not come back.
Seen not_seen(const Look& look, std::int64_t now_ms, base::Error error);

/// Health, its transition and event, statistics and integration, unless the registry was changed or
/// paused meanwhile. Answers the health that was kept, if any.
base::Result<std::optional<model::Health>> keep(store::Writer& writer, const Daemon& daemon,
                                                const Seen& seen, double random);

/// The pause between two looks; nothing: never.
std::optional<std::chrono::milliseconds> pause_of(const model::Schedule& schedule, Round round,
                                                  const config::DaemonSettings& settings);
/// The longest that a look takes.
std::chrono::milliseconds patience_of(const model::Timeouts& timeouts, Round round,
                                      const config::DaemonSettings& settings);

}  // namespace portolan::engine
