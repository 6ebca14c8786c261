// The small parts: problems, revisions, pages, heads, admission, bells.
#include <catch2/catch.hpp>

#include "api/admission.h"
#include "api/conditional.h"
#include "api/guesses.h"
#include "api/metrics.h"
#include "api/paging.h"
#include "api/target.h"
#include "api/wire.h"

using namespace portolan;
using namespace portolan::api;
using namespace std::chrono_literals;
using base::Code;
using base::Json;

namespace {

Request asked(Fields headers = {}) {
  Request request;
  request.method = "GET";
  request.path = "/api/v1/things";
  request.headers = std::move(headers);
  request.id = "id-1";
  return request;
}

Json problem_json(const Problem& problem) {
  Request request = asked();
  return *base::parse_json(*to_answer(problem, request).body);
}

}  // namespace

TEST_CASE("an error is a problem with its code, its hint and the request's id", "[api][problem]") {
  const Json json = problem_json(problem_of({.code = Code::not_found,
                                             .message = "no registry \"x\"",
                                             .hint = "Look.",
                                             .where = "/name"}));
  CHECK(json.find("status")->as_integer() == 404);
  CHECK(*json.find("code")->as_string() == "not_found");
  CHECK(*json.find("type")->as_string() == "urn:portolan:problem:not_found");
  CHECK(*json.find("detail")->as_string() == "no registry \"x\"");
  CHECK(*json.find("hint")->as_string() == "Look.");
  CHECK(*json.find("where")->as_string() == "/name");
  CHECK(*json.find("instance")->as_string() == "urn:portolan:request:id-1");
}

TEST_CASE("what went wrong inside is not told", "[api][problem]") {
  const Json json =
      problem_json(problem_of({.code = Code::internal, .message = "secret", .hint = "secret"}));
  CHECK(json.find("status")->as_integer() == 500);
  CHECK(to_text(json).find("secret") == std::string::npos);
}

TEST_CASE("a registry's refusal is not ours", "[api][problem]") {
  CHECK(problem_of({.code = Code::unauthorized}).status == 401);
  CHECK(problem_of({.code = Code::unauthorized, .http_status = 401}).status == 502);
  CHECK(problem_of({.code = Code::not_found, .http_status = 404}).status == 502);
}

TEST_CASE("patience is asked for in whole seconds", "[api][problem]") {
  Request request = asked();
  const Answer answer =
      to_answer(problem_of({.code = Code::rate_limited, .retry_after_ms = 1001}), request);
  CHECK(answer.status == 429);
  CHECK(*answer.header("retry-after") == "2");
  CHECK(request.error == "rate_limited");
}

TEST_CASE("revisions are compared as RFC 9110 has it", "[api][conditional]") {
  CHECK(etag_of("42") == "\"42\"");
  CHECK(etag_of("a\"b") == "\"a%22b\"");
  CHECK(matches_strongly("\"1\", \"2\"", "\"2\""));
  CHECK(matches_strongly("*", "\"2\""));
  CHECK(matches_strongly("\"a,b\" ,\"2\"", "\"a,b\""));
  CHECK_FALSE(matches_strongly("W/\"2\"", "\"2\""));
  CHECK(matches_weakly("W/\"2\"", "\"2\""));
  for (const char* wrong : {"", "2", "\"2", "\"1\" \"2\"", "\"1\";\"2\"", ",", "\"22\""})
    CHECK_FALSE(matches_weakly(wrong, "\"2\""));
}

TEST_CASE("what is shown has a tag that changes with the body and names its revision",
          "[api][conditional]") {
  const std::string shown = etag_of("12.3", "{}");
  CHECK(shown == "\"12.3:44136fa355b3678a\"");
  CHECK(etag_of("12.3", "{} ") != shown);
  CHECK(matches_weakly(shown, shown));
  CHECK_FALSE(matches_weakly(etag_of("12.3"), shown));
  CHECK_FALSE(matches_weakly(etag_of("12.3", "[]"), shown));
  for (const std::string& tag : {etag_of("12.3"), shown, "\"9.9\", " + shown})
    CHECK_FALSE(check_if_match(asked({{"if-match", tag}}), etag_of("12.3")));
  for (const std::string& tag : {etag_of("12.4", "{}"), etag_of("2.3", "{}"), "W/" + shown})
    CHECK(check_if_match(asked({{"if-match", tag}}), etag_of("12.3")));
  CHECK(check_if_match(asked({{"if-none-match", "W/" + shown}}), etag_of("12.3")));
}

