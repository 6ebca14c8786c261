#pragma once
/// What the daemon keeps, as plain values. Times are Unix milliseconds, 0 = never. A `revision`
/// grows with every write of the row and is its ETag.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/access.h"
#include "model/outcome.h"
#include "model/registry.h"

namespace portolan::model {

/// Who manages an object and may prune it: "api", "cli", "manifest:NAME".
struct Provenance {
  std::string managed_by = "api";
  std::string created_by;  ///< The user's name.
  std::int64_t created_ms = 0, updated_ms = 0, revision = 0;
  bool operator==(const Provenance&) const = default;
};

struct Workspace {
  Id id = 0;
  std::string name, description;
  Provenance provenance;
};

struct Member {
  Id workspace = 0, user = 0;
  std::string user_name;
  Role role = Role::workspace_viewer;
};

/// A Kubernetes namespace as "cluster/namespace"; belongs to at most one workspace.
struct Namespace {
  std::string cluster, name;
  Id workspace = 0;
  std::string text() const { return cluster + "/" + name; }
};

/// How often a registry is looked at; 0 = the daemon's default, negative = never.
struct Schedule {
  std::int64_t health_s = 0, statistics_s = 0, deep_s = 0, catalogue_s = 0;
};

enum class DefaultVisibility { upstream, closed, open };
std::string_view to_string(DefaultVisibility visibility);  ///< "as-registry", "private", "public"

/// One integrated registry. `settings.name` is its name within its scope; passwords and keys in
/// `settings` are empty unless they were asked for.
struct RegistryRecord {
  Id id = 0;
  std::optional<Id> workspace;  ///< Absent: of the platform.
  std::string workspace_name;   ///< Filled by reads.
  Registry settings;
  std::string description;
  std::string pull_host;  ///< Empty: what the product reports, else the address.
  DefaultVisibility default_visibility = DefaultVisibility::upstream;
  Schedule schedule;
  bool paused = false;
  std::int64_t secret_version = 0;  ///< Grows with every new secret.
  std::string secret_fingerprint;   ///< Empty: anonymous.
  bool pull_credential = false;     ///< A second credential, meant to be handed out, is kept.
  /// After a change of address or trust: pull secrets rest until a full validation succeeded.
  bool pull_suspended = false;
  std::optional<Integration> integration;  ///< The last good one.
  Provenance provenance;

