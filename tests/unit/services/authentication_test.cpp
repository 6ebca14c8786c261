#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;

namespace {

/// A registry with token authentication: realm at /token of `realm_origin`, tokens "t1", "t2", ...
struct TokenRegistry {
  std::string realm_origin = "https://registry.example";
  std::string answer = R"({"token":"t%","expires_in":300})";
  int token_status = 200;
  int first_good = 1;  ///< Tokens before that one are refused.
  bool hold_token = false;
  int issued = 0;

  Reply operator()(const net::Request& sent) {
    if (sent.url.path == "/token") {
      auto body = answer;
      ++issued;
      if (const auto at = body.find('%'); at != body.npos) {
        body.replace(at, 1, std::to_string(issued));
      }
      return {.status = token_status, .body = body, .held = hold_token};
    }
    for (const auto& header : sent.headers) {
      if (header.name == "Authorization" && header.value.rfind("Bearer t", 0) == 0 &&
          std::stoi(header.value.substr(8)) >= first_good) {
        return {.body = "welcome"};
      }
    }
    return {.status = 401,
            .headers = {{"www-authenticate", "Bearer realm=\"" + realm_origin +
                                                 "/token\",service=\"a, \\\"b\\\"\","
                                                 "scope=\"repository:a:pull\""}}};
  }
};

std::set<std::string> authorizations(const ScriptedTransport& transport, std::string_view path) {
  std::set<std::string> found;
  for (const auto& sent : transport.sent()) {
    if (sent.request.url.path == path) found.insert(sent.header("Authorization"));
  }
  return found;
}

portolan_http_request docker_request(std::string_view scope = {}) {
  auto what = request("/v2/a/tags/list", PORTOLAN_AUTH_DOCKER_TOKEN);
  what.scope = str(scope);
  return what;
}

}  // namespace

TEST_CASE("basic, bearer and header credentials are sent at once, and none is not", "[auth]") {
  World world([](const auto&) { return Reply{}; });
  world.with_password();
  Answer a, b, c, d;
  world.send(request("/none"), a);
  world.send(request("/basic", PORTOLAN_AUTH_BASIC), b);
  world.send(request("/bearer", PORTOLAN_AUTH_BEARER), c);
  auto by_header = request("/header", PORTOLAN_AUTH_HEADER);
  by_header.auth_header = str("X-Api-Key");
  world.send(by_header, d);
  const auto sent = world.transport.sent();
  REQUIRE(sent.size() == 4);
  CHECK(sent[0].request.headers.empty());
  CHECK(sent[1].header("Authorization") == basic_of_canary);
  CHECK(sent[2].header("Authorization") == "Bearer " + canary);
  CHECK(sent[3].header("X-Api-Key") == canary);
}

TEST_CASE("an anonymous call sends no credential whatever is asked", "[auth]") {
  World world([](const auto&) {
    return Reply{.status = 401, .headers = {{"www-authenticate", "Basic"}}};
  });
  world.with_password();
  services::CallOptions anonymous;
  anonymous.anonymous = true;
  const auto call = world.call(anonymous);
  for (std::uint32_t auth = PORTOLAN_AUTH_NONE; auth <= PORTOLAN_AUTH_DOCKER_TOKEN; ++auth) {
    Answer answer;
    auto what = request("/", auth);
    what.auth_header = str("X-Key");
    CHECK(http().send(call->abi(), &what, &answer.sink) == PORTOLAN_OK);
    CHECK(answer.code == PORTOLAN_UNAUTHORIZED);
  }
  for (const auto& sent : world.transport.sent()) CHECK(sent.request.headers.empty());
}

TEST_CASE("a basic challenge is answered once, and known from then on", "[auth]") {
  World world([](const auto& sent) {
    const bool known = !sent.headers.empty() && sent.headers[0].value == basic_of_canary;
    if (known) return Reply{};
    return Reply{
        .status = 401,
        .headers = {{"www-authenticate", "Negotiate"}, {"www-authenticate", "BASIC realm=x"}}};
  });
  world.with_password();
  Answer one, two;
  CHECK(world.send(docker_request(), one) == PORTOLAN_OK);
  CHECK(one.status == 200);
  CHECK(one.attempts == 1);
  CHECK(world.transport.sent().size() == 2);
  world.send(docker_request(), two);
  CHECK(two.status == 200);
  CHECK(world.transport.sent().size() == 3);
}

