#include "unit/net/exchange.h"

#include <catch2/catch.hpp>

using namespace portolan;
using namespace portolan::test;

TEST_CASE("an exchange gives status, headers in lower case, and body", "[net]") {
  TcpServer server([](Connection& connection) {
    connection.request();
    connection.answer("hello", "X-Thing: One\r\nx-thing:two\r\n");
  });
  Line line;
  const Answer answer = line.get("http://" + server.address() + "/a?b=c");
  REQUIRE(answer.whole());
  CHECK(answer.status == 200);
  CHECK(answer.body == "hello");
  REQUIRE(answer.headers.size() == 3);
  CHECK(answer.headers[1].name == "x-thing");
  CHECK(answer.headers[1].value == "One");
  CHECK(answer.headers[2].value == "two");
  CHECK(answer.facts.reached == net::Facts::Stage::done);
  CHECK(answer.facts.remote_address == server.address());
}

TEST_CASE("a refused connection is unreachable at stage tcp", "[net]") {
  int port = 0;
  {
    port = TcpServer([](Connection&) {}).port();
  }
  Line line;
  const Answer answer = line.get("http://127.0.0.1:" + std::to_string(port) + "/x?secret=1");
  CHECK(answer.code() == base::Code::unreachable);
  CHECK(answer.facts.reached == net::Facts::Stage::tcp);
  CHECK(answer.error->message == "127.0.0.1:" + std::to_string(port) + " refuses connections");
  CHECK(answer.error->where == "http://127.0.0.1:" + std::to_string(port) + "/x");
}

TEST_CASE("an exchange ends with timeout when its time is over", "[net]") {
  TcpServer server([](Connection& connection) { connection.hang(); });
  Line line;
  net::Request request = get("http://" + server.address() + "/");
  request.timeout = 100ms;
  CHECK(line.send(std::move(request)).code() == base::Code::timeout);
  request = get("http://" + server.address() + "/");
  request.deadline = base::Steady::now() + 100ms;
  CHECK(line.send(std::move(request)).code() == base::Code::timeout);
}
