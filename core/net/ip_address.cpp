#include "net/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace portolan::net {
namespace {

constexpr IpAddress kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct Range {
  const char* network;
  int bits;  // In the family of the text.
  Reach reach;
  const char* name;
};

// The first match decides, so a narrow range stands before the wide one around it.
constexpr Range kRanges[] = {
    {"169.254.169.254", 32, Reach::special, "a cloud metadata address"},
    {"169.254.170.2", 32, Reach::special, "a cloud metadata address"},
    {"169.254.170.23", 32, Reach::special, "a cloud metadata address"},
    {"169.254.42.42", 32, Reach::special, "a cloud metadata address"},
    {"100.100.100.200", 32, Reach::special, "a cloud metadata address"},
    {"168.63.129.16", 32, Reach::special, "a cloud metadata address"},
    {"192.0.0.192", 32, Reach::special, "a cloud metadata address"},
    {"0.0.0.0", 8, Reach::special, "an unspecified address"},
    {"10.0.0.0", 8, Reach::inside, "a private address (RFC 1918)"},
    {"100.64.0.0", 10, Reach::inside, "a private address (RFC 6598)"},
    {"127.0.0.0", 8, Reach::inside, "a loopback address"},
    {"169.254.0.0", 16, Reach::special, "a link-local address"},
    {"172.16.0.0", 12, Reach::inside, "a private address (RFC 1918)"},
    {"192.0.0.0", 24, Reach::special, "a reserved address"},
    {"192.0.2.0", 24, Reach::special, "a documentation address"},
    {"192.88.99.0", 24, Reach::special, "a reserved address"},
    {"192.168.0.0", 16, Reach::inside, "a private address (RFC 1918)"},
    {"198.18.0.0", 15, Reach::special, "a benchmarking address"},
    {"198.51.100.0", 24, Reach::special, "a documentation address"},
    {"203.0.113.0", 24, Reach::special, "a documentation address"},
    {"224.0.0.0", 4, Reach::special, "a multicast address"},
    {"255.255.255.255", 32, Reach::special, "the broadcast address"},
    {"240.0.0.0", 4, Reach::special, "a reserved address"},
    {"::", 128, Reach::special, "an unspecified address"},
    {"::1", 128, Reach::inside, "a loopback address"},
    {"fd00:ec2::254", 128, Reach::special, "a cloud metadata address"},
    {"fd00:ec2::23", 128, Reach::special, "a cloud metadata address"},
    {"fd00:42::42", 128, Reach::special, "a cloud metadata address"},
    {"fd20:ce::254", 128, Reach::special, "a cloud metadata address"},
    {"fd00:c1::a9fe:a9fe", 128, Reach::special, "a cloud metadata address"},
    {"fc00::", 7, Reach::inside, "a private address (RFC 4193)"},
    {"fe80::", 10, Reach::special, "a link-local address"},
    {"fec0::", 10, Reach::special, "a site-local address"},
    {"ff00::", 8, Reach::special, "a multicast address"},
    {"2001::", 32, Reach::special, "a Teredo address"},
    {"2001::", 23, Reach::special, "a reserved address"},
    {"2001:db8::", 32, Reach::special, "a documentation address"},
    {"3fff::", 20, Reach::special, "a documentation address"},
};

struct Prepared {
  IpAddress network;
  IpClass meaning;
};

std::vector<Prepared> prepare() {
  std::vector<Prepared> table;
  for (const Range& range : kRanges) {
    const IpAddress network = *parse_ip(range.network);
    const int bits = is_ipv4(network) ? range.bits + 96 : range.bits;
    table.push_back({network, {range.reach, range.name, bits}});
  }
  return table;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  char zero_ended[INET6_ADDRSTRLEN + 1] = {};
  text = text.substr(0, text.find('%'));
  if (text.size() >= sizeof zero_ended || text.find('\0') != text.npos) return std::nullopt;
  std::memcpy(zero_ended, text.data(), text.size());
  IpAddress address = kMapped;
  if (inet_pton(AF_INET, zero_ended, address.data() + 12) == 1) return address;
  if (inet_pton(AF_INET6, zero_ended, address.data()) == 1) return address;
  return std::nullopt;
}

bool is_ipv4(const IpAddress& address) { return within(address, kMapped.data(), 96); }

std::string to_text(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_ipv4(address)) {
    inet_ntop(AF_INET, address.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.data(), text, sizeof text);
  }
  return text;
}

bool within(const IpAddress& address, const unsigned char* network, int bits) {
  const int whole = bits / 8;
  if (std::memcmp(address.data(), network, whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const int mask = 0xff00 >> (bits % 8);
  return ((address[whole] ^ network[whole]) & mask & 0xff) == 0;
}

bool Network::has(const IpAddress& address) const {
  if (is_ipv4(address) && bits < 96) return false;
  return within(address, start.data(), bits);
}

std::optional<Network> parse_network(std::string_view text, std::string& expected) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = parse_ip(text.substr(0, slash));
  const bool v4 = address && text.find(':') == text.npos;
  const int widest = v4 ? 32 : 128;
  int bits = widest;
  if (slash < text.size()) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size()) bits = -1;
  }
  if (!address || text.find('%') != text.npos || bits < 0 || bits > widest) {
    expected = "a CIDR such as 10.0.0.0/8 or fd00::/8";
    return std::nullopt;
  }
  Network network{{}, bits + 128 - widest};
  for (int bit = 0; bit < network.bits; ++bit)
    network.start[bit / 8] |= (*address)[bit / 8] & (0x80 >> (bit % 8));
  if (network.start != *address) {
    expected = to_text(network.start) + std::string(text.substr(slash)) + " for the whole network";
    return std::nullopt;
  }
  return network;
}

IpAddress effective(const IpAddress& address) {
  static const IpAddress nat64 = *parse_ip("64:ff9b::");
  IpAddress inner = kMapped;
  if (within(address, nat64.data(), 96)) {
    std::copy_n(address.begin() + 12, 4, inner.begin() + 12);
    return inner;
  }
  if (address[0] == 0x20 && address[1] == 0x02) {  // 6to4, RFC 3056 §2: the next 32 bits.
    std::copy_n(address.begin() + 2, 4, inner.begin() + 12);
    return inner;
  }
  return address;
}

IpClass classify(const IpAddress& address) {
  static const std::vector<Prepared> table = prepare();
  for (const Prepared& range : table) {
    if (within(address, range.network.data(), range.meaning.bits)) return range.meaning;
  }
  // Of IPv6 only 2000::/3 is given out to the public (RFC 4291 §2.4, IANA).
  if (!is_ipv4(address) && (address[0] & 0xe0) != 0x20) {
    return {Reach::special, "a reserved address", 3};
  }
  return {Reach::open, "a public address", 0};
}

}  // namespace portolan::net