TEST_CASE("a write says which revision it changes", "[api][conditional]") {
  CHECK_FALSE(check_if_match(asked({{"if-match", "\"1\""}}), "\"1\"", true));
  CHECK_FALSE(check_if_match(asked(), "\"1\"", false));
  CHECK(check_if_match(asked(), "\"1\"", true)->status == 428);
  const auto stale = check_if_match(asked({{"if-match", "\"0\""}}), "\"1\"", false);
  CHECK(stale->status == 412);
  CHECK(stale->headers == Fields{{"ETag", "\"1\""}});
  CHECK(check_if_match(asked({{"if-none-match", "*"}}), "\"1\"", false)->status == 412);
}

TEST_CASE("an idempotency key is a short word", "[api][conditional]") {
  const auto key = [](const std::string& text) {
    return idempotency_key(asked({{"idempotency-key", text}}));
  };
  CHECK(key("8e03978e-40d5").key == "8e03978e-40d5");
  CHECK(key("\"8e03\"").key == "8e03");
  CHECK(idempotency_key(asked()).key.empty());
  CHECK_FALSE(idempotency_key(asked()).wrong);
  for (const std::string& wrong : {std::string(), std::string("a b"), std::string("\"\""),
                                   std::string(129, 'x'), std::string("é"), std::string("a\"b")})
    CHECK(key(wrong).wrong->status == 400);
}

TEST_CASE("a cursor comes back as it was made", "[api][paging]") {
  const std::vector<std::string> row{"name é \"x\"", "17"};
  const std::string cursor = encode_cursor("things:name", row);
  CHECK(cursor.find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  CHECK(*decode_cursor("things:name", cursor) == row);
}

TEST_CASE("a cursor that we did not make is a mistake of the client", "[api][paging]") {
  const std::string cursor = encode_cursor("things", {"a"});
  CHECK(decode_cursor("others", cursor).error().code == Code::invalid_argument);
  for (std::string wrong :
       {std::string("x"), std::string("!!"), cursor + "A", cursor + "=", cursor.substr(1),
        cursor.substr(0, cursor.size() - 1), std::string(5000, 'A'), std::string()})
    CHECK(decode_cursor("things", wrong).error().code == Code::invalid_argument);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string changed = cursor;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto read = decode_cursor("things", changed);
    if (read) CHECK(encode_cursor("things", *read) == changed);
  }
}

TEST_CASE("the next page is this request with another cursor", "[api][paging]") {
  Request request = asked();
  request.query = {{"search", "a b&c"}, {"cursor", "old"}, {"limit", "2"}};
  Call call{.request = request, .caller = {}, .path = {}, .query = {}, .body = {}};
  Answer answer;
  link_next(answer, call, "things", {"k"});
  CHECK(*answer.header("link") == "</api/v1/things?search=a%20b%26c&limit=2&cursor=" +
                                      encode_cursor("things", {"k"}) + ">; rel=\"next\"");
}

TEST_CASE("a head says how the body ends, and nothing can be put into it", "[api][head]") {
  Answer answer{.headers = {{"Content-Type", "text/plain"},
                            {"Content-Length", "99"},
                            {"X-Bad", "a\r\nSet-Cookie: x"},
                            {"X-Good", "b"}},
                .body = std::make_shared<const std::string>("12345")};
  CHECK(answer_head(answer, "id", {}, "DATE") ==
        "HTTP/1.1 200 OK\r\nDate: DATE\r\nX-Request-Id: id\r\nX-Content-Type-Options: nosniff\r\n"
        "Cache-Control: no-store\r\nContent-Type: text/plain\r\nX-Good: b\r\nContent-Length: "
        "5\r\n\r\n");
  const std::string none = answer_head({.status = 204, .headers = {{"Cache-Control", "no-cache"}}},
                                       "", {.keep_alive = false}, "D");
  CHECK(none.find("Content-Length") == std::string::npos);
  CHECK(none.find("no-store") == std::string::npos);
  CHECK(none.find("Connection: close\r\n") != std::string::npos);
  CHECK(answer_head({}, "", {.body = Framing::Body::chunked}, "D")
            .find("Transfer-Encoding: chunked") != std::string::npos);
  CHECK(date_now().size() == 29);
}

