#pragma once
/// Spaces, who may use them, and the credentials that make it true upstream.
#include <optional>
#include <string>
#include <vector>

#include "engine/daemon.h"
#include "model/records.h"

namespace portolan::engine {

class Fleet;
class JobRunner;

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
  /// conflict listing live bindings, or repositories, or another revision (0 = whatever it is);
  /// `typed_name` must be the space's.
  base::Result<SpaceJob> delete_space(Id space, const std::string& typed_name,
                                      std::int64_t if_revision, const Act& act);
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
  /// A second robot at each registry; the first ends after the grace period. The jobs that make
  /// them, one a registry; conflict when the workspace has no robot.
  base::Result<std::vector<model::Job>> rotate(Id workspace, const Act& act);

  struct PushCommand {
    std::string host, username;
    base::Secret password;
    std::string space;
    std::int64_t expires_ms = 0;
  };
  base::Result<PushCommand> push(Id space, Id workspace, std::chrono::milliseconds life,
                                 const Act& act);

  // Removal.
  /// careful: conflict with the list of what is in the way. cascade: a job revokes robots first and
  /// drops the secret last; while a registry does not answer it waits, and shows why. abandon: the
  /// same, and robots that cannot be revoked now are left and listed in the job's output
  /// ("robots_left"); it takes the place of a cascade that waits.
  enum class Way { careful, cascade, abandon };
  /// The job; none: nothing was in the way, and it is done. conflict: another revision than
  /// `if_revision` (0 = whatever it is); then nothing was begun.
  base::Result<std::optional<model::Job>> remove_registry(Id registry, Way way,
                                                          std::int64_t if_revision, const Act& act);
  base::Result<std::optional<model::Job>> remove_workspace(Id workspace, Way way,
                                                           std::int64_t if_revision,
                                                           const Act& act);

 private:
  void add_space_jobs();
  void add_sync_job();
  void add_push_jobs();
  void add_removal_jobs();

  const Daemon& daemon_;
  Fleet& fleet_;
  JobRunner& jobs_;
};

/// How a pull reference of `repository` begins: `pull_host`, what the product reported, or the
/// address's authority.
std::string pull_host_of(const model::RegistryRecord& registry);

}  // namespace portolan::engine
