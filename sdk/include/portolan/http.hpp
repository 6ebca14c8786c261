#pragma once
/// Requests and answers. The host adds credentials, follows redirects, retries and limits; an
/// author writes `auto page = call.get("/v2/_catalog?n=1000")`.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "failure.hpp"
#include "json.hpp"

namespace portolan::inline v1 {

/// How the host authenticates; the numbers are PORTOLAN_AUTH_*.
enum class auth : std::uint32_t {
  none = PORTOLAN_AUTH_NONE,
  basic = PORTOLAN_AUTH_BASIC,
  bearer = PORTOLAN_AUTH_BEARER,
  header = PORTOLAN_AUTH_HEADER,
  docker_token = PORTOLAN_AUTH_DOCKER_TOKEN,
};

/// How a walk of many requests came to its end.
enum class ended {
  all,     ///< Everything that was asked for was answered.
  budget,  ///< The request budget is spent: tell what was reached as partial.
  stopped  ///< Deadline or cancel: the same, and return at once.
};

/// One request. `url` is a path and query below the registry's base, or absolute at the same
/// origin.
struct request {
  std::string url;
  std::string method = "GET";
  std::optional<v1::auth> auth;  ///< Unset: the plugin's default_auth, else none.
  std::string scope;             ///< docker-token: fetch a token for it ahead.
  std::string auth_header;       ///< auth::header: its name.
  std::string credential;        ///< A handle from the host; empty: the registry's own.
  std::string secret_pointer;    ///< The host seals this value of the answer (RFC 6901).
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::uint32_t flags = 0;       ///< PORTOLAN_HTTP_*
  std::uint32_t timeout_ms = 0;  ///< 0: the registry's.
  std::uint64_t max_body = 0;    ///< 0: the host's limit.

  request(std::string url_) : url(std::move(url_)) {}
  request(const char* url_) : url(url_) {}
};

/// An answer of any status, whole. In fan-out also the failure that stands in its place.
struct response {
  int status = 0;
  portolan_status code =
      PORTOLAN_OK;  ///< The host's word for the status; PORTOLAN_OK for 2xx, 3xx.
  std::string body;
  std::string method, url;    ///< After redirects, without query.
  std::string message, hint;  ///< The host's words when code is not PORTOLAN_OK.
  std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case.
  std::int64_t elapsed_us = 0, retry_after_ms = 0;
  std::optional<failure> lost;  ///< Set when no whole answer came.

  bool ok() const { return !lost && code == PORTOLAN_OK; }
  bool answered() const { return !lost; }

  /// The first header of that lower-case name, or empty.
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }

  /// The failure this answer amounts to.
  failure as_failure() const {
    if (lost) return *lost;
    failure problem(
        code == PORTOLAN_OK ? PORTOLAN_PROTOCOL : code,
        message.empty() ? method + " " + url + " answered " + std::to_string(status) : message,
        hint.empty() ? "see what answers at this address" : hint);
    problem.url = url;
    problem.http_status = status;
    problem.retry_after_ms = retry_after_ms;
    return problem;
  }
  /// Itself when it is 2xx; else throws as_failure().
  const response& require() const {
    if (lost || code != PORTOLAN_OK || status < 200 || status > 299) throw as_failure();
    return *this;
  }
  /// The body of a 2xx as JSON; PORTOLAN_PROTOCOL when it is none (a login page, cut off, …).
  v1::json json() const {
    require();
    try {
      return v1::json::parse(body);
    } catch (failure& problem) {
      problem.message =
          method + " " + url + " answered " + std::to_string(status) + ", but " + problem.message;
      problem.hint = body.find('<') < 64
                         ? "this looks like a web page: a proxy, a login page or another "
                           "product answers at this address"
                         : "see what answers at this address";
      problem.url = url;
      problem.http_status = status;
      throw;
    }
  }
};

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
inline std::string percent_encode(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      ((out += '%') += hex[byte >> 4]) += hex[byte & 15];
    }
  }
  return out;
}

