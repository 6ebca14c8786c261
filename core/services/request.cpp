#include "services/request.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "services/status.h"
#include "services/upstream.h"

namespace portolan::services {
namespace {

using base::Code;
using base::Error;
using base::Result;

Error refuse(std::string message) {
  return {.code = Code::invalid_argument,
          .message = std::move(message),
          .hint = "This is a mistake of the plugin; tell its author."};
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::strchr("!#$%&'*+-.^_`|~", c);
  });
}

bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
}

bool is_same_name(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

bool starts_with(std::string_view name, std::string_view lower) {
  return name.size() >= lower.size() && is_same_name(name.substr(0, lower.size()), lower);
}

/// Headers that decide where a message ends or who speaks are the host's.
bool is_hosts_header(std::string_view name) {
  constexpr std::array names{
      "host",    "cookie", "content-length", "transfer-encoding", "connection",
      "upgrade", "te",     "expect"};
  return starts_with(name, "proxy-") ||
         std::any_of(names.begin(), names.end(), [&](auto n) { return is_same_name(name, n); });
}

Result<void> copy_headers(const portolan_http_request& request, Order& order) {
  if (request.header_count > model::limits::request_headers) return refuse("too many headers");
  for (std::uint64_t i = 0; i < request.header_count; ++i) {
    const auto name = view(request.headers[i].key), value = view(request.headers[i].value);
    if (!is_name(name) || !is_value(value)) return refuse("a header is not well formed");
    if (is_hosts_header(name) || is_same_name(name, "authorization")) {
      return refuse("the header " + std::string(name) + " is the host's to send");
    }
    order.headers.push_back({std::string(name), std::string(value)});
  }
  return {};
}

Result<void> read_authentication(const portolan_http_request& request, Upstream& upstream,
                                 bool anonymous, Order& order) {
  order.auth = request.auth;
  if (order.auth > PORTOLAN_AUTH_DOCKER_TOKEN)
    return refuse("the kind of authentication is unknown");
  order.auth_header = view(request.auth_header);
  if (order.auth == PORTOLAN_AUTH_HEADER &&
      (!is_name(order.auth_header) || is_hosts_header(order.auth_header))) {
    return refuse("the name of the header for the secret is not usable");
  }
  add_scopes(order.scopes, view(request.scope));
  auto credential = upstream.vault().find(view(request.credential));
  if (!credential) return refuse("the credential's handle is unknown to this registry");
  anonymous = anonymous || (request.flags & PORTOLAN_HTTP_ANONYMOUS);
  const bool wanted = !anonymous && order.auth != PORTOLAN_AUTH_NONE && credential->given();
  if (wanted) order.credential = std::move(credential);
  return {};
}

}  // namespace

std::string_view value_of(const std::vector<net::Header>& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.name == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

Result<Order> read_request(const portolan_http_request& sent, Upstream& upstream, bool anonymous) {
  portolan_http_request request{};  // What an older plugin does not know stays zero.
  std::memcpy(&request, &sent, std::min<std::size_t>(sent.size, sizeof request));

  Order order;
  order.method = view(request.method);
  if (order.method.empty()) order.method = "GET";
  const bool capitals = std::all_of(order.method.begin(), order.method.end(),
                                    [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!capitals || order.method.size() > 16 || order.method == "CONNECT" ||
      order.method == "TRACE") {
    return refuse("the method is not usable");
  }
  auto url = base::below(upstream.base(), view(request.url));
  if (!url) return std::move(url).error();
  if (!upstream.is_own(*url)) {
    return Error{.code = Code::policy,
                 .message = "a request to " + url->origin() + " was refused: the registry is " +
                            upstream.origin(),
                 .hint = "Nothing but the registry's own address is contacted for it.",
                 .where = url->text_without_query()};
  }
  order.url = *std::move(url);
  if (auto fine = copy_headers(request, order); !fine) return std::move(fine).error();
  if (auto fine = read_authentication(request, upstream, anonymous, order); !fine) {
    return std::move(fine).error();
  }
  order.body = view(request.body);
  order.secret_pointer = view(request.secret_pointer);
  if (!order.secret_pointer.empty() && order.secret_pointer.front() != '/') {
    return refuse("the pointer to the secret is no JSON pointer");
  }
  const auto most =
      order.secret_pointer.empty() ? model::limits::body_bytes : model::limits::token_bytes;
  order.max_body = most;
  if (request.max_body != 0) order.max_body = std::min<std::uint64_t>(request.max_body, most);
  order.timeout = request.timeout_ms ? std::chrono::milliseconds(request.timeout_ms)
                                     : upstream.registry().timeouts.request;
  order.may_redirect = !(request.flags & PORTOLAN_HTTP_NO_REDIRECT);
  order.may_retry = !(request.flags & PORTOLAN_HTTP_NO_RETRY) &&
                    (order.only_reads() || (request.flags & PORTOLAN_HTTP_IDEMPOTENT));
  return order;
}

}  // namespace portolan::services
