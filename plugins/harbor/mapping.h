#pragma once
/// From Harbor's JSON to values and from names to paths: no request, no clock, no state.
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

/// One row of GET /projects.
struct Project {
  std::int64_t id = 0;
  std::string name;
  bool is_public = false;
  bool member = false;             ///< The account has a role in it.
  bool proxy_cache = false;        ///< It mirrors another registry.
  std::int64_t repositories = -1;  ///< repo_count; -1 when absent.
};
Project to_project(const portolan::json& row);

/// One row of GET /repositories. `name` is full: "project/a/b".
struct Repository {
  std::int64_t id = 0, project_id = 0, artifacts = -1, pulls = -1, updated_ms = -1;
  std::string name;
  std::string project() const { return name.substr(0, name.find('/')); }
};
Repository to_repository(const portolan::json& row);

/// One row of GET …/artifacts. `bytes` is the manifest with config and layers, an index with its
/// children.
struct Artifact {
  std::string digest, media_type;
  std::int64_t bytes = -1, pushed_ms = -1;
  std::vector<std::string> tags;
};
Artifact to_artifact(const portolan::json& row);

/// GET /statistics. Zeros in total_* are "may not know" unless the caller is an administrator.
struct Statistics {
  std::int64_t public_projects = 0, private_projects = 0, public_repositories = 0,
               private_repositories = 0;
  std::int64_t storage_bytes = -1;  ///< -1: the key is absent (before 2.3).
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

/// Path of a repository below /api/v2.0; slashes in its name are escaped twice, since front ends
/// undo one.
std::string repository_path(std::string_view full_name);

/// What the base's path is without what people paste from the browser: /harbor/…, /api/v2.0, /v2.
std::string canonical_base(std::string_view base);

}  // namespace harbor
