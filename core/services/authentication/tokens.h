#pragma once
/// Tokens of the distribution specification ("token authentication"): what to ask for, what came
/// back, and those still good.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/url.h"

namespace portolan::net {
class Inbox;
}

namespace portolan::services {

/// What a token is asked for.
struct Grant {
  base::Url realm;
  std::string service;
  std::vector<std::string> scopes;  ///< Sorted, each once.

  bool covers(const std::vector<std::string>& wanted) const;
  std::string key(std::string_view credential) const;
  std::string login(std::string_view credential) const;
};

/// Adds the blank-separated scopes of `text`, keeping order and uniqueness.
void add_scopes(std::vector<std::string>& scopes, std::string_view text);

/// GET realm?service=…&scope=…&scope=…
base::Url token_url(const Grant& grant);

struct Token {
  base::Secret value;
  base::Steady::time_point renew_at;  ///< From then on a new one is fetched.
};

/// Reads a token service's answer: `token` or `access_token`, life 60 s when it does not say,
/// counted from `issued_at` when that is believable. protocol when there is no token in it.
base::Result<Token> read_token(std::string_view json, base::Steady::time_point now,
                               std::int64_t unix_now);

/// One fetch, by the operation that leads it; the others wait for it. Constants, then what the
/// cache guards.
struct Fetch {
  std::string key;    ///< Of the grant and who asks for it.
  std::string login;  ///< Of the realm and who asks it.
  std::string place;  ///< Among the running fetches: one a key, or one a login that is not proven.
  base::Steady::time_point began;

  bool settled = false;
  std::optional<Token> token{};
  std::optional<base::Error> error{};
  std::vector<std::weak_ptr<net::Inbox>> waiting{};
};

/// The tokens of one registry, at most limits::tokens of them. Until a realm has taken a login
/// once, one fetch with it runs at a time, whatever it is for, and one that was refused rests for
/// limits::refused_login_rest: registries lock accounts after a few wrong passwords. Safe from any
/// thread.
class TokenCache {
 public:
  struct Answer {
    std::optional<Token> token{};        ///< Have: use it.
    std::optional<base::Error> error{};  ///< The fetch that was waited for failed.
    std::shared_ptr<Fetch> lead{};       ///< Go and fetch, then settle() or forsake().
    std::shared_ptr<Fetch> wait{};       ///< Somebody fetches: ask again when woken.
    bool fresh = false;                  ///< The token was fetched after the asker came.
  };

  /// `refused`: a token that the registry did not take; it is forgotten. `waited`: the fetch that
  /// an earlier Answer named. `patience`: how long a fetch may take before another one leads.
  struct Question {
    const std::string& key;
    const std::string& login;  ///< Empty: anonymous, where a refusal is about the scope only.
    const base::Secret& refused;
    std::shared_ptr<Fetch> waited;
    std::shared_ptr<net::Inbox> inbox;
    base::Steady::duration patience;
  };
  Answer ask(const Question& question) EXCLUDES(mutex_);

  bool has(const std::string& key) const EXCLUDES(mutex_);
  void settle(const std::shared_ptr<Fetch>& fetch, base::Result<Token> result) EXCLUDES(mutex_);
  /// The leader ends without an answer; one of those who wait leads next.
  void forsake(const std::shared_ptr<Fetch>& fetch) EXCLUDES(mutex_);

 private:
  /// What came of a login last.
  struct Login {
    std::optional<base::Error> refused;  ///< Empty: the realm has taken it.
    base::Steady::time_point rests_until;
  };
  static std::optional<Answer> outcome(const Fetch& waited, const std::string& key);
  void judge_login(const Fetch& fetch) REQUIRES(mutex_);
  void close(const std::shared_ptr<Fetch>& fetch) REQUIRES(mutex_);
  void keep(const std::string& key, Token token) REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  std::map<std::string, Token> tokens_ GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<Fetch>> fetches_ GUARDED_BY(mutex_);  // By place.
  std::map<std::string, Login> logins_ GUARDED_BY(mutex_);
};

}  // namespace portolan::services
