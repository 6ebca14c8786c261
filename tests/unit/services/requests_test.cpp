#include <catch2/catch.hpp>
#include <thread>

#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;
using namespace std::chrono_literals;

TEST_CASE("an answer reaches the plugin as head, body and done", "[services]") {
  World world([](const auto&) { return Reply{.headers = {{"x-one", "1"}}, .body = "hello"}; });
  world.options.registry.address = "https://registry.example/prefix";
  Answer answer;
  CHECK(world.send(request("/v2/?n=1"), answer) == PORTOLAN_OK);
  CHECK(answer.heads == 1);
  CHECK(answer.dones == 1);
  CHECK(answer.status == 200);
  CHECK(answer.code == PORTOLAN_OK);
  CHECK(answer.attempts == 1);
  CHECK(answer.body == "hello");
  CHECK(answer.headers["x-one"] == "1");
  CHECK(answer.url == "https://registry.example/prefix/v2/");
  CHECK(world.transport.sent().at(0).url() == "https://registry.example/prefix/v2/?n=1");
}

TEST_CASE("a status becomes a code once, with what a user should read", "[services]") {
  const auto [status, code] = GENERATE(table<int, portolan_status>({{200, PORTOLAN_OK},
                                                                    {304, PORTOLAN_OK},
                                                                    {400, PORTOLAN_PROTOCOL},
                                                                    {401, PORTOLAN_UNAUTHORIZED},
                                                                    {403, PORTOLAN_FORBIDDEN},
                                                                    {404, PORTOLAN_NOT_FOUND},
                                                                    {405, PORTOLAN_UNSUPPORTED},
                                                                    {408, PORTOLAN_TIMEOUT},
                                                                    {409, PORTOLAN_CONFLICT},
                                                                    {418, PORTOLAN_PROTOCOL},
                                                                    {429, PORTOLAN_RATE_LIMITED},
                                                                    {500, PORTOLAN_UNAVAILABLE},
                                                                    {503, PORTOLAN_UNAVAILABLE},
                                                                    {600, PORTOLAN_PROTOCOL},
                                                                    {999, PORTOLAN_PROTOCOL}}));
  const auto scripted = status;
  World world([scripted](const auto&) { return Reply{.status = scripted}; });
  Answer answer;
  auto what = request("/");
  what.flags = PORTOLAN_HTTP_NO_RETRY;
  CHECK(world.send(what, answer) == PORTOLAN_OK);
  CHECK(answer.status == status);
  CHECK(answer.code == code);
  CHECK(answer.message.empty() == (code == PORTOLAN_OK));
}

TEST_CASE("a request goes to the registry's origin and nowhere else", "[services]") {
  World world([](const auto&) { return Reply{}; });
  for (const auto* url : {"https://other.example/v2/", "http://registry.example/v2/",
                          "https://registry.example:444/v2/", "https://registry.example.evil/"}) {
    Answer answer;
    INFO(url);
    CHECK(world.send(request(url), answer) == PORTOLAN_POLICY);
    CHECK(answer.dones == 1);
  }
  CHECK(world.transport.sent().empty());
  Answer answer;
  CHECK(world.send(request("https://registry.example/v2/?last=a"), answer) == PORTOLAN_OK);
}

TEST_CASE("headers that are the host's, and bytes that end a line, are refused", "[services]") {
  World world([](const auto&) { return Reply{}; });
  const std::vector<std::pair<std::string, std::string>> headers{{"Authorization", "x"},
                                                                 {"host", "x"},
                                                                 {"Cookie", "x"},
                                                                 {"Content-Length", "1"},
                                                                 {"Proxy-Authorization", ""},
                                                                 {"Transfer-Encoding", "chunked"},
                                                                 {"X", "a\r\nY: b"},
                                                                 {"X Y", "a"},
                                                                 {"", "a"}};
  for (const auto& [name, value] : headers) {
    INFO(name);
    const portolan_kv header{str(name), str(value)};
    auto what = request("/");
    what.headers = &header;
    what.header_count = 1;
    Answer answer;
    CHECK(world.send(what, answer) == PORTOLAN_INVALID_ARGUMENT);
    CHECK(start(*world.call(), what, answer) == PORTOLAN_INVALID_ARGUMENT);
    CHECK(answer.dones == 1);
  }
  CHECK(world.transport.sent().empty());
}

