// Bytes on the wire: what is read, and what is refused because two readers could read it in two
// ways.
#include <catch2/catch.hpp>

#include "api/wire.h"

using namespace portolan::api;
using State = RequestReader::State;

namespace {

struct Read {
  State state = State::head;
  Refusal refusal;
  Request request;
  std::size_t used = 0;
  bool keep_alive = false;
};

// In pieces of `step` bytes, as a slow network brings them.
Read read(const std::string& bytes, std::size_t step = 1 << 20,
          RequestReader::Limits limits = {.head_bytes = 1024, .body_bytes = 64}) {
  RequestReader reader(limits);
  std::size_t begin = 0, end = 0;
  while (end < bytes.size() && reader.state() < State::done) {
    end = std::min(end + step, bytes.size());
    begin += reader.read(std::string_view(bytes).substr(begin, end - begin));
  }
  return {reader.state(), reader.refusal(), reader.request(), begin, reader.keep_alive()};
}

std::string get(const std::string& headers = "", const std::string& target = "/") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

std::string post(const std::string& headers, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

}  // namespace

TEST_CASE("a request is the same whatever pieces it comes in", "[api][reader]") {
  const std::size_t step = GENERATE(1, 2, 3, 7, 64, 4096);
  const Read got = read(
      "POST /a%20b/c?x=1&y=%C3%A9+z HTTP/1.1\r\nHost: a.example:80\r\nAccept: a\r\nX-Empty:\r\n"
      "aCCept:  b \r\nContent-Length: 4\r\n\r\nbodyGET",
      step);
  REQUIRE(got.state == State::done);
  CHECK(got.request.method == "POST");
  CHECK(got.request.path == "/a%20b/c");
  CHECK(got.request.segments == std::vector<std::string>{"a b", "c"});
  CHECK(got.request.query == Fields{{"x", "1"}, {"y", "é z"}});
  CHECK(*got.request.header("Host") == "a.example:80");
  CHECK(*got.request.header("accept") == "a, b");
  CHECK(got.request.header("x-empty")->empty());
  CHECK(got.request.header("other") == nullptr);
  CHECK(got.request.body == "body");
  CHECK(got.keep_alive);
}

TEST_CASE("what comes behind a request is left for the next", "[api][reader]") {
  const std::string two = get() + "GET /second HTTP/1.1\r\n";
  CHECK(read(two).used == get().size());
  CHECK(read(post("Content-Length: 2\r\n", "abGET /")).used ==
        post("Content-Length: 2\r\n", "ab").size());
  const std::string chunked = post("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\n\r\n");
  CHECK(read(chunked + "GET").used == chunked.size());
}

TEST_CASE("chunks are put together; extensions and trailers are not looked at", "[api][reader]") {
  const std::size_t step = GENERATE(1, 5, 4096);
  const Read got =
      read(post("Transfer-Encoding: Chunked\r\n",
                "3;a=b\r\nabc\r\n0002 ; c=\"d;\"\r\nde\r\n0\r\nHost: evil\r\nX-T: 1\r\n\r\n"),
           step);
  REQUIRE(got.state == State::done);
  CHECK(got.request.body == "abcde");
  CHECK(*got.request.header("host") == "a");
  CHECK(got.request.header("x-t") == nullptr);
}

TEST_CASE("one empty line before a request is let pass, two are not", "[api][reader]") {
  CHECK(read("\r\n" + get()).state == State::done);
  CHECK(read("\r\n" + get()).used == get().size() + 2);
  CHECK(read("\r\n\r\n" + get()).refusal.status == 400);
}

TEST_CASE("the connection stays when both sides can hold it", "[api][reader]") {
  CHECK(read(get()).keep_alive);
  CHECK_FALSE(read(get("Connection: close\r\n")).keep_alive);
  CHECK_FALSE(read("GET / HTTP/1.0\r\n\r\n").keep_alive);
  CHECK(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  CHECK(read("GET / HTTP/1.0\r\n\r\n").state == State::done);
}

TEST_CASE("an absolute target must name the host", "[api][reader]") {
  const Read got = read("GET http://A/x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(got.request.path == "/x");
  CHECK(got.request.query == Fields{{"y", "1"}});
  CHECK(read("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n").request.path == "/");
  CHECK(read("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n").refusal.status == 400);
  CHECK(read("GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n").refusal.status == 400);
  CHECK(read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").state == State::done);
  CHECK(read("GET * HTTP/1.1\r\nHost: a\r\n\r\n").refusal.status == 400);
}

TEST_CASE("forms that two readers read in two ways are refused", "[api][reader]") {
  const std::string chunk = "1\r\na\r\n0\r\n\r\n";
  const std::string bytes = GENERATE_COPY(values<std::string>({
      post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", chunk),
      post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", chunk),
      post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"),
      post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"),
      post("Content-Length: 1, 1\r\n", "a"),
      post("Content-Length: +1\r\n", "a"),
      post("Content-Length: -1\r\n", "a"),
      post("Content-Length: 0x1\r\n", "a"),
      post("Content-Length: 1a\r\n", "a"),
      post("Content-Length: \r\n", "a"),
      post("Content-Length: 1 1\r\n", "a"),
      post("Content-Length: 18446744073709551617\r\n", "a"),
      post("Content-Length : 1\r\n", "a"),
      post("Content-Length\t: 1\r\n", "a"),
      post(" Content-Length: 1\r\n", "a"),
      post("X: y\r\n Content-Length: 1\r\n", "a"),
      post("X: y\r\n\tz\r\n", ""),
      post("X: y\nContent-Length: 1\r\n", "a"),
      post("X: y\rContent-Length: 1\r\n", "a"),
      post("X: y\r\r\n", ""),
      post("Transfer-Encoding: gzip, chunked\r\n", chunk),
      post("Transfer-Encoding: chunked, gzip\r\n", chunk),
      post("Transfer-Encoding: chunked, chunked\r\n", chunk),
      post("Transfer-Encoding: identity\r\n", ""),
      post("Transfer-Encoding: xchunked\r\n", chunk),
      post("Transfer-Encoding: chunked;q=1\r\n", chunk),
      post("Transfer-Encoding: \"chunked\"\r\n", chunk),
      post("Transfer-Encoding: \r\n", chunk),
      post("Transfer-Encoding:\x0b"
           "chunked\r\n",
           chunk),
      post("Transfer-Encoding: chunked\x0c\r\n", chunk),
      post("Transfer-Encoding : chunked\r\n", chunk),
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunk),
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunk),
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
      post("Transfer-Encoding: chunked\r\n", "x\r\na\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "+1\r\na\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "0x1\r\na\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "-1\r\na\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "1\na\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "1\r\nab\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "1\r\na0\r\n\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "1\r\na\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\na\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "\r\n1\r\na\r\n0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n", "1;\nx\r\na\r\n0\r\n\r\n"),
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\nHost: a\n\r\n",
      "GET /\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX(y): z\r\n\r\n",
      "GET / http/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/11\r\nHost: a\r\n\r\n",
      "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
      std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29),
      std::string("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 34),
      get("", "/\x01"),
      get("", "/\x7f"),
      get("", "/\xff"),
      get("X: \x01\r\n"),
      get("X: \x7f\r\n"),
      get("X: \xff\r\n"),
      get("", "/%00"),
      get("", "/%0a"),
      get("", "/%"),
      get("", "/%4"),
      get("", "/%zz"),
      get("", "/%ff"),
      get("", "/%c0%af"),
      get("", "/%ed%a0%80"),
      get("", "/a/../b"),
      get("", "/%2e%2e/b"),
      get("", "/./b"),
      get("", "/a#b"),
      get("", "/a\\b"),
      get("", "/a\"b"),
      get("", "/?a=%00"),
      get("", "/?=1"),
      get("", "/?a=%ff"),
      get("", "/?a=<"),
      get("Authorization: a\r\nAuthorization: b\r\n"),
      get("Content-Type: a\r\nContent-Type: b\r\n"),
      get("Connection: \"\r\n"),
  }));
  CAPTURE(bytes);
  const std::size_t step = GENERATE(1, 1 << 20);
  const Read got = read(bytes, step);
  CHECK(got.state == State::refused);
  CHECK(got.refusal.status == 400);
  CHECK_FALSE(got.keep_alive);
}

TEST_CASE("a refusal says which rule in its status", "[api][reader]") {
  const auto status = [](const std::string& bytes) { return read(bytes).refusal.status; };
  CHECK(status("BREW / HTTP/1.1\r\nHost: a\r\n\r\n") == 501);
  CHECK(status("get / HTTP/1.1\r\nHost: a\r\n\r\n") == 501);
  CHECK(status("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n") == 501);
  CHECK(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
  CHECK(status("GET / HTTP/3.0\r\nHost: a\r\n\r\n") == 505);
  CHECK(status(get("Expect: 200-ok\r\n")) == 417);
  CHECK(status(get("X: " + std::string(2000, 'x') + "\r\n")) == 431);
  CHECK(status(get("", "/" + std::string(2000, 'x'))) == 414);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "H" + std::to_string(i) + ":\r\n";
  CHECK(status(get(many)) == 431);
  CHECK(status(post("Content-Length: 65\r\n", "")) == 413);
  CHECK(status(post("Transfer-Encoding: chunked\r\n", "41\r\n")) == 413);
  CHECK(status(post("Transfer-Encoding: chunked\r\n",
                    "40\r\n" + std::string(64, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n")) == 413);
}

TEST_CASE("a body at the limit is taken, and no endless extension", "[api][reader]") {
  CHECK(read(post("Content-Length: 64\r\n", std::string(64, 'x'))).request.body.size() == 64);
  const std::string endless = "1;" + std::string(8000, 'e');
  CHECK(read(post("Transfer-Encoding: chunked\r\n", endless), 512).refusal.status == 400);
  std::string tiny;
  for (int i = 0; i < 60; ++i) tiny += "1;" + std::string(100, 'e') + "\r\nx\r\n";
  CHECK(read(post("Transfer-Encoding: chunked\r\n", tiny), 512).refusal.status == 400);
}

TEST_CASE("what was refused shows no query", "[api][reader]") {
  const Read got = read(get("", "/a?token=secret") + "x");
  CHECK(got.request.path == "/a");
  CHECK(read("BREW /a?token=secret HTTP/1.1\r\nHost: a\r\n\r\n").request.path == "/a");
}

TEST_CASE("a reader is used again", "[api][reader]") {
  RequestReader reader({});
  reader.read(get("", "/first"));
  CHECK(reader.request().path == "/first");
  reader.reset();
  CHECK_FALSE(reader.began());
  reader.read(get("", "/second"));
  CHECK(reader.request().path == "/second");
  CHECK(reader.state() == State::done);
}

TEST_CASE("100-continue is wanted while the body has not begun", "[api][reader]") {
  RequestReader reader({});
  const std::string head = post("Expect: 100-Continue\r\nContent-Length: 2\r\n", "");
  reader.read(head);
  CHECK(reader.wants_continue());
  reader.read("a");
  CHECK_FALSE(reader.wants_continue());
}
