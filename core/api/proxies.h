#pragma once
/// Reverse proxies: whose word is taken for who is behind them.
#include <optional>
#include <string>
#include <vector>

#include "api/serving.h"
#include "net/ip_address.h"

namespace portolan::api {

/// The operator's proxies. Immutable; safe from any thread.
///
/// Only the header that they are said to write is looked at: a proxy that writes the one hands the
/// other on as its client sent it.
class Proxies {
 public:
  /// `rules`: addresses and networks (CIDR), and "unix" for whoever connects by a unix socket.
  /// invalid_config naming the bad one.
  static base::Result<Proxies> make(const std::vector<std::string>& rules, ForwardedHeader header);

  /// Whether this connection is a proxy's.
  bool trusts(const Peer& peer) const;

  /// Who asks by a connection of `peer`: of a proxy the last address in its header that is no
  /// proxy's, or the first when all are. The peer itself when it is no proxy, when the header is
  /// missing, and when what is read before that address is none ("unknown").
  Peer client(const Peer& peer, const Request& request) const;

 private:
  struct Hop {
    net::IpAddress address{};
    bool https = false;  ///< Of Forwarded.
  };
  bool trusts(const net::IpAddress& address) const;
  std::optional<Hop> read_hop(std::string_view element) const;
  std::optional<Hop> first_foreign(std::string_view list) const;

  std::vector<net::Network> networks_;
  bool unix_ = false;
  ForwardedHeader header_ = ForwardedHeader::x_forwarded_for;
};

/// Whether somebody says that this request was forwarded, trusted or not: it may come from
/// anywhere.
bool says_forwarded(const Request& request);

}  // namespace portolan::api
