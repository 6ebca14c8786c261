#include "net/address_policy.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace portolan::net {
namespace {

using base::Code;
using base::Error;

struct HostPort {
  std::string host;
  int port;
};

std::optional<int> number(std::string_view text, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < low || value > high) return std::nullopt;
  return value;
}

// One spelling for a host, as base::Url holds it: names in lower case, literals as RFC 5952 has
// them.
std::string plain_host(std::string_view host) {
  if (const auto literal = parse_ip(host)) return to_text(*literal);
  std::string lower(host);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return lower;
}

std::optional<HostPort> parse_host_port(std::string_view rule) {
  const std::size_t colon = rule.rfind(':');
  if (colon == rule.npos || colon == 0) return std::nullopt;
  const auto port = number(rule.substr(colon + 1), 1, 65535);
  std::string_view host = rule.substr(0, colon);
  if (!port) return std::nullopt;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == host.npos || !parse_ip(host)) return std::nullopt;
  } else if (!std::all_of(host.begin(), host.end(), [](unsigned char c) {
               return std::isalnum(c) || c == '.' || c == '-' || c == '_';
             })) {
    return std::nullopt;
  }
  return HostPort{plain_host(host), *port};
}

std::string with_port(std::string_view host, int port) {
  const bool brackets = host.find(':') != host.npos;
  std::string text = brackets ? "[" + std::string(host) + "]" : std::string(host);
  return text + ":" + std::to_string(port);
}

Error bad_rule(const std::string& rule, std::string_view expected) {
  return {Code::invalid_config, "the network rule \"" + rule + "\" is not understood",
          "write " + std::string(expected), "network.allow"};
}

}  // namespace

base::Result<AddressPolicy> AddressPolicy::make(bool allow_private,
                                                const std::vector<std::string>& rules) {
  AddressPolicy policy;
  policy.allow_private_ = allow_private;
  for (const std::string& rule : rules) {
    const std::size_t slash = rule.find('/');
    if (slash == rule.npos) {
      const auto named = parse_host_port(rule);
      if (!named) {
        return bad_rule(rule, parse_ip(rule) ? rule + (rule.find(':') == rule.npos ? "/32" : "/128")
                                             : "a CIDR (10.0.0.0/8) or host:port");
      }
      policy.named_.push_back({named->host, named->port});
      continue;
    }
    std::string expected;
    const auto network = parse_network(rule, expected);
    if (!network) return bad_rule(rule, expected);
    policy.networks_.push_back(*network);
  }
  return policy;
}

void AddressPolicy::permit_origin(const base::Url& url) {
  const auto literal = parse_ip(url.host);
  if (literal && classify(effective(*literal)).reach == Reach::special) return;
  permitted_.push_back({plain_host(url.host), url.port});
}

bool AddressPolicy::has(const std::vector<Named>& list, std::string_view host, int port) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Named& named) { return named.port == port && named.host == host; });
}

bool AddressPolicy::names(std::string_view host, int port) const {
  const std::string plain = plain_host(host);
  return has(named_, plain, port) || has(permitted_, plain, port);
}

base::Result<void> AddressPolicy::check(std::string_view host, int port,
                                        std::string_view ip) const {
  const auto parsed = parse_ip(ip);
  if (!parsed) {
    return Error{Code::policy, with_port(host, port) + " leads to an address that is not IP", "",
                 ""};
  }
  const IpAddress address = effective(*parsed);
  const IpClass meaning = classify(address);
  if (meaning.reach == Reach::open) return {};

  const bool inside = meaning.reach == Reach::inside;
  for (const Network& network : networks_) {
    // A wide network does not name the special ranges that lie in it.
    if (!inside && network.bits < meaning.bits) continue;
    if (network.has(address)) return {};
  }
  const std::string plain = plain_host(host);
  // A name in a rule stands for whatever its owner lets it resolve to; only a literal names.
  const auto literal = parse_ip(plain);
  const bool itself = literal && effective(*literal) == address;
  if ((inside || itself) && has(named_, plain, port)) return {};
  if (inside && (allow_private_ || has(permitted_, plain, port))) return {};

  const std::string rule = to_text(address) + (is_ipv4(address) ? "/32" : "/128");
  std::string hint = "if this is meant, add \"" + rule + "\" to network.allow";
  if (inside) hint += " (or \"" + with_port(plain, port) + "\"), or give --allow-private";
  return Error{Code::policy,
               with_port(plain, port) + " leads to " + to_text(*parsed) + ", " + meaning.name +
                   ", which is not allowed",
               hint, ""};
}

}  // namespace portolan::net
