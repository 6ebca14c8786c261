#include "services/authentication/tokens.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/json.h"
#include "model/limits.h"
#include "net/transport.h"
#include "services/vault.h"

namespace portolan::services {
namespace {

using base::Code;
using base::Error;
using base::Steady;
using std::chrono::seconds;

constexpr std::int64_t life_default = 60;
constexpr std::int64_t life_max = 24 * 3600;

/// RFC 3339 to Unix seconds.
std::optional<std::int64_t> parse_time(const std::string& text) {
  std::tm parts{};
  int consumed = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &consumed) != 6) {
    return {};
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const auto zone = text.find_first_of("Zz+-", static_cast<std::size_t>(consumed));
  if (zone == std::string::npos) return {};
  std::int64_t shift = 0;
  if (text[zone] == '+' || text[zone] == '-') {
    int hours = 0, minutes = 0;
    if (std::sscanf(text.c_str() + zone + 1, "%2d:%2d", &hours, &minutes) != 2) return {};
    shift = (hours * 3600 + minutes * 60) * (text[zone] == '+' ? 1 : -1);
  }
  return timegm(&parts) - shift;
}

/// How many of the token's seconds are gone. A token that would be dead on arrival, or comes from
/// the future, tells of a wrong clock and not of the token.
std::int64_t age_of(const base::Json& answer, std::int64_t life, std::int64_t unix_now) {
  const auto* issued = answer.find("issued_at");
  const auto* text = issued ? issued->as_string() : nullptr;
  const auto at = text ? parse_time(*text) : std::nullopt;
  if (!at) return 0;
  const auto age = unix_now - *at;
  return age < 0 || age >= life ? 0 : age;
}

const std::string* text_of(const base::Json& answer, std::string_view name) {
  const auto* value = answer.find(name);
  const auto* text = value ? value->as_string() : nullptr;
  return text && !text->empty() ? text : nullptr;
}

bool is_header_safe(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

bool Grant::covers(const std::vector<std::string>& wanted) const {
  return std::includes(scopes.begin(), scopes.end(), wanted.begin(), wanted.end());
}

std::string Grant::login(std::string_view credential) const {
  return std::string(credential) + '\n' + realm.text();
}

std::string Grant::key(std::string_view credential) const {
  auto key = login(credential) + '\n' + service;
  for (const auto& scope : scopes) (key += '\n') += scope;
  return key;
}

void add_scopes(std::vector<std::string>& scopes, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto scope = text.substr(0, end);
    const auto place = std::lower_bound(scopes.begin(), scopes.end(), scope);
    if (!scope.empty() && (place == scopes.end() || *place != scope)) scopes.emplace(place, scope);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

base::Url token_url(const Grant& grant) {
  auto url = grant.realm;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!url.query.empty()) url.query += '&';
    ((url.query += name) += '=') += percent_encoded(value);
  };
  if (!grant.service.empty()) add("service", grant.service);
  for (const auto& scope : grant.scopes) add("scope", scope);
  return url;
}

base::Result<Token> read_token(std::string_view json, Steady::time_point now,
                               std::int64_t unix_now) {
  const auto refuse = [](const char* message) {
    return Error{.code = Code::protocol,
                 .message = message,
                 .hint = "Check that the registry's token service works."};
  };
  const auto answer = base::parse_json(json, {.bytes = model::limits::token_bytes});
  if (!answer) return refuse("the token service did not answer with JSON");
  const auto* text = text_of(*answer, "token");
  if (!text) text = text_of(*answer, "access_token");
  if (!text) return refuse("the token service's answer holds no token");
  if (!is_header_safe(*text)) return refuse("the token service's token is no token");

  const auto* said = answer->find("expires_in");
  auto life = said ? said->as_integer().value_or(life_default) : life_default;
  if (life <= 0) life = life_default;
  life = std::min(life, life_max);
  life -= age_of(*answer, life, unix_now);
  const auto good = std::min<std::int64_t>(life * 1000 - 5000, life * 900);
  return Token{base::Secret(*text), now + std::chrono::milliseconds(good)};
}

/// What the fetch that was waited for means to an asker for `key`, if it means anything.
std::optional<TokenCache::Answer> TokenCache::outcome(const Fetch& waited, const std::string& key) {
  if (!waited.settled) return {};
  const bool same = waited.key == key;
  if (waited.token && same) return Answer{.token = waited.token, .fresh = true};
  const bool refused =
      !waited.login.empty() && waited.error && waited.error->code == Code::unauthorized;
  if (waited.error && (same || refused)) return Answer{.error = waited.error};
  return {};
}

TokenCache::Answer TokenCache::ask(const Question& question) {
  base::Lock lock(mutex_);
  if (question.waited) {
    if (auto answer = outcome(*question.waited, question.key)) return *std::move(answer);
  }
  const auto now = Steady::now();
  if (const auto found = tokens_.find(question.key); found != tokens_.end()) {
    const bool refused = found->second.value.reveal() == question.refused.reveal();
    if (!refused && found->second.renew_at > now) return {.token = found->second};
    tokens_.erase(found);
  }
  const auto login = logins_.find(question.login);
  const bool proven = question.login.empty() || (login != logins_.end() && !login->second.refused);
  if (login != logins_.end() && login->second.rests_until > now) {
    return {.error = login->second.refused};
  }
  const auto& place = proven ? question.key : question.login;
  auto& fetch = fetches_[place];
  if (fetch && now - fetch->began < question.patience) {
    const bool waits = std::any_of(fetch->waiting.begin(), fetch->waiting.end(),
                                   [&](const auto& w) { return w.lock() == question.inbox; });
    if (!waits) fetch->waiting.push_back(question.inbox);
    return {.wait = fetch};
  }
  fetch = std::make_shared<Fetch>(
      Fetch{.key = question.key, .login = question.login, .place = place, .began = now});
  return {.lead = fetch};
}

bool TokenCache::has(const std::string& key) const {
  base::Lock lock(mutex_);
  const auto found = tokens_.find(key);
  return found != tokens_.end() && found->second.renew_at > Steady::now();
}

void TokenCache::settle(const std::shared_ptr<Fetch>& fetch, base::Result<Token> result) {
  base::Lock lock(mutex_);
  fetch->settled = true;
  if (result) {
    fetch->token = *result;
    if (result->renew_at > Steady::now()) keep(fetch->key, *std::move(result));
  } else {
    fetch->error = std::move(result).error();
  }
  judge_login(*fetch);
  close(fetch);
}

void TokenCache::judge_login(const Fetch& fetch) {
  if (fetch.login.empty()) return;
  // A registry that names ever new realms must not fill the memory.
  if (logins_.size() >= model::limits::tokens) logins_.clear();
  if (fetch.token) {
    logins_.insert_or_assign(fetch.login, Login{});
  } else if (fetch.error->code == Code::unauthorized) {
    const auto until = Steady::now() + model::limits::refused_login_rest;
    logins_.insert_or_assign(fetch.login, Login{fetch.error, until});
  }
}

void TokenCache::forsake(const std::shared_ptr<Fetch>& fetch) {
  base::Lock lock(mutex_);
  close(fetch);
}

void TokenCache::close(const std::shared_ptr<Fetch>& fetch) {
  // A fetch that took too long may have been replaced already.
  const auto found = fetches_.find(fetch->place);
  if (found != fetches_.end() && found->second == fetch) fetches_.erase(found);
  for (const auto& waiting : fetch->waiting) {
    if (auto inbox = waiting.lock()) inbox->wake();
  }
  fetch->waiting.clear();
}

void TokenCache::keep(const std::string& key, Token token) {
  if (tokens_.size() >= model::limits::tokens) {
    tokens_.erase(std::min_element(
        tokens_.begin(), tokens_.end(),
        [](const auto& a, const auto& b) { return a.second.renew_at < b.second.renew_at; }));
  }
  tokens_.insert_or_assign(key, std::move(token));
}

}  // namespace portolan::services
