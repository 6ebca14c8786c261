#include "base/host_name.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace portolan::base {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::optional<std::string> canonical_ipv6(const std::string& inside) {
  in6_addr bytes{};
  if (inet_pton(AF_INET6, inside.c_str(), &bytes) != 1) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &bytes, text.data(), text.size());
  return text.data();
}

// WHATWG URL, "ends in a number": resolvers read such a name as an IPv4 address, in forms
// (hexadecimal, octal, fewer than four parts) that filters overlook.
bool reads_as_ipv4(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  const bool hexadecimal = last.substr(0, 2) == "0x";
  return hexadecimal || std::all_of(last.begin(), last.end(), is_digit);
}

bool is_dns_name(std::string_view name) {
  constexpr std::size_t name_max = 253, label_max = 63;
  if (name.empty() || name.size() > name_max) return false;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > label_max || label.front() == '-' || label.back() == '-')
      return false;
    // '_' is in no DNS host name, and in many container networks' names all the same.
    const auto allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '_'; };
    if (!std::all_of(label.begin(), label.end(), allowed)) return false;
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
}

}  // namespace

std::optional<std::string> canonical_host(std::string_view host, std::string& problem) {
  if (host.empty()) {
    problem = "the host is missing";
    return {};
  }
  if (host.front() == '[') {
    if (host.back() == ']') {
      if (auto ipv6 = canonical_ipv6(std::string(host.substr(1, host.size() - 2)))) return ipv6;
    }
    problem = "what stands in [ ] is no IPv6 address";
    return {};
  }
  std::string name = lower(host);
  if (name.back() == '.') name.pop_back();
  if (!is_dns_name(name)) {
    problem = "the host is neither a DNS name nor an IP address";
    return {};
  }
  in_addr ignored{};
  if (reads_as_ipv4(name) && inet_pton(AF_INET, name.c_str(), &ignored) != 1) {
    problem = "the host is an IPv4 address in another form than four decimal numbers";
    return {};
  }
  return name;
}

}  // namespace portolan::base
