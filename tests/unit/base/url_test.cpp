#include "base/url.h"

#include <catch2/catch.hpp>
#include <string>

using namespace portolan::base;
using std::string;

namespace {

Url url(const string& text) {
  auto parsed = parse_url(text);
  REQUIRE(parsed);
  return *parsed;
}

string resolved(const string& base, const string& reference) {
  const auto result = resolve(url(base), reference);
  return result ? result->text() : string(to_string(result.error().code));
}

string placed_below(const string& address, const string& path) {
  const auto parsed = parse_address(address);
  REQUIRE(parsed);
  const auto result = below(*parsed, path);
  return result ? result->text() : string(to_string(result.error().code));
}

}  // namespace

TEST_CASE("a URL comes apart into canonical parts", "[base][url]") {
  const Url parts = url("HTTPS://Auth.Example.com:8443/token/a%2Fb?service=x&scope=a:b:c#top");
  CHECK(parts.scheme == "https");
  CHECK(parts.host == "auth.example.com");
  CHECK(parts.port == 8443);
  CHECK(parts.path == "/token/a%2Fb");
  CHECK(parts.query == "service=x&scope=a:b:c");
  CHECK(parts.authority() == "auth.example.com:8443");
  CHECK(parts.origin() == "https://auth.example.com:8443");
  CHECK(parts.text() == "https://auth.example.com:8443/token/a%2Fb?service=x&scope=a:b:c");
  CHECK(parts.text_without_query() == "https://auth.example.com:8443/token/a%2Fb");
}

TEST_CASE("a default port is set and not shown", "[base][url]") {
  CHECK(url("https://h").port == 443);
  CHECK(url("http://h").port == 80);
  CHECK(url("http://h:80/").origin() == "http://h");
  CHECK(url("https://h:/x").text() == "https://h/x");
  CHECK(url("http://[2001:db8::7]:81").authority() == "[2001:db8::7]:81");
}

TEST_CASE("what a registry may not write in a URL is percent-encoded", "[base][url]") {
  CHECK(url("https://h/token?service=my registry").query == "service=my%20registry");
  CHECK(url("https://h/\xC3\xBC").path == "/%C3%BC");
  CHECK(url("https://h/a\\b|c").path == "/a%5Cb%7Cc");
  CHECK(url("https://h/100%").path == "/100%25");
  CHECK(url("https://h/a%2fb").path == "/a%2fb");
}

TEST_CASE("what is no absolute URL of the web is a protocol error", "[base][url]") {
  for (const string text : {"", "/v2/", "h", "h:5000/v2", "//h/v2", "https:/h", "https://",
                            "ftp://h/", "file:///etc/passwd", "https://u:hunter2@h/",
                            "https://h:0/", "https://h:70000/", "https://127.1/", "https://[::1/",
                            "https://h/\r\nX: 1", " https://h/", "javascript:alert(1)"}) {
    CAPTURE(text);
    const auto parsed = parse_url(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::protocol);
    CHECK_THAT(parsed.error().message, !Catch::Contains("hunter2"));
  }
  CHECK_FALSE(parse_url("https://h/" + string(url_bytes_max, 'a')));
  CHECK_FALSE(parse_url("https://h/" + string(url_bytes_max / 2, '"')));
}

TEST_CASE("an origin is scheme, host and port and nothing else", "[base][url]") {
  for (const char* text : {"https://auth.example.com", "https://auth.example.com:8443/"})
    CHECK(is_origin(text));
  for (const char* text : {"auth.example.com", "https://auth.example.com/token", "https://h/?a=b",
                           "ftp://h", "https://u:p@h", ""}) {
    CAPTURE(text);
    CHECK_FALSE(is_origin(text));
  }
}

TEST_CASE("a proxy is http, a host and a port", "[base][url]") {
  const auto good = parse_proxy("http://proxy:3128");
  REQUIRE(good);
  CHECK(good->authority() == "proxy:3128");
  for (const char* text : {"proxy:3128", "https://proxy:3128", "socks5://proxy", "http://",
                           "http://proxy:3128/path", "http://u:hunter2@proxy:3128"}) {
    CAPTURE(text);
    const auto read = parse_proxy(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Code::invalid_config);
    CHECK_THAT(read.error().message, !Catch::Contains("hunter2"));
  }
}

