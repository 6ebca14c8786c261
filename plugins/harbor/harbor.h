#pragma once
/// The plugin's class: what Portolan may ask of a Harbor (2.x).
#include <portolan/plugin.hpp>
#include <string>
#include <vector>

#include "client.h"

namespace harbor {

class Harbor {
 public:
  static constexpr portolan::auth default_auth = portolan::auth::basic;

  explicit Harbor(const portolan::registry& registry);

  portolan::integration integrate(portolan::call& call);
  void validate(portolan::call& call, portolan::depth depth, portolan::out<portolan::check>& out);
  void collect(portolan::call& call, portolan::level level, portolan::out<portolan::measure>& out);

  void spaces(portolan::call& call, const portolan::query& query,
              portolan::out<portolan::space>& out);
  void repositories(portolan::call& call, const portolan::query& query,
                    portolan::out<portolan::repository>& out);
  void tags(portolan::call& call, const portolan::query& query, portolan::out<portolan::tag>& out);
  void artifacts(portolan::call& call, const portolan::query& query,
                 portolan::out<portolan::artifact>& out);

  static portolan::detection detect(portolan::call& call, const std::string& base);

 private:
  /// Empty option: every project.
  bool wants(const std::string& project) const;

  std::string base_, username_;
  bool has_password_;
  Facts facts_;
  std::vector<std::string> projects_;
};

/// Who the account is: GET /users/current answers a user, and 412 to a robot. Throws what a refusal
/// means.
Privilege privilege_of(Client& client, const portolan::response& current);

}  // namespace harbor
