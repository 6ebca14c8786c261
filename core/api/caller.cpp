#include "api/caller.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/json.h"
#include "config/daemon_settings.h"
#include "engine/daemon.h"
#include "store/jobs.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Steady;

constexpr int hashing_at_once = 2;  // 64 MiB and a processor each.
constexpr int hashing_waiting = 32;
// Of a password that nobody knows: an unknown name costs what a known one does.
constexpr const char* decoy_hash =
    "$argon2id$v=19$m=65536,t=2,p=1$e9jjpXq+gQ4CF0cs2Ig4nQ$"
    "gFazOfzAtqbq42/ffZ8RIci624cTZq8QvZB8Ou6uvZ0";
constexpr std::size_t callers_kept = 10'000;

/// The value of cookie `name` (RFC 6265 §4.2), or empty.
std::string cookie(const Request& request, std::string_view name) {
  const std::string* header = request.header("cookie");
  if (!header) return {};
  std::string_view rest = *header;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    const auto equal = pair.find('=');
    if (equal != pair.npos && pair.substr(0, equal) == name)
      return std::string(pair.substr(equal + 1));
  }
  return {};
}

std::string bearer(const Request& request) {
  const std::string* header = request.header("authorization");
  if (!header || header->size() < 7) return {};
  std::string scheme = header->substr(0, 7);
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return scheme == "bearer " ? header->substr(7) : std::string();
}

}  // namespace

Shown shown_by(const Request& request) {
  if (std::string token = bearer(request); !token.empty()) return {std::move(token), false};
  std::string session = cookie(request, session_cookie);
  const bool is_session = !session.empty();
  return {std::move(session), is_session};
}

