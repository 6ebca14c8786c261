#pragma once
/// From Harbor's JSON to values and from names to paths: no request, no clock, no state.
#include <cstdint>
#include <optional>
#include <portolan/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace harbor {

enum class Privilege { anonymous, user, robot, administrator };
std::string_view to_string(Privilege privilege);

/// Facts that integration keeps for every later instance.
struct Facts {
  std::string version;  ///< "v2.15.2"; empty when Harbor did not say.
  Privilege privilege = Privilege::anonymous;
};
std::string to_json(const Facts& facts);
Facts to_facts(const portolan::json& facts);

/// The sum, or the number nearest to it that there is: upstreams may send anything.
std::int64_t add_up(std::int64_t one, std::int64_t other);

/// One row of GET /projects. PORTOLAN_PROTOCOL when it has no name or counts below zero.
struct Project {
  std::int64_t id = 0;
  std::string name;
  bool is_public = false;
  bool member = false;            ///< The account has a role in it.
  bool proxy_cache = false;       ///< registry_id: it mirrors another registry.
  std::int64_t repositories = 0;  ///< repo_count
};
Project to_project(const portolan::json& row);

/// One row of GET /repositories. `name` is full: "project/a/b". PORTOLAN_PROTOCOL when it is not,
/// or counts are below zero.
struct Repository {
  std::int64_t artifacts = 0, pulls = -1, updated_ms = -1;
  std::string name;
  std::string project() const { return name.substr(0, name.find('/')); }
};
Repository to_repository(const portolan::json& row);

/// What the list of a repository's artifacts added up to.
struct Contents {
  std::int64_t tags = 0, logical_bytes = 0;
  bool operator==(const Contents&) const = default;
  void add(const Contents& more) {
    tags = add_up(tags, more.tags);
    logical_bytes = add_up(logical_bytes, more.logical_bytes);
  }
};

/// Whether `update_time` of a repository moves with each change of its tags and artifacts. Before
/// v2.15.2 it did not (goharbor/harbor#23225).
bool tells_changes(std::string_view harbor_version);

/// The note of a repository as it is, read at `read_ms`.
std::string to_note(const Repository& repository, const Contents& contents, std::int64_t read_ms);
/// What a note tells of the repository as it is now; nothing when it has moved since, or the note
/// is older than a week: a change that Harbor failed to tell is seen then, and so is a right that
/// was taken away.
std::optional<Contents> from_note(std::string_view note, const Repository& repository,
                                  std::int64_t now_ms);

/// One row of GET …/artifacts. `bytes` is the manifest with config and layers, an index with its
/// children.
struct Artifact {
  std::string digest, media_type;
  std::int64_t bytes = -1, pushed_ms = -1;
  std::vector<std::string> tags;
  std::vector<std::string> children;  ///< Digests of an index's images.
};
Artifact to_artifact(const portolan::json& row);

/// GET /statistics. Zeros in total_* are "may not know" unless the caller is an administrator, and
/// a robot's private ones always are. PORTOLAN_PROTOCOL when counts are absent or below zero.
struct Statistics {
  std::int64_t public_projects = 0, private_projects = 0, public_repositories = 0,
               private_repositories = 0;
  std::int64_t storage_bytes = -1;  ///< -1: the key is absent.
};
Statistics to_statistics(const portolan::json& body);

/// GET /health: which components are not healthy; `database` among them means that a 401 proves
/// nothing.
struct Health {
  bool healthy = false, database = true;
  std::vector<std::string> unwell;
};
Health to_health(const portolan::json& body);

/// Unix milliseconds of "2026-11-24T09:54:53.539Z"; -1 for anything else and for Harbor's year 1.
std::int64_t to_unix_ms(std::string_view rfc3339);

/// What Harbor says of a request that it refuses: {"errors":[{"code":…,"message":…}]}. Empty where
/// it says nothing, or something else answers.
struct Complaint {
  std::string code, message;
};
Complaint to_complaint(const std::string& body);

/// Letters, digits and ._- as Harbor allows them; above all not "*", which a robot's rights would
/// take for every project.
bool is_project_name(std::string_view name);

/// A robot as Harbor shows it. PORTOLAN_PROTOCOL without id or name.
struct Robot {
  std::int64_t id = 0;
  std::string name;  ///< With Harbor's prefix: "robot$ci".
  std::int64_t expires_ms = -1;
};
Robot to_robot(const portolan::json& row);

/// Whether the name that a robot was made with begins so. Harbor's own prefix is `configured`;
/// where that is not known it is taken to end with a dollar sign.
bool begins_with(std::string_view robot_name, const std::optional<std::string>& configured,
                 std::string_view prefix);

/// Path of a repository below /api/v2.0; slashes in its name are escaped twice, since front ends
/// undo one. Empty when `full_name` is not PROJECT/NAME.
std::string repository_path(std::string_view full_name);

/// What GET /api/version says; empty unless it is a Harbor 2's "v2…" (other products have that path
/// too).
std::string to_api_version(const portolan::json& body);

/// `base` without what people paste from the browser: the console's paths (/harbor/projects),
/// /api/v2.0, /v2. "/harbor" alone may be the prefix under which Harbor is served and stays.
std::string canonical_base(std::string_view base);

/// The project that a project robot's name tells ("robot$team+ci" → "team"); empty for others.
std::string project_of_robot(std::string_view name);

/// Where to go on with a listing: a page, and how many of its items were given.
struct Place {
  std::uint64_t page = 1, given = 0;
};
std::string to_cursor(const Place& place);
/// The beginning for an empty cursor; PORTOLAN_INVALID_ARGUMENT for one that is not ours.
Place to_place(std::string_view cursor);

}  // namespace harbor
