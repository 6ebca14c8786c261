#include "mapping.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <limits>
#include <portolan/http.hpp>
#include <tuple>

namespace harbor {
namespace {

/// Harbor's metadata values are strings; early versions gave booleans.
bool truthy(const portolan::json& value) {
  return value.boolean().value_or(false) || value.string_or("") == "true";
}

portolan::failure senseless(const std::string& what) {
  return {PORTOLAN_PROTOCOL, "Harbor answered " + what, "see what answers at this address"};
}

/// A count; nothing when it is absent. What is no count at all is refused.
std::optional<std::int64_t> count(const portolan::json& value, const char* name) {
  if (!value || value.is_null()) return std::nullopt;
  const auto number = value.integer();
  if (!number || *number < 0) throw senseless(std::string("no sensible count as ") + name);
  return number;
}
std::int64_t count_of(const portolan::json& object, const char* name, std::int64_t absent) {
  return count(object[name], name).value_or(absent);
}
std::int64_t needed_count(const portolan::json& object, const char* name) {
  if (const auto found = count(object[name], name)) return *found;
  throw senseless(std::string("without ") + name);
}

/// `path` begins with /api or /v2, whole words.
bool starts_api(std::string_view path) {
  for (const std::string_view word : {"/api", "/v2"})
    if (path.substr(0, word.size()) == word &&
        (path.size() == word.size() || path[word.size()] == '/'))
      return true;
  return false;
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

std::int64_t add_up(std::int64_t one, std::int64_t other) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(one, other, &sum)) return sum;
  using limits = std::numeric_limits<std::int64_t>;
  return other > 0 ? limits::max() : limits::min();
}

Project to_project(const portolan::json& row) {
  Project out;
  out.id = row["project_id"].integer_or(0);
  out.name = row["name"].string_or("");
  if (out.name.empty()) throw senseless("a project without a name");
  out.is_public = truthy(row["metadata"]["public"]);
  out.member =
      row["current_user_role_ids"].size() > 0 || row["current_user_role_id"].integer_or(0) > 0;
  out.proxy_cache = row["registry_id"].integer_or(0) > 0;
  out.repositories = count_of(row, "repo_count", 0);
  return out;
}

Repository to_repository(const portolan::json& row) {
  Repository out;
  out.name = row["name"].string_or("");
  const std::size_t slash = out.name.find('/');
  if (slash == 0 || slash >= out.name.size() - 1)
    throw senseless("a repository whose name is not PROJECT/NAME");
  out.artifacts = count_of(row, "artifact_count", 0);
  out.pulls = count_of(row, "pull_count", -1);
  out.updated_ms = to_unix_ms(row["update_time"].string_or(""));
  return out;
}

bool tells_changes(std::string_view harbor_version) {
  const std::string text(harbor_version);
  int major = 0, minor = 0, patch = 0;
  if (std::sscanf(text.c_str(), "v%d.%d.%d", &major, &minor, &patch) != 3) return false;
  return std::tie(major, minor, patch) >= std::make_tuple(2, 15, 2);
}

std::string to_note(const Repository& repository, const Contents& contents, std::int64_t read_ms) {
  std::string out = "1";
  for (const std::int64_t number : {repository.updated_ms, repository.artifacts, read_ms,
                                    contents.tags, contents.logical_bytes})
    out += " " + std::to_string(number);
  return out;
}

std::optional<Contents> from_note(std::string_view note, const Repository& repository,
                                  std::int64_t now_ms) {
  constexpr std::int64_t week_ms = 7LL * 24 * 60 * 60 * 1000;
  const std::string text(note);
  Repository then;
  Contents contents;
  std::int64_t read_ms = 0;
  const int read = std::sscanf(
      text.c_str(), "1 %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &then.updated_ms,
      &then.artifacts, &read_ms, &contents.tags, &contents.logical_bytes);
  const bool is_same = read == 5 && contents.tags >= 0 && contents.logical_bytes >= 0 &&
                       repository.updated_ms > 0 && then.updated_ms == repository.updated_ms &&
                       then.artifacts == repository.artifacts;
  if (!is_same || read_ms > now_ms || now_ms - read_ms > week_ms) return std::nullopt;
  return contents;
}

Artifact to_artifact(const portolan::json& row) {
  Artifact out;
  out.digest = row["digest"].string_or("");
  if (out.digest.empty()) throw senseless("an artifact without a digest");
  out.media_type = row["manifest_media_type"].string_or("");
  out.bytes = count_of(row, "size", -1);
  out.pushed_ms = to_unix_ms(row["push_time"].string_or(""));
  row["tags"].each([&](portolan::json tag) { out.tags.push_back(tag["name"].string_or("")); });
  row["references"].each([&](portolan::json child) {
    if (auto digest = child["child_digest"].string()) out.children.push_back(*std::move(digest));
  });
  return out;
}

Statistics to_statistics(const portolan::json& body) {
  Statistics out;
  out.public_projects = needed_count(body, "public_project_count");
  out.private_projects = needed_count(body, "private_project_count");
  out.public_repositories = needed_count(body, "public_repo_count");
  out.private_repositories = needed_count(body, "private_repo_count");
  out.storage_bytes = count_of(body, "total_storage_consumption", -1);
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

Complaint to_complaint(const std::string& body) {
  try {
    const portolan::json errors = portolan::json::parse(body)["errors"];
    Complaint first;
    errors.each([&](portolan::json one) {
      if (first.code.empty() && first.message.empty())
        first = {one["code"].string_or(""), one["message"].string_or("")};
    });
    return first;
  } catch (const portolan::failure&) {
    return {};  // No JSON: not Harbor's words.
  }
}

bool is_project_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 255 && plain(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

Robot to_robot(const portolan::json& row) {
  Robot out;
  out.id = row["id"].integer_or(0);
  out.name = row["name"].string_or("");
  if (out.id <= 0 || out.name.empty()) throw senseless("a robot without id or name");
  const std::int64_t seconds = row["expires_at"].integer_or(-1);
  const bool ends = seconds > 0 && seconds < std::numeric_limits<std::int64_t>::max() / 1000;
  if (ends) out.expires_ms = seconds * 1000;
  return out;
}

bool begins_with(std::string_view robot_name, const std::optional<std::string>& configured,
                 std::string_view prefix) {
  if (configured) {
    if (robot_name.substr(0, configured->size()) != *configured) return false;
    robot_name.remove_prefix(configured->size());
  } else if (const auto dollar = robot_name.rfind('$'); dollar != std::string_view::npos) {
    robot_name.remove_prefix(dollar + 1);
  }
  return robot_name.substr(0, prefix.size()) == prefix;
}

std::string repository_path(std::string_view full_name) {
  const std::size_t slash = full_name.find('/');
  if (slash == 0 || slash >= full_name.size() - 1) return {};
  return "/projects/" + portolan::percent_encode(full_name.substr(0, slash)) + "/repositories/" +
         portolan::percent_encode(portolan::percent_encode(full_name.substr(slash + 1)));
}

std::string to_api_version(const portolan::json& body) {
  std::string word = body["version"].string_or("");
  return word.rfind("v2", 0) == 0 ? word : std::string();
}

std::string canonical_base(std::string_view base) {
  const std::size_t path = base.find('/', base.find("//") + 2);
  for (std::size_t at = path; at < base.size();) {
    const std::size_t end = std::min(base.find('/', at + 1), base.size());
    const std::string_view segment = base.substr(at + 1, end - at - 1);
    const std::string_view behind = base.substr(end);
    const bool console = segment == "harbor" && behind.size() > 1 && !starts_api(behind);
    if (console || segment == "account" || segment == "devcenter-api-2.0" ||
        starts_api(base.substr(at)))
      return std::string(base.substr(0, at));
    at = end;
  }
  return std::string(base);
}

std::string project_of_robot(std::string_view name) {
  const std::size_t plus = name.find('+');
  if (plus == std::string_view::npos) return {};
  const std::size_t prefix = name.substr(0, plus).rfind('$');
  const std::size_t begin = prefix == std::string_view::npos ? 0 : prefix + 1;
  return std::string(name.substr(begin, plus - begin));
}

std::string to_cursor(const Place& place) {
  return std::to_string(place.page) + "." + std::to_string(place.given);
}

Place to_place(std::string_view cursor) {
  Place out;
  if (cursor.empty()) return out;
  const char* const end = cursor.data() + cursor.size();
  const auto page = std::from_chars(cursor.data(), end, out.page);
  if (page.ec == std::errc() && page.ptr != end && *page.ptr == '.' && out.page > 0) {
    const auto given = std::from_chars(page.ptr + 1, end, out.given);
    if (given.ec == std::errc() && given.ptr == end) return out;
  }
  throw portolan::failure(PORTOLAN_INVALID_ARGUMENT, "this cursor is not from a list of Harbor's",
                          "use the cursor that the earlier list ended with, or none");
}

}  // namespace harbor
