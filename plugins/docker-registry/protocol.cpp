#include "protocol.h"

#include <algorithm>
#include <array>
#include <utility>

namespace docker_registry {
namespace {

constexpr std::string_view accepted_manifests =
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::uint64_t manifest_bytes = 4 * 1024 * 1024;  // Distribution's own limit.

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string_view without_api(std::string_view base) {
  for (const std::string_view ending : {"/v2/_catalog", "/v2"}) {
    if (base.ends_with(ending)) return base.substr(0, base.size() - ending.size());
  }
  return base;
}

std::string encode_name(std::string_view name) {
  std::string out;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (begin != 0) out += '/';
    out += portolan::percent_encode(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

portolan::json body_of(const portolan::response& answer) {
  try {
    return portolan::json::parse(answer.body);
  } catch (const portolan::failure&) {
    return {};
  }
}

bool has_header(const portolan::response& answer, std::string_view name) {
  return !answer.header(name).empty();
}

/// Who is known by what only they send. Harbor before all: it also forwards Distribution's headers.
std::string product_of(const portolan::response& ping, const Challenge& asks) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> services{{
      {"harbor-registry", "Harbor"},
      {"registry.docker.io", "Docker Hub"},
      {"ghcr.io", "GitHub Container Registry"},
      {"container_registry", "GitLab Container Registry"},
      {"quay.io", "Quay"},
  }};
  for (const auto& [service, product] : services)
    if (asks.service == service) return std::string(product);
  const auto server = ping.header("server");
  if (has_header(ping, "x-jfrog-version") || has_header(ping, "x-artifactory-id"))
    return "JFrog Artifactory";
  if (server.starts_with("Nexus")) return "Sonatype Nexus";
  // Word for word what Distribution 2 and 3 send; others that speak the protocol word it otherwise.
  const bool its_words =
      ping.body == "{}" ||
      ping.body.find("\"message\":\"authentication required\"") != std::string::npos;
  return ping.header("docker-distribution-api-version") == "registry/2.0" && its_words
             ? "Distribution"
             : std::string();
}

bool looks_like_api(const portolan::response& ping, const Challenge& asks) {
  if (ping.header("docker-distribution-api-version").starts_with("registry/")) return true;
  if (ping.status == 200) return body_of(ping).is_object();
  if (!error_code(ping).empty()) return true;
  return ping.status == 401 && asks.scheme == "bearer" && !asks.service.empty();
}

}  // namespace

std::string root_of(std::string_view base) {
  const auto stem = without_api(base);
  return stem.size() == base.size() ? std::string() : std::string(stem);
}

std::string canonical(std::string_view base) { return std::string(without_api(base)); }

std::string space_of(std::string_view repository) {
  const std::size_t slash = repository.find('/');
  return slash == std::string_view::npos ? "_" : std::string(repository.substr(0, slash));
}

bool is_repository_name(std::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const auto part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    if (std::any_of(part.begin(), part.end(),
                    [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }))
      return false;
    begin = end + 1;
  }
  return true;
}

bool is_reference(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return is_digest(text);
  return !text.empty() && text.size() <= 128 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || text.size() > 256) return false;
  const auto algorithm = text.substr(0, colon), value = text.substr(colon + 1);
  const auto fits = [](std::string_view part, std::string_view more) {
    return std::all_of(part.begin(), part.end(), [&](char c) {
      return is_alnum(c) || more.find(c) != std::string_view::npos;
    });
  };
  return value.size() >= 32 && fits(algorithm, "+._-") && fits(value, "=_-");
}

portolan::request knock_request(const std::string& root) {
  auto out = ping_request(root);
  out.auth = portolan::auth::none;
  return out;
}

portolan::request ping_request(const std::string& root) { return {root + "/v2/"}; }

portolan::request catalog_request(const std::string& root, int n) {
  portolan::request out(root + "/v2/_catalog?n=" + std::to_string(n));
  out.scope = "registry:catalog:*";
  return out;
}

std::string tags_url(const std::string& root, const std::string& repository) {
  return root + "/v2/" + encode_name(repository) + "/tags/list";
}

std::string pull_scope(const std::string& repository) {
  return "repository:" + repository + ":pull";
}

portolan::request manifest_request(const std::string& root, const std::string& repository,
                                   const std::string& reference, std::string method) {
  // The colon of a digest stays as it is: not every front end decodes it.
  portolan::request out(root + "/v2/" + encode_name(repository) + "/manifests/" + reference);
  out.method = std::move(method);
  out.scope = pull_scope(repository);
  out.headers = {{"Accept", std::string(accepted_manifests)}};
  out.max_body = manifest_bytes;
  return out;
}

std::string error_code(const portolan::response& answer) {
  std::string code;
  body_of(answer)["errors"].each([&](const portolan::json& error) {
    if (code.empty()) code = error["code"].string_or("");
  });
  return code;
}

std::string told(const portolan::failure& problem) {
  const bool refusal = problem.code == PORTOLAN_UNAUTHORIZED || problem.code == PORTOLAN_FORBIDDEN;
  return refusal && problem.http_status != 0
             ? "the registry answered " + std::to_string(problem.http_status)
             : problem.message;
}

bool is_unknown_name(const portolan::response& answer) {
  if (answer.lost || answer.status != 404) return false;
  const auto code = error_code(answer);
  return code == "NAME_UNKNOWN" || code == "NOT_FOUND";
}

Access access_of(const portolan::response& answer) {
  const portolan_status code = answer.lost ? answer.lost->code : answer.code;
  const int status = answer.lost ? answer.lost->http_status : answer.status;
  if (code == PORTOLAN_OK && status >= 200 && status < 300) return Access::granted;
  if (code == PORTOLAN_UNAUTHORIZED || code == PORTOLAN_FORBIDDEN) return Access::forbidden;
  if (status == 404 || status == 405 || status == 501) return Access::absent;
  if (status == 400 && error_code(answer) == "UNSUPPORTED") return Access::absent;
  return Access::lost;
}

Identity identify(const portolan::response& ping) {
  Identity who;
  who.asks = read_challenge(ping);
  who.api_version = std::string(ping.header("docker-distribution-api-version"));
  const std::string told = "GET /v2/ answered " + std::to_string(ping.status);
  if (ping.lost || ping.status == 429 || ping.status >= 500) {
    who.is = Identity::Kind::unclear;
    who.reason = ping.lost ? ping.lost->message : told;
  } else if ((ping.status == 200 || ping.status == 401 || ping.status == 403) &&
             looks_like_api(ping, who.asks)) {
    who.is = Identity::Kind::registry;
    who.product = product_of(ping, who.asks);
    who.reason = told + " as a registry does" + (who.product.empty() ? "" : ": " + who.product);
  } else {
    who.reason = told + (ping.body.find('<') < 64 ? " with a web page" : "") +
                 ", which is not what the registry API v2 says";
  }
  return who;
}

unsigned score_of(const Identity& who) {
  if (who.is != Identity::Kind::registry) return 0;
  if (who.is_harbor()) return 55;
  if (who.product == "JFrog Artifactory") return 60;
  return who.api_version.empty() ? 80 : 90;
}

}  // namespace docker_registry
