#pragma once
/// What grants share: which robots there should be, and how upstream is asked.
#include <set>
#include <string>
#include <vector>

#include "engine/daemon.h"
#include "engine/fleet.h"
#include "engine/jobs.h"
#include "store/catalogue.h"

namespace portolan::engine {

inline constexpr std::string_view spaces_extension = "portolan.spaces/1";
inline constexpr std::string_view robots_extension = "portolan.robots/1";

/// Whether the type of a registry can do it; false of a type that is missing.
bool has_extension(const Daemon& daemon, const std::string& type, std::string_view extension);

/// The spaces of `registry` that `workspace` (absent: anybody) may use and for which its members
/// must sign in there: public ones of the registry itself need no robot. By name.
std::vector<model::SpaceRecord> guarded_spaces(store::Reader& reader,
                                               const model::RegistryRecord& registry,
                                               std::optional<Id> workspace);

/// How the robots of this installation are called at a registry, for one workspace: a prefix of
/// their names. It ends with '-', so that no other's begins with it.
std::string robot_prefix(const Daemon& daemon);
std::string robot_prefix(const Daemon& daemon, Id registry, Id workspace, bool push);

/// The robot whose secret is handed out now, if there is one.
std::optional<model::RobotRecord> current_robot(store::Reader& reader, Id registry, Id workspace);

/// Bounds of one call upstream for a job.
router::CallSettings upstream_call(const model::RegistryRecord& registry,
                                   const base::CancelToken& cancel);

/// Enqueues the job that makes robots upstream as they should be.
base::Result<void> sync_robots(store::Writer& writer, const JobRunner& jobs, Id registry,
                               Id workspace);

base::Error no_space();
base::Error no_registry_of_grant();

}  // namespace portolan::engine
