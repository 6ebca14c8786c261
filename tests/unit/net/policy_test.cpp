#include <catch2/catch.hpp>

#include "net/address_policy.h"
#include "net/ip_address.h"
#include "net/resolver.h"

using namespace portolan;
using net::AddressPolicy;

namespace {

// What a policy says of one address: open to all, private (by consent), or special (by name only).
enum class Kind { open, inside, special };

struct Row {
  Kind kind;
  std::vector<const char*> addresses;
};

const std::vector<Row> kTable = {
    {Kind::open,
     {"1.1.1.1",
      "8.8.8.8",
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
      "128.0.0.0",
      "140.82.121.3",
      "151.101.1.57",
      "168.63.129.15",
      "168.63.129.17",
      "169.253.255.255",
      "169.255.0.0",
      "172.15.255.255",
      "172.32.0.0",
      "191.255.255.255",
      "192.0.1.0",
      "192.0.3.0",
      "192.88.98.255",
      "192.88.100.0",
      "192.167.255.255",
      "192.169.0.0",
      "198.17.255.255",
      "198.20.0.0",
      "198.51.99.255",
      "198.51.101.0",
      "203.0.112.255",
      "203.0.114.0",
      "223.255.255.255",
      "2000::1",
      "2001:200::1",
      "2001:4860:4860::8888",
      "2001:db7:ffff::1",
      "2001:db9::1",
      "2003::1",
      "2400:cb00::1",
      "2606:4700:4700::1111",
      "2a00:1450::1",
      "2c0f:fb50::1",
      "3ffe::1",
      "3fff:1000::1",
      "3fff:ffff::1",
      "::ffff:8.8.8.8",
      "::ffff:0808:0808",
      "0:0:0:0:0:ffff:1.1.1.1",
      "64:ff9b::8.8.8.8",
      "64:ff9b::101:101",
      "2002:0808:0808::1",
      "2002:101:101::"}},
    {Kind::inside,
     {"10.0.0.0",
      "10.0.0.1",
      "10.1.2.3",
      "10.255.255.255",
      "100.64.0.0",
      "100.64.0.1",
      "100.100.100.199",
      "100.100.100.201",
      "100.127.255.255",
      "127.0.0.0",
      "127.0.0.1",
      "127.0.1.1",
      "127.1.2.3",
      "127.255.255.255",
      "172.16.0.0",
      "172.17.0.1",
      "172.20.10.2",
      "172.31.255.255",
      "192.168.0.0",
      "192.168.0.1",
      "192.168.1.254",
      "192.168.255.255",
      "::1",
      "0:0:0:0:0:0:0:1",
      "0000:0000:0000:0000:0000:0000:0000:0001",
      "fc00::",
      "fc00::1",
      "fcff:ffff::1",
      "fd00::1",
      "fd12:3456:789a:1::1",
      "fdff:ffff:ffff:ffff::1",
      "FD00::1",
      "fd00:ec2::253",
      "fd00:ec2::255",
      "::ffff:10.0.0.1",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "::FFFF:7F00:0001",
      "0:0:0:0:0:ffff:7f00:1",
      "::ffff:192.168.1.1",
      "::ffff:c0a8:101",
      "::ffff:172.16.0.1",
      "::ffff:100.64.0.1",
      "::ffff:a00:1",
      "64:ff9b::10.0.0.1",
      "64:ff9b::127.0.0.1",
      "64:ff9b::7f00:1",
      "64:ff9b::c0a8:101",
      "0064:ff9b::ac10:1",
      "2002:7f00:1::",
      "2002:7f00:0001::1",
      "2002:a00:1::1",
      "2002:c0a8:101::5",
      "2002:ac10:1::1",
      "2002:6440:1::1"}},
    {Kind::special,
     {"0.0.0.0",
      "0.0.0.1",
      "0.1.2.3",
      "0.255.255.255",
      "100.100.100.200",
      "168.63.129.16",
      "169.254.0.0",
      "169.254.0.1",
      "169.254.169.253",
      "169.254.169.254",
      "169.254.170.2",
      "169.254.255.255",
      "192.0.0.0",
      "192.0.0.1",
      "192.0.0.8",
      "192.0.0.170",
      "192.0.0.192",
      "192.0.0.255",
      "192.0.2.0",
      "192.0.2.1",
      "192.0.2.255",
      "192.88.99.0",
      "192.88.99.1",
      "198.18.0.0",
      "198.18.0.1",
      "198.19.255.255",
      "198.51.100.0",
      "198.51.100.7",
      "198.51.100.255",
      "203.0.113.0",
      "203.0.113.9",
      "203.0.113.255",
      "224.0.0.0",
      "224.0.0.1",
      "224.0.0.251",
      "232.1.1.1",
      "239.255.255.250",
      "239.255.255.255",
      "240.0.0.0",
      "240.0.0.1",
      "250.1.2.3",
      "255.255.255.254",
      "255.255.255.255",
      "::",
      "0:0:0:0:0:0:0:0",
      "::2",
      "::127.0.0.1",
      "::10.0.0.1",
      "::8.8.8.8",
      "::7f00:1",
      "::ffff:0:127.0.0.1",
      "::fffe:1.1.1.1",
      "64:ff9b:1::1",
      "64:ff9b:1::7f00:1",
      "64:ff9a::7f00:1",
      "100::",
      "100::1",
      "100:0:0:1::1",
      "1000::1",
      "1fff::1",
      "2001::",
      "2001::1",
      "2001:0:4136:e378:8000:63bf:3fff:fdd2",
      "2001:1::1",
      "2001:2::1",
      "2001:10::1",
      "2001:20::1",
      "2001:30::1",
      "2001:1ff::1",
      "2001:db8::",
      "2001:db8::1",
      "2001:db8:ffff::1",
      "2001:DB8::1",
      "3fff::",
      "3fff:fff::1",
      "4000::1",
      "5f00::1",
      "6000::1",
      "8000::1",
      "a000::1",
      "c000::1",
      "e000::1",
      "f000::1",
      "f800::1",
      "fbff::1",
      "fe00::1",
      "fe7f::1",
      "fe80::",
      "fe80::1",
      "fe80::1%eth0",
      "fe80::5054:ff:fe12:3456",
      "febf:ffff::1",
      "fec0::1",
      "feff::1",
      "ff00::",
      "ff01::1",
      "ff02::1",
      "ff02::fb",
      "ff05::2",
      "ff0e::1",
      "ffff::1",
      "fd00:ec2::254",
      "FD00:0EC2::0254",
      "fd20:ce::254",
      "fd00:c1::a9fe:a9fe",
      "::ffff:0.0.0.0",
      "::ffff:169.254.169.254",
      "::ffff:a9fe:a9fe",
      "::ffff:224.0.0.1",
      "::ffff:255.255.255.255",
      "::ffff:192.0.2.1",
      "::ffff:100.100.100.200",
      "64:ff9b::169.254.169.254",
      "64:ff9b::a9fe:a9fe",
      "64:ff9b::",
      "64:ff9b::e000:1",
      "2002:a9fe:a9fe::1",
      "2002:e000:1::",
      "2002::1",
      "2002:ffff:ffff::1"}},
};

bool allowed(const AddressPolicy& policy, std::string_view ip, std::string_view host = "r.test",
             int port = 443) {
  return policy.check(host, port, ip).has_value();
}

AddressPolicy rules(std::vector<std::string> list) {
  return *AddressPolicy::make(false, std::move(list));
}

}  // namespace

