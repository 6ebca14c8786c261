#pragma once
/// Requests and answers of the fake host.
#include <portolan/abi/abi.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fake {

inline std::string text(portolan_str from) {
  return from.len == 0 ? std::string() : std::string(from.data, from.len);
}
inline portolan_str text(std::string_view from) { return {from.data(), from.size()}; }

struct Request {
  std::string method, url;  ///< The URL as the plugin wrote it.
  std::uint32_t auth = 0, flags = 0;
  std::string scope, credential, body;
  std::map<std::string, std::string> headers{};
  std::string secret_pointer{};
};

/// An answer, or the failure that stands for one.
struct Reply {
  int status = 200;
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< Names in lower case.
  portolan_status lost = PORTOLAN_OK;  ///< Not OK: no answer came, for this reason.
  int lost_status = 0;                 ///< HTTP status behind `lost`.
};

struct Error {
  portolan_status code = PORTOLAN_OK;
  std::string message{}, hint{}, pointer{};
};

/// What a real host says of a status (core/services does the same).
inline portolan_status code_of(int status) {
  if (status >= 200 && status < 400) return PORTOLAN_OK;
  switch (status) {
    case 401: return PORTOLAN_UNAUTHORIZED;
    case 403: return PORTOLAN_FORBIDDEN;
    case 404: return PORTOLAN_NOT_FOUND;
    case 405:
    case 501: return PORTOLAN_UNSUPPORTED;
    case 409:
    case 412: return PORTOLAN_CONFLICT;
    case 429: return PORTOLAN_RATE_LIMITED;
    default: return status >= 500 ? PORTOLAN_UNAVAILABLE : PORTOLAN_PROTOCOL;
  }
}

/// Takes the text at the pointer "/name" out of a body and gives it, as the real host does; its
/// handle is "sealed-<number>".
inline std::string seal(const std::string& pointer, std::size_t number, std::string& body) {
  const std::string key = "\"" + pointer.substr(1) + "\":\"";
  const auto begin = body.find(key) + key.size(), end = body.find('"', begin);
  const std::string secret = body.substr(begin, end - begin);
  body.replace(begin - 1, end + 2 - begin,
               R"({"$secret":"sealed-)" + std::to_string(number) + "\"}");
  return secret;
}

}  // namespace fake
