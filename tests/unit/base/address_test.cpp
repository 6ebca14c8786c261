// What people type as a registry's address (registries.md §8): one row a spelling.
#include "base/url.h"

#include <catch2/catch.hpp>
#include <string>

using namespace portolan::base;
using std::string;

namespace {

struct Accepted {
  string typed;
  string canonical;
};

const Accepted accepted[] = {
    // Scheme.
    {"registry.example.com", "https://registry.example.com"},
    {"https://registry.example.com", "https://registry.example.com"},
    {"http://registry.example.com", "http://registry.example.com"},
    {"HTTPS://registry.example.com", "https://registry.example.com"},
    {"hTtP://registry.example.com", "http://registry.example.com"},
    {"localhost", "https://localhost"},
    {"localhost:5000", "https://localhost:5000"},
    {"http.example.com", "https://http.example.com"},
    {"https.example.com:8443", "https://https.example.com:8443"},
    {"http", "https://http"},
    // Host.
    {"Registry.Example.COM", "https://registry.example.com"},
    {"registry.example.com.", "https://registry.example.com"},
    {"https://registry.example.com.:5000/x", "https://registry.example.com:5000/x"},
    {"a", "https://a"},
    {"my_registry:5000", "https://my_registry:5000"},
    {"reg-1.example.com", "https://reg-1.example.com"},
    {"xn--bcher-kva.example", "https://xn--bcher-kva.example"},
    {"XN--BCHER-KVA.example", "https://xn--bcher-kva.example"},
    {"1password.example", "https://1password.example"},
    {"123.example", "https://123.example"},
    {"10.0.0.1.nip.io", "https://10.0.0.1.nip.io"},
    {"0x7f.example", "https://0x7f.example"},
    {"_registry._tcp.example", "https://_registry._tcp.example"},
    {string(63, 'a') + ".example", "https://" + string(63, 'a') + ".example"},
    // IPv4.
    {"192.0.2.7", "https://192.0.2.7"},
    {"192.0.2.7:5000", "https://192.0.2.7:5000"},
    {"http://127.0.0.1:5000", "http://127.0.0.1:5000"},
    {"0.0.0.0", "https://0.0.0.0"},
    {"255.255.255.255", "https://255.255.255.255"},
    {"192.0.2.7.", "https://192.0.2.7"},
    // IPv6.
    {"[::1]", "https://[::1]"},
    {"[::1]:5000", "https://[::1]:5000"},
    {"http://[::1]:80", "http://[::1]"},
    {"[2001:DB8::7]", "https://[2001:db8::7]"},
    {"[2001:0db8:0000:0000:0000:0000:0000:0007]:5000", "https://[2001:db8::7]:5000"},
    {"[2001:db8:0:0:1:0:0:1]", "https://[2001:db8::1:0:0:1]"},
    {"[2001:db8:0:1:1:1:1:1]", "https://[2001:db8:0:1:1:1:1:1]"},
    {"[::ffff:192.0.2.7]", "https://[::ffff:192.0.2.7]"},
    {"[::ffff:c000:0207]", "https://[::ffff:192.0.2.7]"},
    {"[fe80::1]", "https://[fe80::1]"},
    {"[::]", "https://[::]"},
    // Port.
    {"registry.example.com:443", "https://registry.example.com"},
    {"https://registry.example.com:443/", "https://registry.example.com"},
    {"http://registry.example.com:80", "http://registry.example.com"},
    {"http://registry.example.com:443", "http://registry.example.com:443"},
    {"https://registry.example.com:80", "https://registry.example.com:80"},
    {"registry.example.com:80", "https://registry.example.com:80"},
    {"registry.example.com:1", "https://registry.example.com:1"},
    {"registry.example.com:65535", "https://registry.example.com:65535"},
    {"registry.example.com:05000", "https://registry.example.com:5000"},
    // Path.
    {"registry.example.com/", "https://registry.example.com"},
    {"registry.example.com///", "https://registry.example.com"},
    {"https://registry.example.com/reg", "https://registry.example.com/reg"},
    {"https://registry.example.com/reg/", "https://registry.example.com/reg"},
    {"https://registry.example.com//reg//a//", "https://registry.example.com/reg/a"},
    {"registry.example.com:5000/prefix", "https://registry.example.com:5000/prefix"},
    {"https://registry.example.com/v2/", "https://registry.example.com/v2"},
    {"https://registry.example.com/api/v2.0", "https://registry.example.com/api/v2.0"},
    {"https://registry.example.com/harbor/projects",
     "https://registry.example.com/harbor/projects"},
    {"registry.example.com/Case/Kept", "https://registry.example.com/Case/Kept"},
    {"registry.example.com/a/./b", "https://registry.example.com/a/b"},
    {"registry.example.com/a/../b", "https://registry.example.com/b"},
    {"registry.example.com/../../b", "https://registry.example.com/b"},
    {"registry.example.com/a/%2e%2E/b", "https://registry.example.com/b"},
    {"registry.example.com/a/..", "https://registry.example.com"},
    {"registry.example.com/a%20b", "https://registry.example.com/a%20b"},
    {"registry.example.com/a%2Fb", "https://registry.example.com/a%2Fb"},
    {"registry.example.com/~me/reg", "https://registry.example.com/~me/reg"},
    {"registry.example.com/@scope/reg", "https://registry.example.com/@scope/reg"},
    {"registry.example.com/a:b", "https://registry.example.com/a:b"},
    {"registry.example.com/http://x", "https://registry.example.com/http:/x"},
    {"registry.example.com/...", "https://registry.example.com/..."},
    // Blanks around.
    {"  registry.example.com", "https://registry.example.com"},
    {"registry.example.com \t", "https://registry.example.com"},
    {"registry.example.com\n", "https://registry.example.com"},
    {"\r\nregistry.example.com\r\n", "https://registry.example.com"},
};

struct Refused {
  string typed;
  string because;  // Part of the message.
};

const Refused refused[] = {
    // Nothing there.
    {"", "host is missing"},
    {"   ", "host is missing"},
    {"https://", "host is missing"},
    {"https:///v2/", "host is missing"},
    {"/v2/", "host is missing"},
    {"//registry.example.com", "host is missing"},
    {":5000", "host is missing"},
    {"https://:5000", "host is missing"},
    // Another scheme.
    {"ftp://registry.example.com", "scheme"},
    {"unix:///var/run/docker.sock", "scheme"},
    {"file:///etc/passwd", "scheme"},
    {"ws://registry.example.com", "scheme"},
    {"oci://registry.example.com", "scheme"},
    {"docker://registry.example.com", "scheme"},
    {"httpss://registry.example.com", "scheme"},
    {"javascript:alert(1)", "port"},
    {"mailto:me@example.com", "user name or password"},
    {"file:/etc/passwd", "port"},
    {"https:registry.example.com", "port"},
    {"https:/registry.example.com", "port"},
    {"https:\\\\registry.example.com", "port"},
    {"https://https://registry.example.com", "port"},
    {"1http://registry.example.com", "port"},
    {"://registry.example.com", "host is missing"},
    // User name and password.
    {"https://hunter2@registry.example.com", "user name or password"},
    {"https://me:hunter2@registry.example.com", "user name or password"},
    {"me:hunter2@registry.example.com", "user name or password"},
    {"@registry.example.com", "user name or password"},
    {"https://registry.example.com\\@evil.example", "user name or password"},
    {"https://me:hunter2/3@registry.example.com", "port"},
    // Query and fragment.
    {"registry.example.com?token=hunter2", "query or a fragment"},
    {"registry.example.com/?", "query or a fragment"},
    {"registry.example.com/v2/?n=1", "query or a fragment"},
    {"https://registry.example.com/harbor#projects", "query or a fragment"},
    {"registry.example.com#", "query or a fragment"},
    // Control characters, blanks, what is not ASCII.
    {string("registry.example.com\0.evil.example", 34), "control character"},
    {"registry.example.com\r\nX-Injected: 1", "control character"},
    {"registry\t.example.com", "control character"},
    {"registry.example.com/a\nb", "control character"},
    {"registry.example.com\x7F", "control character"},
    {"\x1B[31mregistry.example.com", "control character"},
    {"registry .example.com", "neither a DNS name"},
    {"registry.example.com /v2", "neither a DNS name"},
    {"registry.example.com/a b", "no URL may hold"},
    {"b\xC3\xBC"
     "cher.example",
     "neither a DNS name"},
    {"r\xD0\xB5gistry.example.com", "neither a DNS name"},
    {"\xE2\x80\xAEregistry.example.com", "neither a DNS name"},
    {"registry.example.com/\xE2\x80\xAEx", "no URL may hold"},
    {"\xEF\xBB\xBFregistry.example.com", "neither a DNS name"},
    {"registry.example.com\xC2\xA0", "neither a DNS name"},
    {"registry\xE3\x80\x82"
     "example.com",
     "neither a DNS name"},
    {"\xFF\xFE", "neither a DNS name"},
    {"registry.example.com/%", "no URL may hold"},
    {"registry.example.com/%zz", "no URL may hold"},
    {"registry.example.com/a\\b", "no URL may hold"},
    {"registry.example.com/<script>", "no URL may hold"},
    {"registry.example.com/{x}", "no URL may hold"},
    // Hosts that are none.
    {"registry..example.com", "neither a DNS name"},
    {".registry.example.com", "neither a DNS name"},
    {"registry.example.com..", "neither a DNS name"},
    {".", "neither a DNS name"},
    {"-registry.example.com", "neither a DNS name"},
    {"registry-.example.com", "neither a DNS name"},
    {"reg!stry.example.com", "neither a DNS name"},
    {"registry%2eexample.com", "neither a DNS name"},
    {"*.example.com", "neither a DNS name"},
    {"registry,example.com", "neither a DNS name"},
    {"<registry>", "neither a DNS name"},
    {string(64, 'a') + ".example", "neither a DNS name"},
    {string(60, 'a') + "." + string(60, 'a') + "." + string(60, 'a') + "." + string(60, 'a') +
         ".example.com",
     "neither a DNS name"},
    // IPv4 in other forms.
    {"127.1", "another form"},
    {"2130706433", "another form"},
    {"0x7f.1", "another form"},
    {"0x7f000001", "another form"},
    {"0X7F.0.0.1", "another form"},
    {"127.0.0.0x1", "another form"},
    {"0177.0.0.1", "another form"},
    {"127.0.0.01", "another form"},
    {"127.0.0.1.1", "another form"},
    {"256.0.0.1", "another form"},
    {"192.0.2", "another form"},
    {"registry.0x", "another form"},
    {"registry.example.123", "another form"},
    // IPv6 that is none.
    {"::1", "several colons"},
    {"2001:db8::7", "several colons"},
    {"[::1", "no IPv6 address"},
    {"[]", "no IPv6 address"},
    {"[::1]x", "no IPv6 address"},
    {"[::1]x:5000", "no IPv6 address"},
    {"[fe80::1%25eth0]", "no IPv6 address"},
    {"[fe80::1%eth0]", "no IPv6 address"},
    {"[1.2.3.4]", "no IPv6 address"},
    {"[v1.fe80::a]", "no IPv6 address"},
    {"[:::1]", "no IPv6 address"},
    {"[1:2:3:4:5:6:7:8:9]", "no IPv6 address"},
    {"::1]:5000", "neither a DNS name"},
    // Ports that are none.
    {"registry.example.com:0", "port"},
    {"registry.example.com:65536", "port"},
    {"registry.example.com:99999999999999999999", "port"},
    {"registry.example.com:", "port"},
    {"registry.example.com:/v2", "port"},
    {"registry.example.com:http", "port"},
    {"registry.example.com:-1", "port"},
    {"registry.example.com:+443", "port"},
    {"registry.example.com: 443", "port"},
    {"registry.example.com:443:443", "several colons"},
    {"registry.example.com:5e3", "port"},
    // Too long.
    {"registry.example.com/" + string(url_bytes_max, 'a'), "bytes"},
};

}  // namespace