TEST_CASE("a password that is refused is sent once, not again", "[auth]") {
  World world([](const auto&) {
    return Reply{.status = 401, .headers = {{"www-authenticate", "Basic realm=x"}}};
  });
  world.with_password();
  Answer answer;
  const auto auth = GENERATE(PORTOLAN_AUTH_BASIC, PORTOLAN_AUTH_DOCKER_TOKEN);
  CHECK(world.send(request("/", auth), answer) == PORTOLAN_OK);
  CHECK(answer.status == 401);
  CHECK(answer.code == PORTOLAN_UNAUTHORIZED);
  CHECK(answer.heads == 1);
  std::size_t logins = 0;
  for (const auto& sent : world.transport.sent()) logins += !sent.header("Authorization").empty();
  CHECK(logins == 1);
}

TEST_CASE("a bearer challenge is answered with a token for its scope", "[auth]") {
  World world{TokenRegistry{}};
  world.with_password();
  Answer answer;
  CHECK(world.send(docker_request(), answer) == PORTOLAN_OK);
  CHECK(answer.body == "welcome");
  const auto sent = world.transport.sent();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].request.headers.empty());
  CHECK(sent[1].url() ==
        "https://registry.example/token?service=a%2C%20%22b%22&scope=repository%3Aa%3Apull");
  CHECK(sent[1].header("Authorization") == basic_of_canary);
  CHECK(sent[2].header("Authorization") == "Bearer t1");
}

TEST_CASE("a token is fetched ahead for a named scope once the realm is known, and kept",
          "[auth]") {
  World world{TokenRegistry{}};
  for (int i = 0; i < 3; ++i) {
    Answer answer;
    world.send(docker_request("repository:a:pull"), answer);
    CHECK(answer.body == "welcome");
  }
  CHECK(world.transport.sent().size() == 2 + 3);
  Answer answer;
  world.send(docker_request("repository:b:pull"), answer);
  const auto sent = world.transport.sent();
  REQUIRE(sent.size() == 2 + 3 + 2);
  CHECK(sent[5].url().find("scope=repository%3Ab%3Apull") != std::string::npos);
}

TEST_CASE("a fresh token that is refused ends in unauthorized, without a loop", "[auth]") {
  TokenRegistry registry;
  registry.first_good = 100;
  World world{registry};
  world.with_password();
  Answer answer;
  CHECK(world.send(docker_request(), answer) == PORTOLAN_OK);
  CHECK(answer.code == PORTOLAN_UNAUTHORIZED);
  CHECK(world.transport.count("/token") == 1);
  CHECK(world.transport.sent().size() == 3);
}

TEST_CASE("a kept token that the registry no longer takes is renewed once", "[auth]") {
  auto registry = std::make_shared<TokenRegistry>();
  World world([registry](const auto& sent) { return (*registry)(sent); });
  Answer one, two;
  world.send(docker_request("repository:a:pull"), one);
  registry->first_good = 2;
  world.send(docker_request("repository:a:pull"), two);
  CHECK(two.body == "welcome");
  CHECK(world.transport.count("/token") == 2);
}

TEST_CASE("a scope that always changes is not chased", "[auth]") {
  int round = 0;
  World world([&](const auto& sent) {
    if (sent.url.path == "/token") return Reply{.body = R"({"token":"x"})"};
    const auto scope = "repository:r" + std::to_string(++round) + ":pull";
    return Reply{.status = 401,
                 .headers = {{"www-authenticate", "Bearer realm=\"/token\",scope=" + scope}}};
  });
  Answer answer;
  CHECK(world.send(docker_request(), answer) == PORTOLAN_OK);
  CHECK(answer.code == PORTOLAN_UNAUTHORIZED);
  CHECK(world.transport.count("/token") == 2);
}

