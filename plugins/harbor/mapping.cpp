#include "mapping.h"

#include <cstdio>
#include <ctime>
#include <portolan/http.hpp>

namespace harbor {
namespace {

/// Harbor's metadata values are strings; early versions gave booleans.
bool truthy(const portolan::json& value) {
  return value.boolean().value_or(false) || value.string_or("") == "true";
}

std::int64_t count(const portolan::json& value, std::int64_t absent) {
  const std::int64_t number = value.integer_or(absent);
  return number < 0 ? absent : number;
}

}  // namespace

std::string_view to_string(Privilege privilege) {
  switch (privilege) {
    case Privilege::anonymous: return "anonymous";
    case Privilege::user: return "user";
    case Privilege::robot: return "robot";
    case Privilege::administrator: return "administrator";
  }
  return "anonymous";
}

std::string to_json(const Facts& facts) {
  return "{\"version\":" + portolan::json_quote(facts.version) +
         ",\"privilege\":" + portolan::json_quote(to_string(facts.privilege)) + "}";
}

Facts to_facts(const portolan::json& facts) {
  Facts out;
  out.version = facts["version"].string_or("");
  const std::string word = facts["privilege"].string_or("");
  for (const Privilege known : {Privilege::user, Privilege::robot, Privilege::administrator})
    if (word == to_string(known)) out.privilege = known;
  return out;
}

Project to_project(const portolan::json& row) {
  Project out;
  out.id = row["project_id"].integer_or(0);
  out.name = row["name"].string_or("");
  out.is_public = truthy(row["metadata"]["public"]);
  out.member =
      row["current_user_role_ids"].size() > 0 || row["current_user_role_id"].integer_or(0) > 0;
  out.proxy_cache = row["registry_id"].integer_or(0) > 0;
  out.repositories = count(row["repo_count"], -1);
  return out;
}

Repository to_repository(const portolan::json& row) {
  Repository out;
  out.id = row["id"].integer_or(0);
  out.project_id = row["project_id"].integer_or(0);
  out.name = row["name"].string_or("");
  out.artifacts = count(row["artifact_count"], -1);
  out.pulls = count(row["pull_count"], -1);
  out.updated_ms = to_unix_ms(row["update_time"].string_or(""));
  return out;
}

Artifact to_artifact(const portolan::json& row) {
  Artifact out;
  out.digest = row["digest"].string_or("");
  out.media_type = row["manifest_media_type"].string_or("");
  out.bytes = count(row["size"], -1);
  out.pushed_ms = to_unix_ms(row["push_time"].string_or(""));
  row["tags"].each([&](portolan::json tag) { out.tags.push_back(tag["name"].string_or("")); });
  return out;
}

Statistics to_statistics(const portolan::json& body) {
  Statistics out;
  out.public_projects = count(body["public_project_count"], 0);
  out.private_projects = count(body["private_project_count"], 0);
  out.public_repositories = count(body["public_repo_count"], 0);
  out.private_repositories = count(body["private_repo_count"], 0);
  out.storage_bytes = count(body["total_storage_consumption"], -1);
  return out;
}

Health to_health(const portolan::json& body) {
  Health out;
  out.healthy = body["status"].string_or("") == "healthy";
  body["components"].each([&](portolan::json component) {
    if (component["status"].string_or("") == "healthy") return;
    out.unwell.push_back(component["name"].string_or("?"));
    if (out.unwell.back() == "database") out.database = false;
  });
  return out;
}

std::int64_t to_unix_ms(std::string_view rfc3339) {
  std::tm parts{};
  int year = 0, milliseconds = 0;
  const std::string text(rfc3339);
  const int read =
      std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d", &year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &milliseconds);
  if (read < 6 || year < 1970 || text.back() != 'Z') return -1;
  parts.tm_year = year - 1900;
  parts.tm_mon -= 1;
  return static_cast<std::int64_t>(timegm(&parts)) * 1000 + milliseconds;
}

std::string repository_path(std::string_view full_name) {
  const std::size_t slash = full_name.find('/');
  const std::string name(slash == std::string_view::npos ? "" : full_name.substr(slash + 1));
  return "/projects/" + portolan::percent_encode(full_name.substr(0, slash)) + "/repositories/" +
         portolan::percent_encode(portolan::percent_encode(name));
}

std::string canonical_base(std::string_view base) {
  const std::size_t path = base.find('/', base.find("//") + 2);
  if (path == std::string_view::npos) return std::string(base);
  for (const std::string_view pasted : {"/harbor", "/api/v2.0", "/api", "/v2", "/account"}) {
    for (std::size_t at = base.find(pasted, path); at != std::string_view::npos;
         at = base.find(pasted, at + 1)) {
      const std::size_t end = at + pasted.size();
      const bool whole = end == base.size() || base[end] == '/';
      // "/harbor" alone may be the prefix under which Harbor is served; "/harbor/projects" is its
      // console.
      if (whole && (pasted != "/harbor" || end != base.size()))
        return std::string(base.substr(0, at));
    }
  }
  return std::string(base);
}

}  // namespace harbor
