#pragma once
/// Harbor's REST API v2.0, as far as this plugin asks it.
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <portolan/plugin.hpp>
#include <string>
#include <string_view>

#include "mapping.h"

namespace harbor {

/// Rows a page: Harbor's most (101 is refused, 0 means all).
inline constexpr int page_size = 100;

/// Requests below one canonical base. Cheap; made for one call.
class Client {
 public:
  Client(portolan::call& call, std::string base) : call_(call), base_(std::move(base)) {}

  portolan::call& call() { return call_; }
  const std::string& base() const { return base_; }

  /// GET /api/version without credentials: what tells a Harbor from anything else.
  portolan::request version() const;
  /// GET below /api/v2.0 with the account, or without.
  portolan::request request(std::string_view path,
                            portolan::auth how = portolan::auth::basic) const;
  portolan::response get(std::string_view path, portolan::auth how = portolan::auth::basic) {
    return call_.send(request(path, how));
  }

  /// A request that changes something, with a JSON body or none.
  portolan::request change(const char* method, std::string_view path, std::string body = {}) const;

  /// GET /health without credentials; nothing when it does not answer as Harbor does.
  std::optional<Health> health();

 private:
  portolan::call& call_;
  std::string base_;
};

/// How a listing came to its end.
struct Listed {
  std::int64_t rows = 0;  ///< Different ones.
  std::optional<portolan::failure> failed;
  /// Harbor told of more rows than it gave, or they moved while they were read.
  bool short_of_total = false;

  bool whole() const { return !failed && !short_of_total; }
};

/// Reads listings and single answers at once, as many requests in flight as the host lets. Pages
/// are asked for when nothing else waits, so memory does not grow with the length of a listing.
class Reader {
 public:
  using Row = std::function<void(const portolan::json&)>;
  using Done = std::function<void(const Listed&)>;

  explicit Reader(Client& client) : client_(client), fan_(client.call(), [this] { ask_next(); }) {}

  /// GET `path`, which has a query, page by page; rows with an id that was seen are left out, since
  /// rows move while one reads. A `failure` thrown by `each` ends the listing as its failure.
  /// `done` is not called when the budget, the deadline or a cancel came first.
  void list(const std::string& path, Row each, Done done);
  void get(std::string_view path, portolan::fan::handler on_answer) {
    fan_.add(client_.request(path), std::move(on_answer));
  }
  portolan::ended run() { return fan_.run(); }

 private:
  struct Listing;

  void ask(const std::shared_ptr<Listing>& listing);
  void ask_next();
  void on_page(const std::shared_ptr<Listing>& listing, std::int64_t page,
               const portolan::response& answer);

  Client& client_;
  std::deque<std::shared_ptr<Listing>> behind_;  ///< Those with pages not asked for yet.
  portolan::fan fan_;
};

/// The rows of a page; PORTOLAN_PROTOCOL when it is no list.
portolan::json rows_of(const portolan::response& page);

/// X-Total-Count; -1 when absent or no number.
std::int64_t total_of(const portolan::response& page);

/// 401 or 403.
inline bool refused(portolan_status code) {
  return code == PORTOLAN_UNAUTHORIZED || code == PORTOLAN_FORBIDDEN;
}

/// Why Harbor refuses a change, in its own words where it has some; `what` names the change:
/// "Harbor does not create the project x".
portolan::failure explain_refusal(Client& client, const portolan::response& answer,
                                  const std::string& what);

/// What a redirect of a request with the account means: another address is Harbor's, often https.
portolan::failure explain_redirect(const portolan::response& answer);

/// What a 401 of Harbor means: a wrong password only while its database is well (registries.md
/// §1.8.5).
portolan::failure explain_unauthorized(Client& client, const portolan::response& answer);

}  // namespace harbor
