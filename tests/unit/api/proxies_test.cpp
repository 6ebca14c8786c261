// Who asks, when a reverse proxy stands between.
#include <catch2/catch.hpp>

#include "api/proxies.h"

using namespace portolan::api;

namespace {

Proxies proxies(const std::vector<std::string>& rules,
                ForwardedHeader header = ForwardedHeader::x_forwarded_for) {
  return *Proxies::make(rules, header);
}

Request with(Fields headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

Peer at(const char* address) { return {.transport = Transport::loopback, .address = address}; }

const Proxies plain = proxies({"127.0.0.0/8", "10.0.0.0/24", "fd00::/64"});
const Proxies standard =
    proxies({"127.0.0.0/8", "10.0.0.0/24", "fd00::/64"}, ForwardedHeader::forwarded);

/// Who asks by the proxy 127.0.0.1; "127.0.0.1" when the header tells nobody.
std::string by_x(const char* list) {
  return plain.client(at("127.0.0.1"), with({{"x-forwarded-for", list}})).address;
}
std::string by_rfc(const char* list) {
  return standard.client(at("127.0.0.1"), with({{"forwarded", list}})).address;
}

}  // namespace

TEST_CASE("the client is the last address that is no proxy's", "[api][proxies]") {
  CHECK(by_x("203.0.113.7") == "203.0.113.7");
  CHECK(by_x(" 203.0.113.7\t") == "203.0.113.7");
  CHECK(by_x("203.0.113.7, 10.0.0.2") == "203.0.113.7");
  CHECK(by_x("203.0.113.7,10.0.0.2 , 10.0.0.3") == "203.0.113.7");
  // A chain whose client is itself inside: the one that began it.
  CHECK(by_x("10.0.0.9, 10.0.0.2") == "10.0.0.9");
  CHECK(by_x("10.0.0.9") == "10.0.0.9");
}

TEST_CASE("what a client writes to the left is not looked at", "[api][proxies]") {
  CHECK(by_x("127.0.0.1, 203.0.113.7") == "203.0.113.7");
  CHECK(by_x("198.51.100.1, 203.0.113.7, 10.0.0.2") == "203.0.113.7");
  CHECK(by_x("unknown, \"\\, 203.0.113.7") == "203.0.113.7");
  CHECK(by_x(", , 203.0.113.7") == "203.0.113.7");
  CHECK(by_x("\"198.51.100.1, 203.0.113.7") == "203.0.113.7");
}

TEST_CASE("an address may have brackets and a port", "[api][proxies]") {
  CHECK(by_x("203.0.113.7:51234") == "203.0.113.7");
  CHECK(by_x("2001:DB8:0::1") == "2001:db8::1");
  CHECK(by_x("[2001:db8::1]") == "2001:db8::1");
  CHECK(by_x("[2001:db8::1]:443") == "2001:db8::1");
  CHECK(by_x("2001:db8::1, [fd00::2]:8080") == "2001:db8::1");
  CHECK(by_x("::ffff:203.0.113.7") == "203.0.113.7");
  CHECK(by_x("203.0.113.7, ::ffff:10.0.0.2") == "203.0.113.7");
}

TEST_CASE("a list that names nobody where it is read leaves the proxy", "[api][proxies]") {
  for (const char* list : {"",
                           ",",
                           "203.0.113.7,",
                           "203.0.113.7, , 10.0.0.2",
                           "203.0.113.7, unknown",
                           "203.0.113.7 10.0.0.2",
                           "203.0.113.7, _hidden",
                           "localhost",
                           "203.0.113",
                           "203.0.113.7:",
                           "203.0.113.7:x",
                           "203.0.113.7:99999",
                           "203.0.113.7:-1",
                           "[203.0.113.7]",
                           "[2001:db8::1",
                           "2001:db8::1]",
                           "[2001:db8::1]443",
                           "[2001:db8::1]:",
                           "\"203.0.113.7\"",
                           "0x7f000001",
                           "2130706433",
                           "0177.0.0.1",
                           "for=203.0.113.7"})
    CHECK(std::pair(list, by_x(list)) == std::pair(list, std::string("127.0.0.1")));
}

TEST_CASE("the standard header is read as RFC 7239 has it", "[api][proxies]") {
  CHECK(by_rfc("for=203.0.113.7") == "203.0.113.7");
  CHECK(by_rfc("For=\"203.0.113.7:4711\";proto=https;by=10.0.0.1") == "203.0.113.7");
  CHECK(by_rfc("by=10.0.0.1 ; FOR=\"[2001:db8:cafe::17]:4711\"") == "2001:db8:cafe::17");
  CHECK(by_rfc("for=192.0.2.43, for=\"[2001:db8::17]\"") == "2001:db8::17");
  CHECK(by_rfc("for=192.0.2.43, for=\"[fd00::17]\", for=10.0.0.5") == "192.0.2.43");
  CHECK(by_rfc("host=\"a,b;for=198.51.100.1\";for=203.0.113.7") == "203.0.113.7");
  // A client leaves a quote open, or writes what is nothing.
  CHECK(by_rfc("for=\"198.51.100.1, for=203.0.113.7") == "203.0.113.7");
  CHECK(by_rfc("for=unknown, ;;=, for=203.0.113.7;proto=http") == "203.0.113.7");
  for (const char* list :
       {"", "for=", "for", "for=unknown", "for=_secret", "for=\"_gazonk\"", "203.0.113.7",
        "proto=https", "for=203.0.113.7;for=198.51.100.1", "for=\"203.0.113.7", "for=203.0.113.7\"",
        "for=203.0.113.7,", "for=203.0.113.7, for=unknown", "for=\"203.0.113.7\\\"",
        "for=203.0.113.7;;proto=https", "for=203.0.113.7, proto=https"})
    CHECK(std::pair(list, by_rfc(list)) == std::pair(list, std::string("127.0.0.1")));
}

TEST_CASE("only the header that the proxies write is looked at", "[api][proxies]") {
  const Request both =
      with({{"forwarded", "for=198.51.100.1;proto=https"}, {"x-forwarded-for", "203.0.113.7"}});
  CHECK(plain.client(at("127.0.0.1"), both).address == "203.0.113.7");
  CHECK_FALSE(plain.client(at("127.0.0.1"), both).https_to_proxy);
  CHECK(standard.client(at("127.0.0.1"), both).address == "198.51.100.1");
  CHECK(standard.client(at("127.0.0.1"), both).https_to_proxy);
  CHECK(plain.client(at("127.0.0.1"), with({})).address == "127.0.0.1");
}

TEST_CASE("nobody but a proxy is believed", "[api][proxies]") {
  const Request request =
      with({{"x-forwarded-for", "203.0.113.7"}, {"x-forwarded-proto", "https"}});
  for (const char* foreign : {"10.0.1.1", "192.0.2.1", "2001:db8::1", "fd00:0:0:1::1", ""}) {
    const Peer peer{.transport = Transport::network, .address = foreign};
    CHECK_FALSE(plain.trusts(peer));
    const Peer client = plain.client(peer, request);
    CHECK(client.address == foreign);
    CHECK_FALSE(client.https_to_proxy);
  }
  CHECK(proxies({}).client(at("127.0.0.1"), request).address == "127.0.0.1");
  CHECK(plain.trusts({.transport = Transport::network, .address = "fd00::9"}));
}

TEST_CASE("the unix socket is a proxy's when it is said to be", "[api][proxies]") {
  const Peer socket{.transport = Transport::unix_socket};
  const Request request = with({{"x-forwarded-for", "203.0.113.7"}});
  CHECK(plain.client(socket, request).transport == Transport::unix_socket);
  CHECK(proxies({"::/0"}).client(socket, request).transport == Transport::unix_socket);
  const Peer client = proxies({"unix"}).client(socket, request);
  CHECK(client.address == "203.0.113.7");
  CHECK(client.transport == Transport::network);
}

TEST_CASE("whom a proxy names is never on this machine", "[api][proxies]") {
  const Peer client = plain.client(at("127.0.0.1"), with({{"x-forwarded-for", "127.0.0.1"}}));
  CHECK(client.address == "127.0.0.1");
  CHECK(client.transport == Transport::network);
}

TEST_CASE("a proxy says how its client came", "[api][proxies]") {
  const auto https = [](const char* value) {
    return plain
        .client(at("127.0.0.1"),
                with({{"x-forwarded-for", "203.0.113.7"}, {"x-forwarded-proto", value}}))
        .https_to_proxy;
  };
  CHECK(https("https"));
  CHECK(https("HTTPS, http"));
  CHECK_FALSE(https("http"));
  CHECK_FALSE(https("http, https"));
  CHECK_FALSE(https(""));
  CHECK(standard
            .client(at("127.0.0.1"),
                    with({{"forwarded", "proto=https;for=203.0.113.7, for=10.0.0.2;proto=http"}}))
            .https_to_proxy);
}

TEST_CASE("what is no address and no network is no proxy", "[api][proxies]") {
  for (const char* rule :
       {"", "10.0.0.0/33", "10.0.0.1/8", "example.com", "10.0.0.0/", "fd00::/129", "127.0.0.1:80",
        "UNIX", "fe80::1%eth0", "10.0.0.0/-1", "10.0.0.0/8x"}) {
    const auto made = Proxies::make({rule}, ForwardedHeader::x_forwarded_for);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == portolan::base::Code::invalid_config);
    CHECK(made.error().message.find(rule) != std::string::npos);
  }
  CHECK(proxies({"192.0.2.4"}).trusts(at("192.0.2.4")));
  CHECK_FALSE(proxies({"192.0.2.4"}).trusts(at("192.0.2.5")));
  CHECK_FALSE(proxies({"::/0"}).trusts(at("192.0.2.4")));
}