TEST_CASE("every address is judged by what the world says it is for", "[net][policy]") {
  const AddressPolicy strict;
  const AddressPolicy with_private = *AddressPolicy::make(true, {});
  const AddressPolicy widest = rules({"0.0.0.0/0", "::/0"});
  std::size_t rows = 0;
  for (const Row& row : kTable) {
    for (const char* ip : row.addresses) {
      INFO(ip);
      ++rows;
      CHECK(allowed(strict, ip) == (row.kind == Kind::open));
      CHECK(allowed(with_private, ip) == (row.kind != Kind::special));
      // A wide network is consent to private addresses; it names no special one.
      CHECK(allowed(widest, ip) == (row.kind != Kind::special));
    }
  }
  CHECK(rows >= 200);
}

TEST_CASE("a rule that names a special address or its range allows it", "[net][policy]") {
  for (const Row& row : kTable) {
    if (row.kind != Kind::special) continue;
    for (const char* ip : row.addresses) {
      INFO(ip);
      const auto address = net::effective(*net::parse_ip(ip));
      const bool v4 = net::is_ipv4(address);
      const std::string text = net::to_text(address);
      CHECK(allowed(rules({text + (v4 ? "/32" : "/128")}), ip));
      CHECK(allowed(rules({(v4 ? text : "[" + text + "]") + ":443"}), ip, text));
    }
  }
  CHECK(allowed(rules({"169.254.0.0/16"}), "169.254.1.1"));
  CHECK_FALSE(allowed(rules({"169.254.0.0/16"}), "169.254.169.254"));
  CHECK_FALSE(allowed(rules({"fd00::/8"}), "fd00:ec2::254"));
  CHECK(allowed(rules({"198.18.0.0/15"}), "198.19.0.1"));
  CHECK(allowed(rules({"fe80::/10"}), "fe80::1"));
}

