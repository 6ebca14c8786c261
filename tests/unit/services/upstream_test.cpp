#include <catch2/catch.hpp>
#include <ctime>

#include "services/upstream.h"
#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;
using namespace std::chrono_literals;
using model::CheckState;
using Stage = net::Facts::Stage;

namespace {

base::Error open_error(World& world) {
  auto opened = services::Upstream::open(world.transport, world.options);
  REQUIRE_FALSE(opened);
  return opened.error();
}

Reply good(std::int64_t days = 100) {
  Reply reply{.status = 401};
  reply.facts.reached = Stage::done;
  reply.facts.remote_address = "10.1.2.3:443";
  reply.facts.tls_version = "TLSv1.3";
  reply.facts.certificate_ends = std::time(nullptr) + days * 24 * 3600 + 60;
  return reply;
}

Reply failing(Stage stage, base::Code code) {
  Reply reply{.status = 0, .error = base::Error{.code = code, .message = "No.", .hint = "Do."}};
  reply.facts.reached = stage;
  return reply;
}

std::string states(const services::Probe& probe) {
  static const std::map<CheckState, std::string> words{{CheckState::ok, "ok"},
                                                       {CheckState::warn, "warn"},
                                                       {CheckState::fail, "fail"},
                                                       {CheckState::skipped, "skipped"},
                                                       {CheckState::unknown, "unknown"}};
  std::string text;
  for (const auto& check : probe.checks) text += check.name + "=" + words.at(check.state) + " ";
  return text;
}

services::Probe probe(World& world) { return world.open().probe(base::Deadline::in(10s)); }

}  // namespace

TEST_CASE("a user name without a password, or the reverse, is a mistake of the settings",
          "[open]") {
  World world([](const auto&) { return Reply{}; });
  world.options.registry.credentials.username = "user";
  CHECK(open_error(world).code == base::Code::invalid_config);
  CHECK(open_error(world).where == "/credentials/password");
  world.options.registry.credentials = {"", base::Secret("x"), {}};
  CHECK(open_error(world).where == "/credentials/username");
}

TEST_CASE("a password over plain http needs to be allowed, loopback excepted", "[open]") {
  World world([](const auto&) { return Reply{}; });
  world.with_password();
  world.options.registry.address = "http://registry.example";
  const auto error = open_error(world);
  CHECK(error.code == base::Code::policy);
  CHECK(error.hint.find("allowPlainHttp") != std::string::npos);
  CHECK(error.hint.find("--allow-plain-http") != std::string::npos);
  CHECK((error.message + error.hint).find(canary) == std::string::npos);

  world.options.registry.allow_plain_http = true;
  CHECK(services::Upstream::open(world.transport, world.options));
  world.options.registry.allow_plain_http = false;
  for (const auto* loopback : {"http://127.0.0.1:5000", "http://localhost", "http://[::1]:5000"}) {
    world.options.registry.address = loopback;
    CHECK(services::Upstream::open(world.transport, world.options));
  }
}

TEST_CASE("a trusted realm that is no address is named", "[open]") {
  World world([](const auto&) { return Reply{}; });
  world.options.registry.credentials.trusted_realms = {"https://ok.example", "not an address"};
  CHECK(open_error(world).code == base::Code::invalid_config);
  CHECK(open_error(world).where == "/credentials/trustedRealms");
}

TEST_CASE("a probe is one request without credentials, and any status is an answer", "[probe]") {
  World world([](const auto&) { return good(); });
  world.with_password();
  world.options.registry.address = "https://registry.example/prefix";
  const auto result = probe(world);
  CHECK(result.reached);
  CHECK(states(result) == "address=ok dns=ok tcp=ok tls=ok http=ok ");
  REQUIRE(world.transport.sent().size() == 1);
  CHECK(world.transport.sent()[0].url() == "https://registry.example/prefix");
  CHECK(world.transport.sent()[0].request.headers.empty());
  CHECK(result.checks[0].message.find("https://registry.example/prefix") != std::string::npos);
  REQUIRE(result.checks[4].evidence);
  CHECK(result.checks[4].evidence->method == "GET");
  CHECK(result.checks[4].evidence->status == 401);
  CHECK(result.checks[2].evidence->detail == "10.1.2.3:443");
  CHECK(result.checks[3].evidence->detail.find("TLSv1.3") == 0);
}

TEST_CASE("a probe follows no redirect", "[probe]") {
  World world([](const auto&) {
    auto reply = good();
    reply.status = 302;
    reply.headers = {{"location", "https://login.example/"}};
    return reply;
  });
  CHECK(probe(world).reached);
  CHECK(world.transport.sent().size() == 1);
}

