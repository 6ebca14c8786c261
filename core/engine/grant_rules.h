#pragma once
/// What grants share: which robots there should be, and how upstream is asked.
#include <set>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "engine/fleet.h"

namespace portolan::router {
struct CallSettings;
}

namespace portolan::engine {

class JobRunner;

inline constexpr std::string_view spaces_extension = "portolan.spaces/1";
inline constexpr std::string_view robots_extension = "portolan.robots/1";

/// Whether the type of a registry can do it; false of a type that is missing.
bool has_extension(const Daemon& daemon, const std::string& type, std::string_view extension);

/// The spaces of `registry` that `workspace` (absent: anybody) may use and for which its members
/// must sign in there: public ones of the registry itself need no robot. By name.
std::vector<model::SpaceRecord> guarded_spaces(store::Reader& reader,
                                               const model::RegistryRecord& registry,
                                               std::optional<Id> workspace);
bool may_push(store::Reader& reader, Id space, Id workspace);

/// The key of the jobs about a space.
std::string space_key(Id space);
/// conflict naming the job, when one of that kind ("space.create", "space.delete") is about the
/// space: two jobs that change it upstream at once would leave what nobody asked for.
base::Result<void> not_under_way(store::Reader& reader, const std::string& kind,
                                 const model::SpaceRecord& space);

/// How the robots of this installation are called at a registry: a prefix of their names. It ends
/// with '-', so that no other's begins with it.
std::string robot_prefix(const Daemon& daemon, Id registry, bool push);
std::string robot_prefix(const Daemon& daemon, Id registry, Id workspace, bool push);
/// A new name with that prefix.
std::string robot_name(const Daemon& daemon, Id registry, Id workspace, bool push);

/// The robot whose secret is handed out now, if there is one: one that is being replaced as long as
/// nothing has replaced it.
std::optional<model::RobotRecord> current_robot(store::Reader& reader, Id registry, Id workspace,
                                                std::int64_t now);

/// The registry as Fleet::trusted() gives it; unavailable while it is paused.
base::Result<Fleet::Live> reach(Fleet& fleet, Id registry);

/// Bounds of one call upstream for a job.
router::CallSettings upstream_call(const model::RegistryRecord& registry,
                                   const base::CancelToken& cancel);

/// Ends a robot upstream, then its row. Of one that is to be reconciled the id may be somebody
/// else's by now: it is ended only where the registry knows it under its name.
base::Result<void> end_robot(const Daemon& daemon, const Fleet::Live& live,
                             const model::RobotRecord& robot, const base::CancelToken& cancel);

/// Enqueues the job that makes robots upstream as they should be.
base::Result<void> sync_robots(store::Writer& writer, const JobRunner& jobs, Id registry,
                               Id workspace, const std::string& actor);
/// The same for every workspace that has a robot or (where robots can be made) a binding there.
base::Result<void> sync_registry(store::Writer& writer, const Daemon& daemon, const JobRunner& jobs,
                                 Id registry, const std::string& actor);
/// Enqueues the next look for robots that no row knows.
base::Result<void> sweep_later(store::Writer& writer, const JobRunner& jobs, Id registry,
                               std::int64_t at_ms, std::string input_json);

/// Who asked for the job: what it does is audited under that name.
Act act_of(const model::Job& job);

base::Error no_space();
base::Error no_registry_of_grant();

}  // namespace portolan::engine