TEST_CASE("an address is shown in one canonical form however it was typed", "[base][url]") {
  for (const auto& [typed, canonical] : accepted) {
    CAPTURE(typed);
    const auto url = parse_address(typed);
    REQUIRE(url);
    CHECK(url->text() == canonical);
    CHECK(url->query.empty());
  }
}

TEST_CASE("the canonical form is a fixed point and a URL too", "[base][url]") {
  for (const auto& [typed, canonical] : accepted) {
    CAPTURE(typed);
    const auto again = parse_address(canonical);
    REQUIRE(again);
    CHECK(*again == *parse_address(typed));
    const auto url = parse_url(canonical);
    REQUIRE(url);
    CHECK(url->text() == canonical);
  }
}

TEST_CASE("an address that means nothing or two things is refused with what to write",
          "[base][url]") {
  for (const auto& [typed, because] : refused) {
    CAPTURE(typed);
    const auto url = parse_address(typed);
    REQUIRE_FALSE(url);
    CHECK(url.error().code == Code::invalid_config);
    CHECK_THAT(url.error().message, Catch::Contains(because));
    CHECK_FALSE(url.error().hint.empty());
  }
}

TEST_CASE("a refusal never repeats what was typed, which may hold a password", "[base][url]") {
  for (const auto& [typed, because] : refused) {
    const auto url = parse_address(typed);
    REQUIRE_FALSE(url);
    const string text = url.error().message + url.error().hint + url.error().where;
    CHECK_THAT(text, !Catch::Contains("hunter2"));
  }
}