TEST_CASE("references resolve as RFC 3986 section 5.4 lists them", "[base][url]") {
  const string base = "http://a/b/c/d;p?q";
  CHECK(resolved(base, "g") == "http://a/b/c/g");
  CHECK(resolved(base, "./g") == "http://a/b/c/g");
  CHECK(resolved(base, "g/") == "http://a/b/c/g/");
  CHECK(resolved(base, "/g") == "http://a/g");
  CHECK(resolved(base, "//g") == "http://g");
  CHECK(resolved(base, "?y") == "http://a/b/c/d;p?y");
  CHECK(resolved(base, "g?y") == "http://a/b/c/g?y");
  CHECK(resolved(base, "#s") == "http://a/b/c/d;p?q");
  CHECK(resolved(base, "g#s") == "http://a/b/c/g");
  CHECK(resolved(base, ";x") == "http://a/b/c/;x");
  CHECK(resolved(base, "") == base);
  CHECK(resolved(base, ".") == "http://a/b/c/");
  CHECK(resolved(base, "..") == "http://a/b/");
  CHECK(resolved(base, "../g") == "http://a/b/g");
  CHECK(resolved(base, "../../g") == "http://a/g");
  CHECK(resolved(base, "../../../g") == "http://a/g");
  CHECK(resolved(base, "/./g") == "http://a/g");
  CHECK(resolved(base, "g.") == "http://a/b/c/g.");
  CHECK(resolved(base, "..g") == "http://a/b/c/..g");
  CHECK(resolved(base, "./g/.") == "http://a/b/c/g/");
  CHECK(resolved(base, "g/../h") == "http://a/b/c/h");
  CHECK(resolved(base, "g?y/../x") == "http://a/b/c/g?y/../x");
  CHECK(resolved(base, "https://other:5000/x") == "https://other:5000/x");
  CHECK(resolved(base, "g:h") == "protocol");
  CHECK(resolved(base, "http:g") == "protocol");
  CHECK(resolved(base, "//u:p@g") == "protocol");
  CHECK(resolved("https://h:5000", "v2/_catalog?last=b&n=3") ==
        "https://h:5000/v2/_catalog?last=b&n=3");
  CHECK(resolved("http://[::1]:5000/x", "/v2/") == "http://[::1]:5000/v2/");
}

TEST_CASE("a plugin's path lands below the address's prefix", "[base][url]") {
  CHECK(placed_below("https://h/reg", "/v2/?n=1") == "https://h/reg/v2/?n=1");
  CHECK(placed_below("https://h/", "/v2/") == "https://h/v2/");
  CHECK(placed_below("https://h:5000/reg", "") == "https://h:5000/reg");
  CHECK(placed_below("https://h/reg", "?x") == "invalid_argument");
  CHECK(placed_below("https://h/reg", "v2/") == "invalid_argument");
  CHECK(placed_below("https://h/reg", "//evil.example/v2/") == "https://h/reg//evil.example/v2/");
  CHECK(placed_below("https://h", "//evil.example/v2/") == "https://h//evil.example/v2/");
  CHECK(placed_below("https://h/reg", "https://other/v2/") == "https://other/v2/");
  CHECK(placed_below("https://h/reg", "ftp://other/v2/") == "protocol");
}

TEST_CASE("a repository named .. does not lead out of the prefix", "[base][url]") {
  for (const string path :
       {"/v2/../admin", "/v2/..", "/..", "/v2/./x", "/v2/%2e%2e/x", "/v2/.%2E/x"}) {
    CAPTURE(path);
    CHECK(placed_below("https://h/reg", path) == "invalid_argument");
  }
  CHECK(placed_below("https://h/reg", "/v2/...") == "https://h/reg/v2/...");
  CHECK(placed_below("https://h/reg", "/v2/?last=../x") == "https://h/reg/v2/?last=../x");
}

TEST_CASE("only literal loopback hosts count as loopback", "[base][url]") {
  for (const string text :
       {"http://localhost", "http://127.0.0.1", "http://127.255.0.9:5000", "http://[::1]"}) {
    CAPTURE(text);
    CHECK(url(text).is_loopback_literal());
  }
  for (const string text : {"http://127.example.com", "http://localhost.example.com",
                            "http://128.0.0.1", "http://0.0.0.0", "http://[::]", "http://[::2]"}) {
    CAPTURE(text);
    CHECK_FALSE(url(text).is_loopback_literal());
  }
}
