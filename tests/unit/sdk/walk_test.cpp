// Walks over many requests: pages, fan-out, and how they end.
#include <catch2/catch.hpp>
#include <portolan/plugin.hpp>
#include <set>

#include "support/fake_host.h"

namespace {

/// Pages of one item each; the last has no link.
fake::Reply page(const fake::Request& request, int last) {
  const auto at = request.url.find("n=");
  const int n = at == std::string::npos ? 0 : std::stoi(request.url.substr(at + 2));
  fake::Reply reply{200, "[" + std::to_string(n) + "]"};
  if (n < last) reply.headers = {{"link", "</list?n=" + std::to_string(n + 1) + ">; rel=\"next\""}};
  return reply;
}

portolan::response linked(std::string link) {
  portolan::response out;
  out.method = "GET";
  out.url = "https://registry.example/prefix/v2/_catalog";
  out.headers = {{"link", std::move(link)}};
  return out;
}

struct Run {
  fake::Host host;
  portolan::call call{host.call(), fake::Host::http(), portolan::auth::none};
};

}  // namespace

TEST_CASE("each_page reads every page once, in order", "[sdk]") {
  Run run;
  run.host.answer = [](const fake::Request& r) { return page(r, 4); };
  std::vector<std::string> bodies;
  CHECK(run.call.each_page("/list", [&](const portolan::response& p) {
    bodies.push_back(p.body);
  }) == portolan::ended::all);
  CHECK(bodies == std::vector<std::string>{"[0]", "[1]", "[2]", "[3]", "[4]"});
}

TEST_CASE("each_page ends with the budget or a cancel, and throws what the registry refuses",
          "[sdk]") {
  Run run;
  run.host.answer = [](const fake::Request& r) { return page(r, 1000); };
  int pages = 0;
  const auto count = [&](const portolan::response&) { ++pages; };
  run.host.budget = 3;
  CHECK(run.call.each_page("/list", count) == portolan::ended::budget);
  CHECK(pages == 3);
  run.host.budget = PORTOLAN_NO_BUDGET;
  CHECK(run.call.each_page("/list", [&](const portolan::response&) {
    run.host.state = PORTOLAN_CANCELLED;
  }) == portolan::ended::stopped);
  run.host.state = PORTOLAN_OK;
  run.host.answer = [](const fake::Request&) { return fake::Reply{403}; };
  CHECK_THROWS_AS(run.call.each_page("/list", count), portolan::failure);
}

TEST_CASE("a fan-out fills the host's places, meets every answer once and stays lazy", "[sdk]") {
  for (const bool newest_first : {false, true}) {
    Run run;
    run.host.newest_first = newest_first;
    run.host.answer = [](const fake::Request& r) { return fake::Reply{200, r.url}; };
    std::vector<std::string> urls;
    for (int i = 0; i < 200; ++i) urls.push_back("/" + std::to_string(i));
    std::set<std::size_t> indices;
    CHECK(run.call.each(urls, [&](portolan::response&& answer, std::size_t index) {
      CHECK(answer.body == urls[index]);
      indices.insert(index);
    }) == portolan::ended::all);
    CHECK(indices.size() == 200);
    CHECK(run.host.requests.size() == 200);
    CHECK(run.host.most_in_flight == 8);
  }
}

TEST_CASE("a fan-out that is cut says by what, and hands over what was answered", "[sdk]") {
  Run run;
  run.host.answer = [](const fake::Request&) { return fake::Reply{200, "x"}; };
  const std::vector<std::string> urls(50, "/x");
  int answers = 0;
  run.host.budget = 20;
  CHECK(run.call.each(urls, [&](portolan::response&&, std::size_t) { ++answers; }) ==
        portolan::ended::budget);
  CHECK(answers == 20);
  run.host.budget = PORTOLAN_NO_BUDGET;
  CHECK(run.call.each(urls, [&](portolan::response&&, std::size_t) {
    run.host.state = PORTOLAN_TIMEOUT;
  }) == portolan::ended::stopped);
}

TEST_CASE("a handler that throws leaves nothing in flight", "[sdk]") {
  Run run;
  run.host.answer = [](const fake::Request&) { return fake::Reply{500}; };
  const std::vector<std::string> urls(50, "/x");
  CHECK_THROWS_AS(run.call.each(urls, [](portolan::response&& a, std::size_t) { a.require(); }),
                  portolan::failure);
  CHECK(run.host.in_flight() == 0);
}

TEST_CASE("the pager keeps a prefix that the link lost, and escapes what was not", "[sdk]") {
  portolan::pager pages("/v2/_catalog?n=1");
  pages.follow(linked("</v2/_catalog?n=1&last=a b,c>; rel=\"next\""));
  CHECK(pages.next() == "/v2/_catalog?n=1&last=a%20b,c");
  pages.follow(linked(""));
  CHECK_FALSE(pages.next());
}

TEST_CASE("the pager refuses circles, other hosts and links without a query", "[sdk]") {
  for (const char* link :
       {"</v2/_catalog?n=1>; rel=next", "<https://evil.example/v2?n=2>; rel=next",
        "<//evil.example/v2?n=2>; rel=next", "</v2/_catalog>; rel=next"}) {
    portolan::pager pages("/v2/_catalog?n=1");
    CAPTURE(link);
    CHECK_THROWS_AS(pages.follow(linked(link)), portolan::failure);
    CHECK_FALSE(pages.next());
  }
}

TEST_CASE("a web page instead of JSON is protocol, with a hint that says so", "[sdk]") {
  portolan::response answer;
  answer.status = 200;
  answer.body = "<html>";
  try {
    (void)answer.json();
    FAIL("it was taken for JSON");
  } catch (const portolan::failure& problem) {
    CHECK(problem.code == PORTOLAN_PROTOCOL);
    CHECK(problem.hint.find("web page") != std::string::npos);
  }
}

TEST_CASE("reading a wrong type from JSON answers nothing instead of throwing", "[sdk]") {
  const auto value = portolan::json::parse(R"({"n":1.5,"big":99999999999999999999,"s":"\u00e9"})");
  CHECK_FALSE(value["n"].integer());
  CHECK_FALSE(value["big"].integer());
  CHECK(value["s"].string() == "\xC3\xA9");
  CHECK_FALSE(value["absent"]["deeper"]);
  CHECK(value["s"]["x"].string_or("-") == "-");
  for (const char* bad : {"{\"a\":1,\"a\":2}", "[1,]", "\"\xFF\"", "\"\\ud800\"", "[1] 2", ""})
    CHECK_THROWS_AS(portolan::json::parse(bad), portolan::failure);
}
