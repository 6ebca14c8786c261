/// The same promises over real sockets, where the scripted transport could flatter.
#include <catch2/catch.hpp>
#include <thread>

#include "services/upstream.h"
#include "support/tcp_server.h"
#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;
using namespace std::chrono_literals;
using test::Connection;
using test::TcpServer;

namespace {

struct RealWorld {
  explicit RealWorld(const std::string& address) {
    options.registry.address = address;
    options.policy = *net::AddressPolicy::make(true, {});
  }

  std::shared_ptr<services::Call> call(services::CallOptions call_options = {}) {
    if (!upstream) upstream = *services::Upstream::open(*transport, options);
    return std::make_shared<services::Call>(upstream, std::move(call_options));
  }

  const std::unique_ptr<net::Transport> transport = net::make_curl_transport();
  services::UpstreamOptions options;
  std::shared_ptr<services::Upstream> upstream;
};

std::string path_of(const std::string& request) {
  const auto from = request.find(' ') + 1;
  return request.substr(from, request.find(' ', from) - from);
}

void refuse(Connection& connection, const std::string& challenge) {
  connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nWWW-Authenticate: " +
                  challenge + "\r\n\r\n{}");
}

}  // namespace

TEST_CASE("two thousand answers come over few connections", "[real]") {
  TcpServer server([](Connection& connection) {
    for (auto request = connection.request(); !request.empty(); request = connection.request()) {
      connection.answer(path_of(request));
    }
  });
  RealWorld world("http://" + server.address() + "/prefix");
  const auto call = world.call();
  std::vector<std::unique_ptr<Answer>> answers;
  for (int i = 0; i < 2000; ++i) {
    answers.push_back(std::make_unique<Answer>());
    const auto url = "/v2/" + std::to_string(i);
    while (start(*call, request(url), *answers.back()) == PORTOLAN_STOP) {
      REQUIRE(http().wait(call->abi()) == PORTOLAN_OK);
    }
  }
  wait_for_all(*call);
  for (int i = 0; i < 2000; ++i) {
    CHECK(answers[static_cast<std::size_t>(i)]->body == "/prefix/v2/" + std::to_string(i));
  }
  CHECK(server.connections() <= model::limits::requests_per_registry + 1);
}

TEST_CASE("a token comes from a realm at another port, named or anonymous", "[real]") {
  std::string token_request;
  TcpServer realm([&](Connection& connection) {
    token_request = connection.request();
    connection.answer(R"({"token":"abc"})");
  });
  TcpServer registry([&](Connection& connection) {
    for (auto request = connection.request(); !request.empty(); request = connection.request()) {
      if (request.find("Authorization: Bearer abc\r\n") != request.npos) {
        connection.answer("welcome");
      } else {
        refuse(connection, "Bearer realm=\"http://" + realm.address() + "/t?a=b\",service=\"s\"");
      }
    }
  });
  RealWorld world("http://" + registry.address());
  const bool named = GENERATE(true, false);
  if (named) {
    world.options.registry.credentials = {
        "user", base::Secret(canary), {"http://" + realm.address()}};
  }
  const auto call = world.call();
  Answer answer;
  const auto what = request("/v2/", PORTOLAN_AUTH_DOCKER_TOKEN);
  CHECK(http().send(call->abi(), &what, &answer.sink) == PORTOLAN_OK);
  CHECK(answer.body == "welcome");
  CHECK(path_of(token_request) == "/t?a=b&service=s");
  CHECK((token_request.find("Authorization: " + basic_of_canary) != token_request.npos) == named);
  CHECK(call->requests() == 3);
}

TEST_CASE("a large answer streams through, and a plugin that is slow loses nothing", "[real]") {
  const std::string large(3'000'000, 'x');
  TcpServer server(test::always(large));
  RealWorld world("http://" + server.address());
  const auto call = world.call();
  Answer slow, other;
  REQUIRE(start(*call, request("/"), slow) == PORTOLAN_OK);
  REQUIRE(start(*call, request("/"), other) == PORTOLAN_OK);
  wait_for_all(*call);
  CHECK(slow.body.size() == large.size());
  CHECK(other.body.size() == large.size());

  Answer bounded;
  auto what = request("/");
  what.max_body = 1000;
  CHECK(http().send(call->abi(), &what, &bounded.sink) == PORTOLAN_LIMIT);
  CHECK(bounded.flags == 0);
}

TEST_CASE("a cancel ends a hanging request within 50 ms", "[real]") {
  TcpServer server([](Connection& connection) { connection.hang(); });
  RealWorld world("http://" + server.address());
  services::CallOptions options;
  const auto call = world.call(options);
  base::Steady::time_point cancelled;
  std::thread other([&] {
    while (server.connections() == 0) std::this_thread::yield();
    cancelled = base::Steady::now();
    options.deadline.cancel.cancel();
  });
  Answer answer;
  const auto what = request("/");
  CHECK(http().send(call->abi(), &what, &answer.sink) == PORTOLAN_CANCELLED);
  const auto ended = base::Steady::now();
  other.join();
  CHECK(ended - cancelled < 50ms);
}

TEST_CASE("a real probe tells where it ended", "[real]") {
  SECTION("at an answer") {
    TcpServer server(test::always("hello"));
    RealWorld world("http://" + server.address());
    world.call();
    const auto probe = world.upstream->probe(base::Deadline::in(5s));
    CHECK(probe.reached);
    REQUIRE(probe.checks.size() == 5);
    CHECK(probe.checks[2].evidence->detail == server.address());
    CHECK(probe.checks[4].evidence->status == 200);
  }
  SECTION("at a port where nobody listens") {
    int port = 0;
    { port = TcpServer(test::always("")).port(); }
    RealWorld world("http://127.0.0.1:" + std::to_string(port));
    world.call();
    const auto probe = world.upstream->probe(base::Deadline::in(5s));
    CHECK_FALSE(probe.reached);
    CHECK(probe.checks.at(2).state == model::CheckState::fail);
    CHECK(probe.checks.at(2).code == base::Code::unreachable);
  }
  SECTION("at somebody who never speaks, when the deadline passes") {
    TcpServer server([](Connection& connection) { connection.hang(); });
    RealWorld world("http://" + server.address());
    world.call();
    const auto probe = world.upstream->probe(base::Deadline::in(100ms));
    CHECK(probe.checks.at(2).state == model::CheckState::ok);
    CHECK(probe.checks.at(4).state == model::CheckState::fail);
    CHECK(probe.checks.at(4).code == base::Code::timeout);
  }
  SECTION("at an address that is not allowed") {
    TcpServer server(test::always(""));
    RealWorld world("http://" + server.address());
    world.options.policy = {};
    world.call();
    const auto probe = world.upstream->probe(base::Deadline::in(5s));
    CHECK(probe.checks.at(0).state == model::CheckState::fail);
    CHECK(probe.checks.at(0).code == base::Code::policy);
    CHECK(server.connections() == 0);
  }
  SECTION("at plain http where TLS was expected") {
    TcpServer speaks([](Connection& connection) {
      connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
      connection.hang();
    });
    RealWorld world("https://" + speaks.address());
    world.call();
    const auto probe = world.upstream->probe(base::Deadline::in(5s));
    for (const auto& check : probe.checks) UNSCOPED_INFO(check.name << ": " << check.message);
    CHECK(probe.checks.at(3).state == model::CheckState::fail);
    CHECK(probe.checks.at(3).code == base::Code::tls);
  }
}