TEST_CASE("a probe fails at the step where it ended, and skips the later ones", "[probe]") {
  const auto [stage, code, expected] = GENERATE(table<Stage, base::Code, std::string>(
      {{Stage::policy, base::Code::policy,
        "address=fail dns=skipped tcp=skipped tls=skipped http=skipped "},
       {Stage::dns, base::Code::unreachable,
        "address=ok dns=fail tcp=skipped tls=skipped http=skipped "},
       {Stage::tcp, base::Code::timeout, "address=ok dns=ok tcp=fail tls=skipped http=skipped "},
       {Stage::tls, base::Code::tls, "address=ok dns=ok tcp=ok tls=fail http=skipped "},
       {Stage::http, base::Code::protocol, "address=ok dns=ok tcp=ok tls=ok http=fail "}}));
  const auto reply = failing(stage, code);
  World world([reply](const auto&) { return reply; });
  const auto result = probe(world);
  CHECK_FALSE(result.reached);
  CHECK(states(result) == expected);
  for (const auto& check : result.checks) {
    if (check.state != CheckState::fail) continue;
    CHECK(check.code == code);
    CHECK(check.message == "No.");
    CHECK(check.hint == "Do.");
  }
}

TEST_CASE("an address of numbers has no name to resolve, whatever comes of it", "[probe]") {
  const auto dns = [](const char* address) {
    World world([](const auto&) { return failing(Stage::tcp, base::Code::unreachable); });
    world.options.registry.address = address;
    return probe(world).checks.at(1).message;
  };
  CHECK(dns("https://10.1.2.3:1") == "the address has no name to resolve");
  CHECK(dns("https://[2001:db8::1]") == "the address has no name to resolve");
  CHECK(dns("https://registry.example") == "the name registry.example resolves");
}

TEST_CASE("through a proxy dns and tcp are its business", "[probe]") {
  World fine([](const auto&) { return good(); });
  fine.options.registry.proxy = "http://proxy:3128";
  CHECK(states(probe(fine)) == "address=ok dns=skipped tcp=skipped tls=ok http=ok ");
  World dead([](const auto&) { return failing(Stage::tcp, base::Code::unreachable); });
  dead.options.registry.proxy = "http://proxy:3128";
  CHECK(states(probe(dead)) == "address=ok dns=skipped tcp=skipped tls=skipped http=fail ");
}

TEST_CASE("a certificate that ends within 21 days is a warning", "[probe]") {
  const auto [days, expected] = GENERATE(table<int, CheckState>(
      {{22, CheckState::ok}, {20, CheckState::warn}, {0, CheckState::warn}}));
  const auto reply = good(days);
  World world([reply](const auto&) { return reply; });
  CHECK(probe(world).checks.at(3).state == expected);
}

TEST_CASE("a certificate that is not verified is said loudly", "[probe]") {
  World world([](const auto&) { return good(); });
  world.options.registry.tls.skip_verify = true;
  const auto tls = probe(world).checks.at(3);
  CHECK(tls.state == CheckState::warn);
  CHECK(tls.message.find("NOT VERIFIED") != std::string::npos);
}

TEST_CASE("plain http skips tls, and warns when a password travels", "[probe]") {
  World world([](const auto&) { return good(); });
  world.options.registry.address = "http://registry.example";
  SECTION("without a password") { CHECK(probe(world).checks.at(3).state == CheckState::skipped); }
  SECTION("with one that is allowed to") {
    world.with_password().options.registry.allow_plain_http = true;
    const auto tls = probe(world).checks.at(3);
    CHECK(tls.state == CheckState::warn);
    CHECK(tls.code == base::Code::policy);
  }
  SECTION("to this machine") {
    world.with_password().options.registry.address = "http://127.0.0.1:5000";
    CHECK(probe(world).checks.at(3).state == CheckState::skipped);
  }
}

TEST_CASE("a probe ends at its deadline and at a cancel", "[probe]") {
  World world([](const auto&) { return Reply{.held = true}; });
  const auto late = world.open().probe(base::Deadline::in(10ms));
  CHECK_FALSE(late.reached);
  base::Deadline cancelled;
  cancelled.cancel.cancel();
  const auto stopped = world.open().probe(cancelled);
  CHECK_FALSE(stopped.reached);
  CHECK(stopped.checks.size() == 5);
  CHECK(world.transport.held() == 0);
}

TEST_CASE("a probe has its slot while a statistics call holds all others", "[probe]") {
  World world([](const auto& sent) {
    auto reply = good();
    reply.held = sent.url.path == "/held";
    return reply;
  });
  world.options.concurrency = 1;
  const auto busy = world.call();
  Answer answer;
  REQUIRE(start(*busy, request("/held"), answer) == PORTOLAN_OK);
  CHECK(probe(world).reached);
}
