#pragma once
/// The plugin's class: what Portolan may ask of a Harbor (2.x).
#include <chrono>
#include <optional>
#include <portolan/plugin.hpp>
#include <string>
#include <utility>
#include <vector>

#include "client.h"

namespace harbor {

/// A 401 that was just seen, for the diagnosis that follows a failed integration: each try with a
/// wrong password takes Harbor 1.5 s and locks the user for as long (registries.md §1.8).
class Refusal {
 public:
  void keep(const portolan::response& answer) {
    answer_ = answer;
    at_ = std::chrono::steady_clock::now();
  }
  /// Once, and not for long: whoever asks later shall be told what is true then.
  std::optional<portolan::response> take() {
    const bool fresh = std::chrono::steady_clock::now() - at_ < std::chrono::seconds(5);
    auto answer = std::exchange(answer_, std::nullopt);
    return fresh ? std::move(answer) : std::nullopt;
  }

 private:
  std::optional<portolan::response> answer_;
  std::chrono::steady_clock::time_point at_;
};

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

  portolan::space create_space(portolan::call& call, const std::string& name,
                               std::uint32_t visibility);
  void remove_space(portolan::call& call, const std::string& name);
  portolan::space set_visibility(portolan::call& call, const std::string& name,
                                 std::uint32_t visibility);

  portolan::robot issue_robot(portolan::call& call, const std::string& name,
                              const std::vector<portolan::grant>& grants,
                              std::uint32_t lifetime_days);
  portolan::robot rewrite_robot(portolan::call& call, const std::string& id,
                                const std::vector<portolan::grant>& grants);
  void revoke_robot(portolan::call& call, const std::string& id);
  void list_robots(portolan::call& call, const std::string& prefix,
                   portolan::out<portolan::robot>& out);

  static portolan::detection detect(portolan::call& call, const std::string& base);

 private:
  /// Empty option: every project.
  bool wants(const std::string& project) const;
  portolan::response current_user(Client& client);

  std::string base_, username_;
  bool has_password_;
  Facts facts_;
  std::vector<std::string> projects_;
  Refusal refusal_;
};

/// A project as a space.
portolan::space to_space(const Project& project);

/// GET /api/version told a Harbor 2: what it said. Throws what it is instead.
std::string api_version_of(const portolan::response& version);

/// Who the account is: GET /users/current answers a user, and 412 to a robot. Throws what a refusal
/// means.
Privilege privilege_of(Client& client, const portolan::response& current);

}  // namespace harbor