namespace detail {

/// The C view of a request; `source` must outlive it.
struct abi_request {
  std::vector<portolan_kv> headers;
  portolan_http_request raw{};

  abi_request(const request& source, v1::auth default_auth) {
    headers.reserve(source.headers.size());
    for (const auto& [key, value] : source.headers) headers.push_back({to_abi(key), to_abi(value)});
    raw.size = sizeof raw;
    raw.flags = source.flags;
    raw.auth = static_cast<std::uint32_t>(source.auth.value_or(default_auth));
    raw.timeout_ms = source.timeout_ms;
    raw.method = to_abi(source.method);
    raw.url = to_abi(source.url);
    raw.headers = headers.data();
    raw.header_count = headers.size();
    raw.body = to_abi(source.body);
    raw.credential = to_abi(source.credential);
    raw.scope = to_abi(source.scope);
    raw.auth_header = to_abi(source.auth_header);
    raw.secret_pointer = to_abi(source.secret_pointer);
    raw.max_body = source.max_body;
  }
};

inline failure from_abi(portolan_status status, const portolan_error* error) {
  failure problem(status, "the host ended the request");
  if (error == nullptr) return problem;
  problem.message = std::string(view(error->message));
  problem.hint = std::string(view(error->hint));
  problem.pointer = std::string(view(error->pointer));
  problem.url = std::string(view(error->url));
  problem.http_status = error->http_status;
  problem.retry_after_ms = error->retry_after_ms;
  problem.flags = error->flags;
  return problem;
}

/// What the requests of one operation go through.
struct line {
  const portolan_call* call;
  const portolan_http* http;
  v1::auth default_auth;
  bool goes_on() const { return call->check(call) == PORTOLAN_OK; }
};

/// What a request that was not even started ended in.
inline failure refused(portolan_status status, const request& wanted) {
  switch (status) {
    case PORTOLAN_LIMIT: {
      failure problem(status, "the request budget of this call is spent", "raise --max-requests");
      problem.flags = PORTOLAN_ERROR_BUDGET;
      return problem;
    }
    case PORTOLAN_TIMEOUT: return {status, "the deadline has passed", "raise the timeout"};
    case PORTOLAN_CANCELLED: return {status, "cancelled"};
    default:
      return {status, "the host refused the request " + wanted.method + " " +
                          wanted.url.substr(0, wanted.url.find('?'))};
  }
}

/// Collects one answer. Stays at its address until done. Nothing here may throw into the host.
struct collector {
  response answer;
  bool finished = false;

  static portolan_status on_head(void* self, const portolan_http_response* head) noexcept try {
    response& answer = static_cast<collector*>(self)->answer;
    answer.status = head->status;
    answer.code = head->code;
    answer.url = std::string(view(head->url));
    answer.message = std::string(view(head->message));
    answer.hint = std::string(view(head->hint));
    answer.elapsed_us = head->elapsed_us;
    answer.retry_after_ms = head->retry_after_ms;
    for (std::uint64_t i = 0; i < head->header_count; ++i)
      answer.headers.emplace_back(view(head->headers[i].key), view(head->headers[i].value));
    return PORTOLAN_OK;
  } catch (...) {
    return PORTOLAN_INTERNAL;
  }
  static portolan_status on_body(void* self, const std::uint8_t* bytes,
                                 std::uint64_t count) noexcept try {
    static_cast<collector*>(self)->answer.body.append(reinterpret_cast<const char*>(bytes), count);
    return PORTOLAN_OK;
  } catch (...) {
    return PORTOLAN_LIMIT;
  }
  static void on_done(void* self, portolan_status status, const portolan_error* error) noexcept
      try {
    auto* me = static_cast<collector*>(self);
    me->finished = true;
    if (status != PORTOLAN_OK) me->answer.lost = from_abi(status, error);
  } catch (...) {
    static_cast<collector*>(self)->answer.code = PORTOLAN_INTERNAL;
  }

  portolan_http_sink sink() {
    return {sizeof(portolan_http_sink), 0, this, on_head, on_body, on_done};
  }
};

}  // namespace detail
}  // namespace portolan::inline v1
