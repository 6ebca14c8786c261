#pragma once
/// How one request proves who it is: a machine from challenges to headers, without I/O.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "services/authentication/tokens.h"
#include "services/status.h"

namespace portolan::net {
struct Header;
}

namespace portolan::services {

struct Order;
class Upstream;

/// One challenge of `WWW-Authenticate`.
struct Challenge {
  std::string scheme;                                           ///< Lower case: "bearer", "basic".
  std::vector<std::pair<std::string, std::string>> parameters;  ///< Names in lower case, unquoted.

  /// The first of that name; empty when absent.
  std::string_view get(std::string_view name) const;
};

/// Appends the challenges of one header value, in order. What cannot be read is passed over; at
/// most 16 challenges of 32 parameters are kept. Pure, never fails.
void parse_challenges(std::string_view value, std::vector<Challenge>& challenges);

/// Of one request to the registry's own origin. Answers at most two challenges: one with what was
/// known before, one with what the challenge asked for. The same scope twice is "denied".
class Authentication {
 public:
  Authentication(Upstream& upstream, const Order& order);

  /// A token must be had before the request is sent.
  bool wants_token() const { return grant_ && !token_; }
  const Grant& grant() const { return *grant_; }
  /// The token that the registry refused, or empty.
  const base::Secret& refused() const { return refused_; }
  std::string key() const { return grant_->key(handle()); }
  std::string login() const;  ///< Empty: anonymous.
  void accept(Token token, bool fresh);

  /// Adds the header that proves it, if any.
  void attach(std::vector<net::Header>& headers) const;

  /// What attach() adds.
  Proof proof() const;
  /// The same as a word: none, basic, bearer, header or token.
  std::string_view kind() const;

  /// After a 401: true = send again (maybe after a token); false = the 401 is the answer.
  /// policy when the realm may not be asked.
  base::Result<bool> answer(const std::vector<net::Header>& headers);

 private:
  std::string_view handle() const;
  base::Result<bool> answer_bearer(std::string_view realm, std::string_view service,
                                   std::string_view scope);
  base::Result<void> check_realm(const base::Url& realm) const;

  Upstream& upstream_;
  const Order& order_;
  bool send_basic_ = false;
  std::optional<Grant> grant_;
  std::optional<Token> token_;
  bool fresh_ = false;
  base::Secret refused_;
  int answered_ = 0;
};

}  // namespace portolan::services
