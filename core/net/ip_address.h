#pragma once
/// IP addresses as 16 bytes, and what the world says they are for.
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace portolan::net {

/// IPv4 in its mapped form (RFC 4291 §2.5.5.2), so that there is one family to compare.
using IpAddress = std::array<unsigned char, 16>;

/// Strict numeric text: four decimal numbers, or RFC 4291 text. A zone ("%eth0") is cut off.
std::optional<IpAddress> parse_ip(std::string_view text);
bool is_ipv4(const IpAddress& address);
std::string to_text(const IpAddress& address);

/// Whether the first `bits` bits are equal.
bool within(const IpAddress& address, const unsigned char* network, int bits);

/// The addresses that begin as `start` does.
struct Network {
  IpAddress start{};
  int bits = 128;  ///< Of 128, of IPv4 too.

  /// A wide IPv6 network does not reach into the mapped IPv4 addresses.
  bool has(const IpAddress& address) const;
};

/// "10.0.0.0/8", "fd00::/8", or an address alone. Nothing when it is none, or has bits behind its
/// prefix; then `expected` says what to write instead.
std::optional<Network> parse_network(std::string_view text, std::string& expected);

enum class Reach {
  open,    ///< The internet at large.
  inside,  ///< Loopback and private: one's own machine or house.
  special  ///< Never the place of a registry: metadata, link-local, multicast, reserved.
};

struct IpClass {
  Reach reach;
  const char* name;  ///< "a private address (RFC 1918)"
  int bits;          ///< Length of the range's own prefix, of 128.
};

/// The IPv4 address inside a mapped, NAT64 or 6to4 address; any other is returned as it is.
IpAddress effective(const IpAddress& address);

/// By the IANA special-purpose registries (RFC 6890 and later entries). Wants an effective address.
IpClass classify(const IpAddress& address);

}  // namespace portolan::net
