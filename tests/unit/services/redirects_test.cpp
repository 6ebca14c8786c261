#include <catch2/catch.hpp>

#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;

namespace {

Reply to(std::string location, int status = 302) {
  return {.status = status, .headers = {{"location", std::move(location)}}};
}

}  // namespace

TEST_CASE("a redirect on the same origin keeps the credential", "[redirect]") {
  World world([](const auto& sent) { return sent.url.path == "/b" ? Reply{} : to("b"); });
  world.with_password();
  Answer answer;
  CHECK(world.send(request("/a", PORTOLAN_AUTH_BASIC), answer) == PORTOLAN_OK);
  CHECK(answer.url == "https://registry.example/b");
  CHECK(answer.heads == 1);
  const auto sent = world.transport.sent();
  REQUIRE(sent.size() == 2);
  CHECK(sent[1].header("Authorization") == basic_of_canary);
}

TEST_CASE("another origin gets the request without credential, and never again on the way back",
          "[redirect]") {
  World world([](const auto& sent) {
    if (sent.url.path == "/a") return to("https://blobs.example/b?signature=x");
    if (sent.url.path == "/b") return to("https://registry.example/c");
    return Reply{.status = 401, .headers = {{"www-authenticate", "Basic"}}};
  });
  world.with_password();
  const auto auth = GENERATE(PORTOLAN_AUTH_BASIC, PORTOLAN_AUTH_BEARER, PORTOLAN_AUTH_DOCKER_TOKEN);
  Answer answer;
  CHECK(world.send(request("/a", auth), answer) == PORTOLAN_OK);
  CHECK(answer.status == 401);
  const auto sent = world.transport.sent();
  REQUIRE(sent.size() == 3);
  CHECK(sent[1].request.headers.empty());
  CHECK(sent[2].request.headers.empty());
}

TEST_CASE("another origin is reached with default TLS settings and the same policy", "[redirect]") {
  World world([](const auto& sent) {
    return sent.url.host == "blobs.example" ? Reply{} : to("//blobs.example/b");
  });
  world.options.registry.tls.ca_pem = "CA";
  world.options.registry.tls.skip_verify = true;
  world.options.registry.proxy = "http://proxy:3128";
  Answer answer;
  CHECK(world.send(request("/a"), answer) == PORTOLAN_OK);
  const auto sent = world.transport.sent();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].options.tls.skip_verify);
  CHECK(sent[1].options.tls.ca_pem.empty());
  CHECK_FALSE(sent[1].options.tls.skip_verify);
  CHECK(sent[1].options.proxy == "http://proxy:3128");
}

TEST_CASE("https is never left for http", "[redirect]") {
  World world([](const auto&) { return to("http://registry.example/"); });
  Answer answer;
  CHECK(world.send(request("/"), answer) == PORTOLAN_POLICY);
  CHECK(answer.heads == 0);
  CHECK(world.transport.sent().size() == 1);
}

TEST_CASE("a redirect to what is no http address is protocol", "[redirect]") {
  const auto location = GENERATE("file:///etc/passwd", "javascript:alert(1)", "https://",
                                 "https://user:secret@registry.example/");
  World world([location](const auto&) { return to(location); });
  Answer answer;
  INFO(location);
  CHECK(world.send(request("/"), answer) == PORTOLAN_PROTOCOL);
  CHECK(answer.message.find("secret") == std::string::npos);
}

TEST_CASE("three redirects are followed, the fourth is a limit", "[redirect]") {
  int left = 0;
  World world([&](const auto&) { return left-- > 0 ? to("/next") : Reply{}; });
  Answer three, four;
  left = 3;
  CHECK(world.send(request("/"), three) == PORTOLAN_OK);
  CHECK(three.status == 200);
  left = 4;
  CHECK(world.send(request("/"), four) == PORTOLAN_LIMIT);
}

TEST_CASE("a redirect is the answer when it leads nowhere or is asked for", "[redirect]") {
  World world(
      [](const auto& sent) { return sent.url.path == "/none" ? Reply{.status = 302} : to("/b"); });
  Answer none, asked;
  CHECK(world.send(request("/none"), none) == PORTOLAN_OK);
  CHECK(none.status == 302);
  auto what = request("/a");
  what.flags = PORTOLAN_HTTP_NO_REDIRECT;
  CHECK(world.send(what, asked) == PORTOLAN_OK);
  CHECK(asked.headers["location"] == "/b");
}

TEST_CASE("a request that changes something keeps its method only by 307 and 308", "[redirect]") {
  const auto [status, method, body] = GENERATE(table<int, std::string, std::string>(
      {{302, "GET", ""}, {303, "GET", ""}, {307, "POST", "x"}, {308, "POST", "x"}}));
  const auto scripted = status;
  World world([scripted](const auto& sent) {
    return sent.url.path == "/b" ? Reply{} : to("/b", scripted);
  });
  auto what = request("/a");
  what.method = str("POST");
  what.body = str("x");
  Answer answer;
  CHECK(world.send(what, answer) == PORTOLAN_OK);
  CHECK(world.transport.sent().at(1).request.method == method);
  CHECK(world.transport.sent().at(1).request.body == body);
}

TEST_CASE("a request that changes something does not go to another origin", "[redirect]") {
  World world([](const auto&) { return to("https://other.example/", 307); });
  auto what = request("/a");
  what.method = str("POST");
  what.body = str("x");
  Answer answer;
  CHECK(world.send(what, answer) == PORTOLAN_POLICY);
  CHECK(world.transport.sent().size() == 1);
}

TEST_CASE("an endless answer that only leads on is not read to its end", "[redirect]") {
  World world([](const auto& sent) {
    if (sent.url.path == "/b") return Reply{};
    auto reply = to("/b");
    reply.body = std::string(model::limits::token_bytes * 4, 'x');
    reply.error = base::Error{.code = base::Code::limit, .message = "Too long."};
    return reply;
  });
  Answer answer;
  CHECK(world.send(request("/a"), answer) == PORTOLAN_OK);
  CHECK(answer.status == 200);
}
