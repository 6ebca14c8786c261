#include <catch2/catch.hpp>
#include <random>

#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;

namespace {

const std::vector<std::string>& spellings() {
  static const std::vector<std::string> all{canary, "c4nary-p%40ss%20word",
                                            basic_of_canary.substr(6)};
  return all;
}

bool holds_canary(const std::string& text) {
  return std::any_of(spellings().begin(), spellings().end(),
                     [&](const auto& secret) { return text.find(secret) != std::string::npos; });
}

/// Everything that leaves in a request.
std::string all_of(const net::Request& sent) {
  auto text = sent.method + sent.url.text() + sent.body;
  for (const auto& header : sent.headers) text += header.name + header.value;
  return text;
}

/// A hostile registry: any mixture of challenges, redirects, echoes and failures, here and
/// elsewhere.
struct Chaos {
  std::minstd_rand dice;
  std::string pick(const std::vector<std::string>& from) { return from[dice() % from.size()]; }
  std::string origin() {
    return pick({"https://registry.example", "https://evil.example", "http://registry.example",
                 "https://registry.example:8443", "https://auth.example", "//evil.example",
                 "https://registry.example.evil.example", "http://127.0.0.1"});
  }
  Reply operator()(const net::Request& sent) {
    const auto echo = all_of(sent);
    switch (dice() % 7) {
      case 0: return {.status = 302, .headers = {{"location", origin() + "/r?echo=" + "x"}}};
      case 1:
        return {.status = 401,
                .headers = {
                    {"www-authenticate",
                     pick({"Basic realm=x", "Bearer realm=\"" + origin() + "/token\",scope=\"s" +
                                                std::to_string(dice() % 3) + "\""})}}};
      case 2:
        return {.status = 401,
                .headers = {{"www-authenticate", "Bearer realm=\"" + origin() + "/token\""}}};
      case 3: return {.body = R"({"token":"t","expires_in":300})"};
      case 4:
        return {.status = 0,
                .error = base::Error{
                    .code = base::Code::unreachable, .message = "Failed: " + echo, .hint = echo}};
      case 5: return {.status = 307, .headers = {{"location", origin() + "/p"}}};
      default:
        return {.status = 200,
                .body = echo,
                .error = base::Error{.code = base::Code::protocol, .message = echo}};
    }
  }
};

}  // namespace

TEST_CASE("no request with the password goes to another origin than its own or a named realm's",
          "[secrets]") {
  const auto seed = GENERATE(range(1u, 60u));
  INFO("seed " << seed);
  World world(Chaos{std::minstd_rand(seed)});
  world.with_password();
  world.options.registry.credentials.trusted_realms = {"https://auth.example"};
  for (std::uint32_t round = 0; round < 40; ++round) {
    Answer answer;
    auto what = request("/v2/", 1 + round % 4);
    what.auth_header = str("X-Key");
    if (round % 3 == 0) what.scope = str("s1");
    what.flags = PORTOLAN_HTTP_NO_RETRY;
    world.send(what, answer);
    CHECK(answer.dones == 1);
    CHECK_FALSE(holds_canary(answer.message + answer.hint + answer.error_url + answer.url));
  }
  for (const auto& sent : world.transport.sent()) {
    const auto origin = sent.request.url.origin();
    const bool own = origin == "https://registry.example";
    const bool realm = origin == "https://auth.example" && sent.request.url.path == "/token";
    if (own || realm) continue;
    INFO(origin);
    CHECK_FALSE(holds_canary(all_of(sent.request)));
    CHECK(sent.header("Authorization").empty());
  }
}

TEST_CASE("no text that a plugin makes holds a secret of its registry", "[secrets]") {
  World world([](const auto&) { return Reply{}; });
  world.with_password();
  std::string texts;
  services::CallOptions options;
  options.log.take = [&](const services::LogLine& line) {
    texts += line.message;
    for (const auto& [key, value] : line.fields) texts += key + value;
  };
  options.progress = [&](std::uint64_t, std::uint64_t, std::string_view what) { texts += what; };
  const auto call = world.call(options);
  for (const auto& secret : spellings()) {
    const auto text = "before " + secret + " after";
    const portolan_kv field{str(text), str(text)};
    call->abi()->log(call->abi(), PORTOLAN_LOG_INFO, str(text), &field, 1);
    call->abi()->progress(call->abi(), 1, 1, str(text));
    portolan_error error{};
    error.size = sizeof error;
    error.code = PORTOLAN_PROTOCOL;
    error.message = error.hint = error.url = str(text);
    call->abi()->fail(call->abi(), &error);
    const auto failure = call->failure();
    texts += failure->message + failure->hint + failure->where + call->redact(text);
  }
  CHECK(texts.find("before *** after") != std::string::npos);
  CHECK_FALSE(holds_canary(texts));
}