TEST_CASE("requests that need the same token wait for one fetch", "[auth]") {
  TokenRegistry registry;
  registry.hold_token = true;
  World world{registry};
  const auto call = world.call(), other = world.call();
  std::vector<std::unique_ptr<Answer>> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(std::make_unique<Answer>());
    REQUIRE(start(*call, docker_request(), *answers.back()) == PORTOLAN_OK);
  }
  Answer beside;
  std::thread second([&] {
    const auto what = docker_request();
    http().send(other->abi(), &what, &beside.sink);
  });
  std::thread service([&] {
    world.transport.wait_for_sent(6);  // Five challenged, one fetch.
    world.transport.release();
  });
  wait_for_all(*call);
  second.join();
  service.join();
  CHECK(beside.body == "welcome");
  for (const auto& answer : answers) CHECK(answer->body == "welcome");
  CHECK(world.transport.count("/token") == 1);
}

TEST_CASE("a token service that refuses is asked once for all who wait", "[auth]") {
  TokenRegistry registry;
  registry.token_status = 401;
  World world{registry};
  world.with_password();
  const auto call = world.call();
  Answer one, two;
  REQUIRE(start(*call, docker_request(), one) == PORTOLAN_OK);
  REQUIRE(start(*call, docker_request(), two) == PORTOLAN_OK);
  wait_for_all(*call);
  CHECK(one.done == PORTOLAN_UNAUTHORIZED);
  CHECK(two.done == PORTOLAN_UNAUTHORIZED);
  CHECK(one.message.find("refuses the user name or the password") != std::string::npos);
  CHECK(world.transport.count("/token") == 1);
}

TEST_CASE("a password is tried once at a time until it is taken, and rests when refused",
          "[auth]") {
  auto registry = std::make_shared<TokenRegistry>();
  World world([registry](const auto& sent) { return (*registry)(sent); });
  world.with_password();
  const auto fan_out = [&](portolan_status expected) {
    const auto call = world.call();
    std::vector<std::unique_ptr<Answer>> answers;
    for (const auto* scope : {"repository:b:pull", "repository:c:pull", "repository:d:pull"}) {
      answers.push_back(std::make_unique<Answer>());
      REQUIRE(start(*call, docker_request(scope), *answers.back()) == PORTOLAN_OK);
    }
    wait_for_all(*call);
    for (const auto& answer : answers) CHECK(answer->done == expected);
  };
  SECTION("a wrong one") {
    registry->token_status = 401;
    fan_out(PORTOLAN_UNAUTHORIZED);
    fan_out(PORTOLAN_UNAUTHORIZED);
    CHECK(world.transport.count("/token") == 1);
  }
  SECTION("a right one") {
    fan_out(PORTOLAN_OK);
    CHECK(world.transport.count("/token") == 3);
  }
}

TEST_CASE("what an anonymous caller may not have says nothing about the rest", "[auth]") {
  World world([](const auto& sent) {
    if (sent.url.path == "/token") {
      const bool open = sent.url.query.find("open") != std::string::npos;
      return open ? Reply{.body = R"({"token":"t"})"} : Reply{.status = 401};
    }
    if (!sent.headers.empty()) return Reply{};
    return Reply{.status = 401, .headers = {{"www-authenticate", "Bearer realm=\"/token\""}}};
  });
  Answer closed, open;
  CHECK(world.send(docker_request("repository:closed:pull"), closed) == PORTOLAN_UNAUTHORIZED);
  CHECK(world.send(docker_request("repository:open:pull"), open) == PORTOLAN_OK);
  CHECK(open.status == 200);
}

