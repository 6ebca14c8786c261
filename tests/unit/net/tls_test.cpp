/// What a channel trusts, shows and reports.
#include <catch2/catch.hpp>
#include <ctime>

#include "support/certificates.h"
#include "unit/net/exchange.h"

using namespace portolan;
using namespace portolan::test;
using base::Code;
using Stage = net::Facts::Stage;

namespace {

const Identity& authority() {
  static const Identity identity = [] {
    CertificateOptions options;
    options.authority = true;
    return make_identity(options);
  }();
  return identity;
}

Identity signed_by_authority(std::string name = "IP:127.0.0.1", long begins = -3600,
                             long ends = 30 * 86400) {
  return make_identity({std::move(name), begins, ends, &authority(), false});
}

net::ChannelOptions trusting(const Identity& identity = authority()) {
  net::ChannelOptions options = loopback();
  options.tls.ca_pem = identity.certificate;
  return options;
}

Answer ask(const TcpServer& server, net::ChannelOptions options, std::string host = "127.0.0.1") {
  Line line(std::move(options), [](const std::string&) -> base::Result<std::vector<std::string>> {
    return std::vector<std::string>{"127.0.0.1"};
  });
  return line.get("https://" + host + ":" + std::to_string(server.port()) + "/");
}

struct Refusal {
  Code code;
  std::string text;
  Stage stage;
};

Refusal refusal(const Answer& answer) {
  if (!answer.error) return {answer.code(), "", answer.facts.reached};
  return {answer.error->code, answer.error->message + " / " + answer.error->hint,
          answer.facts.reached};
}

void check_tls(const Answer& answer, const std::string& says) {
  const Refusal refused = refusal(answer);
  INFO(refused.text);
  CHECK(base::to_string(refused.code) == "tls");
  CHECK(refused.stage == Stage::tls);
  CHECK(refused.text.find(says) != std::string::npos);
}

}  // namespace

TEST_CASE("a certificate of the given authority is accepted, and told of", "[net][tls]") {
  const Identity identity = signed_by_authority();
  TcpServer server(always("ok"), tls_server(identity));
  Line line(trusting());
  const std::string url = "https://" + server.address() + "/";
  const Answer first = line.get(url);
  REQUIRE(first.whole());
  CHECK(first.facts.tls_version == "TLSv1.3");
  CHECK(first.facts.tls_us > 0);
  CHECK(std::abs(first.facts.certificate_ends - (std::time(nullptr) + 30 * 86400)) < 60);
  REQUIRE(first.facts.certificate_pin.size() == 44);

  const Answer second = line.get(url);
  REQUIRE(second.whole());
  CHECK(second.facts.reused);
  CHECK(second.facts.tls_version.empty());
  CHECK(second.facts.tls_us == 0);
  CHECK(second.facts.certificate_ends == 0);

  net::ChannelOptions pinned = trusting();
  pinned.tls.pin_sha256 = first.facts.certificate_pin;
  CHECK(ask(server, pinned).whole());
}

TEST_CASE("a certificate itself, or an intermediate, may be the trust", "[net][tls]") {
  const Identity own = make_identity();
  TcpServer server(always("ok"), tls_server(own));
  CHECK(ask(server, trusting(own)).whole());
  const Identity leaf = signed_by_authority();
  TcpServer other(always("ok"), tls_server(leaf));
  CHECK(ask(other, trusting(leaf)).whole());
}

TEST_CASE("an authority that is not trusted is refused", "[net][tls]") {
  TcpServer server(always("ok"), tls_server(signed_by_authority()));
  check_tls(ask(server, loopback()), "give the issuer's certificate");
  TcpServer self(always("ok"), tls_server(make_identity()));
  check_tls(ask(self, loopback()), "not trusted here");
  check_tls(ask(self, trusting()), "not trusted here");
}

TEST_CASE("a certificate out of its time is refused, and its end is told", "[net][tls]") {
  TcpServer expired(always("ok"), tls_server(signed_by_authority("IP:127.0.0.1", -7200, -3600)));
  const Answer answer = ask(expired, trusting());
  check_tls(answer, "has expired");
  CHECK(std::abs(answer.facts.certificate_ends - (std::time(nullptr) - 3600)) < 60);
  TcpServer early(always("ok"), tls_server(signed_by_authority("IP:127.0.0.1", 3600, 7200)));
  check_tls(ask(early, trusting()), "not valid yet");
}

TEST_CASE("a certificate of another name is refused", "[net][tls]") {
  TcpServer server(always("ok"), tls_server(signed_by_authority("DNS:right.test")));
  CHECK(ask(server, trusting(), "right.test").whole());
  check_tls(ask(server, trusting(), "wrong.test"), "not for this host name");
  check_tls(ask(server, trusting()), "not for this host name");
}

TEST_CASE("another key than the pinned one is refused, even without verification", "[net][tls]") {
  TcpServer server(always("ok"), tls_server(signed_by_authority()));
  net::ChannelOptions options = trusting();
  options.tls.pin_sha256 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  check_tls(ask(server, options), "is pinned");
  options.tls.skip_verify = true;
  check_tls(ask(server, options), "is pinned");
}