TEST_CASE("many requests are started and waited for", "[services]") {
  World world([](const auto& sent) { return Reply{.body = sent.url.path}; });
  const auto call = world.call();
  std::vector<std::unique_ptr<Answer>> answers;
  std::vector<std::string> urls;
  for (int i = 0; i < 100; ++i) urls.push_back("/" + std::to_string(i));
  for (const auto& url : urls) {
    answers.push_back(std::make_unique<Answer>());
    portolan_status status;
    while ((status = start(*call, request(url), *answers.back())) == PORTOLAN_STOP) {
      REQUIRE(http().wait(call->abi()) == PORTOLAN_OK);
    }
    REQUIRE(status == PORTOLAN_OK);
  }
  wait_for_all(*call);
  for (std::size_t i = 0; i < urls.size(); ++i) CHECK(answers[i]->body == urls[i]);
  CHECK(call->requests() == 100);
}

TEST_CASE("start says STOP at the registry's cap, and a validation has one slot more",
          "[services]") {
  World world([](const auto&) { return Reply{.held = true}; });
  world.options.concurrency = 2;
  const auto busy = world.call();
  Answer one, two, three, four;
  const auto what = request("/");
  CHECK(start(*busy, what, one) == PORTOLAN_OK);
  CHECK(start(*busy, what, two) == PORTOLAN_OK);
  CHECK(start(*busy, what, three) == PORTOLAN_STOP);

  services::CallOptions validation;
  validation.reserved_slot = true;
  const auto probing = world.call(validation);
  CHECK(start(*probing, what, four) == PORTOLAN_OK);
  CHECK(start(*probing, what, three) == PORTOLAN_STOP);

  world.transport.release();
  while (one.dones == 0) REQUIRE(http().wait(busy->abi()) == PORTOLAN_OK);
  CHECK(start(*busy, what, three) == PORTOLAN_OK);
}

TEST_CASE("a call with nothing in flight waits for another call's slot", "[services]") {
  World world([](const auto& sent) { return Reply{.held = sent.url.path == "/held"}; });
  world.options.concurrency = 1;
  const auto busy = world.call(), poor = world.call();
  Answer one, two;
  REQUIRE(start(*busy, request("/held"), one) == PORTOLAN_OK);
  REQUIRE(start(*poor, request("/"), two) == PORTOLAN_STOP);
  std::thread other([&] {
    world.transport.release();
    wait_for_all(*busy);
  });
  CHECK(http().wait(poor->abi()) == PORTOLAN_OK);
  CHECK(start(*poor, request("/"), two) == PORTOLAN_OK);
  CHECK(http().wait(poor->abi()) == PORTOLAN_OK);
  other.join();
  CHECK(two.status == 200);
}

TEST_CASE("a call that waits for a slot ends at its deadline", "[services]") {
  World world([](const auto&) { return Reply{.held = true}; });
  world.options.concurrency = 1;
  const auto busy = world.call();
  Answer one, two;
  REQUIRE(start(*busy, request("/"), one) == PORTOLAN_OK);
  services::CallOptions short_of_time;
  short_of_time.deadline = base::Deadline::in(20ms);
  const auto poor = world.call(short_of_time);
  const auto what = request("/");
  CHECK(http().send(poor->abi(), &what, &two.sink) == PORTOLAN_TIMEOUT);
  CHECK(two.dones == 1);
}

TEST_CASE("a budget counts everything on the wire and ends with its own flag", "[services]") {
  World world([](const auto& sent) {
    if (sent.url.path == "/from") return Reply{.status = 302, .headers = {{"location", "/to"}}};
    return Reply{};
  });
  services::CallOptions budget;
  budget.max_requests = 2;
  const auto call = world.call(budget);
  CHECK(call->abi()->requests_left(call->abi()) == 2);
  Answer one, two;
  const auto from = request("/from");
  CHECK(http().send(call->abi(), &from, &one.sink) == PORTOLAN_OK);
  CHECK(call->requests() == 2);
  CHECK(call->abi()->requests_left(call->abi()) == 0);
  CHECK(http().send(call->abi(), &from, &two.sink) == PORTOLAN_LIMIT);
  CHECK(two.flags == PORTOLAN_ERROR_BUDGET);
  CHECK(start(*call, from, two) == PORTOLAN_LIMIT);

  budget.max_requests = 1;
  const auto poor = world.call(budget);
  Answer cut;
  CHECK(http().send(poor->abi(), &from, &cut.sink) == PORTOLAN_LIMIT);
  CHECK(cut.flags == PORTOLAN_ERROR_BUDGET);
}

