/// By which names we may be called.
#include <algorithm>

#include "api/problem.h"
#include "api/serving.h"
#include "api/target.h"

namespace portolan::api {
namespace {

// A page's own host name is all that DNS rebinding can point at us: no address can be made to mean
// another, and nobody else is asked what localhost is.
bool is_of_nobody_else(const std::string& host) {
  const bool ipv6 = host.find(':') != std::string::npos;
  const auto numeric = [](char c) { return c == '.' || (c >= '0' && c <= '9'); };
  return ipv6 || host == "localhost" || std::all_of(host.begin(), host.end(), numeric);
}

bool is_misdirected(const Request& request, const NameCheck& is_ours) {
  if (request.peer.transport == Transport::unix_socket || request.peer.tls) return false;
  const std::string* sent = request.header("host");
  if (!sent) return false;  // HTTP/1.0: no browser.
  const auto host = host_of(*sent);
  return !host || !(is_of_nobody_else(*host) || is_ours(*host));
}

Answer answer_misdirected(Request& request) {
  return to_answer(
      {.status = 421,
       .code = "misdirected",
       .detail = "this server is not known as " + *request.header("host"),
       .hint = "Use its IP address or localhost, or add the name to its setting server.hosts.",
       .where = "Host"},
      request);
}

}  // namespace

Handler for_known_names(Handler next, NameCheck is_ours) {
  return [next = std::move(next), is_ours = std::move(is_ours)](Request& request) {
    if (is_misdirected(request, is_ours)) return Task{Lane::io, answer_misdirected};
    return next(request);
  };
}

}  // namespace portolan::api