TEST_CASE("when the call that fetches is gone the next one fetches", "[auth]") {
  auto registry = std::make_shared<TokenRegistry>();
  World world([registry](const auto& sent) { return (*registry)(sent); });
  Answer first;
  world.send(docker_request(), first);  // The realm is known from here on.

  registry->hold_token = true;
  const auto scope = "repository:b:pull";
  auto leader = world.call();
  Answer lost, answer;
  REQUIRE(start(*leader, docker_request(scope), lost) == PORTOLAN_OK);
  CHECK(world.transport.count("/token") == 2);
  const auto follower = world.call();
  REQUIRE(start(*follower, docker_request(scope), answer) == PORTOLAN_OK);
  CHECK(world.transport.count("/token") == 2);

  registry->hold_token = false;
  leader.reset();
  wait_for_all(*follower);
  CHECK(answer.body == "welcome");
  CHECK(world.transport.count("/token") == 3);
  CHECK(lost.dones == 0);
}

TEST_CASE("an anonymous request asks for a token without the password, even elsewhere", "[auth]") {
  TokenRegistry registry;
  registry.realm_origin = "https://auth.example";
  World world(std::ref(registry));
  world.with_password();
  auto what = docker_request();
  what.flags = PORTOLAN_HTTP_ANONYMOUS;
  Answer answer;
  world.send(what, answer);
  CHECK(answer.status == 200);
  for (const auto& sent : world.transport.sent())
    CHECK(sent.header("Authorization").find("Basic") == std::string::npos);
}

TEST_CASE("a token service elsewhere gets the password only when it is named", "[auth]") {
  TokenRegistry registry;
  registry.realm_origin = "https://auth.example";
  World world{registry};
  world.with_password();
  Answer answer;

  SECTION("not named: policy, with realm and field in the hint") {
    CHECK(world.send(docker_request(), answer) == PORTOLAN_POLICY);
    CHECK(answer.hint.find("credentials.trustedRealms") != std::string::npos);
    CHECK(answer.hint.find("https://auth.example") != std::string::npos);
    CHECK(world.transport.count("auth.example") == 0);
  }
  SECTION("named: sent, on connections without the registry's own client certificate") {
    world.options.registry.credentials.trusted_realms = {"auth.example/"};
    world.options.registry.tls.client_certificate_pem = "PEM";
    CHECK(world.send(docker_request(), answer) == PORTOLAN_OK);
    CHECK(answer.body == "welcome");
    CHECK(authorizations(world.transport, "/token") == std::set<std::string>{basic_of_canary});
    for (const auto& sent : world.transport.sent()) {
      const bool elsewhere = sent.request.url.host == "auth.example";
      CHECK(sent.options.tls.client_certificate_pem.empty() == elsewhere);
    }
  }
  SECTION("without a password it is asked anonymously") {
    world.options.registry.credentials = {};
    CHECK(world.send(docker_request(), answer) == PORTOLAN_OK);
    CHECK(authorizations(world.transport, "/token") == std::set<std::string>{""});
  }
}

TEST_CASE("no token service over plain http for a registry over https, named or not", "[auth]") {
  TokenRegistry registry;
  registry.realm_origin = "http://auth.example";
  World world{registry};
  if (GENERATE(true, false)) world.with_password();
  world.options.registry.credentials.trusted_realms = {"http://auth.example"};
  Answer answer;
  CHECK(world.send(docker_request(), answer) == PORTOLAN_POLICY);
  CHECK(world.transport.count("auth.example") == 0);
}

TEST_CASE("a token service's odd answers are named or forgiven", "[auth]") {
  const auto [text, done] = GENERATE(table<std::string, portolan_status>(
      {{R"({"access_token":"","token":"t1"})", PORTOLAN_OK},
       {R"({"access_token":"t1","token":""})", PORTOLAN_OK},
       {R"({"token":"t1","expires_in":-5,"issued_at":"garbage"})", PORTOLAN_OK},
       {R"({"token":"t1","issued_at":"1970-01-01T00:00:00Z","expires_in":60})", PORTOLAN_OK},
       {R"({})", PORTOLAN_PROTOCOL},
       {R"({"token":5})", PORTOLAN_PROTOCOL},
       {R"({"token":"a\r\nX: y"})", PORTOLAN_PROTOCOL},
       {"<html>", PORTOLAN_PROTOCOL},
       {"", PORTOLAN_PROTOCOL}}));
  TokenRegistry registry;
  registry.answer = text;
  World world{registry};
  Answer answer;
  INFO(text);
  CHECK(world.send(docker_request(), answer) == done);
}

