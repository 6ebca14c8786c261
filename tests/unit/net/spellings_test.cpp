// What somebody may write as the address of a registry, and what becomes of it: the whole way from
// the text to the address that would be connected to.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "base/url.h"
#include "net/address_policy.h"
#include "net/ip_address.h"

using namespace portolan;
using net::AddressPolicy;

namespace {

enum class Fate {
  wrong,    // Refused as it is written.
  special,  // Understood; refused whatever is allowed in general.
  inside,   // Understood; refused unless private addresses are allowed.
  open      // Understood and allowed.
};

struct Group {
  Fate fate;
  const char* what;
  std::vector<const char*> spellings;
};

const std::vector<Group> kSpellings = {
    {Fate::wrong,
     "IPv4 in octal, hexadecimal, short and long forms",
     {"http://2130706433",
      "http://0x7f000001",
      "http://0x7F000001/",
      "http://017700000001",
      "http://127.1",
      "http://127.0.1",
      "http://0177.0.0.1",
      "http://0177.1",
      "http://0x7f.1",
      "http://0x7f.0.0.1",
      "http://0x7f.0x0.0x0.0x1",
      "http://127.0.0.0x1",
      "http://127.0x0.1",
      "http://127.000.000.001",
      "http://127.0.0.01",
      "http://00127.0.0.1",
      "http://127.0.0.1.1",
      "http://127.0.0.256",
      "http://383.0.0.1",
      "http://127.0.0.-1",
      "http://127.0.0.+1",
      "http://127..0.1",
      "http://.127.0.0.1",
      "http://127.0.0.1..",
      "http://3232235777",
      "http://0xc0a80101",
      "http://192.168.257",
      "http://192.11010305",
      "http://10.1",
      "http://012.0.0.1",
      "http://167772161",
      "http://2852039166",
      "http://0xA9FEA9FE",
      "http://0xa9.0xfe.0xa9.0xfe",
      "http://0251.0376.0251.0376",
      "http://169.254.43518",
      "http://169.16689662",
      "http://4294967295",
      "http://4294967296",
      "http://99999999999999999999",
      "http://0",
      "http://0x0",
      "http://0.0",
      "http://00.00.00.00",
      "http://0x",
      "http://registry.0x7f",
      "http://registry.1",
      "http://127.0.0.1.0x",
      "127.1:5000",
      "2130706433:5000"}},
    {Fate::wrong,
     "digits and letters of other scripts, marks that look like dots",
     {"http://１２７.0.0.1",
      "http://①②⑦.⓪.⓪.①",
      "http://127。0。0。1",
      "http://127．0．0．1",
      "http://127｡0｡0｡1",
      "http://１69.254.169.254",
      "http://௧27.0.0.1",
      "http://١٢٧.0.0.1",
      "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
      "http://ｌｏｃａｌｈｏｓｔ",
      "http://loc\xC3\xA4lhost",
      "http://localhos\xC5\xA5",
      "http://lo\xC2\xAD"
      "calhost",
      "http://localhost\xE2\x80\x8B",
      "http://\xE2\x80\xAElocalhost",
      "http://\xEF\xBB\xBFlocalhost",
      "http://localhost\xC2\xA0",
      "http://xn--\xC3\xA4",
      "http://[：：１]",
      "http://127.0.0.1\xEF\xBC\x8F"
      "evil.example",
      "http://evil.example\xEF\xBC\x9F.127.0.0.1",
      "http://evil.example\xE2\x84\x80"
      "127.0.0.1",
      "\xFF\xFE\x31"}},
    {Fate::wrong,
     "percent-encoding in the host",
     {"http://127%2e0%2e0%2e1", "http://%31%32%37.0.0.1", "http://127.0.0.1%00.example",
      "http://localhost%00", "http://localhost%2eevil.example",
      "http://%6c%6f%63%61%6c%68%6f%73%74", "http://[%3a%3a1]", "http://127.0.0.1%23@evil.example",
      "http://127.0.0.1%2f@evil.example", "http://%5b::1%5d",
      "http://169.254.169.254%0d%0aHost:%20x"}},
    {Fate::wrong,
     "a user, a password, or what is read as one",
     {"http://evil.example@127.0.0.1",
      "http://127.0.0.1@evil.example",
      "http://registry.example:443@127.0.0.1",
      "http://user:password@127.0.0.1:5000",
      "http://@127.0.0.1",
      "http://:@127.0.0.1",
      "http://127.0.0.1\\@evil.example",
      "http://evil.example\\@127.0.0.1",
      "http://127.0.0.1:80@evil.example:80",
      "http://evil.example#@127.0.0.1",
      "http://evil.example?@127.0.0.1",
      "http://127.0.0.1#evil.example",
      "http://127.0.0.1?evil.example",
      "http://127.0.0.1;evil.example",
      "http://127.0.0.1,evil.example",
      "http://127.0.0.1 evil.example",
      "http://127.0.0.1\tevil.example",
      "http://127.0.0.1\r\nHost: evil.example",
      "http://evil.example\\127.0.0.1",
      "http:\\\\127.0.0.1",
      "http:/127.0.0.1",
      "http:127.0.0.1",
      "http:///127.0.0.1",
      "//127.0.0.1",
      "://127.0.0.1"}},
    {Fate::wrong,
     "another scheme",
     {"file:///etc/passwd", "file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:11211/_stats",
      "dict://127.0.0.1:11211/stats", "ftp://127.0.0.1", "ldap://127.0.0.1", "tftp://127.0.0.1",
      "unix:///var/run/docker.sock", "http+unix://%2fvar%2frun%2fdocker.sock", "ws://127.0.0.1",
      "jar:http://127.0.0.1!/", "url:http://127.0.0.1", "javascript:127.0.0.1", "data://127.0.0.1",
      "netdoc://127.0.0.1", "httpx://127.0.0.1"}},
    {Fate::wrong,
     "IPv6 that is none, or with a zone",
     {"http://::1",
      "http://::1:5000",
      "http://[::1",
      "http://::1]",
      "http://[]",
      "http://[:]",
      "http://[::1]x",
      "http://[::1]:",
      "http://[::1]:0",
      "http://[::1]5000",
      "http://[[::1]]",
      "http://[::1%25lo]",
      "http://[::1%lo]",
      "http://[fe80::1%25eth0]",
      "http://[fe80::1%eth0]",
      "http://[fe80::1%251]",
      "http://[127.0.0.1]",
      "http://[127.1]",
      "http://[2130706433]",
      "http://[::127.1]",
      "http://[::0x7f.0.0.1]",
      "http://[::ffff:127.1]",
      "http://[::ffff:0177.0.0.1]",
      "http://[::ffff:2130706433]",
      "http://[1::2::3]",
      "http://[:::1]",
      "http://[00000::1]",
      "http://[1:2:3:4:5:6:7:8:9]",
      "http://[v1.::1]",
      "http://[localhost]"}},
    {Fate::wrong,
     "ports that are none",
     {"http://127.0.0.1:", "http://127.0.0.1:0", "http://127.0.0.1:65536", "http://127.0.0.1:-1",
      "http://127.0.0.1:+80", "http://127.0.0.1:0x50", "http://127.0.0.1:80:80",
      "http://127.0.0.1:80a", "http://127.0.0.1: 80", "http://127.0.0.1:８０",
      "http://127.0.0.1:4294967376"}},
    {Fate::inside,
     "loopback",
     {"http://127.0.0.1",
      "HTTP://127.0.0.1",
      "127.0.0.1:5000",
      "http://127.0.0.1.",
      "http://127.0.0.1./",
      "http://127.0.0.1:00080",
      "http://127.0.0.2",
      "http://127.255.255.254",
      "http://127.0.0.1/@evil.example",
      "http://127.0.0.1/../..",
      " http://127.0.0.1 ",
      "http://[::1]",
      "http://[::1]:5000",
      "http://[0:0:0:0:0:0:0:1]",
      "http://[0000:0000:0000:0000:0000:0000:0000:0001]",
      "http://[::0.0.0.1]",
      "http://[::ffff:127.0.0.1]",
      "http://[::ffff:7f00:1]",
      "http://[::FFFF:7F00:0001]",
      "http://[0:0:0:0:0:ffff:127.0.0.1]",
      "http://[64:ff9b::127.0.0.1]",
      "http://[64:ff9b::7f00:1]",
      "http://[2002:7f00:1::]",
      "http://[2002:7f00:0001::1]",
      "localhost",
      "LOCALHOST",
      "LocalHost:5000",
      "http://localhost.",
      "http://localhost.:80",
      "http://localhost.localdomain",
      "http://ip6-localhost",
      "http://loopback.example",
      "http://127.0.0.1.nip.io"}},
    {Fate::inside,
     "private networks",
     {"http://10.0.0.1", "http://10.255.255.255", "http://172.16.0.1", "http://172.31.255.255",
      "http://192.168.0.1", "http://100.64.0.1", "http://[fd00::1]", "http://[fc00::1]",
      "http://[FD12:3456:789A::1]", "http://[::ffff:10.0.0.1]", "http://[::ffff:c0a8:1]",
      "http://[64:ff9b::10.0.0.1]", "http://[64:ff9b::c0a8:101]", "http://[2002:a00:1::1]",
      "http://[2002:c0a8:101::]", "http://harbor.corp.example"}},
    {Fate::special,
     "metadata of clouds",
     {"http://169.254.169.254",
      "http://169.254.169.254/latest/meta-data",
      "http://169.254.169.254.",
      "http://169.254.169.254:80",
      "http://169.254.170.2",
      "http://169.254.170.23",
      "http://169.254.42.42",
      "http://100.100.100.200",
      "http://168.63.129.16",
      "http://192.0.0.192",
      "http://[fd00:ec2::254]",
      "http://[FD00:0EC2::0254]",
      "http://[fd00:ec2::23]",
      "http://[fd00:42::42]",
      "http://[fd20:ce::254]",
      "http://[fd00:c1::a9fe:a9fe]",
      "http://[fe80::a9fe:a9fe]",
      "http://[::ffff:169.254.169.254]",
      "http://[::ffff:a9fe:a9fe]",
      "http://[0:0:0:0:0:ffff:a9fe:a9fe]",
      "http://[::169.254.169.254]",
      "http://[64:ff9b::169.254.169.254]",
      "http://[64:ff9b::a9fe:a9fe]",
      "http://[64:ff9b:1::a9fe:a9fe]",
      "http://[2002:a9fe:a9fe::]",
      "http://[2002:a9fe:a9fe::1]",
      "http://metadata.google.internal",
      "http://METADATA.google.internal.",
      "http://169.254.169.254.nip.io"}},
    {Fate::special,
     "unspecified, link-local, multicast, broadcast, reserved",
     {"http://0.0.0.0",
      "http://0.0.0.0:5000",
      "http://0.0.0.1",
      "http://0.255.255.255",
      "http://169.254.1.1",
      "http://224.0.0.1",
      "http://239.255.255.250",
      "http://240.0.0.1",
      "http://255.255.255.255",
      "http://192.0.2.1",
      "http://198.51.100.1",
      "http://203.0.113.1",
      "http://198.18.0.1",
      "http://192.0.0.1",
      "http://[::]",
      "http://[::]:5000",
      "http://[0:0:0:0:0:0:0:0]",
      "http://[::0.0.0.0]",
      "http://[::127.0.0.1]",
      "http://[::7f00:1]",
      "http://[::10.0.0.1]",
      "http://[::ffff:0:127.0.0.1]",
      "http://[::ffff:0.0.0.0]",
      "http://[fe80::1]",
      "http://[fec0::1]",
      "http://[ff02::1]",
      "http://[ff02::fb]",
      "http://[100::1]",
      "http://[2001::1]",
      "http://[2001:0:7f00:1::]",
      "http://[2001:db8::1]",
      "http://[3fff::1]",
      "http://[64:ff9b:1::7f00:1]",
      "http://[64:ff9b::]",
      "http://[2002::]",
      "http://[2002:e000:1::]",
      "http://[4000::1]",
      "http://unspecified.example"}},
    {Fate::open,
     "the internet at large",
     {"registry.example", "https://Registry.EXAMPLE.", "https://registry.example:5000/prefix",
      "https://xn--bcher-kva.example", "https://1.1.1.1", "https://8.8.8.8:5000",
      "https://172.32.0.1", "https://[2606:4700:4700::1111]", "https://[::ffff:8.8.8.8]",
      "https://[64:ff9b::8.8.8.8]", "https://[2002:808:808::1]", "https://0x7f.example",
      "https://127.0.0.1e0", "https://127.0.0.1.registry.example",
      "https://localhost.registry.example", "https://10.example",
      "https://registry.example/http://127.0.0.1"}},
};

// Whatever its name says: what counts is where it leads.
std::string resolved(const std::string& host) {
  static const std::map<std::string, std::string> names = {
      {"localhost", "127.0.0.1"},
      {"localhost.localdomain", "127.0.0.1"},
      {"ip6-localhost", "::1"},
      {"loopback.example", "127.0.0.1"},
      {"127.0.0.1.nip.io", "127.0.0.1"},
      {"169.254.169.254.nip.io", "169.254.169.254"},
      {"metadata.google.internal", "169.254.169.254"},
      {"harbor.corp.example", "10.1.2.3"},
      {"unspecified.example", "0.0.0.0"}};
  if (net::parse_ip(host)) return host;
  const auto found = names.find(host);
  return found == names.end() ? "1.1.1.1" : found->second;
}

bool passes(const AddressPolicy& policy, const base::Url& url) {
  return policy.check(url.host, url.port, resolved(url.host)).has_value();
}

}  // namespace

