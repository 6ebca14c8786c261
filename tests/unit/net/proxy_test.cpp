/// Through a proxy, and past the address policy.
#include <catch2/catch.hpp>

#include "support/certificates.h"
#include "unit/net/exchange.h"

using namespace portolan;
using namespace portolan::test;
using base::Code;
using Stage = net::Facts::Stage;

namespace {

net::Resolve to(std::vector<std::string> addresses) {
  return [addresses](const std::string&) -> base::Result<std::vector<std::string>> {
    return addresses;
  };
}

net::ChannelOptions through(const TcpServer& proxy, bool allow_private,
                            const std::vector<std::string>& rules = {}) {
  net::ChannelOptions options;
  options.policy = *net::AddressPolicy::make(allow_private, rules);
  options.proxy = "http://" + proxy.address();
  return options;
}

/// A proxy that tells what it was asked and answers by itself.
struct Proxy {
  std::mutex mutex;
  std::string seen;
  TcpServer server{[this](Connection& connection) {
    for (std::string text; !(text = connection.request()).empty();) {
      {
        std::lock_guard lock(mutex);
        seen += text.substr(0, text.find("\r\n")) + "\n";
      }
      connection.answer("by proxy");
    }
  }};
};

}  // namespace

TEST_CASE("http goes through the proxy in absolute form", "[net][proxy]") {
  Proxy proxy;
  Line line(through(proxy.server, false), to({"8.8.8.8"}));
  const Answer answer = line.get("http://public.test/path?x=1");
  REQUIRE(answer.whole());
  CHECK(answer.body == "by proxy");
  CHECK(answer.facts.through_proxy);
  CHECK(proxy.seen == "GET http://public.test/path?x=1 HTTP/1.1\n");
}

TEST_CASE("https goes through the proxy by CONNECT, to the registry's own certificate",
          "[net][proxy]") {
  const Identity identity = make_identity({"DNS:secure.test", -3600, 86400, nullptr, false});
  const auto context = tls_server(identity);
  std::string asked;
  TcpServer proxy([&](Connection& connection) {
    asked = connection.request();
    connection.send("HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n");
    SSL* ssl = SSL_new(context.get());
    SSL_set_fd(ssl, connection.descriptor());
    if (SSL_accept(ssl) == 1) {
      Connection inner(connection.descriptor(), ssl);
      always("inside")(inner);
    }
    SSL_free(ssl);
  });
  net::ChannelOptions options = through(proxy, false);
  options.tls.ca_pem = identity.certificate;
  Line line(options, to({"8.8.8.8"}));
  const Answer answer = line.get("https://secure.test/");
  REQUIRE(answer.whole());
  CHECK(answer.body == "inside");
  CHECK_FALSE(header(answer, "x-proxy"));
  CHECK(answer.facts.tls_version == "TLSv1.3");
  CHECK(asked.starts_with("CONNECT secure.test:443 HTTP/1.1\r\n"));
}

TEST_CASE("a proxy that does not connect is unreachable", "[net][proxy]") {
  for (const char* reply :
       {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno\n",
        "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n"}) {
    INFO(reply);
    TcpServer proxy([&](Connection& connection) {
      connection.request();
      connection.send(reply);
    });
    Line line(through(proxy, false), to({"8.8.8.8"}));
    const Answer answer = line.get("https://secure.test/");
    CHECK(base::to_string(answer.code()) == "unreachable");
    REQUIRE(answer.error);
    CHECK(answer.error->message.find("the proxy does not connect") != std::string::npos);
  }
}

TEST_CASE("a proxy that is down is named", "[net][proxy]") {
  auto proxy = std::make_unique<TcpServer>([](Connection&) {});
  Line line(through(*proxy, false), to({"8.8.8.8"}));
  const std::string address = proxy->address();
  proxy.reset();
  const Answer answer = line.get("https://secure.test/");
  CHECK(base::to_string(answer.code()) == "unreachable");
  REQUIRE(answer.error);
  CHECK(answer.error->message == "the proxy " + address + " refuses connections");
  CHECK(answer.error->where == "https://secure.test/");
}

TEST_CASE("a proxy that answers CONNECT with a page is tls", "[net][proxy]") {
  TcpServer proxy([](Connection& connection) {
    connection.request();
    connection.send("HTTP/1.1 200 OK\r\n\r\n<html>Please log in</html>");
    connection.hang();
  });
  Line line(through(proxy, false), to({"8.8.8.8"}));
  CHECK(base::to_string(line.get("https://secure.test/").code()) == "tls");
}