TEST_CASE("a realm that is a mere word is no URL, and nobody is asked for a token", "[auth]") {
  World world([](const auto&) {
    return Reply{.status = 401,
                 .headers = {{"www-authenticate", "Bearer realm=\"Registry Realm\""}}};
  });
  world.with_password();
  Answer answer;
  CHECK(world.send(docker_request(), answer) == PORTOLAN_PROTOCOL);
  CHECK(answer.message.find("realm that is no URL") != std::string::npos);
  CHECK(world.transport.sent().size() == 1);
}

TEST_CASE("at debug level every exchange is one line, without query or secret", "[auth][log]") {
  World world(TokenRegistry{});
  world.with_password();
  std::vector<std::string> lines;
  services::CallOptions options;
  options.log.take = [&](const services::LogLine& line) {
    CHECK(line.registry == "one");
    CHECK(line.level == PORTOLAN_LOG_DEBUG);
    std::string text = line.message;
    for (const auto& [name, value] : line.fields)
      if (name != "ms") text += " " + name + "=" + value;
    lines.push_back(std::move(text));
  };
  const auto send = [&](services::CallOptions with) {
    Answer answer;
    auto what = docker_request();
    what.url = str("/v2/a/tags/list?last=secret");
    CHECK(http().send(world.call(std::move(with))->abi(), &what, &answer.sink) == PORTOLAN_OK);
  };
  send(options);
  const std::string tags = "url=https://registry.example/v2/a/tags/list ";
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "request method=GET " + tags + "status=401 attempt=1 credential=none");
  CHECK(lines[1] ==
        "token request method=GET url=https://registry.example/token status=200 attempt=1 "
        "credential=basic");
  CHECK(lines[2] == "request method=GET " + tags + "status=200 attempt=1 credential=token");

  lines.clear();
  options.log.least = PORTOLAN_LOG_INFO;
  send(options);
  CHECK(lines.empty());
}

TEST_CASE("the log tells what each exchange carried, not what the answer made of it",
          "[auth][log]") {
  World world([](const net::Request& sent) {
    for (const auto& header : sent.headers)
      if (header.name == "Authorization") return Reply{};
    return Reply{.status = 401, .headers = {{"www-authenticate", "Basic realm=x"}}};
  });
  world.with_password();
  std::string kinds;
  services::CallOptions options;
  options.log.take = [&](const services::LogLine& line) {
    for (const auto& [name, value] : line.fields)
      if (name == "credential") kinds += value + " ";
  };
  for (int i = 0; i < 2; ++i) {
    Answer answer;
    const auto what = docker_request();
    CHECK(http().send(world.call(options)->abi(), &what, &answer.sink) == PORTOLAN_OK);
  }
  CHECK(kinds == "none basic basic ");
}

TEST_CASE("the log tells retries, and requests that no answer came to", "[log]") {
  int asked = 0;
  World world([&](const auto&) {
    Reply reply;
    if (++asked < 3) {
      reply.status = 0;
      reply.error = base::Error{.code = base::Code::unreachable, .message = "refused"};
    }
    return reply;
  });
  std::vector<std::string> lines;
  services::CallOptions options;
  options.log.take = [&](const services::LogLine& line) {
    std::string text;
    for (const auto& [name, value] : line.fields)
      if (name == "status" || name == "attempt" || name == "error")
        text += name + "=" + value + " ";
    lines.push_back(std::move(text));
  };
  Answer answer;
  const auto what = request("/");
  CHECK(http().send(world.call(options)->abi(), &what, &answer.sink) == PORTOLAN_OK);
  CHECK(lines == std::vector<std::string>{"status=0 attempt=1 error=unreachable ",
                                          "status=0 attempt=2 error=unreachable ",
                                          "status=200 attempt=3 "});
}
