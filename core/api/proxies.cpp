#include "api/proxies.h"

#include <algorithm>
#include <charconv>

namespace portolan::api {
namespace {

using std::string_view;

string_view trimmed(string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool same_word(string_view a, string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// Cuts the part behind the last `separator` that is in no quotes off `rest`. From the right,
/// because there stands what trusted proxies wrote: a quote that a client left open is not reached.
string_view take_last(string_view& rest, char separator) {
  bool quoted = false;
  for (std::size_t at = rest.size(); at > 0; --at) {
    const char c = rest[at - 1];
    if (c == '"') quoted = !quoted;
    if (c != separator || quoted) continue;
    const string_view part = rest.substr(at);
    rest = rest.substr(0, at - 1);
    return trimmed(part);
  }
  return trimmed(std::exchange(rest, {}));
}

bool is_port(string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port <= 65535;
}

/// "192.0.2.7", "192.0.2.7:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711".
std::optional<net::IpAddress> address_in(string_view node) {
  string_view host = node;
  if (!node.empty() && node.front() == '[') {
    const std::size_t end = node.find(']');
    if (end == node.npos) return {};
    const string_view port = node.substr(end + 1);
    if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) return {};
    host = node.substr(1, end - 1);
    if (host.find(':') == host.npos) return {};
  } else if (std::count(node.begin(), node.end(), ':') == 1) {
    host = node.substr(0, node.find(':'));
    if (!is_port(node.substr(host.size() + 1))) return {};
  }
  return net::parse_ip(host);
}

/// The value of a pair of Forwarded: a token or a quoted string. No address and no scheme needs a
/// backslash.
std::optional<string_view> value_in(string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  if (text.empty() || text.find_first_of("\"\\") != text.npos) return {};
  return text;
}

/// By the first of a list, which the proxy wrote that the client spoke to.
bool says_https(const std::string* list) {
  return list && same_word(trimmed(string_view(*list).substr(0, list->find(','))), "https");
}

}  // namespace

base::Result<Proxies> Proxies::make(const std::vector<std::string>& rules, ForwardedHeader header) {
  Proxies out;
  out.header_ = header;
  for (const std::string& rule : rules) {
    std::string expected;
    if (rule == "unix") {
      out.unix_ = true;
    } else if (const auto network = net::parse_network(rule, expected)) {
      out.networks_.push_back(*network);
    } else {
      return base::Error{.code = base::Code::invalid_config,
                         .message = "\"" + rule + "\" names no proxy",
                         .hint = "Write " + expected + ", or unix."};
    }
  }
  return out;
}

bool Proxies::trusts(const net::IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const net::Network& network) { return network.has(address); });
}

bool Proxies::trusts(const Peer& peer) const {
  if (peer.transport == Transport::unix_socket) return unix_;
  if (networks_.empty()) return false;
  const auto address = net::parse_ip(peer.address);
  return address && trusts(*address);
}

std::optional<Proxies::Hop> Proxies::read_hop(string_view element) const {
  if (header_ == ForwardedHeader::x_forwarded_for) {
    const auto address = address_in(element);
    return address ? std::optional(Hop{*address}) : std::nullopt;
  }
  std::optional<net::IpAddress> address;
  Hop hop;
  while (!element.empty()) {
    const string_view pair = take_last(element, ';');
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const string_view name = pair.substr(0, equals);
    const auto value = value_in(pair.substr(std::min(equals + 1, pair.size())));
    if (!value) return {};
    if (same_word(name, "proto")) hop.https = same_word(*value, "https");
    if (!same_word(name, "for")) continue;
    if (address) return {};  // Twice: whom is meant?
    address = address_in(*value);
    if (!address) return {};
  }
  if (!address) return {};
  hop.address = *address;
  return hop;
}

std::optional<Proxies::Hop> Proxies::first_foreign(string_view list) const {
  std::optional<Hop> hop;
  do {
    hop = read_hop(take_last(list, ','));
  } while (hop && trusts(hop->address) && !list.empty());
  return hop;
}

Peer Proxies::client(const Peer& peer, const Request& request) const {
  if (!trusts(peer)) return peer;
  const bool standard = header_ == ForwardedHeader::forwarded;
  const std::string* list = request.header(standard ? "forwarded" : "x-forwarded-for");
  const auto hop = list ? first_foreign(*list) : std::nullopt;
  if (!hop) return peer;
  Peer client = peer;
  client.transport = Transport::network;
  client.address = net::to_text(hop->address);
  client.https_to_proxy = standard ? hop->https : says_https(request.header("x-forwarded-proto"));
  return client;
}

bool says_forwarded(const Request& request) {
  return request.header("x-forwarded-for") || request.header("forwarded");
}

}  // namespace portolan::api
