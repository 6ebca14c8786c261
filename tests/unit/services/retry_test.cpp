#include "services/retry.h"

#include <catch2/catch.hpp>

#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;
using namespace std::chrono_literals;

namespace {

/// Answers the first of `statuses`, then the next, at last 200.
struct Statuses {
  std::vector<int> statuses;
  std::string retry_after{};
  std::size_t asked = 0;
  Reply operator()(const net::Request&) {
    if (asked == statuses.size()) return {};
    Reply reply{.status = statuses[asked++], .body = "sorry"};
    if (!retry_after.empty()) reply.headers = {{"retry-after", retry_after}};
    return reply;
  }
};

Reply broken(base::Code code, net::Facts::Stage reached) {
  Reply reply{.status = 0, .error = base::Error{.code = code, .message = "Broken."}};
  reply.facts.reached = reached;
  return reply;
}

}  // namespace

TEST_CASE("an idempotent request is tried three times in all", "[retry]") {
  Answer once, twice, never;
  CHECK(World{Statuses{{503}}}.send(request("/"), once) == PORTOLAN_OK);
  CHECK(once.status == 200);
  CHECK(once.attempts == 2);
  CHECK(once.body.empty());
  CHECK(World{Statuses{{502, 504}}}.send(request("/"), twice) == PORTOLAN_OK);
  CHECK(twice.attempts == 3);
  CHECK(World{Statuses{{503, 503, 503}}}.send(request("/"), never) == PORTOLAN_OK);
  CHECK(never.status == 503);
  CHECK(never.code == PORTOLAN_UNAVAILABLE);
  CHECK(never.body == "sorry");
  CHECK(never.heads == 1);
}

TEST_CASE("what may change something is tried once unless it says that it is idempotent",
          "[retry]") {
  auto what = request("/");
  what.method = str("POST");
  Answer post, idempotent, get;
  CHECK(World{Statuses{{503}}}.send(what, post) == PORTOLAN_OK);
  CHECK(post.status == 503);
  what.flags = PORTOLAN_HTTP_IDEMPOTENT;
  CHECK(World{Statuses{{503}}}.send(what, idempotent) == PORTOLAN_OK);
  CHECK(idempotent.status == 200);
  auto one_try = request("/");
  one_try.flags = PORTOLAN_HTTP_NO_RETRY;
  CHECK(World{Statuses{{503}}}.send(one_try, get) == PORTOLAN_OK);
  CHECK(get.status == 503);
}

TEST_CASE("a refusal is never tried again", "[retry]") {
  const auto status = GENERATE(400, 401, 403, 404, 500);
  Answer answer;
  CHECK(World{Statuses{{status}}}.send(request("/"), answer) == PORTOLAN_OK);
  CHECK(answer.status == status);
}

TEST_CASE("a registry that asks for patience is left alone until then", "[retry]") {
  World world{Statuses{{429}, "1"}};
  const auto began = base::Steady::now();
  Answer answer;
  CHECK(world.send(request("/"), answer) == PORTOLAN_OK);
  CHECK(answer.status == 200);
  CHECK(base::Steady::now() - began >= 1s);
}

TEST_CASE("a registry that asks for more patience than there is gets no second request",
          "[retry]") {
  SECTION("more than the cap") {
    World world{Statuses{{429}, "3600"}};
    Answer answer;
    CHECK(world.send(request("/"), answer) == PORTOLAN_OK);
    CHECK(answer.code == PORTOLAN_RATE_LIMITED);
    CHECK(answer.retry_after_ms == 3'600'000);
    CHECK(world.transport.sent().size() == 1);
  }
  SECTION("longer than the call lasts") {
    World world{Statuses{{503}, "5"}};
    services::CallOptions options;
    options.deadline = base::Deadline::in(2s);
    const auto call = world.call(options);
    const auto what = request("/");
    Answer answer;
    CHECK(http().send(call->abi(), &what, &answer.sink) == PORTOLAN_OK);
    CHECK(answer.status == 503);
  }
}