TEST_CASE("every spelling of an address ends as refused, by consent, or allowed", "[net][policy]") {
  const AddressPolicy strict;
  const AddressPolicy widest = *AddressPolicy::make(true, {"0.0.0.0/0", "::/0"});
  std::size_t rows = 0;
  for (const Group& group : kSpellings) {
    for (const char* spelling : group.spellings) {
      INFO(group.what << ": " << spelling);
      ++rows;
      const auto url = base::parse_address(spelling);
      REQUIRE(url.has_value() == (group.fate != Fate::wrong));
      if (!url) {
        CHECK(url.error().code == base::Code::invalid_config);
        continue;
      }
      CHECK(passes(strict, *url) == (group.fate == Fate::open));
      CHECK(passes(widest, *url) == (group.fate != Fate::special));
      // It is shown as it is connected to: what is shown is read the same way again.
      const auto again = base::parse_address(url->text());
      REQUIRE(again);
      CHECK(*again == *url);
    }
  }
  CHECK(rows >= 200);
}

TEST_CASE("a registry's link is read no other way than a person's address", "[net][policy]") {
  const AddressPolicy strict;
  for (const Group& group : kSpellings) {
    for (const char* spelling : group.spellings) {
      INFO(group.what << ": " << spelling);
      const auto url = base::parse_url(spelling);
      if (!url || group.fate == Fate::open) continue;
      // What is behind '#' or '?' is no host, for nobody.
      CHECK((url->host == "evil.example" || !passes(strict, *url)));
    }
  }
}
