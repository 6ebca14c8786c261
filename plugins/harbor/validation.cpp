#include <chrono>

#include "harbor.h"

namespace harbor {
namespace {

using portolan::check;
using Checks = portolan::out<check>;

constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;
constexpr std::int64_t robot_warning_days = 14;

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

/// A request that may fail without ending the diagnosis; only the end of the call itself is passed
/// on.
portolan::response ask(Client& client, const portolan::request& wanted) try {
  return client.call().send(wanted);
} catch (const portolan::failure& problem) {
  if (problem.ended_by_host() && !client.call().goes_on()) throw;
  portolan::response lost;
  lost.method = wanted.method;
  lost.url = problem.url;
  lost.lost = problem;
  return lost;
}

/// A check that could not be made, with what stood in its way.
check undecided(check&& about, const portolan::response& answer) {
  const portolan::failure problem = answer.as_failure();
  return std::move(about).unknown(problem.code, problem.message, problem.hint).seen(answer);
}

check identity(const portolan::response& version) {
  if (!version.ok()) {
    const portolan::failure problem = version.as_failure();
    const bool other = problem.code == PORTOLAN_NOT_FOUND ||
                       problem.code == PORTOLAN_UNAUTHORIZED || problem.code == PORTOLAN_FORBIDDEN;
    return check{"identity"}
        .fail(other ? PORTOLAN_PROTOCOL : problem.code,
              "this does not answer as Harbor does: " + problem.message,
              "check address, port and path prefix; Harbor 1.x is not supported")
        .seen(version);
  }
  try {
    if (!version.json()["version"].string_or("").empty())
      return check{"identity"}.ok("a Harbor answers").seen(version);
  } catch (const portolan::failure& problem) {
    return check{"identity"}.fail(PORTOLAN_PROTOCOL, problem.message, problem.hint).seen(version);
  }
  return check{"identity"}
      .fail(PORTOLAN_PROTOCOL, "the answer names no version", "is this a Harbor?")
      .seen(version);
}

check api_version(const portolan::response& version) {
  const std::string word = version.json()["version"].string_or("");
  if (word == "v2.0") return check{"api-version"}.ok("API " + word).seen(version);
  return check{"api-version"}
      .warn(PORTOLAN_UNSUPPORTED, "API " + word + " is not the one this plugin was made for (v2.0)",
            "look for a newer version of the plugin")
      .seen(version);
}

/// Days until the robot's secret ends, when Harbor lets it read about itself.
std::optional<std::int64_t> days_left(Client& client, const std::string& robot) {
  if (robot.find('+') != std::string::npos)
    return std::nullopt;  // A project robot may not list system robots.
  const portolan::response list =
      ask(client, client.request("/robots?q=Level%3Dsystem&page=1&page_size=100"));
  if (!list.ok()) return std::nullopt;
  std::optional<std::int64_t> left;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  list.json().each([&](portolan::json row) {
    const std::int64_t ends = row["expires_at"].integer_or(-1);
    if (row["name"].string_or("") == robot && ends > 0) left = (ends * 1000 - now) / day_ms;
  });
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
std::optional<Privilege> credentials(Client& client, const std::string& name, bool given,
                                     Checks& out) {
  if (!given) {
    out.push(check{"credentials"}.skipped("none were given"));
    return std::nullopt;
  }
  const portolan::response current = ask(client, client.request("/users/current"));
  if (current.lost ||
      (current.status != 412 && !current.ok() && current.code != PORTOLAN_UNAUTHORIZED)) {
    out.push(undecided(check{"credentials"}, current));
    return std::nullopt;
  }
  try {
    const Privilege who = privilege_of(client, current);
    out.push(accepted(client, who, name, current));
    return who;
  } catch (const portolan::failure& problem) {
    if (problem.ended_by_host()) throw;
    out.push(
        problem.code == PORTOLAN_UNAUTHORIZED
            ? check{"credentials"}.fail(problem.code, problem.message, problem.hint).seen(current)
            : check{"credentials"}
                  .unknown(problem.code, problem.message, problem.hint)
                  .seen(current));
    return std::nullopt;
  }
}

/// One permission: may the account do what `path` needs, and what does it miss otherwise.
check permission(Client& client, const std::string& name, const std::string& path,
                 const std::string& what, const std::string& missing) {
  const portolan::response answer = ask(client, client.request(path));
  if (answer.ok()) {
    const std::int64_t total = total_of(answer);
    return check{"permissions." + name}
        .ok("may list " + what + (total < 0 ? "" : ": " + std::to_string(total) + " are visible"))
        .seen(answer);
  }
  if (answer.code == PORTOLAN_FORBIDDEN || answer.code == PORTOLAN_UNAUTHORIZED)
    return check{"permissions." + name}
        .warn(PORTOLAN_FORBIDDEN, "may not list " + what, missing)
        .seen(answer);
  return undecided(check{"permissions." + name}, answer);
}

/// Whether images can be pulled, proved on the first repository that the account sees.
check pull(Client& client, const portolan::request& first, const std::string& base) {
  const portolan::response list = ask(client, first);
  if (!list.ok()) return undecided(check{"permissions.pull"}, list);
  std::string name;
  list.json().each([&](portolan::json row) { name = row["name"].string_or(""); });
  if (name.empty()) return check{"permissions.pull"}.skipped("there is no repository to try");
  portolan::request wanted(base + "/v2/" + name + "/tags/list?n=1");
  wanted.auth = portolan::auth::docker_token;
  wanted.scope = "repository:" + name + ":pull";
  const portolan::response tags = ask(client, wanted);
  if (tags.ok()) return check{"permissions.pull"}.ok("may pull " + name).seen(tags);
  if (tags.code == PORTOLAN_NOT_FOUND)
    return check{"permissions.pull"}.ok("may read " + name + ", which has no tags").seen(tags);
  if (tags.code == PORTOLAN_UNAUTHORIZED || tags.code == PORTOLAN_FORBIDDEN)
    return check{"permissions.pull"}
        .warn(PORTOLAN_FORBIDDEN, "may not pull " + name,
              "give the account repository:pull in its project")
        .seen(tags);
  return undecided(check{"permissions.pull"}, tags);
}

/// What somebody without credentials finds: public projects and what is in them.
check anonymous(Client& client, bool password_given) {
  const portolan::response answer =
      ask(client, client.request("/repositories?page=1&page_size=1", portolan::auth::none));
  if (answer.code == PORTOLAN_UNAUTHORIZED || answer.code == PORTOLAN_FORBIDDEN)
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
  const portolan::response info = ask(client, client.request("/systeminfo"));
  return info.ok() && info.json()["read_only"].boolean().value_or(false);
}

}  // namespace

void Harbor::validate(portolan::call& call, portolan::depth depth, Checks& out) {
  const std::string base = canonical_base(base_);
  Client client(call, base);
  portolan::request wanted(base + "/api/version");
  wanted.auth = portolan::auth::none;
  const portolan::response version = ask(client, wanted);
  check first = identity(version);
  const bool harbor = first.state == PORTOLAN_CHECK_OK;
  out.push(std::move(first));
  if (!harbor) return;
  out.push(api_version(version));

  const std::optional<Privilege> who = credentials(client, username_, has_password_, out);
  if (depth == portolan::depth::quick) {
    out.push(capabilities(client.health(), false));
    return;
  }
  if (!who) {
    // Asking on with a password that was refused would lock the account (registries.md §1.8.3).
    out.push(check{"permissions"}.skipped("the account is not known to be good"));
  } else {
    out.push(permission(client, "spaces", "/projects?page=1&page_size=1", "projects",
                        "give the account project:list"));
    out.push(permission(client, "catalog", "/repositories?page=1&page_size=1", "repositories",
                        "give the account repository:list in the projects"));
    out.push(permission(
        client, "storage", "/quotas?reference=project&page=1&page_size=1",
        "quotas: storage per project",
        "an administrator or a system robot with quota:list sees the storage of all projects"));
    if (*who != Privilege::administrator)
      out.push(check{"permissions.statistics"}.warn(
          PORTOLAN_FORBIDDEN, "only an administrator is told the numbers of the whole registry",
          "numbers are those that this account can see; unknown ones are marked, never 0"));
    else
      out.push(permission(client, "statistics", "/statistics", "the numbers of the whole registry",
                          "be an administrator"));
    out.push(pull(client, client.request("/repositories?page=1&page_size=1"), base));
  }
  out.push(anonymous(client, has_password_));
  out.push(capabilities(client.health(), who && is_read_only(client)));
}

}  // namespace harbor
