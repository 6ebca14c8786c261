#pragma once
/// What the distribution protocol says, as functions from value to value: URLs, names, and what an
/// answer means. https://distribution.github.io/distribution/spec/api/, OCI distribution-spec 1.1.
#include <optional>
#include <string>
#include <string_view>

#include <portolan/http.hpp>

#include "challenge.h"

namespace docker_registry {

/// What stands before "/v2/" in every URL: empty (below the base), or absolute where the user's
/// address ended in "/v2" or "/v2/_catalog", as pasted from a browser.
std::string root_of(std::string_view base);
/// The base without that ending.
std::string canonical(std::string_view base);

/// The first path component of a repository; "_" for one without a slash.
std::string space_of(std::string_view repository);

/// Names come from the registry: these keep them from being a path of their own.
bool is_repository_name(std::string_view name);
bool is_reference(std::string_view tag_or_digest);
bool is_digest(std::string_view text);

/// "GET /v2/" as it is answered to somebody who says nothing, and as the account.
portolan::request knock_request(const std::string& root);
portolan::request ping_request(const std::string& root);
portolan::request catalog_request(const std::string& root, int n);
/// Pages of a list of names below `root` (see name_list).
std::string tags_url(const std::string& root, const std::string& repository);
std::string pull_scope(const std::string& repository);
/// GET or HEAD of a manifest: all four media types that registries hold are accepted, since without
/// them Distribution converts or denies what it has.
portolan::request manifest_request(const std::string& root, const std::string& repository,
                                   const std::string& reference, std::string method = "GET");

/// The first code of {"errors":[{"code":…}]}, or empty.
std::string error_code(const portolan::response& answer);

/// A refusal by its status: what a 401 or 403 of one thing means is not what the host says of it,
/// "wrong password", once the password was accepted. Anything else in the host's words.
std::string told(const portolan::failure& problem);

/// The registry says that there is no such repository.
bool is_unknown_name(const portolan::response& answer);

/// What came of asking for something.
enum class Access {
  granted,
  forbidden,  ///< 401, 403: not with this account.
  absent,     ///< The registry does not have it: 404, 405, 501.
  lost        ///< No answer that tells: transport, 5xx, 429, nonsense.
};
Access access_of(const portolan::response& answer);

/// What "GET /v2/" without credentials tells about who answers there.
struct Identity {
  enum class Kind { registry, other, unclear } is = Kind::other;
  std::string product;      ///< "Distribution", "Harbor", …; empty: it does not show.
  std::string api_version;  ///< "registry/2.0"; empty: no header says so.
  Challenge asks;
  std::string reason;  ///< What was seen, for people.

  bool is_harbor() const { return product == "Harbor"; }
};
Identity identify(const portolan::response& ping);

/// 0..100: how sure it is that this type is the right one.
unsigned score_of(const Identity& who);

}  // namespace docker_registry