TEST_CASE("verification is skipped only where that is asked for", "[net][tls]") {
  TcpServer server(always("ok"),
                   tls_server(make_identity({"DNS:other.test", -7200, -3600, nullptr, false})));
  net::ChannelOptions options = loopback();
  CHECK(refusal(ask(server, options)).code == Code::tls);
  options.tls.skip_verify = true;
  const Answer answer = ask(server, options);
  CHECK(answer.whole());
  CHECK(answer.facts.certificate_ends > 0);
}

TEST_CASE("a required client certificate is shown, and its absence explained", "[net][tls]") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const auto context = tls_server(signed_by_authority(), &authority());
  SSL_CTX_set_max_proto_version(context.get(), version);
  TcpServer server(always("ok"), context);
  net::ChannelOptions options = trusting();
  const Refusal without = refusal(ask(server, options));
  INFO(without.text);
  CHECK(base::to_string(without.code) == "tls");
  CHECK(without.text.find("client certificate") != std::string::npos);
  const Identity mine = signed_by_authority("DNS:client.test");
  options.tls.client_certificate_pem = mine.certificate;
  options.tls.client_key_pem = base::Secret(mine.key);
  CHECK(ask(server, options).whole());
  const Identity foreign = make_identity();
  options.tls.client_certificate_pem = foreign.certificate;
  options.tls.client_key_pem = base::Secret(foreign.key);
  CHECK(base::to_string(refusal(ask(server, options)).code) == "tls");
}

TEST_CASE("a TLS version below the minimum is refused", "[net][tls]") {
  const auto context = tls_server(signed_by_authority());
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  TcpServer server(always("ok"), context);
  CHECK(ask(server, trusting()).facts.tls_version == "TLSv1.2");
  net::ChannelOptions options = trusting();
  options.tls.minimum_version = "1.3";
  check_tls(ask(server, options), "no TLS version");

  const auto old = tls_server(signed_by_authority());
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  TcpServer ancient(always("ok"), old);
  check_tls(ask(ancient, trusting()), "no TLS version");
}

TEST_CASE("https to a port that speaks http is explained", "[net][tls]") {
  TcpServer server([](Connection& connection) {
    connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  check_tls(ask(server, loopback()), "write http://");
}

TEST_CASE("a handshake that does not go on ends at the connect timeout", "[net][tls]") {
  TcpServer server([](Connection& connection) { connection.hang(); });
  net::ChannelOptions options = loopback();
  options.connect_timeout = 100ms;
  const Answer answer = ask(server, options);
  CHECK(base::to_string(answer.code()) == "timeout");
  CHECK(answer.facts.reached == Stage::tls);
}

TEST_CASE("what cannot be used for TLS is told when the channel is opened", "[net][tls]") {
  const auto transport = net::make_curl_transport();
  const Identity mine = make_identity(), other = make_identity();
  const auto said = [&](const auto& change) {
    net::ChannelOptions options = loopback();
    change(options.tls);
    const auto channel = transport->open(std::move(options));
    if (channel) return std::string("opened");
    return std::string(base::to_string(channel.error().code)) + ": " + channel.error().message;
  };
  const auto ca = [&](std::string pem) { return said([&](model::Tls& tls) { tls.ca_pem = pem; }); };
  const auto pair = [&](std::string certificate, std::string key) {
    return said([&](model::Tls& tls) {
      tls.client_certificate_pem = certificate;
      tls.client_key_pem = base::Secret(key);
    });
  };
  CHECK(ca(mine.certificate) == "opened");
  CHECK(ca("\xef\xbb\xbf# two of them\r\n" + mine.certificate + "\n\n" + other.certificate) ==
        "opened");
  CHECK(ca(" ") == "tls: the CA text holds no certificate");
  CHECK(ca("\x30\x82\x01\x01 DER") == "tls: the CA text holds no certificate");
  CHECK(ca(mine.certificate + mine.key) == "tls: the CA text holds a private key");
  CHECK(ca(mine.certificate.substr(0, 200)) == "tls: the CA text holds no certificate");
  CHECK(ca(mine.certificate + other.certificate.substr(0, 200) + "\n-----END CERTIFICATE-----\n") ==
        "tls: certificate 2 of the CA text is damaged");
  CHECK(pair(mine.certificate, mine.key) == "opened");
  CHECK(pair(mine.certificate, other.key) ==
        "tls: the client key does not belong to the client certificate");
  CHECK(pair(mine.certificate, "") ==
        "tls: a client certificate needs its key, and a key its certificate");
  CHECK(pair("", mine.key) == "tls: a client certificate needs its key, and a key its certificate");
  CHECK(pair("x", mine.key) == "tls: the client certificate cannot be read");
  CHECK(pair(mine.certificate, "x") == "tls: the client key cannot be read");
  CHECK(
      pair(mine.certificate,
           "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n") ==
      "tls: the client key is protected by a passphrase");
  CHECK(said([](model::Tls& tls) { tls.minimum_version = "1.0"; }) ==
        "tls: the minimum TLS version \"1.0\" is not known");
}
