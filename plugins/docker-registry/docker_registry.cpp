#include "docker_registry.h"

#include <utility>

#include "scan.h"

namespace docker_registry {
namespace {

constexpr int quick_pages = 3;

portolan::failure not_a_registry(const Identity& who, const portolan::response& ping) {
  portolan::failure problem(PORTOLAN_PROTOCOL, "this is no container registry: " + who.reason,
                            "check the address: its path may be missing or too long, or another "
                            "product answers there");
  problem.url = ping.url;
  problem.http_status = ping.status;
  return problem;
}

portolan::failure refused(const portolan::response& answer, bool has_password) {
  portolan::failure problem = answer.as_failure();
  if (problem.code != PORTOLAN_UNAUTHORIZED) return problem;
  problem.pointer = has_password ? "/credentials/password" : "/credentials";
  problem.hint = has_password ? "correct the user name or the password"
                              : "this registry wants a user name and a password: give both";
  return problem;
}

std::string_view origin_of(std::string_view url) {
  return url.substr(0, url.find('/', url.find("//") + 2));
}

/// A registry that redirects to another origin is that other one: the host says what comes of it.
std::string own_address(const portolan::response& ping, const std::string& base) {
  std::string_view at = ping.url;
  if (at.empty() || origin_of(at) == origin_of(base)) return base;
  if (at.ends_with('/')) at.remove_suffix(1);
  return canonical(at);
}

}  // namespace

Meeting meet(portolan::call& call, const std::string& root, bool has_password) {
  Meeting out{call.attempt(knock_request(root)), {}, {}};
  out.who = identify(out.ping);
  const bool is_door = out.who.is == Identity::Kind::other && out.ping.status == 401 &&
                       out.who.asks.scheme == "basic";
  if (!is_door || !has_password) return out;
  out.proof = call.attempt(ping_request(root));
  if (out.proof->ok()) {
    auto behind = identify(*out.proof);
    behind.asks = std::move(out.who.asks);
    out.who = std::move(behind);
  } else {
    out.who.is = Identity::Kind::unclear;
    out.who.reason = "a sign-in stands before it: " + out.proof->as_failure().message;
  }
  return out;
}

DockerRegistry::DockerRegistry(const portolan::registry& registry)
    : base_(canonical(registry.base)),
      root_(root_of(registry.base)),
      username_(registry.username),
      has_password_(registry.has_password),
      page_size_(static_cast<int>(registry.options["pageSize"].integer_or(1000))) {}

portolan::integration DockerRegistry::integrate(portolan::call& call) {
  const auto [ping, door, who] = meet(call, root_, has_password_);
  if (door && !door->ok()) throw refused(*door, has_password_);
  if (who.is == Identity::Kind::unclear) throw ping.as_failure();
  if (who.is == Identity::Kind::other) throw not_a_registry(who, ping);

  const bool asks = ping.status == 401;
  if (asks && !door && (has_password_ || who.asks.scheme != "bearer")) {
    const auto proof = call.attempt(ping_request(root_));
    if (!proof.ok()) throw refused(proof, has_password_);
  }
  const auto catalog = access_of(call.attempt(catalog_request(root_, 1)));
  portolan::integration found{
      .address = own_address(ping, base_),
      .product = who.product,
      .version = {},
      .api_version = who.api_version,
      .account = asks && has_password_ ? username_ : std::string(),
      .privilege = asks && has_password_ ? "user" : "anonymous",
      .pull_host = {},
      .facts_json = "{\"challenge\":" + portolan::json_quote(who.asks.scheme) + "}",
      .capabilities = {"tags"}};
  if (catalog == Access::granted) found.capabilities.push_back("catalog");
  return found;
}

void DockerRegistry::collect(portolan::call& call, portolan::level level,
                             portolan::out<portolan::measure>& out) {
  const auto sum = Scan(call, {.root = root_,
                               .page_size = page_size_,
                               .level = level,
                               .pages_max = level == portolan::level::quick ? quick_pages : 0,
                               .has_password = has_password_})
                       .run();
  for (auto& one : measures_of(sum, level))
    if (!out.push(std::move(one))) return;
}

portolan::detection DockerRegistry::detect(portolan::call& call, const std::string& base) {
  const auto who = identify(call.attempt(knock_request(root_of(base))));
  return {score_of(who), who.reason};
}

}  // namespace docker_registry
