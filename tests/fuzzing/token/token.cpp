// The token or session that a request shows: the first line is Authorization, the rest Cookie.
#include <algorithm>

#include "../promise.h"
#include "api/caller.h"

using namespace portolan::api;

namespace {

Shown shown_by(const std::string* authorization, const std::string* cookies) {
  Request request;
  if (authorization) request.headers.push_back({"authorization", *authorization});
  if (cookies) request.headers.push_back({"cookie", *cookies});
  return portolan::api::shown_by(request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto line = std::min(text.find('\n'), text.size());
  const std::string authorization = text.substr(0, line);
  const std::string cookies = text.substr(std::min(line + 1, text.size()));

  const Shown token = shown_by(&authorization, nullptr);
  PROMISE(!token.is_session);
  if (!token.secret.empty()) PROMISE(authorization == authorization.substr(0, 7) + token.secret);
  if (!authorization.empty()) {
    const std::string header = "Bearer " + authorization;
    PROMISE(shown_by(&header, &cookies).secret == authorization);
  }

  const Shown session = shown_by(nullptr, &cookies);
  PROMISE(session.is_session == !session.secret.empty());
  PROMISE(session.secret.find(';') == std::string::npos);
  const std::string pair = std::string(session_cookie) + "=" + session.secret;
  if (session.is_session) {
    PROMISE(cookies.find(pair) != std::string::npos);
    PROMISE(shown_by(nullptr, &pair).secret == session.secret);
  }

  // A token that is shown counts, whatever cookies come with it.
  const Shown both = shown_by(&authorization, &cookies);
  PROMISE(both.secret == (token.secret.empty() ? session.secret : token.secret));
  return 0;
}