TEST_CASE("behind a proxy the target's address is judged all the same", "[net][proxy]") {
  Proxy proxy;
  const auto code = [&](const std::string& url, const std::vector<std::string>& rules,
                        net::Resolve resolve) {
    Line line(through(proxy.server, false, rules), std::move(resolve));
    const Answer answer = line.get(url);
    return std::string(base::to_string(answer.code()));
  };
  CHECK(code("http://169.254.169.254/latest", {}, to({})) == "policy");
  CHECK(code("http://10.0.0.1/", {}, to({})) == "policy");
  CHECK(code("http://8.8.8.8/", {}, to({})) == "ok");
  CHECK(code("http://inner.test/", {}, to({"8.8.8.8", "10.0.0.1"})) == "policy");
  CHECK(code("http://inner.test/", {"10.0.0.0/8"}, to({"8.8.8.8", "10.0.0.1"})) == "ok");
  const auto nothing = [](const std::string& host) -> base::Result<std::vector<std::string>> {
    return base::Error{Code::unreachable, host + " has no address", "", ""};
  };
  // A network whose names only the proxy knows: what was written down needs no look-up.
  CHECK(code("http://inner.test/", {}, nothing) == "unreachable");
  CHECK(code("http://inner.test/", {"inner.test:80"}, nothing) == "ok");
  CHECK(proxy.seen ==
        "GET http://8.8.8.8/ HTTP/1.1\nGET http://inner.test/ HTTP/1.1\n"
        "GET http://inner.test/ HTTP/1.1\n");
}

TEST_CASE("a proxy address that is none is told when the channel is opened", "[net][proxy]") {
  const auto transport = net::make_curl_transport();
  for (const char* proxy : {"socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://u:p@127.0.0.1:1",
                            "http://127.0.0.1:1/path", "http://127.1:80", "::"}) {
    INFO(proxy);
    net::ChannelOptions options;
    options.proxy = proxy;
    const auto channel = transport->open(std::move(options));
    REQUIRE_FALSE(channel);
    CHECK(channel.error().code == Code::invalid_config);
  }
}

TEST_CASE("an address that policy refuses is never connected to", "[net][policy]") {
  TcpServer server(always("secret"));
  net::ChannelOptions options;  // No consent to anything private.
  Line line(options, to({"127.0.0.1"}));
  for (const std::string& host : {std::string("127.0.0.1"), std::string("rebound.test")}) {
    const Answer answer = line.get("http://" + host + ":" + std::to_string(server.port()) + "/");
    CHECK(base::to_string(answer.code()) == "policy");
    CHECK(answer.facts.reached == Stage::policy);
    REQUIRE(answer.error);
    CHECK(answer.error->message.find(host + ":" + std::to_string(server.port()) +
                                     " leads to 127.0.0.1, a loopback address") == 0);
  }
  CHECK(base::to_string(line.get("http://[::1]:" + std::to_string(server.port()) + "/").code()) ==
        "policy");
  CHECK(server.connections() == 0);
}

TEST_CASE("a name that is rebound to a refused address is refused", "[net][policy]") {
  TcpServer server([](Connection& connection) {  // One answer a connection.
    connection.request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  });
  // The name is judged at each connect, by the address that is connected to: here 127.0.0.1 is
  // allowed and 127.0.0.2 is not.
  std::atomic<int> asked{0};
  const net::Resolve rebinding = [&](const std::string&) -> base::Result<std::vector<std::string>> {
    return std::vector<std::string>{asked++ == 0 ? "127.0.0.1" : "127.0.0.2"};
  };
  net::ChannelOptions options;
  options.policy = *net::AddressPolicy::make(false, {"127.0.0.1/32"});
  const auto transport = net::make_curl_transport(rebinding);
  const std::string url = "http://name.test:" + std::to_string(server.port()) + "/";
  for (const char* expected : {"ok", "policy"}) {
    const auto channel = *transport->open(options);
    auto inbox = transport->inbox();
    channel->start(1, get(url), inbox);
    CHECK(base::to_string(finish(*inbox).code()) == expected);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("of several addresses a refused one is passed over", "[net][policy]") {
  TcpServer server(always("ok"));
  net::ChannelOptions options;
  options.policy = *net::AddressPolicy::make(false, {"127.0.0.1/32"});
  Line line(options, to({"127.0.0.2", "169.254.169.254", "127.0.0.1"}));
  const Answer answer = line.get("http://name.test:" + std::to_string(server.port()) + "/");
  CHECK(answer.whole());
  CHECK(answer.facts.remote_address == server.address());
}
