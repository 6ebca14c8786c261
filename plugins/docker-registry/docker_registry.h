#pragma once
/// The type docker-registry: Docker Distribution 2 and 3, and whatever else speaks the OCI
/// distribution protocol. What every registry of the kind can tell, and honest words for the rest.
#include <optional>
#include <string>

#include <portolan/plugin.hpp>

#include "protocol.h"

namespace docker_registry {

/// Who answers there, and what showed it.
struct Meeting {
  portolan::response ping;                  ///< "GET /v2/" without credentials.
  std::optional<portolan::response> proof;  ///< The same with the password, where it was needed.
  Identity who;
};
/// Knocks. Where a proxy's door asks before the registry can say a word, the password opens it; a
/// wrong one leaves unclear who is behind.
Meeting meet(portolan::call& call, const std::string& root, bool has_password);

class DockerRegistry {
 public:
  /// Basic or token, as the registry asks; nothing is sent to one that does not ask.
  static constexpr auto default_auth = portolan::auth::docker_token;

  explicit DockerRegistry(const portolan::registry& registry);

  portolan::integration integrate(portolan::call& call);
  void validate(portolan::call& call, portolan::depth depth, portolan::out<portolan::check>& out);
  void collect(portolan::call& call, portolan::level level, portolan::out<portolan::measure>& out);

  void spaces(portolan::call& call, const portolan::query& of, portolan::out<portolan::space>& out);
  void repositories(portolan::call& call, const portolan::query& of,
                    portolan::out<portolan::repository>& out);
  void tags(portolan::call& call, const portolan::query& of, portolan::out<portolan::tag>& out);
  void artifacts(portolan::call& call, const portolan::query& of,
                 portolan::out<portolan::artifact>& out);

  static portolan::detection detect(portolan::call& call, const std::string& base);

 private:
  std::string base_, root_, username_;
  bool has_password_;
  int page_size_;
};

}  // namespace docker_registry