  /// "name" or "workspace/name".
  std::string identity() const {
    return workspace ? workspace_name + "/" + settings.name : settings.name;
  }
};

enum class HealthState { unknown, healthy, degraded, unhealthy, unauthenticated, unreachable };
std::string_view to_string(HealthState state);

/// What is known of a registry's health. `state` is damped; `last` is the newest result as it was.
struct Health {
  HealthState state = HealthState::unknown;
  std::string reason;  ///< A stable code: "unauthorized", "plugin_missing", "paused", ...
  std::string message, hint;
  std::int64_t since_ms = 0, last_try_ms = 0, last_success_ms = 0, next_try_ms = 0;
  bool blocked = false;              ///< No traffic with this secret until a new one.
  std::int64_t refused_at_ms = 0;    ///< The last refusal that counted (engine/health.h).
  std::int64_t refused_version = 0;  ///< Which secret version that was.
  std::vector<HealthState> recent;   ///< Newest last, for damping.
  std::optional<Validation> last, last_full;
  std::int64_t last_full_ms = 0;
};

enum class Enforcement { registry, catalog };  ///< Who really keeps others out.
std::string_view to_string(Enforcement enforcement);

struct SpaceRecord {
  Id id = 0, registry = 0;
  std::string name, upstream_id;
  bool is_public = false;  ///< Portolan's own flag.
  Visibility upstream_visibility = Visibility::unknown;
  Enforcement enforcement = Enforcement::catalog;
  bool declared = false;        ///< Written down by somebody, not only found.
  bool proxy_cache = false;     ///< Pushing is refused.
  bool confirm_public = false;  ///< Upstream became public later: an admin is asked.
  std::int64_t gone_ms = 0;     ///< Deleted upstream; bindings are broken, not dropped.
  std::int64_t repositories = -1, first_seen_ms = 0, seen_ms = 0;
  Provenance provenance;
  bool operator==(const SpaceRecord&) const = default;
};

struct Binding {
  Id id = 0, space = 0, workspace = 0;
  bool push = false;                       ///< Access `push`, else `pull`.
  std::string space_name, workspace_name;  ///< Filled by reads.
  Id registry = 0;                         ///< Filled by reads.
  bool broken = false;                     ///< The space is gone upstream. Filled by reads.
  /// Unbound, but "credential still valid upstream" and why; empty: it is bound.
  std::string revoke_pending;
  Provenance provenance;
};

/// A pull robot of one workspace at one registry, or a push robot with an end.
struct RobotRecord {
  Id id = 0, registry = 0, workspace = 0;
  std::string upstream_id, username;
  bool push = false;
  std::int64_t created_ms = 0, expires_ms = 0;  ///< 0 = no end.
  std::int64_t retire_ms = 0;                   ///< Replaced; to be revoked then. 0 = current.
  std::vector<Id> spaces;                       ///< Its grants as last written upstream.
  bool reconcile = false;  ///< Restored from a backup: not handed out before upstream was asked.
};

/// A row of the cached catalogue.
struct RepositoryRecord {
  Id id = 0, registry = 0, space = 0;
  std::string name;  ///< As a pull reference has it after the host.
  std::int64_t artifacts = -1, pulls = -1, updated_ms = -1, seen_ms = 0, tags_seen_ms = 0;
};
struct TagRecord {
  Id repository = 0;
  std::string name, digest;
  std::int64_t seen_ms = 0;
};

/// One transition or other news; kept for a while, streamed, sent to webhooks.
struct Event {
  Id id = 0;
  std::int64_t at_ms = 0;
  std::string kind{};  ///< "registry.health", "space.gone", "binding.created", ...
  std::optional<Id> workspace{}, registry{}, space{};
  std::string subject{};    ///< The identity as it was then.
  std::string data_json{};  ///< An object; no secret.
};

enum class JobState { queued, running, done, failed, cancelled };
std::string_view to_string(JobState state);

/// Lasting work. The same (kind, key) is queued or running at most once.
struct Job {
  Id id = 0;
  std::string kind, key;  ///< "robot.sync", "registry:7/workspace:3"
  std::string input_json = "{}", output_json;
  JobState state = JobState::queued;
  std::int64_t run_at_ms = 0, lease_until_ms = 0, created_ms = 0, ended_ms = 0;
  int attempt = 0;
  std::optional<base::Error> error;  ///< Of the last attempt.
  std::optional<Id> workspace, registry;
  std::string created_by, progress;  ///< `progress`: what it is doing, for people.
};

struct User {
  Id id = 0;
  std::string name, display_name;
  bool admin = false, auditor = false, disabled = false;
  Provenance provenance;
};

/// A bearer token; the token itself is shown once and kept as a hash.
struct Token {
  Id id = 0, user = 0;
  std::string user_name, name;
  std::vector<Action> only;  ///< Empty = all its user may.
  std::optional<Id> only_workspace;
  std::int64_t created_ms = 0, expires_ms = 0, last_used_ms = 0;
};

struct AuditEntry {
  Id id = 0;
  std::int64_t at_ms = 0;
  std::string actor, action, subject, remote, request_id, outcome;  ///< "ok" or a code.
  std::string before_json, after_json;                              ///< Without secrets.
  std::string hash;  ///< Hex; over this entry and the hash before it.
};

/// One try to send an event to a webhook.
struct Delivery {
  Id event = 0;
  std::int64_t tried_ms = 0;
  int status = 0;                   ///< Of HTTP; 0 = nothing was answered.
  std::string code, message, hint;  ///< Why it was not taken; an empty code: it was.
  std::int64_t next_try_ms = 0;     ///< 0 = it was taken, or is given up.
};

struct Webhook {
  Id id = 0;
  std::string name, url;
  std::vector<std::string> kinds;  ///< Empty = all.
  bool enabled = true;
  Provenance provenance;
  std::optional<Delivery> last{};  ///< The newest; grows no revision.
};

/// One point of a measure over time.
struct SeriesPoint {
  std::int64_t at_ms = 0;
  std::int64_t value = 0, minimum = 0, maximum = 0;
  MeasureState state = MeasureState::known;
};

}  // namespace portolan::model
