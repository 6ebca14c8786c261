#include <chrono>

#include "harbor.h"

namespace harbor {
namespace {

using portolan::check;
using Checks = portolan::out<check>;

constexpr std::int64_t day_s = 24LL * 60 * 60;
constexpr std::int64_t robot_warning_days = 14;

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

/// A check that could not be made, with what stood in its way.
check undecided(check&& about, const portolan::response& answer) {
  const portolan::failure problem = answer.as_failure();
  return std::move(about).unknown(problem.code, problem.message, problem.hint).seen(answer);
}

check identity(const portolan::response& version) try {
  api_version_of(version);
  return check{"identity"}.ok("a Harbor answers").seen(version);
} catch (const portolan::failure& problem) {
  return check{"identity"}.fail(problem.code, problem.message, problem.hint).seen(version);
}

check api_version(const portolan::response& version) {
  const std::string word = api_version_of(version);
  if (word == "v2.0") return check{"api-version"}.ok("API " + word).seen(version);
  return check{"api-version"}
      .warn(PORTOLAN_UNSUPPORTED, "API " + word + " is not the one this plugin was made for (v2.0)",
            "look for a newer version of the plugin")
      .seen(version);
}

/// Where the robot finds itself listed; empty when it cannot be told.
std::string robots_path(Client& client, const std::string& robot) {
  const std::string project = project_of_robot(robot);
  if (project.empty()) return "/robots?q=Level%3Dsystem&sort=id";
  const portolan::response found =
      client.call().attempt(client.request("/projects/" + portolan::percent_encode(project)));
  const std::int64_t id = found.ok() ? found.json()["project_id"].integer_or(0) : 0;
  return id > 0 ? "/robots?q=Level%3Dproject%2CProjectID%3D" + std::to_string(id) + "&sort=id"
                : std::string();
}

/// Days until the robot's secret ends, when Harbor lets it read about itself.
std::optional<std::int64_t> days_left(Client& client, const std::string& robot) {
  const std::string path = robots_path(client, robot);
  if (path.empty()) return std::nullopt;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  std::optional<std::int64_t> left;
  Reader reader(client);
  reader.list(
      path,
      [&](const portolan::json& row) {
        const std::int64_t ends = row["expires_at"].integer_or(-1);
        if (ends > 0 && row["name"].string_or("") == robot) left = (ends - now) / day_s;
      },
      [](const Listed&) {});  // Without the right to list robots nothing is known.
  reader.run();
  return left;
}

check accepted(Client& client, Privilege who, const std::string& name,
               const portolan::response& current) {
  if (who != Privilege::robot)
    return check{"credentials"}
        .ok(name + " is accepted as " + std::string(to_string(who)) +
            "; a robot account would be faster (Harbor spends about 0.1 s on each password) and "
            "safer")
        .seen(current);
  const auto left = days_left(client, name);
  if (left && *left < robot_warning_days)
    return check{"credentials"}
        .warn(PORTOLAN_UNAUTHORIZED,
              "robot " + name + " is accepted, but expires in " + std::to_string(*left) + " days",
              "refresh its secret or extend its life in Harbor")
        .seen(current);
  return check{"credentials"}.ok("robot " + name + " is accepted").seen(current);
}

/// Says who we are; nothing when the credentials are not known to be right.
std::optional<Privilege> credentials(Client& client, const std::string& name,
                                     const portolan::response& current, Checks& out) {
  try {
    const Privilege who = privilege_of(client, current);
    out.push(accepted(client, who, name, current));
    return who;
  } catch (const portolan::failure& problem) {
    if (!client.call().goes_on()) throw;
    check about{"credentials"};
    out.push((problem.code == PORTOLAN_UNAUTHORIZED
                  ? std::move(about).fail(problem.code, problem.message, problem.hint)
                  : std::move(about).unknown(problem.code, problem.message, problem.hint))
                 .seen(current));
    return std::nullopt;
  }
}

/// One permission: what the answer shows that the account may do, and what it misses otherwise.
check permission(const std::string& name, const portolan::response& answer, const std::string& what,
                 const std::string& missing) {
  check about{"permissions." + name};
  if (answer.ok()) {
    const std::int64_t total = total_of(answer);
    return std::move(about)
        .ok("may read " + what + (total < 0 ? "" : ": " + std::to_string(total) + " are visible"))
        .seen(answer);
  }
  if (refused(answer.code))
    return std::move(about).warn(PORTOLAN_FORBIDDEN, "may not read " + what, missing).seen(answer);
  return undecided(std::move(about), answer);
}

/// Storage of single projects, tried on one in which the account has a part: quotas are listed for
/// administrators and some robots only.
check storage(Client& client, Privilege who, const portolan::response& projects) {
  check about{"permissions.storage"};
  if (who == Privilege::administrator)
    return permission(
        "storage",
        client.call().attempt(client.request("/quotas?reference=project&page=1&page_size=1")),
        "quotas: the storage of each project", "be an administrator");
  if (!projects.ok()) return std::move(about).skipped("there is no project to try");
  std::string name;
  rows_of(projects).each([&](portolan::json row) {
    const Project project = to_project(row);
    if (name.empty() && (project.member || (who == Privilege::robot && !project.is_public)))
      name = project.name;
  });
  if (name.empty())
    return std::move(about).skipped("the account has a part in no project that could be tried");
  const portolan::response summary = client.call().attempt(
      client.request("/projects/" + portolan::percent_encode(name) + "/summary"));
  if (summary.ok() && !summary.json()["quota"].is_object())
    return std::move(about)
        .warn(PORTOLAN_FORBIDDEN, "may not read the storage of project " + name,
              "give the account quota:read in its projects; or quotas are switched off in Harbor")
        .seen(summary);
  if (summary.ok())
    return std::move(about).ok("may read the storage of its projects, as of " + name).seen(summary);
  return permission("storage", summary, "the storage of project " + name,
                    "give the account project:read and quota:read in its projects");
}

check statistics(Client& client, Privilege who) {
  if (who != Privilege::administrator)
    return check{"permissions.statistics"}.skipped(
        "Harbor tells the numbers of the whole registry to administrators only; here they are "
        "those of what the account sees");
  return permission("statistics", client.call().attempt(client.request("/statistics")),
                    "the numbers of the whole registry", "be an administrator");
}

/// Whether images can be pulled, proved on the first repository that the account sees.
check pull(Client& client, const portolan::response& repositories) {
  check about{"permissions.pull"};
  if (!repositories.ok()) return std::move(about).skipped("there is no repository to try");
  std::string name;
  rows_of(repositories).each([&](portolan::json row) { name = to_repository(row).name; });
  if (name.empty()) return std::move(about).skipped("there is no repository to try");
  portolan::request wanted(client.base() + "/v2/" + name + "/tags/list?n=1");
  wanted.auth = portolan::auth::docker_token;
  wanted.scope = "repository:" + name + ":pull";
  const portolan::response tags = client.call().attempt(wanted);
  if (tags.ok()) return std::move(about).ok("may pull " + name).seen(tags);
  if (tags.code == PORTOLAN_NOT_FOUND)
    return std::move(about).ok("may read " + name + ", which has no tags").seen(tags);
  if (refused(tags.code))
    return std::move(about)
        .warn(PORTOLAN_FORBIDDEN, "may not pull " + name,
              "give the account repository:pull in its project")
        .seen(tags);
  return undecided(std::move(about), tags);
}

void permissions(Client& client, Privilege who, Checks& out) {
  const auto ask = [&](const char* path) { return client.call().attempt(client.request(path)); };
  const portolan::response projects = ask("/projects?sort=project_id&page=1&page_size=100");
  const portolan::response repositories = ask("/repositories?sort=name&page=1&page_size=1");
  out.push(permission("spaces", projects, "projects", "give the account project:list"));
  out.push(permission("catalog", repositories, "repositories",
                      "give the account repository:list in the projects"));
  out.push(storage(client, who, projects));
  out.push(statistics(client, who));
  out.push(pull(client, repositories));
}

/// What somebody without credentials finds: public projects and what is in them.
check anonymous(Client& client, bool password_given) {
  const portolan::response answer = client.call().attempt(
      client.request("/repositories?page=1&page_size=1", portolan::auth::none));
  if (refused(answer.code))
    return check{"permissions.anonymous"}
        .ok("nothing can be listed or pulled without credentials")
        .seen(answer);
  if (!answer.ok()) return undecided(check{"permissions.anonymous"}, answer);
  const std::int64_t total = total_of(answer);
  if (total == 0)
    return check{"permissions.anonymous"}
        .ok("no repository can be pulled without credentials")
        .seen(answer);
  const std::string what =
      (total < 0 ? std::string("some") : std::to_string(total)) +
      " repositories in public projects can be listed and pulled without credentials";
  if (!password_given) return check{"permissions.anonymous"}.ok(what).seen(answer);
  return check{"permissions.anonymous"}
      .warn(PORTOLAN_OK, what, "intended? otherwise make these projects private in Harbor")
      .seen(answer);
}

check capabilities(const std::optional<Health>& health, bool read_only) {
  std::vector<std::string> words = {"catalog", "spaces", "quotas"};
  if (health && !health->unwell.empty())
    return check{"capabilities"}.warn(
        PORTOLAN_UNAVAILABLE, "Harbor says these components are unwell: " + join(health->unwell),
        "look at them in Harbor; what depends on them may fail");
  if (read_only)
    return check{"capabilities"}.warn(
        PORTOLAN_FORBIDDEN, join(words) + "; Harbor is read-only: nothing can be changed or pushed",
        "an administrator can end the read-only mode");
  if (!health)
    return check{"capabilities"}.unknown(PORTOLAN_PROTOCOL,
                                         join(words) + "; Harbor's health could not be read", "");
  return check{"capabilities"}.ok(join(words) + "; all components are healthy");
}

bool is_read_only(Client& client) {
  const portolan::response info = client.call().attempt(client.request("/systeminfo"));
  return info.ok() && info.json()["read_only"].boolean().value_or(false);
}

}  // namespace

portolan::response Harbor::current_user(Client& client) {
  if (auto just_refused = refusal_.take()) return *std::move(just_refused);
  return client.call().attempt(client.request("/users/current"));
}

void Harbor::validate(portolan::call& call, portolan::depth depth, Checks& out) {
  Client client(call, canonical_base(base_));
  const portolan::response version = call.attempt(client.version());
  check first = identity(version);
  const bool harbor = first.state == PORTOLAN_CHECK_OK;
  out.push(std::move(first));
  if (!harbor) return;
  out.push(api_version(version));

  std::optional<Privilege> who;
  if (has_password_)
    who = credentials(client, username_, current_user(client), out);
  else
    out.push(check{"credentials"}.skipped("none were given"));
  if (depth == portolan::depth::quick) {
    out.push(capabilities(client.health(), false));
    return;
  }
  // Asking on with a password that was refused would lock the account (registries.md §1.8.3).
  if (who)
    permissions(client, *who, out);
  else
    out.push(check{"permissions"}.skipped("the account is not known to be good"));
  out.push(anonymous(client, has_password_));
  out.push(capabilities(client.health(), who && is_read_only(client)));
}

}  // namespace harbor
