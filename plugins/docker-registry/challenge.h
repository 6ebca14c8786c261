#pragma once
/// How a registry asks who is there (RFC 9110 §11.6.1; distribution spec, "token authentication").
#include <string>

#include <portolan/http.hpp>

namespace docker_registry {

struct Challenge {
  std::string scheme;  ///< "basic", "bearer" or empty: the registry asked for nothing.
  std::string realm, service, scope;  ///< As sent, unquoted.
};

/// The first Bearer challenge of an answer, else the first Basic one; headers may hold several
/// challenges each, in any order, of schemes unknown here. Never fails.
Challenge read_challenge(const portolan::response& answer);

}  // namespace docker_registry
