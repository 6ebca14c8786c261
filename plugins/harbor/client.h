#pragma once
/// Harbor's REST API v2.0, as far as this plugin asks it.
#include <cstdint>
#include <functional>
#include <optional>
#include <portolan/plugin.hpp>
#include <string>
#include <string_view>
#include <unordered_set>

#include "mapping.h"

namespace harbor {

/// Requests below one canonical base. Cheap; made for one call.
class Client {
 public:
  Client(portolan::call& call, std::string base) : call_(call), base_(std::move(base)) {}

  portolan::call& call() { return call_; }

  /// GET /api/version without credentials: what tells a Harbor from anything else.
  portolan::response version();
  /// GET below /api/v2.0 with the account, or without.
  portolan::response get(std::string_view path, portolan::auth how = portolan::auth::basic);
  portolan::request request(std::string_view path,
                            portolan::auth how = portolan::auth::basic) const;

  /// GET /health without credentials; nothing when it does not answer as Harbor does.
  std::optional<Health> health();

  /// Every row of a listing, page by page, the first page alone and then as many at once as the
  /// host lets. `path` has its query or ends in "?"; rows with an id that was seen are left out,
  /// since rows move while one reads. Ends early with what ended it; a page that fails throws.
  portolan::ended pages(const std::string& path,
                        const std::function<void(const portolan::json& row)>& each);
  /// Adds the same to a fan that reads several listings at once.
  void add_pages(portolan::fan& fan, std::string path,
                 std::function<void(const portolan::json& row)> each,
                 std::function<void(const portolan::response& failed)> failed);

 private:
  portolan::call& call_;
  std::string base_;
};

/// X-Total-Count; -1 when absent.
std::int64_t total_of(const portolan::response& page);

/// Rows a page: Harbor's most (101 is refused, 0 means all).
inline constexpr int page_size = 100;

/// What a 401 of Harbor means: a wrong password only while its database is well (registries.md
/// §1.8.5).
portolan::failure explain_unauthorized(Client& client, const portolan::response& answer);

}  // namespace harbor