TEST_CASE("a connection that could not be made is tried again, an answer that was late is not",
          "[retry]") {
  using Stage = net::Facts::Stage;
  const auto [code, stage, requests] =
      GENERATE(table<base::Code, Stage, std::size_t>({{base::Code::unreachable, Stage::tcp, 3},
                                                      {base::Code::unreachable, Stage::http, 3},
                                                      {base::Code::timeout, Stage::tcp, 3},
                                                      {base::Code::timeout, Stage::http, 1},
                                                      {base::Code::tls, Stage::tls, 1},
                                                      {base::Code::policy, Stage::policy, 1}}));
  const auto reply = broken(code, stage);
  World world([reply](const auto&) { return reply; });
  Answer answer;
  CHECK(world.send(request("/"), answer) == static_cast<portolan_status>(code));
  CHECK(world.transport.sent().size() == requests);
}

TEST_CASE("while one request rests the others go on", "[retry]") {
  World world([](const auto& sent) {
    return sent.url.path == "/busy" ? Reply{.status = 503, .headers = {{"retry-after", "5"}}}
                                    : Reply{};
  });
  const auto call = world.call();
  Answer resting, other;
  REQUIRE(start(*call, request("/busy"), resting) == PORTOLAN_OK);
  REQUIRE(start(*call, request("/"), other) == PORTOLAN_OK);
  const auto began = base::Steady::now();
  while (other.dones == 0) REQUIRE(http().wait(call->abi()) == PORTOLAN_OK);
  CHECK(base::Steady::now() - began < 2s);
  CHECK(resting.dones == 0);
}

TEST_CASE("a cancel ends a rest at once", "[retry]") {
  World world{Statuses{{503}, "9"}};
  services::CallOptions options;
  const auto call = world.call(options);
  Answer answer;
  REQUIRE(start(*call, request("/"), answer) == PORTOLAN_OK);
  options.deadline.cancel.cancel();
  CHECK(http().wait(call->abi()) == PORTOLAN_OK);
  CHECK(answer.done == PORTOLAN_CANCELLED);
}

TEST_CASE("a token service that is down for a moment is asked again", "[retry]") {
  int asked = 0;
  World world([&](const auto& sent) {
    if (sent.url.path == "/token") {
      return ++asked == 1 ? Reply{.status = 503} : Reply{.body = R"({"token":"t"})"};
    }
    if (!sent.headers.empty()) return Reply{};
    return Reply{.status = 401, .headers = {{"www-authenticate", "Bearer realm=\"/token\""}}};
  });
  Answer answer;
  CHECK(world.send(request("/", PORTOLAN_AUTH_DOCKER_TOKEN), answer) == PORTOLAN_OK);
  CHECK(answer.status == 200);
  CHECK(asked == 2);
}

TEST_CASE("Retry-After is read in seconds and in three forms of date", "[retry]") {
  using services::parse_retry_after;
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // 6 Nov 1994, 08:49:37.
  CHECK(parse_retry_after("120", now) == 120s);
  CHECK(parse_retry_after(" 0 ", now) == 0s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now) == 60s);
  CHECK(parse_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", now) == 60s);
  CHECK(parse_retry_after("Sun Nov  6 08:50:37 1994", now) == 60s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now) == 0s);
  CHECK(parse_retry_after("99999999999999999999999", now) > 24h);
  for (const auto* bad : {"", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:50:37 GMT+1", "1 2"}) {
    INFO(bad);
    CHECK_FALSE(parse_retry_after(bad, now));
  }
}

TEST_CASE("the pause grows and luck takes up to half of it", "[retry]") {
  CHECK(services::back_off(1, 0) == 200ms);
  CHECK(services::back_off(1, 1) == 100ms);
  CHECK(services::back_off(2, 0) == 400ms);
}
