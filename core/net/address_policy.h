#pragma once
/// Which addresses may be connected to. Asked with the *resolved* address at connect time, for
/// every redirect and token realm again (OWASP SSRF prevention; registries.md §0.5).
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/url.h"
#include "net/ip_address.h"

namespace portolan::net {

/// Public addresses are always allowed. Loopback and private ranges (RFC 1918, 4193, 6598) only by
/// allow_private, by the host that was written, or by a rule; link-local, metadata
/// (169.254.169.254, fd00:ec2::254 ...), multicast, unspecified and reserved ranges only by a rule
/// that names them: a CIDR no wider than that range ("0.0.0.0/0" names none of them), or the
/// address itself with a port. IPv4-mapped, NAT64 and 6to4 addresses are judged by the IPv4 address
/// inside.
class AddressPolicy {
 public:
  AddressPolicy() = default;
  /// `rules`: CIDR ("10.0.0.0/8", "fd00::/8") or "host:port". invalid_config naming the bad one.
  static base::Result<AddressPolicy> make(bool allow_private,
                                          const std::vector<std::string>& rules);

  /// The address that was written permits its own host and port (command line and `run` files),
  /// link-local and metadata literals excepted.
  void permit_origin(const base::Url& url);

  /// `ip` in numeric text, as connected to for `host`:`port`. Error: policy, with the line to add
  /// in the hint.
  base::Result<void> check(std::string_view host, int port, std::string_view ip) const;

  /// Whether a rule or a permitted origin speaks of this very host and port. Behind a proxy, where
  /// only the proxy sees the address, such a host needs no look-up of our own.
  bool names(std::string_view host, int port) const;

 private:
  struct Named {
    std::string host;
    int port;
  };
  static bool has(const std::vector<Named>& list, std::string_view host, int port);
  bool allow_private_ = false;
  std::vector<Network> networks_;
  std::vector<Named> named_;
  std::vector<Named> permitted_;
};

}  // namespace portolan::net
