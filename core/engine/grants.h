#pragma once
/// Spaces, who may use them, and the credentials that make it true upstream.
#include <optional>
#include <string>
#include <vector>

#include "engine/daemon.h"
#include "engine/fleet.h"
#include "engine/jobs.h"
#include "model/usable.h"

namespace portolan::engine {

class Grants {
 public:
  /// Adds its job kinds to `jobs`: "space.create", "space.delete", "space.visibility",
  /// "robot.sync", "robot.sweep", "push.end", "registry.remove", "workspace.remove".
  Grants(const Daemon& daemon, Fleet& fleet, JobRunner& jobs);

  // Spaces. What has to be done upstream is a job; the answer names it.
  struct SpaceJob {
    model::SpaceRecord space;
    std::optional<model::Job> job;     ///< Absent: nothing had to be done upstream.
    std::vector<std::string> notices;  ///< What follows from it, for people.
  };
  base::Result<SpaceJob> create_space(Id registry, const std::string& name, bool is_public,
                                      const Act& act);
  /// A longer prefix of a registry without spaces of its own.
  base::Result<model::SpaceRecord> declare_space(Id registry, const std::string& prefix,
                                                 const Act& act);
  /// conflict listing live bindings, or repositories; `typed_name` must be the space's.
  base::Result<SpaceJob> delete_space(Id space, const std::string& typed_name, const Act& act);
  /// Portolan's own flag; the registry's too when `upstream`. Lists who loses access in `notices`.
  base::Result<SpaceJob> set_public(Id space, bool is_public, bool upstream,
                                    std::int64_t if_revision, const Act& act);

  // Bindings. They hold in Portolan at once; robots follow by job.
  base::Result<model::Binding> bind(Id space, Id workspace, bool push, const Act& act);
  base::Result<void> unbind(Id binding, const Act& act);

  // Pulling.
  struct Missing {
    std::string registry, space, reason, hint;  ///< reason: "pull_credential_missing", ...
  };
  struct PullSecret {
    std::string docker_config_json;  ///< {"auths": {...}}; a secret.
    std::vector<Missing> missing;
    std::vector<std::string> notices;  ///< Two registries at one host, plain http, a private CA.
  };
  /// For a namespace of `workspace`, or (absent) of none: public spaces alone. not_found when the
  /// namespace is not the workspace's.
  base::Result<PullSecret> pull_secret(std::optional<Id> workspace,
                                       const std::optional<std::string>& name_space);
  /// A second robot at each registry; the first ends after the grace period.
  base::Result<void> rotate(Id workspace, const Act& act);

  struct PushCommand {
    std::string host, username;
    base::Secret password;
    std::string space;
    std::int64_t expires_ms = 0;
  };
  base::Result<PushCommand> push(Id space, Id workspace, std::chrono::milliseconds life,
                                 const Act& act);

  // Removal.
  struct Obstacle {
    std::string kind, identity;  ///< "binding", "team-a: library"
  };
  std::vector<Obstacle> in_the_way_of_registry(Id registry) const;
  std::vector<Obstacle> in_the_way_of_workspace(Id workspace) const;
  /// conflict with the list in `message` unless `cascade` (robots revoked first, by a job) or
  /// `abandon` (they are listed in the job's output and left).
  base::Result<std::optional<model::Job>> remove_registry(Id registry, bool cascade, bool abandon,
                                                          const Act& act);
  base::Result<std::optional<model::Job>> remove_workspace(Id workspace, bool cascade,
                                                           const Act& act);

 private:
  void add_space_jobs();
  void add_sync_job();
  void add_push_jobs();
  void add_removal_jobs();
  base::Result<std::string> remove_workspace_now(Id workspace, JobContext& context);

  const Daemon& daemon_;
  Fleet& fleet_;
  JobRunner& jobs_;
};

/// How a pull reference of `repository` begins: `pull_host`, what the product reported, or the
/// address's authority.
std::string pull_host_of(const model::RegistryRecord& registry);

}  // namespace portolan::engine