TEST_CASE("a secret in an answer is sealed before the plugin sees it, and usable by its handle",
          "[secrets]") {
  World world([](const auto& sent) {
    if (sent.method == "POST") {
      return Reply{.status = 201, .body = R"({"name":"robot$x","secret":"s3aled-value","id":7})"};
    }
    return Reply{};
  });
  world.with_password();
  const auto call = world.call();
  auto what = request("/robots", PORTOLAN_AUTH_BASIC);
  what.method = str("POST");
  what.secret_pointer = str("/secret");
  Answer made;
  REQUIRE(http().send(call->abi(), &what, &made.sink) == PORTOLAN_OK);
  CHECK(made.status == 201);
  CHECK(made.body == R"({"name":"robot$x","secret":{"$secret":"sealed-1"},"id":7})");
  CHECK(call->redact("it is s3aled-value") == "it is ***");

  Answer bearer, named, unknown;
  auto with_handle = request("/", PORTOLAN_AUTH_BEARER);
  with_handle.credential = str("sealed-1");
  CHECK(world.send(with_handle, bearer) == PORTOLAN_OK);
  with_handle.auth = PORTOLAN_AUTH_BASIC;
  with_handle.credential = str("robot$x:sealed-1");
  CHECK(world.send(with_handle, named) == PORTOLAN_OK);
  with_handle.credential = str("sealed-9");
  CHECK(world.send(with_handle, unknown) == PORTOLAN_INVALID_ARGUMENT);
  const auto sent = world.transport.sent();
  REQUIRE(sent.size() == 3);
  CHECK(sent[1].header("Authorization") == "Bearer s3aled-value");
  CHECK(sent[2].header("Authorization") == "Basic cm9ib3QkeDpzM2FsZWQtdmFsdWU=");
}

TEST_CASE("a sealed secret is taken once by its own call, and is gone with that call",
          "[secrets]") {
  World world([](const auto&) { return Reply{.body = R"({"secret":"s3aled-value"})"}; });
  auto what = request("/robots");
  what.secret_pointer = str("/secret");
  const auto send = [&](services::Call& call) {
    Answer answer;
    REQUIRE(http().send(call.abi(), &what, &answer.sink) == PORTOLAN_OK);
    return answer.body;
  };
  auto with = request("/", PORTOLAN_AUTH_BEARER);
  const auto use = [&](const char* handle) {
    with.credential = str(handle);
    Answer answer;
    return world.send(with, answer);
  };

  auto one = world.call();
  const auto other = world.call();
  CHECK(send(*one) == R"({"secret":{"$secret":"sealed-1"}})");
  CHECK(send(*one) == R"({"secret":{"$secret":"sealed-2"}})");
  CHECK(send(*other) == R"({"secret":{"$secret":"sealed-3"}})");
  CHECK_FALSE(one->take_sealed("sealed-3"));
  CHECK_FALSE(one->take_sealed("password"));
  const auto taken = one->take_sealed("sealed-1");
  REQUIRE(taken);
  CHECK(taken->reveal() == "s3aled-value");
  CHECK_FALSE(one->take_sealed("sealed-1"));
  CHECK(use("sealed-1") == PORTOLAN_INVALID_ARGUMENT);
  CHECK(use("sealed-2") == PORTOLAN_OK);

  one.reset();
  CHECK(use("sealed-2") == PORTOLAN_INVALID_ARGUMENT);
  CHECK(use("sealed-3") == PORTOLAN_OK);
  CHECK(send(*other) == R"({"secret":{"$secret":"sealed-4"}})");  // No handle comes twice.
}

TEST_CASE("an answer without the secret where it should be shows the plugin nothing", "[secrets]") {
  const std::string body = GENERATE(R"({"secrets":"s3cret"})", R"({"secret":5})", "s3cret", "");
  World world([body](const auto&) { return Reply{.body = body}; });
  auto what = request("/");
  what.secret_pointer = str("/secret");
  Answer answer;
  CHECK(world.send(what, answer) == PORTOLAN_PROTOCOL);
  CHECK(answer.body.empty());
}

TEST_CASE("an error answer is not searched for a secret", "[secrets]") {
  World world([](const auto&) { return Reply{.status = 409, .body = R"({"errors":[]})"}; });
  auto what = request("/");
  what.secret_pointer = str("/secret");
  Answer answer;
  CHECK(world.send(what, answer) == PORTOLAN_OK);
  CHECK(answer.body == R"({"errors":[]})");
}

TEST_CASE("a pointer reaches into arrays and escaped names", "[secrets]") {
  const auto seal = [](base::Secret) { return base::Result<std::string>(std::string("h")); };
  const auto text = services::seal_in(R"({"a/b":[{"~":"s"},1]})", "/a~1b/0/~0", seal);
  REQUIRE(text);
  CHECK(*text == R"({"a/b":[{"~":{"$secret":"h"}},1]})");
}
