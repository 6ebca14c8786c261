/// Answers that no registry should give, and what becomes of each.
#include <catch2/catch.hpp>

#include "unit/net/exchange.h"

using namespace portolan;
using namespace portolan::test;
using base::Code;
using Stage = net::Facts::Stage;

namespace {

TcpServer::Handler replying(std::string bytes) {
  return [bytes = std::move(bytes)](Connection& connection) {
    connection.request();
    connection.send(bytes);
  };
}

Answer ask(TcpServer& server, std::size_t max_body = 1024 * 1024) {
  Line line;
  net::Request request = get("http://" + server.address() + "/?token=canary");
  request.max_body = max_body;
  return line.send(std::move(request));
}

/// A gzip text that inflates to about 158 times its size; it has no end.
std::string gzip_bomb(std::size_t bytes) {
  std::string text("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
  unsigned accumulated = 0;
  int bits = 0;
  const auto put = [&](unsigned code, int length) {  // Huffman codes go most significant bit first.
    for (int bit = length - 1; bit >= 0; --bit) {
      accumulated |= ((code >> bit) & 1u) << bits;
      if (++bits < 8) continue;
      text.push_back(static_cast<char>(accumulated));
      accumulated = 0;
      bits = 0;
    }
  };
  put(1, 1);           // The last block,
  put(0b10, 2);        // of fixed codes (1, least significant bit first).
  put(0x30 + 'a', 8);  // One literal, then it again 258 times, again and again.
  while (text.size() < bytes) {
    put(0b11000101, 8);
    put(0, 5);
  }
  return text;
}

}  // namespace

TEST_CASE("an answer that is not HTTP/1.1 is protocol", "[net][hostile]") {
  for (const char* bytes : {
           "hello\r\n\r\n",
           "<html>no status line</html>",
           "SSH-2.0-OpenSSH_9.2\r\n",
           "HTTP/9.9 200 OK\r\n\r\n",
           "HTTP/1.1 abc\r\n\r\n",
           "HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
           "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\ntoo short",
           "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
           "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
           "HTTP/1.1 200 OK\r\n: nameless\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
           "HTTP/1.1 200 OK\r\nContent-Encoding: strange\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
       }) {
    INFO(bytes);
    TcpServer server(replying(bytes));
    const Answer answer = ask(server);
    CHECK(base::to_string(answer.code()) == "protocol");
    CHECK(answer.facts.reached == Stage::http);
    REQUIRE(answer.error);
    CHECK(answer.error->where == "http://" + server.address() + "/");
    CHECK((answer.error->message + answer.error->hint).find("canary") == std::string::npos);
  }
}

TEST_CASE("a NUL in a header is protocol", "[net][hostile]") {
  using namespace std::string_literals;
  TcpServer server(replying("HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n"s));
  CHECK(base::to_string(ask(server).code()) == "protocol");
}

TEST_CASE("an answer in unusual form is read as RFC 9112 tells", "[net][hostile]") {
  struct Form {
    const char* bytes;
    int status;
    const char* body;
  };
  for (const Form& form : {
           Form{"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"},
           Form{"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
           Form{"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok"},
           Form{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                200, "ok"},
           Form{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nTrailer: "
                "x\r\n\r\n",
                200, "ok"},
           Form{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nok!\r\n0\r\n\r\n",
                200, "ok!"},
           Form{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", 200, "ok"},
           Form{"HTTP/1.1 204 None\r\n\r\n", 204, ""},
           Form{"HTTP/1.1 304 Same\r\nContent-Length: 9999999999\r\n\r\n", 304, ""},
           Form{"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nno", 999, "no"},
           Form{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
                302, ""},
       }) {
    INFO(form.bytes);
    TcpServer server(replying(form.bytes));
    const Answer answer = ask(server);
    CHECK(answer.whole());
    CHECK(answer.status == form.status);
    CHECK(answer.body == form.body);
    CHECK_FALSE(header(answer, "trailer"));
    CHECK_FALSE(header(answer, "link"));
  }
}

TEST_CASE("a folded header is one header", "[net][hostile]") {
  TcpServer server(
      replying("HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\nContent-Length: 0\r\n\r\n"));
  const Answer answer = ask(server);
  REQUIRE(header(answer, "x-long"));
  CHECK(*header(answer, "x-long") == "one two");
}

TEST_CASE("a connection that breaks is unreachable", "[net][hostile]") {
  for (const char* bytes : {"", "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nhalf"}) {
    INFO(bytes);
    TcpServer server([&](Connection& connection) {
      connection.request();
      connection.send(bytes);
      if (*bytes) connection.request();  // Until the client has read it, or goes.
      connection.reset();
    });
    net::ChannelOptions options = loopback();
    Line line(options);
    net::Request request = get("http://" + server.address() + "/");
    request.timeout = 500ms;
    const Code code = line.send(std::move(request)).code();
    CHECK(base::to_string(code) == (*bytes ? "timeout" : "unreachable"));
  }
  TcpServer server([&](Connection& connection) {
    connection.request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nhalf");
    connection.reset();
  });
  const Code code = ask(server).code();
  CHECK((code == Code::unreachable || code == Code::protocol));  // Whether the reset overtakes.
}

TEST_CASE("headers without end are ended at 64 kB", "[net][hostile]") {
  SECTION("many") {
    TcpServer server([](Connection& connection) {
      connection.request();
      connection.send("HTTP/1.1 200 OK\r\n");
      while (connection.send("X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")) {
      }
    });
    CHECK(base::to_string(ask(server).code()) == "limit");
  }
  SECTION("one") {
    TcpServer server([](Connection& connection) {
      connection.request();
      connection.send("HTTP/1.1 200 OK\r\nX-Long: ");
      while (connection.send(std::string(4096, 'a'))) {
      }
    });
    CHECK(base::to_string(ask(server).code()) == "limit");
  }
  SECTION("in interim answers") {
    TcpServer server([](Connection& connection) {
      connection.request();
      while (connection.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")) {
      }
    });
    CHECK(base::to_string(ask(server).code()) == "limit");
  }
  SECTION("in trailers") {
    TcpServer server([](Connection& connection) {
      connection.request();
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
      while (connection.send("X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")) {
      }
    });
    CHECK(base::to_string(ask(server).code()) == "limit");
  }
}

TEST_CASE("a body is ended at its limit", "[net][hostile]") {
  SECTION("endless, without a length") {
    TcpServer server([](Connection& connection) {
      connection.request();
      connection.send("HTTP/1.1 200 OK\r\n\r\n");
      while (connection.send(std::string(4096, 'a'))) {
      }
    });
    const Answer answer = ask(server);
    CHECK(base::to_string(answer.code()) == "limit");
    CHECK(answer.body.size() <= 1024 * 1024);
  }
  SECTION("announced as too long: none of it is taken") {
    TcpServer server(replying("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\nabc"));
    const Answer answer = ask(server);
    CHECK(base::to_string(answer.code()) == "limit");
    CHECK(answer.body.empty());
  }
  SECTION("exactly at the limit is whole") {
    TcpServer server(always(std::string(1000, 'x')));
    CHECK(ask(server, 1000).whole());
    CHECK(base::to_string(ask(server, 999).code()) == "limit");
  }
  SECTION("the length of a HEAD announces nothing") {
    TcpServer server(replying("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"));
    Line line;
    net::Request request = get("http://" + server.address() + "/");
    request.method = "HEAD";
    request.max_body = 10;
    CHECK(line.send(std::move(request)).whole());
  }
}

TEST_CASE("a gzip answer is inflated, and its limit counts what comes out", "[net][hostile]") {
  SECTION("gzip of \"hello\"") {
    const std::string bytes(
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05"
        "\x00"
        "\x00\x00",
        25);
    TcpServer server([&](Connection& connection) {
      const std::string request = connection.request();
      CHECK(request.find("Accept-Encoding: gzip\r\n") != request.npos);
      connection.answer(bytes, "Content-Encoding: gzip\r\n");
    });
    const Answer answer = ask(server);
    CHECK(answer.whole());
    CHECK(answer.body == "hello");
  }
  SECTION("a bomb") {
    const std::string bomb = gzip_bomb(200 * 1024);
    TcpServer server([&](Connection& connection) {
      connection.request();
      connection.answer(bomb, "Content-Encoding: gzip\r\n");
    });
    const Answer answer = ask(server);
    CHECK(base::to_string(answer.code()) == "limit");
    CHECK(answer.body.size() <= 1024 * 1024);
    CHECK(answer.body.size() >= 100 * 1024);
  }
  SECTION("a bomb in a bomb") {
    TcpServer server([&](Connection& connection) {
      connection.request();
      connection.answer(gzip_bomb(200 * 1024), "Content-Encoding: gzip, gzip\r\n");
    });
    CHECK(base::to_string(ask(server).code()) == "protocol");
  }
}

TEST_CASE("an answer that trickles is ended by the minimum rate", "[net][hostile]") {
  net::ChannelOptions options = loopback();
  options.minimum_rate_window = 400ms;
  const bool in_body = GENERATE(true, false);
  INFO((in_body ? "body" : "headers"));
  TcpServer server([&](Connection& connection) {
    connection.request();
    connection.send("HTTP/1.1 200 OK\r\nX-First: 1\r\n");
    if (in_body) connection.send("Content-Length: 100000\r\n\r\n");
    do {
      std::this_thread::sleep_for(200ms);
    } while (connection.send(in_body ? "a" : "b: c\r\n"));
  });
  Line line(options);
  const auto start = base::Steady::now();
  const Answer answer = line.get("http://" + server.address() + "/");
  CHECK(base::to_string(answer.code()) == "timeout");
  CHECK(answer.error->message.find("bytes a second") != std::string::npos);
  CHECK(base::Steady::now() - start < 3s);
}

TEST_CASE("a registry that thinks for long before it answers is given its time", "[net]") {
  net::ChannelOptions options = loopback();
  options.minimum_rate_window = 50ms;
  TcpServer server([](Connection& connection) {
    connection.request();
    std::this_thread::sleep_for(300ms);
    connection.answer("ok");
  });
  Line line(options);
  CHECK(line.get("http://" + server.address() + "/").whole());
}

TEST_CASE("what libcurl would do by itself is not done", "[net]") {
  std::string seen;
  TcpServer server([&](Connection& connection) {
    for (std::string text; !(text = connection.request()).empty();) {
      seen += text;
      connection.answer("x", "Set-Cookie: a=b\r\n");
    }
  });
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("all_proxy", "http://127.0.0.1:1", 1);
  Line line;
  CHECK(line.get("http://" + server.address() + "/one").whole());
  net::Request request = get("http://" + server.address() + "/two?x=%2F");
  request.method = "PUT";
  request.body = "body";
  request.headers = {{"X-Mine", "1"}, {"X-Empty", ""}};
  CHECK(line.send(std::move(request)).whole());
  request = get("http://" + server.address() + "/three");
  request.method = "DELETE";
  CHECK(line.send(std::move(request)).whole());
  request = get("http://" + server.address() + "/four");
  request.method = "POST";
  CHECK(line.send(std::move(request)).whole());
  CHECK(line.get("http://" + server.address() + "/five").whole());
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");

  const std::string common = "Host: " + server.address() + "\r\nAccept-Encoding: gzip\r\n";
  CHECK(seen == "GET /one HTTP/1.1\r\n" + common + "\r\n" +                             //
                    "PUT /two?x=%2F HTTP/1.1\r\n" + common +                            //
                    "X-Mine: 1\r\nX-Empty:\r\nContent-Length: 4\r\n\r\nbody" +          //
                    "DELETE /three HTTP/1.1\r\n" + common + "\r\n" +                    //
                    "POST /four HTTP/1.1\r\n" + common + "Content-Length: 0\r\n\r\n" +  //
                    "GET /five HTTP/1.1\r\n" + common + "\r\n");
}

TEST_CASE("what cannot be sent is invalid_argument and contacts nobody", "[net]") {
  TcpServer server(always("ok"));
  Line line;
  const auto refused = [&](std::string method, std::vector<net::Header> headers) {
    net::Request request = get("http://" + server.address() + "/");
    request.method = std::move(method);
    request.headers = std::move(headers);
    return line.send(std::move(request)).code() == Code::invalid_argument;
  };
  CHECK(refused("", {}));
  CHECK(refused("GET /x", {}));
  CHECK(refused("GET\r\n", {}));
  CHECK(refused("GET", {{"", "x"}}));
  CHECK(refused("GET", {{"a b", "x"}}));
  CHECK(refused("GET", {{"a:", "x"}}));
  CHECK(refused("GET", {{"a", "x\r\nb: c"}}));
  CHECK(refused("GET", {{"a", std::string("x\0y", 3)}}));
  CHECK(server.connections() == 0);
}
