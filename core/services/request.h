#pragma once
/// A plugin's request, copied, checked and completed.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <portolan/abi/http.h>

#include "base/result.h"
#include "base/url.h"
#include "net/transport.h"

namespace portolan::services {

struct Credential;
class Upstream;

struct Order {
  std::string method;
  base::Url url;
  std::vector<net::Header> headers;
  std::string body;
  std::uint32_t auth = PORTOLAN_AUTH_NONE;
  std::shared_ptr<const Credential> credential;  ///< Null: anonymous.
  std::vector<std::string> scopes;
  std::string auth_header, secret_pointer;
  std::size_t max_body = 0;
  std::chrono::milliseconds timeout{0};
  bool may_redirect = true, may_retry = false;

  bool only_reads() const { return method == "GET" || method == "HEAD"; }
};

/// The first header of that name (lower case); empty when absent.
std::string_view value_of(const std::vector<net::Header>& headers, std::string_view name);

/// invalid_argument for what http.h forbids, policy for another origin, protocol for no URL. An
/// anonymous call gets no credential, whatever it asks for.
base::Result<Order> read_request(const portolan_http_request& request, Upstream& upstream,
                                 bool anonymous);

}  // namespace portolan::services
