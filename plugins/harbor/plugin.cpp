#include <algorithm>

#include "harbor.h"

namespace harbor {
namespace {

bool is_version(const portolan::response& answer) {
  if (!answer.ok()) return false;
  try {
    return answer.json()["version"].string_or("").starts_with("v2");
  } catch (const portolan::failure&) {
    return false;
  }
}

portolan::failure not_harbor(const portolan::response& answer) {
  portolan::failure problem(PORTOLAN_PROTOCOL,
                            "no Harbor 2.x answers: GET " + answer.url + " answered " +
                                std::to_string(answer.status) + " without a version",
                            "check address, port and path prefix; Harbor 1.x is not supported");
  problem.url = answer.url;
  problem.http_status = answer.status;
  // 5xx, 429 and refusals are not the type's fault: keep what the host said of them.
  return answer.code == PORTOLAN_OK || answer.code == PORTOLAN_NOT_FOUND ||
                 answer.code == PORTOLAN_PROTOCOL || answer.code == PORTOLAN_UNAUTHORIZED ||
                 answer.code == PORTOLAN_FORBIDDEN
             ? problem
             : answer.as_failure();
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

Privilege privilege_of(Client& client, const portolan::response& current) {
  if (current.status == 412) return Privilege::robot;
  if (current.code == PORTOLAN_UNAUTHORIZED) throw explain_unauthorized(client, current);
  return current.json()["sysadmin_flag"].boolean().value_or(false) ? Privilege::administrator
                                                                   : Privilege::user;
}

portolan::integration Harbor::integrate(portolan::call& call) {
  const std::string base = canonical_base(base_);
  Client client(call, base);
  const portolan::response version = client.version();
  if (!is_version(version)) throw not_harbor(version);

  Facts facts;
  std::string account;
  if (has_password_) {
    const portolan::response current = client.get("/users/current");
    facts.privilege = privilege_of(client, current);
    account = facts.privilege == Privilege::robot ? username_
                                                  : current.json()["username"].string_or(username_);
  }
  const portolan::json info =
      client.get("/systeminfo", has_password_ ? default_auth : portolan::auth::none).json();
  facts.version = info["harbor_version"].string_or("");
  facts.version = facts.version.substr(0, facts.version.find('-'));

  portolan::integration found;
  found.address = base;
  found.product = "Harbor";
  found.version = facts.version;
  found.api_version = version.json()["version"].string_or("");
  found.account = account;
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
  const portolan::response version = client.version();
  if (!is_version(version)) return {0, "GET /api/version does not answer as Harbor does"};
  const portolan::response ping = client.get("/ping", portolan::auth::none);
  const bool pong = ping.ok() && ping.body.find("Pong") < 2;
  return {pong ? 100U : 85U, pong ? "GET /api/version and /api/v2.0/ping answer as Harbor does"
                                  : "GET /api/version answers as Harbor does"};
}

}  // namespace harbor

PORTOLAN_PLUGIN(harbor::Harbor)