namespace {

bool changes(const Request& request) {
  return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

/// Whether a page of another origin may have sent this: what a browser says of itself (Fetch
/// Metadata; Origin against Host where it is older). No browser: no such headers, and no cookie
/// that was not meant.
bool from_elsewhere(const Request& request) {
  if (const std::string* site = request.header("sec-fetch-site"))
    return *site != "same-origin" && *site != "none";
  const std::string* origin = request.header("origin");
  if (!origin) return false;
  const std::string* host = request.header("host");
  const auto scheme_end = origin->find("://");
  return !host || scheme_end == origin->npos || origin->substr(scheme_end + 3) != *host;
}

Problem sign_in(std::string detail, std::string hint) {
  Problem problem;
  problem.status = 401;
  problem.code = "unauthorized";
  problem.detail = std::move(detail);
  problem.hint = std::move(hint);
  problem.headers = {{"WWW-Authenticate", "Bearer realm=\"portolan\""}};
  return problem;
}

}  // namespace

std::optional<Problem> Authenticator::admit(const Route& route, Call& call) {
  if (route.security == security_none) return {};
  const auto [secret, by_session] = shown_by(call.request);
  if (secret.empty())
    return sign_in("this needs a token",
                   "Send Authorization: Bearer with a token of portolan "
                   "token create, or sign in.");
  if (by_session && changes(call.request) && from_elsewhere(call.request)) {
    Problem problem;
    problem.status = 403;
    problem.code = "forbidden";
    problem.detail = "a page of another site may not use this session";
    return problem;
  }
  auto caller = recognise(base::sha256(secret), by_session);
  if (!caller) {
    ++(by_session ? failures_.session : failures_.token);
    return sign_in(by_session ? "the session has ended" : "the token is not known or has ended",
                   by_session ? "Sign in again." : "Make another with portolan token create.");
  }
  call.caller = std::move(caller);
  if (route.security == security_signed_in) return {};
  const auto action = model::action_from(route.security);
  if (action && model::may_somewhere(call.caller->principal, *action)) return {};
  Problem problem;
  problem.status = 403;
  problem.code = "forbidden";
  problem.detail = "no role of " + call.caller->principal.name + " permits " + route.security;
  problem.hint = "Ask an admin for the role or, with a narrow token, use one with that scope.";
  return problem;
}

std::shared_ptr<const Caller> Authenticator::again(const Caller& caller) {
  return recognise(caller.hash, caller.token == 0);
}

std::shared_ptr<const Caller> Authenticator::recognise(const std::string& hash, bool session) {
  const std::uint64_t revision = daemon_.store.revision();
  const std::int64_t now = daemon_.store.now();
  const std::string key = (session ? "s" : "t") + hash;
  {
    base::Lock lock(mutex_);
    if (revision_ != revision || known_.size() > callers_kept) {
      known_.clear();
      revision_ = revision;
    }
    if (const auto found = known_.find(key); found != known_.end()) {
      if (found->second->ends_ms <= now) return nullptr;
      used(*found->second);
      return found->second;
    }
  }
  auto caller = look_up(hash, session);
  if (!caller || !*caller) return nullptr;
  base::Lock lock(mutex_);
  used(**caller);
  // A write in between may have taken what was just read: then it is not kept.
  if (revision_ == revision && daemon_.store.revision() == revision) known_[key] = *caller;
  return *std::move(caller);
}

base::Result<std::shared_ptr<const Caller>> Authenticator::look_up(const std::string& hash,
                                                                   bool session) {
  using Found = std::shared_ptr<const Caller>;
  return daemon_.store.read<Found>([&](store::Reader& reader) -> base::Result<Found> {
    auto caller = std::make_shared<Caller>();
    caller->hash = hash;
    std::optional<model::Token> token;
    model::Id user = 0;
    if (session) {
      const auto kept = store::find_session(reader, hash);
      if (!kept) return Found();
      user = kept->user;
      caller->ends_ms = kept->idle_until_ms;
    } else {
      token = store::find_token(reader, hash);
      if (!token) return Found();
      user = token->user;
      caller->token = token->id;
      caller->ends_ms = token->expires_ms;
    }
    auto principal = store::principal(reader, user);
    if (!principal || caller->ends_ms <= daemon_.store.now()) return Found();
    caller->principal = *std::move(principal);
    if (token) {
      caller->principal.name += " (token " + token->name + ")";
      if (!token->only.empty()) caller->principal.only = token->only;
      caller->principal.only_workspace = token->only_workspace;
    }
    return Found(std::move(caller));
  });
}

base::Result<void> Authenticator::allow_guess(const std::string& what, const Peer& peer) {
  const auto per_minute = static_cast<double>(daemon_.settings()->auth.login_attempts_per_minute);
  if (guesses_.allow(what, peer, per_minute)) return {};
  ++failures_.password;
  return Error{.code = Code::rate_limited,
               .message = "too many attempts to sign in",
               .hint = "Wait a minute.",
               .retry_after_ms = 60'000};
}

base::Result<void> Authenticator::allow_try(const Caller& caller, double per_minute) {
  if (guesses_.take("try " + std::to_string(caller.principal.user), per_minute)) return {};
  return Error{.code = Code::rate_limited,
               .message = "too many dry validations of one user",
               .hint = "Wait a minute; limits.try-per-minute says how many.",
               .retry_after_ms = 60'000};
}

base::Result<void> Authenticator::enter_hashing() {
  base::Lock lock(mutex_);
  if (waiting_ >= hashing_waiting)
    return Error{.code = Code::unavailable,
                 .message = "too many are signing in at this moment",
                 .hint = "Try again in some seconds.",
                 .retry_after_ms = 5'000};
  ++waiting_;
  while (hashing_ >= hashing_at_once) hashing_ended_.wait(mutex_);
  --waiting_;
  ++hashing_;
  return {};
}

void Authenticator::leave_hashing() {
  {
    base::Lock lock(mutex_);
    --hashing_;
  }
  hashing_ended_.notify_one();
}

base::Result<model::User> Authenticator::log_in(const std::string& name,
                                                const base::Secret& password, const Peer& peer) {
  if (auto allowed = allow_guess(name, peer); !allowed) return allowed.error();
  struct Known {
    std::optional<model::User> user;
    std::string hash;
  };
  auto known = daemon_.store.read<Known>([&](store::Reader& reader) -> base::Result<Known> {
    Known out;
    out.user = store::find_user(reader, name);
    if (out.user) out.hash = store::password_hash(reader, out.user->id);
    return out;
  });
  if (!known) return known.error();
  if (auto entered = enter_hashing(); !entered) return entered.error();
  const bool usable = known->user && !known->user->disabled && !known->hash.empty();
  const bool right = base::verify_password(usable ? known->hash : decoy_hash, password);
  leave_hashing();
  if (usable && right) {
    guesses_.succeeded(name, peer);
    return *known->user;
  }
  ++failures_.password;
  return Error{.code = Code::unauthorized,
               .message = "the name or the password is wrong",
               .hint = "An admin can set another password with portolan user password."};
}

void Authenticator::used(const Caller& caller) {
  if (caller.token != 0)
    used_tokens_.insert(caller.token);
  else
    used_sessions_.insert(caller.hash);
}

base::Result<void> Authenticator::write_refused() {
  const auto refused = guesses_.refused();
  if (refused.empty()) return {};
  return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    for (const Guesses::Refused& one : refused) {
      model::AuditEntry entry;
      entry.actor = entry.subject = one.name;
      entry.action = "session.create";
      entry.remote = one.address;
      entry.outcome = std::string(to_string(Code::rate_limited));
      base::Json counted = base::Json::object();
      counted.set("guesses", base::Json::integer(static_cast<std::int64_t>(one.count)));
      entry.after_json = base::to_text(counted);
      if (auto told = store::add_audit(writer, std::move(entry)); !told) return told;
    }
    return {};
  });
}

void Authenticator::write_uses() {
  (void)write_refused();  // A disk that is full must not end the daemon.
  std::set<model::Id> tokens;
  std::set<std::string> sessions;
  {
    base::Lock lock(mutex_);
    tokens.swap(used_tokens_);
    sessions.swap(used_sessions_);
  }
  if (tokens.empty() && sessions.empty()) return;
  const std::int64_t until = daemon_.store.now() + daemon_.settings()->auth.session_idle.count();
  // What is lost when the disk fails is only when a token was last used.
  (void)daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    for (const model::Id token : tokens) store::touch_token(writer, token);
    for (const std::string& session : sessions)
      (void)store::extend_session(writer, session, until);  // Signed out meanwhile: nothing to do.
    return {};
  });
}

}  // namespace portolan::api
