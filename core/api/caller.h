#pragma once
/// Who asks: bearer tokens and the console's session cookie become a Principal.
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "api/guesses.h"
#include "api/routes.h"
#include "base/mutex.h"
#include "model/records.h"

namespace portolan::engine {
struct Daemon;
}

namespace portolan::api {

/// Of POST /api/v1/session.
inline constexpr std::string_view session_cookie = "portolan_session";

/// What a request shows of who sent it: the value of `Authorization: Bearer` (RFC 6750 §2.1), or
/// else of the session's cookie (RFC 6265 §4.2); empty: neither.
struct Shown {
  std::string secret;
  bool is_session = false;
};
Shown shown_by(const Request& request);

struct Caller {
  model::Principal principal;
  model::Id token = 0;       ///< The bearer token that was shown; 0: a session.
  std::string hash;          ///< Of the token or the session cookie.
  std::int64_t ends_ms = 0;  ///< When the token or session ends.
};

/// Signs callers in and asks the table of model/access.h for every route. Safe from any thread.
///
/// A token comes as `Authorization: Bearer ptk_…`. A session comes as the cookie of POST
/// /api/v1/session; with it, whatever changes something needs `Sec-Fetch-Site: same-origin` or an
/// Origin that is our own, so that no foreign page can use it (OWASP CSRF prevention).
class Authenticator {
 public:
  explicit Authenticator(const engine::Daemon& daemon) : daemon_(daemon) {}

  /// For RouteTable::make. 401 with WWW-Authenticate, or 403 when no role of the caller has the
  /// route's action anywhere; what a handler looks up is asked again there, by may().
  std::optional<Problem> admit(const Route& route, Call& call);

  /// The same caller as he is now; null when his token or session ended, or his user was disabled.
  std::shared_ptr<const Caller> again(const Caller& caller);

  /// The user of this name and password. unauthorized, the same for a wrong name and a wrong
  /// password and as slow; rate_limited as Guesses counts auth.login-attempts-per-minute; two hash
  /// at a time, unavailable when too many wait.
  base::Result<model::User> log_in(const std::string& name, const base::Secret& password,
                                   const Peer& peer);
  /// A guess of something else (set-up token), counted like one of a password.
  base::Result<void> allow_guess(const std::string& what, const Peer& peer);

  /// One of the caller's dry calls of this minute.
  base::Result<void> allow_try(const Caller& caller, double per_minute);

  /// Sign-ins that failed since the process began; a guess refused unseen is one of a password.
  struct Failures {
    std::atomic<std::uint64_t> password{0}, token{0}, session{0};
  };
  const Failures& failures() const { return failures_; }

  /// Writes down what came since the last call: when tokens were last used, later ends of sessions
  /// that were, and in the audit how many guesses were refused without looking. Waits for the disk.
  /// To be called about once a minute.
  void write_uses();

 private:
  std::shared_ptr<const Caller> recognise(const std::string& hash, bool session) EXCLUDES(mutex_);
  base::Result<std::shared_ptr<const Caller>> look_up(const std::string& hash, bool session);
  void used(const Caller& caller) REQUIRES(mutex_);
  base::Result<void> enter_hashing() EXCLUDES(mutex_);
  void leave_hashing() EXCLUDES(mutex_);

  base::Result<void> write_refused();

  const engine::Daemon& daemon_;
  Guesses guesses_;
  Failures failures_;
  base::Mutex mutex_;
  base::Condition hashing_ended_;
  int hashing_ GUARDED_BY(mutex_) = 0, waiting_ GUARDED_BY(mutex_) = 0;
  std::uint64_t revision_ GUARDED_BY(mutex_) = 0;  // Of what is in known_.
  std::unordered_map<std::string, std::shared_ptr<const Caller>> known_ GUARDED_BY(mutex_);
  std::set<model::Id> used_tokens_ GUARDED_BY(mutex_);
  std::set<std::string> used_sessions_ GUARDED_BY(mutex_);  // By hash.
};

}  // namespace portolan::api