TEST_CASE("what is in flight at the deadline gets its done with timeout", "[services]") {
  World world([](const auto&) { return Reply{.held = true}; });
  services::CallOptions short_of_time;
  short_of_time.deadline = base::Deadline::in(30ms);
  const auto call = world.call(short_of_time);
  Answer one, two;
  REQUIRE(start(*call, request("/"), one) == PORTOLAN_OK);
  REQUIRE(start(*call, request("/"), two) == PORTOLAN_OK);
  CHECK(http().wait(call->abi()) == PORTOLAN_OK);
  CHECK(one.done == PORTOLAN_TIMEOUT);
  CHECK(two.done == PORTOLAN_TIMEOUT);
  CHECK(http().wait(call->abi()) == PORTOLAN_STOP);
  CHECK(start(*call, request("/"), two) == PORTOLAN_TIMEOUT);
  CHECK(call->abi()->check(call->abi()) == PORTOLAN_TIMEOUT);
  CHECK(world.transport.held() == 0);
}

TEST_CASE("a cancel from another thread ends a wait at once", "[services]") {
  World world([](const auto&) { return Reply{.held = true}; });
  services::CallOptions options;
  const auto call = world.call(options);
  Answer answer;
  std::thread other([&] {
    world.transport.wait_for_sent(1);
    options.deadline.cancel.cancel();
  });
  const auto what = request("/");
  CHECK(http().send(call->abi(), &what, &answer.sink) == PORTOLAN_CANCELLED);
  other.join();
  CHECK(answer.dones == 1);
  CHECK(call->abi()->check(call->abi()) == PORTOLAN_CANCELLED);
}

TEST_CASE("an aborted request says nothing more, and so does one left behind", "[services]") {
  World world([](const auto&) { return Reply{.held = true}; });
  Answer aborted, left;
  {
    const auto call = world.call();
    const auto what = request("/");
    std::uint64_t number = 0;
    REQUIRE(http().start(call->abi(), &what, &aborted.sink, &number) == PORTOLAN_OK);
    http().abort(call->abi(), number);
    http().abort(call->abi(), 4711);
    CHECK(http().wait(call->abi()) == PORTOLAN_STOP);
    REQUIRE(start(*call, what, left) == PORTOLAN_OK);
  }
  CHECK(aborted.dones + left.dones == 0);
  CHECK(world.transport.held() == 0);
}

TEST_CASE("a plugin may end a request from its head or body", "[services]") {
  World world([](const auto&) { return Reply{.body = "body"}; });
  Answer at_head, at_body;
  at_head.head_returns = PORTOLAN_UNSUPPORTED;
  at_body.body_returns = PORTOLAN_STOP;
  CHECK(world.send(request("/"), at_head) == PORTOLAN_UNSUPPORTED);
  CHECK(at_head.dones == 1);
  CHECK(at_head.body.empty());
  CHECK(world.send(request("/"), at_body) == PORTOLAN_STOP);
  CHECK(at_body.body == "bo");
  CHECK(at_body.dones == 1);
}

TEST_CASE("a plugin may start and send from within done()", "[services]") {
  World world([](const auto& sent) { return Reply{.body = sent.url.path}; });
  world.options.concurrency = 1;
  const auto call = world.call();
  Answer first, second, third;
  first.at_done = [&] {
    const auto two = request("/2");
    CHECK(http().send(call->abi(), &two, &second.sink) == PORTOLAN_OK);
    CHECK(start(*call, request("/3"), third) == PORTOLAN_OK);
  };
  REQUIRE(start(*call, request("/1"), first) == PORTOLAN_OK);
  wait_for_all(*call);
  CHECK(second.body == "/2");
  CHECK(third.body == "/3");
}

TEST_CASE("an answer that breaks off is told as an error after what came", "[services]") {
  World world([](const auto&) {
    return Reply{.body = "half",
                 .error = base::Error{.code = base::Code::unreachable, .message = "Reset."}};
  });
  Answer answer;
  CHECK(world.send(request("/?token=1"), answer) == PORTOLAN_UNREACHABLE);
  CHECK(answer.body == "half");
  CHECK(answer.message == "Reset.");
  CHECK(answer.error_url == "https://registry.example/");
  CHECK(answer.flags == PORTOLAN_ERROR_RETRYABLE);
  CHECK(world.transport.sent().size() == 1);
}

TEST_CASE("a call without an upstream makes no request", "[services]") {
  services::Call call(nullptr, {});
  Answer answer;
  const auto what = request("/");
  CHECK(http().send(call.abi(), &what, &answer.sink) == PORTOLAN_INVALID_ARGUMENT);
  CHECK(start(call, what, answer) == PORTOLAN_INVALID_ARGUMENT);
  CHECK(http().wait(call.abi()) == PORTOLAN_STOP);
}

TEST_CASE("the host offers its HTTP service and nothing else", "[services]") {
  const auto* host = services::host_table();
  CHECK(host->abi_minor == PORTOLAN_ABI_MINOR);
  CHECK(host->service(host, str("portolan.host.http/2")) == nullptr);
  CHECK(http().size == sizeof(portolan_http));
}