TEST_CASE("spellings that a resolver reads as an inner address are refused", "[net][policy]") {
  const AddressPolicy strict;
  for (const char* spelling : {"127.1",
                               "127.0.1",
                               "2130706433",
                               "0x7f000001",
                               "0x7f.1",
                               "0x7f.0x0.0x0.0x1",
                               "0177.1",
                               "0177.0.0.1",
                               "017700000001",
                               "127.000.000.001",
                               "10.1",
                               "0xa.1",
                               "012.0.0.1",
                               "167772161",
                               "192.168.257",
                               "0xc0a80101",
                               "3232235777",
                               "172.16.1",
                               "0",
                               "0x0",
                               "0.0",
                               "169.254.43518",
                               "0xa9fea9fe",
                               "2852039166",
                               "0251.0376.0251.0376",
                               "4294967295",
                               "localhost"}) {
    INFO(spelling);
    const auto addresses = net::system_resolve(spelling);
    if (!addresses) continue;  // The resolver does not read it as an address: as good.
    for (const std::string& ip : *addresses) CHECK_FALSE(allowed(strict, ip, spelling));
  }
}

TEST_CASE("what is no numeric address is refused", "[net][policy]") {
  const AddressPolicy open = *AddressPolicy::make(true, {"0.0.0.0/0", "::/0"});
  for (const char* text : {"", "host", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4 ", "::g",
                           "[::1]", "1::2::3", "0x7f.0.0.1", "1.2.3.4:80"}) {
    INFO(text);
    const auto result = open.check("r.test", 443, text);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == base::Code::policy);
  }
}

TEST_CASE("a network rule reaches as far as its prefix", "[net][policy]") {
  struct Reach {
    const char* rule;
    const char* in;
    const char* out;
  };
  for (const Reach& reach :
       {Reach{"10.0.0.0/8", "10.255.255.255", "192.168.0.1"},
        Reach{"10.20.0.0/14", "10.23.255.255", "10.24.0.0"},
        Reach{"10.1.2.128/25", "10.1.2.128", "10.1.2.127"},
        Reach{"192.168.1.7/32", "192.168.1.7", "192.168.1.6"},
        Reach{"127.0.0.0/8", "127.0.0.1", "::1"}, Reach{"::1/128", "::1", "127.0.0.1"},
        Reach{"fd00::/8", "fd77::1", "fc00::1"},
        Reach{"fd00:1:2::/48", "fd00:1:2:3::4", "fd00:1:3::"},
        Reach{"10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:172.16.0.1"},
        Reach{"10.0.0.0/8", "64:ff9b::a00:1", "fd00::a00:1"},
        Reach{"::ffff:10.0.0.0/104", "10.2.3.4", "172.16.0.1"},
        Reach{"fc00::/7", "fd00::1", "10.0.0.1"}}) {
    INFO(reach.rule);
    CHECK(allowed(rules({reach.rule}), reach.in));
    CHECK_FALSE(allowed(rules({reach.rule}), reach.out));
  }
}

