#include "harbor.h"

#include <algorithm>

namespace harbor {
namespace {

portolan::failure not_harbor(const portolan::response& answer, const std::string& why) {
  portolan::failure problem(PORTOLAN_PROTOCOL, "no Harbor 2.x answers: " + why,
                            "check address, port and path prefix; Harbor 1.x is not supported");
  problem.url = answer.url;
  problem.http_status = answer.status;
  return problem;
}

}  // namespace

Harbor::Harbor(const portolan::registry& registry)
    : base_(registry.base),
      username_(registry.username),
      has_password_(registry.has_password),
      facts_(to_facts(registry.facts)) {
  registry.options["projects"].each(
      [&](portolan::json name) { projects_.push_back(name.string_or("")); });
}

bool Harbor::wants(const std::string& project) const {
  return projects_.empty() ||
         std::find(projects_.begin(), projects_.end(), project) != projects_.end();
}

std::string api_version_of(const portolan::response& version) {
  const std::string asked = "GET " + version.url + " answered ";
  if (!version.ok()) {
    // A status that says nothing of the type (5xx, 429, no answer) stays what it is.
    const portolan::failure problem = version.as_failure();
    const bool other = problem.code == PORTOLAN_NOT_FOUND || problem.code == PORTOLAN_PROTOCOL ||
                       problem.code == PORTOLAN_UNSUPPORTED || refused(problem.code);
    if (!other || version.lost) throw portolan::failure(problem);
    throw not_harbor(version, asked + std::to_string(version.status));
  }
  try {
    if (std::string word = to_api_version(version.json()); !word.empty()) return word;
  } catch (const portolan::failure& problem) {
    throw not_harbor(version, problem.message);
  }
  throw not_harbor(version, asked + "no version of its API");
}

Privilege privilege_of(Client& client, const portolan::response& current) {
  if (current.status == 412) return Privilege::robot;
  if (current.code == PORTOLAN_UNAUTHORIZED) throw explain_unauthorized(client, current);
  if (current.status >= 300 && current.status < 400) throw explain_redirect(current);
  const portolan::json user = current.json();
  if (!user["username"].is_string()) {
    portolan::failure problem(PORTOLAN_PROTOCOL, "GET " + current.url + " answered no user",
                              "see what answers at this address");
    problem.url = current.url;
    throw problem;
  }
  return user["sysadmin_flag"].boolean().value_or(false) ? Privilege::administrator
                                                         : Privilege::user;
}

portolan::integration Harbor::integrate(portolan::call& call) {
  const std::string base = canonical_base(base_);
  Client client(call, base);
  portolan::integration found;
  found.api_version = api_version_of(call.send(client.version()));

  Facts facts;
  if (has_password_) {
    const portolan::response current = client.get("/users/current");
    if (current.code == PORTOLAN_UNAUTHORIZED) refusal_.keep(current);
    facts.privilege = privilege_of(client, current);
    found.account = facts.privilege == Privilege::robot
                        ? username_
                        : current.json()["username"].string_or(username_);
  }
  const portolan::json info =
      client.get("/systeminfo", has_password_ ? default_auth : portolan::auth::none).json();
  facts.version = info["harbor_version"].string_or("");
  facts.version = facts.version.substr(0, facts.version.find('-'));

  found.address = base;
  found.product = "Harbor";
  found.version = facts.version;
  found.privilege = to_string(facts.privilege);
  found.pull_host = info["registry_url"].string_or("");
  found.capabilities = {"catalog", "spaces", "quotas"};
  if (facts.privilege == Privilege::administrator) found.capabilities.push_back("robots");
  if (info["read_only"].boolean().value_or(false)) found.capabilities.push_back("read-only");
  found.facts_json = to_json(facts);
  return found;
}

portolan::detection Harbor::detect(portolan::call& call, const std::string& base) {
  Client client(call, canonical_base(base));
  try {
    api_version_of(call.send(client.version()));
  } catch (const portolan::failure& problem) {
    if (problem.ended_by_host()) throw;
    return {0, problem.message};
  }
  const portolan::response ping = call.attempt(client.request("/ping", portolan::auth::none));
  const bool pong = ping.ok() && ping.body.find("Pong") < 2;
  return {pong ? 100U : 85U, pong ? "GET /api/version and /api/v2.0/ping answer as Harbor does"
                                  : "GET /api/version answers as Harbor does"};
}

}  // namespace harbor