TEST_CASE("an event keeps its lines and cannot make others", "[api][head]") {
  CHECK(encode_event({"7", "job", "a\nb\r\nc\rd"}) ==
        "id: 7\nevent: job\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  CHECK(encode_event({"7\ndata: x", "", ""}) == "data: \n\n");
  CHECK(chunk("0123456789abcdef") == "10\r\n0123456789abcdef\r\n");
}

TEST_CASE("a request id is taken when it is sane", "[api][http]") {
  const std::string good = "Abc-1._", with_blank = "a b", with_line = "a\r\nb", long_one(65, 'a');
  CHECK(request_id(&good) == good);
  for (const std::string* wrong :
       std::initializer_list<const std::string*>{&with_blank, &with_line, &long_one, nullptr}) {
    CHECK(request_id(wrong).size() == 16);
    CHECK(request_id(wrong) != request_id(wrong));
  }
}

TEST_CASE("an address has its share of requests, and of connections", "[api][admission]") {
  Admission admission(
      {.connections = 2, .requests_per_second = 10, .burst = 3, .count_local = false});
  const Peer one{.transport = Transport::network, .address = "192.0.2.1"};
  const Peer other{.transport = Transport::network, .address = "192.0.2.2"};
  const Peer local{.transport = Transport::loopback, .address = "127.0.0.1"};
  base::Steady::time_point now = base::Steady::now();
  for (int i = 0; i < 3; ++i) CHECK_FALSE(admission.take(one, now));
  CHECK(admission.take(one, now) == 100ms);
  CHECK_FALSE(admission.take(other, now));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(admission.take(local, now));
  now += 100ms;
  CHECK_FALSE(admission.take(one, now));
  CHECK(admission.take(one, now));

  CHECK(admission.enter(one));
  CHECK(admission.enter(one));
  CHECK_FALSE(admission.enter(one));
  admission.leave(one);
  CHECK(admission.enter(one));

  now += 10s;
  admission.tidy(now);
  CHECK(admission.known() == 1);  // It is still connected.
  admission.leave(one);
  admission.leave(one);
  admission.tidy(now);
  CHECK(admission.known() == 0);
}

TEST_CASE("one customer's IPv6 prefix is one address", "[api][admission]") {
  Admission admission(
      {.connections = 1, .requests_per_second = 0, .burst = 0, .count_local = false});
  CHECK(admission.enter({.transport = Transport::network, .address = "2001:db8:0:1::1"}));
  CHECK_FALSE(
      admission.enter({.transport = Transport::network, .address = "2001:db8:0:1:ffff::2"}));
  CHECK(admission.enter({.transport = Transport::network, .address = "2001:db8:0:2::1"}));
}

TEST_CASE("who guesses at one address keeps nobody out elsewhere", "[api][guesses]") {
  Guesses guesses;
  const Peer bad{Transport::network, "192.0.2.7"}, home{Transport::network, "192.0.2.8"};
  int looked_at = 0;
  for (int i = 0; i < 1000; ++i) looked_at += guesses.allow("ada", bad, 10) ? 1 : 0;
  CHECK(looked_at == 10);
  CHECK(guesses.allow("ada", home, 10));
  const auto told = guesses.refused();
  REQUIRE(told.size() == 1);
  CHECK(told[0].name == "ada");
  CHECK(told[0].address == "192.0.2.7");
  CHECK(told[0].count == 990);
  CHECK(guesses.refused().empty());
}

TEST_CASE("many who guess together wait together, but not who signed in before", "[api][guesses]") {
  Guesses guesses;
  const Peer home{Transport::network, "2001:db8::1"}, other{Transport::network, "192.0.2.8"};
  REQUIRE(guesses.allow("ada", home, 10));
  guesses.succeeded("ada", home);
  int looked_at = 0;
  for (int i = 0; i < 1000; ++i) {
    const Peer one{Transport::network, "198.51.100." + std::to_string(i % 100)};
    looked_at += guesses.allow("ada", one, 10) ? 1 : 0;
  }
  CHECK(looked_at == 29);
  CHECK_FALSE(guesses.allow("ada", other, 10));
  CHECK(guesses.allow("ada", {Transport::network, "2001:db8::2"}, 10));  // The same /64.
  std::uint64_t count = 0;
  const auto told = guesses.refused();
  CHECK(told.size() <= 21);  // Bounded: the rest in one number.
  for (const auto& one : told) count += one.count;
  CHECK(count == 1000 - 29 + 1);
}

TEST_CASE("one address cannot try many names", "[api][guesses]") {
  Guesses guesses;
  int looked_at = 0;
  for (int i = 0; i < 1000; ++i)
    looked_at +=
        guesses.allow("u" + std::to_string(i), {Transport::network, "192.0.2.7"}, 10) ? 1 : 0;
  CHECK(looked_at == 30);
}

TEST_CASE("a bell reaches who listens, while he listens", "[api][bell]") {
  const Bell bell;
  int heard = 0;
  {
    const Bell copy = bell;
    const auto first = copy.listen([&] { ++heard; });
    auto second = bell.listen([&] { heard += 10; });
    bell.ring();
    CHECK(heard == 11);
    second = {};
    copy.ring();
    CHECK(heard == 12);
  }
  bell.ring();
  CHECK(heard == 12);
}

TEST_CASE("metrics count what was answered, and ask the collectors", "[api][metrics]") {
  Metrics metrics;
  Request request = asked();
  request.route = "/api/v1/things";
  metrics.observe({.request = request, .status = 200, .bytes = 1, .took = 1500us});
  metrics.observe({.request = request, .status = 200, .bytes = 1, .took = 1500us});
  metrics.collect([](Samples& samples) {
    samples.gauge("portolan_registry_up", "Up.", 1, {{"registry", "a"}});
    samples.gauge("portolan_registry_up", "Up.", 0, {{"registry", "b\"\n"}});
    const std::array bounds{0.5, 1.0};
    const std::array<std::uint64_t, 3> counts{3, 0, 2};
    samples.histogram("portolan_took_seconds", "Took.", bounds, counts, 7.5, {{"type", "a"}});
  });
  const std::string text = metrics.text();
  CHECK(
      text.find(
          "portolan_http_requests_total{code=\"200\",method=\"GET\",route=\"/api/v1/things\"} 2") !=
      std::string::npos);
  CHECK(text.find("portolan_http_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/"
                  "things\"} 2") != std::string::npos);
  CHECK(text.find("portolan_registry_up{registry=\"b\\\"\\n\"} 0") != std::string::npos);
  for (const char* line :
       {"# TYPE portolan_took_seconds histogram", "portolan_took_seconds_sum{type=\"a\"} 7.5",
        "portolan_took_seconds_count{type=\"a\"} 5",
        "portolan_took_seconds_bucket{type=\"a\",le=\"0.5\"} 3",
        "portolan_took_seconds_bucket{type=\"a\",le=\"1\"} 3",
        "portolan_took_seconds_bucket{type=\"a\",le=\"+Inf\"} 5"})
    CHECK(text.find(line) != std::string::npos);
  CHECK(text.find("# TYPE portolan_registry_up gauge") ==
        text.rfind("# TYPE portolan_registry_up gauge"));
}

TEST_CASE("a host is a name or an address, with or without a port", "[api][target]") {
  for (const char* good :
       {"a", "a.example", "a.example:80", "127.0.0.1:8080", "[::1]", "[::1]:443", "A-b.c"})
    CHECK(host_of(good));
  for (const char* wrong :
       {"", ":80", "a:", "a:x", "a:123456", "a b", "a/b", "[::1", "::1", "[a]", "0x7f.1", "a@b"})
    CHECK_FALSE(host_of(wrong));
  CHECK(host_of("A.Example.:80") == "a.example");
}

TEST_CASE("by plain HTTP a name that is not ours is refused", "[api][host]") {
  const Handler next = [](Request&) { return Task{Lane::io, [](Request&) { return Answer{}; }}; };
  const Handler handler =
      for_known_names(next, [](const std::string& name) { return name == "hub.example"; });
  const auto status = [&](const std::string& host, Peer peer = {}) {
    Request request;
    request.headers = {{"host", host}};
    request.peer = std::move(peer);
    return handler(request).run(request).status;
  };
  for (const char* ours : {"localhost", "LOCALHOST.:1", "127.0.0.1", "127.0.0.1:9", "[::1]:80",
                           "192.0.2.7", "[2001:DB8::1]", "hub.example", "Hub.Example.:443"})
    CHECK(status(ours) == 200);
  for (const char* foreign : {"evil.example", "evil.example:7070", "localhost.evil.example",
                              "127.0.0.1.evil.example", "x.localhost", "xhub.example",
                              "hub.example.evil", "local", "127.1", "2130706433", "0x7f.0.0.1"})
    CHECK(status(foreign) == 421);
  CHECK(status("evil.example", {.transport = Transport::unix_socket}) == 200);
  CHECK(status("evil.example", {.transport = Transport::network, .tls = true}) == 200);
  CHECK(status("evil.example", {.transport = Transport::network}) == 421);
  Request nameless;
  CHECK(handler(nameless).run(nameless).status == 200);
}