TEST_CASE("a host rule speaks of that host and port, at private addresses only", "[net][policy]") {
  const AddressPolicy policy = rules({"Registry.Corp:5000", "[FD00::1]:443"});
  CHECK(allowed(policy, "10.0.0.1", "registry.corp", 5000));
  CHECK(allowed(policy, "127.0.0.1", "registry.corp", 5000));
  CHECK_FALSE(allowed(policy, "10.0.0.1", "registry.corp", 5001));
  CHECK_FALSE(allowed(policy, "10.0.0.1", "other.corp", 5000));
  CHECK_FALSE(allowed(policy, "169.254.169.254", "registry.corp", 5000));
  CHECK(allowed(policy, "fd00::1", "fd00::1", 443));
  CHECK(policy.names("REGISTRY.corp", 5000));
  CHECK_FALSE(policy.names("registry.corp", 443));
}

TEST_CASE("the written address permits its own host and port", "[net][policy]") {
  AddressPolicy policy;
  policy.permit_origin(*base::parse_address("https://registry.corp:5000/reg"));
  policy.permit_origin(*base::parse_address("http://127.0.0.1:8080"));
  policy.permit_origin(*base::parse_address("http://169.254.169.254"));
  policy.permit_origin(*base::parse_address("http://[fd00:ec2::254]"));
  policy.permit_origin(*base::parse_address("http://0.0.0.0:99"));
  CHECK(allowed(policy, "10.0.0.1", "registry.corp", 5000));
  CHECK_FALSE(allowed(policy, "10.0.0.1", "registry.corp", 443));
  CHECK_FALSE(allowed(policy, "169.254.169.254", "registry.corp", 5000));
  CHECK(allowed(policy, "127.0.0.1", "127.0.0.1", 8080));
  CHECK_FALSE(allowed(policy, "127.0.0.1", "127.0.0.1", 8081));
  CHECK_FALSE(allowed(policy, "169.254.169.254", "169.254.169.254", 80));
  CHECK_FALSE(allowed(policy, "fd00:ec2::254", "fd00:ec2::254", 80));
  CHECK_FALSE(allowed(policy, "0.0.0.0", "0.0.0.0", 99));
}

TEST_CASE("a refusal tells the line that would allow it", "[net][policy]") {
  const auto refused = AddressPolicy().check("registry.corp", 5000, "10.1.2.3");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "registry.corp:5000 leads to 10.1.2.3, a private address (RFC 1918), which is not allowed");
  CHECK(refused.error().hint.find("\"10.1.2.3/32\"") != std::string::npos);
  CHECK(refused.error().hint.find("\"registry.corp:5000\"") != std::string::npos);
  CHECK(refused.error().hint.find("--allow-private") != std::string::npos);
  const auto metadata = AddressPolicy().check("::ffff:a9fe:a9fe", 80, "::ffff:a9fe:a9fe");
  REQUIRE_FALSE(metadata);
  CHECK(metadata.error().hint == "if this is meant, add \"169.254.169.254/32\" to network.allow");
}

TEST_CASE("a rule that is no rule is named", "[net][policy]") {
  for (const char* rule : {"",
                           "/",
                           "10.0.0.0",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/",
                           "10.0.0/8",
                           "10.0.0.1/8",
                           "fd00::/129",
                           "fd00::1/8",
                           "fd00::1",
                           "host",
                           "host:",
                           "host:0",
                           "host:65536",
                           "host:80x",
                           ":80",
                           "ho st:80",
                           "[::1]",
                           "[::1]:",
                           "[10.0.0.1]:80",
                           "http://host:80",
                           "user@host:80",
                           "host:80/path",
                           "*:80",
                           "2001:db8::1:80:"}) {
    INFO(rule);
    const auto policy = AddressPolicy::make(false, {"10.0.0.0/8", rule});
    REQUIRE_FALSE(policy);
    CHECK(policy.error().code == base::Code::invalid_config);
    CHECK(policy.error().message.find("\"" + std::string(rule) + "\"") != std::string::npos);
    CHECK_FALSE(policy.error().hint.empty());
  }
}
