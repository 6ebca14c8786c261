/// One exchange, name or consumer that is slow delays nobody else.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>

#include "unit/net/exchange.h"

using namespace portolan;
using namespace portolan::test;
using base::Code;

namespace {

/// A resolver whose names with "hole" in them hang until it is opened. Every other is loopback.
class BlackHole {
 public:
  net::Resolve resolve() {
    return [state = state_](const std::string& host) -> base::Result<std::vector<std::string>> {
      std::unique_lock lock(state->mutex);
      ++state->asked[host];
      if (host.find("hole") != host.npos) {
        state->changed.wait(lock, [&] { return state->open; });
      }
      return std::vector<std::string>{"127.0.0.1"};
    };
  }
  int asked(const std::string& host) {
    std::lock_guard lock(state_->mutex);
    return state_->asked[host];
  }
  ~BlackHole() {
    std::lock_guard lock(state_->mutex);
    state_->open = true;
    state_->changed.notify_all();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    std::map<std::string, int> asked;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

std::string url(const TcpServer& server, const std::string& host, const std::string& path = "/") {
  return "http://" + host + ":" + std::to_string(server.port()) + path;
}

base::Steady::duration since(base::Steady::time_point start) { return base::Steady::now() - start; }

}  // namespace

TEST_CASE("connections that nobody uses are closed after their rest, and opened anew", "[net]") {
  std::atomic<int> open{0};
  TcpServer server([&](Connection& connection) {
    ++open;
    while (!connection.request().empty()) connection.answer("ok");
    --open;
  });
  Line line;
  const auto first = line.get(url(server, "127.0.0.1"));
  CHECK(first.whole());
  const auto until = base::Steady::now() + 20s;
  while (open > 0 && base::Steady::now() < until) std::this_thread::yield();
  CHECK(open == 0);
  const auto second = line.get(url(server, "127.0.0.1"));
  CHECK(second.whole());
  CHECK_FALSE(second.facts.reused);
}

TEST_CASE("names that hang delay no other name", "[net]") {
  TcpServer server(always("ok"));
  BlackHole hole;
  auto transport = net::make_curl_transport(hole.resolve());
  auto stuck = transport->inbox();
  std::vector<std::shared_ptr<net::Channel>> channels;
  for (int i = 0; i < 100; ++i) {
    channels.push_back(*transport->open(loopback()));
    channels.back()->start(i, get(url(server, "hole" + std::to_string(i) + ".test")), stuck);
  }
  const auto start = base::Steady::now();
  for (int i = 0; i < 20; ++i) {
    auto channel = *transport->open(loopback());
    auto inbox = transport->inbox();
    channel->start(1, get(url(server, "fine" + std::to_string(i) + ".test")), inbox);
    CHECK(finish(*inbox).whole());
  }
  CHECK(since(start) < 2s);
  channels.clear();
  transport.reset();
  CHECK(since(start) < 3s);
}

TEST_CASE("a name that hangs ends its exchange at the connect timeout, at stage dns", "[net]") {
  TcpServer server(always("ok"));
  BlackHole hole;
  net::ChannelOptions options = loopback();
  options.connect_timeout = 100ms;
  Line line(options, hole.resolve());
  const Answer answer = line.get(url(server, "hole.test"));
  CHECK(answer.code() == Code::timeout);
  CHECK(answer.facts.reached == net::Facts::Stage::dns);
  CHECK(answer.facts.dns_us >= 100'000);
}

TEST_CASE("a name is asked for once for many exchanges", "[net]") {
  TcpServer server(always("ok"));
  BlackHole names;
  Line line(loopback(), names.resolve());
  auto inbox = line.transport->inbox();
  for (int i = 0; i < 30; ++i) line.channel->start(i, get(url(server, "one.test")), inbox);
  int whole = 0;
  while (whole < 30) {
    auto event = inbox->next(base::Steady::now() + 10s);
    REQUIRE(event);
    if (event->kind == net::Event::Kind::done && !event->error) ++whole;
  }
  CHECK(names.asked("one.test") == 1);
  CHECK(server.connections() <= 9);
}

TEST_CASE("a name without an address is unreachable at stage dns", "[net]") {
  Line line(loopback(), [](const std::string& host) -> base::Result<std::vector<std::string>> {
    return base::Error{Code::unreachable, "the name " + host + " has no address", "", ""};
  });
  const Answer answer = line.get("http://gone.test/");
  CHECK(answer.code() == Code::unreachable);
  CHECK(answer.facts.reached == net::Facts::Stage::dns);
  CHECK(answer.error->where == "http://gone.test/");
}

TEST_CASE("45 of 50 exchanges finish while 5 hang", "[net]") {
  TcpServer server([](Connection& connection) {
    for (;;) {
      const std::string request = connection.request();
      if (request.empty()) return;
      if (request.find("/hang") != request.npos) return connection.hang();
      if (!connection.answer("ok")) return;
    }
  });
  net::ChannelOptions options = loopback();
  options.max_connections = 50;
  Line line(options);
  auto inbox = line.transport->inbox();
  const auto start = base::Steady::now();
  for (int i = 0; i < 50; ++i) {
    net::Request request = get(url(server, "127.0.0.1", i % 10 ? "/" : "/hang"));
    request.timeout = 1s;
    line.channel->start(i, std::move(request), inbox);
  }
  int whole = 0, late = 0;
  while (whole + late < 50) {
    auto event = inbox->next(base::Steady::now() + 10s);
    REQUIRE(event);
    if (event->kind != net::Event::Kind::done) continue;
    if (!event->error) {
      ++whole;
      CHECK(since(start) < 900ms);
    } else {
      ++late;
      CHECK(event->error->code == Code::timeout);
      CHECK(event->exchange % 10 == 0);
    }
  }
  CHECK(whole == 45);
  CHECK(since(start) < 2s);
}

TEST_CASE("no event of an aborted exchange arrives, and others go on", "[net]") {
  TcpServer server([](Connection& connection) {
    const std::string request = connection.request();
    if (request.find("/hang") != request.npos) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
      return connection.hang();
    }
    connection.answer("ok");
  });
  Line line;
  auto inbox = line.transport->inbox();
  line.channel->start(1, get(url(server, "127.0.0.1", "/hang")), inbox);
  REQUIRE(inbox->next(base::Steady::now() + 10s)->kind == net::Event::Kind::head);
  line.channel->abort(1, inbox);
  line.channel->abort(77, inbox);  // Never was: ignored.
  line.channel->start(2, get(url(server, "127.0.0.1")), inbox);
  for (;;) {
    auto event = inbox->next(base::Steady::now() + 10s);
    REQUIRE(event);
    CHECK(event->exchange == 2);
    if (event->kind == net::Event::Kind::done) break;
  }
  CHECK_FALSE(inbox->next(base::Steady::now() + 20ms));
}

TEST_CASE("an exchange that was aborted while paused leaves nothing behind", "[net]") {
  TcpServer server([](Connection& connection) {
    for (std::string text; !(text = connection.request()).empty();) {
      if (text.find("/big") != text.npos) {
        if (!connection.answer(std::string(4 * 1024 * 1024, 'x'))) return;
      } else {
        connection.answer("ok");
      }
    }
  });
  net::ChannelOptions options = loopback();
  options.max_connections = 1;
  Line line(options);
  auto inbox = line.transport->inbox();
  for (int round = 0; round < 3; ++round) {
    line.channel->start(1, get(url(server, "127.0.0.1", "/big")), inbox);
    REQUIRE(inbox->next(base::Steady::now() + 10s)->kind == net::Event::Kind::head);
    // It fills the inbox and is paused; the next one waits for its connection.
    line.channel->start(2, get(url(server, "127.0.0.1")), inbox);
    line.channel->abort(1, inbox);
    const Answer answer = finish(*inbox);
    CHECK(answer.whole());
    CHECK(answer.body == "ok");
  }
}

TEST_CASE("an exchange for which no connection becomes free ends in time", "[net]") {
  TcpServer server([](Connection& connection) { connection.hang(); });
  net::ChannelOptions options = loopback();
  options.max_connections = 1;
  Line line(options);
  auto first = line.transport->inbox();
  line.channel->start(1, get(url(server, "127.0.0.1")), first);
  net::Request request = get(url(server, "127.0.0.1"));
  request.timeout = 50ms;
  const Answer answer = line.send(std::move(request));
  CHECK(answer.code() == Code::timeout);
  REQUIRE(answer.error);
  CHECK(answer.error->message.find("were busy") != std::string::npos);
}

// The sanitizers' own checks of types open a pipe: without descriptors they cry wolf.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PORTOLAN_DESCRIPTORS_NEEDED
#endif
#endif

#ifndef PORTOLAN_DESCRIPTORS_NEEDED
TEST_CASE("a process without a free descriptor says so", "[net]") {
  TcpServer server(always("ok"));
  Line line;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  const Answer answer = line.get(url(server, "127.0.0.1"));
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(answer.code() == Code::limit);
  CHECK(line.get(url(server, "127.0.0.1")).whole());
}
#endif

TEST_CASE("the end of the transport cancels what is in flight at once", "[net]") {
  TcpServer server([](Connection& connection) { connection.hang(); });
  BlackHole hole;
  auto transport = net::make_curl_transport(hole.resolve());
  auto channel = *transport->open(loopback());
  auto inbox = transport->inbox();
  for (int i = 0; i < 20; ++i) {  // Some connected, some queued, some without a name.
    channel->start(i, get(url(server, i % 2 ? "hole.test" : "127.0.0.1")), inbox);
  }
  const auto start = base::Steady::now();
  transport.reset();
  CHECK(since(start) < 1s);
  channel->start(20, get(url(server, "127.0.0.1")), inbox);
  for (int i = 0; i <= 20; ++i) {
    auto event = inbox->next(base::Steady::now() + 1s);
    REQUIRE(event);
    REQUIRE(event->kind == net::Event::Kind::done);
    REQUIRE(event->error);
    CHECK(event->error->code == Code::cancelled);
  }
}

TEST_CASE("closing a channel cancels its exchanges and no other's", "[net]") {
  TcpServer server([](Connection& connection) {
    connection.request();
    connection.answer("ok");
    connection.hang();
  });
  TcpServer silent([](Connection& connection) { connection.hang(); });
  Line line;
  auto other = *line.transport->open(loopback());
  auto inbox = line.transport->inbox();
  other->start(1, get(url(silent, "127.0.0.1")), inbox);
  other.reset();
  const Answer answer = finish(*inbox);
  CHECK(answer.code() == Code::cancelled);
  CHECK(line.get(url(server, "127.0.0.1")).whole());
}

TEST_CASE("next() ends when its time passes or it is woken", "[net]") {
  Line line;
  auto inbox = line.transport->inbox();
  CHECK_FALSE(inbox->next(base::Steady::now() + 1ms));
  std::thread waker([&] { inbox->wake(); });
  CHECK_FALSE(inbox->next(base::Steady::time_point::max()));
  waker.join();
}

TEST_CASE("a slow consumer pauses its transfer, whose memory stays bounded", "[net]") {
  constexpr std::size_t kBody = 10 * 1024 * 1024;
  std::atomic<std::size_t> sent{0};
  TcpServer server([&](Connection& connection) {
    connection.request();
    const int small = 16 * 1024;  // So that the kernel's buffers are no part of the measure.
    setsockopt(connection.descriptor(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBody) + "\r\n\r\n");
    const std::string piece(8 * 1024, 'x');
    while (sent < kBody && connection.send(piece)) sent += piece.size();
  });
  Line line;
  auto inbox = line.transport->inbox();
  net::Request request = get(url(server, "127.0.0.1"));
  request.timeout = 700ms;  // Less than the pause below: paused time does not count.
  line.channel->start(1, std::move(request), inbox);
  // Until the server stands still: the inbox is full and so are the kernel's buffers.
  for (std::size_t before = 1; before != sent || before == 0;) {
    before = sent;
    std::this_thread::sleep_for(300ms);
  }
  CHECK(sent < 3 * 1024 * 1024);  // The inbox's 256 kB and what the kernel holds.
  std::size_t got = 0, largest = 0;
  for (;;) {
    auto event = inbox->next(base::Steady::now() + 10s);
    REQUIRE(event);
    if (event->kind == net::Event::Kind::done) {
      CHECK_FALSE(event->error);
      break;
    }
    got += event->bytes.size();
    largest = std::max(largest, event->bytes.size());
  }
  CHECK(got == kBody);
  CHECK(largest <= 64 * 1024);
}

TEST_CASE("a second exchange rides on the first one's connection and says so", "[net]") {
  TcpServer server(always("ok"));
  Line line;
  const Answer first = line.get(url(server, "127.0.0.1"));
  const Answer second = line.get(url(server, "127.0.0.1"));
  REQUIRE(second.whole());
  CHECK_FALSE(first.facts.reused);
  CHECK(first.facts.connect_us > 0);
  CHECK(second.facts.reused);
  CHECK(second.facts.connect_us == 0);
  CHECK(server.connections() == 1);
}

TEST_CASE("channels never share a connection", "[net]") {
  TcpServer server(always("ok"));
  Line line;
  auto other = *line.transport->open(loopback());
  REQUIRE(line.get(url(server, "127.0.0.1")).whole());
  auto inbox = line.transport->inbox();
  other->start(1, get(url(server, "127.0.0.1")), inbox);
  CHECK_FALSE(finish(*inbox).facts.reused);
  CHECK(server.connections() == 2);
}

TEST_CASE("a request that must not be repeated gets a new connection", "[net]") {
  std::atomic<int> posts{0};
  TcpServer server([&](Connection& connection) {
    for (;;) {
      const std::string request = connection.request();
      if (request.empty()) return;
      if (request.starts_with("POST")) {
        ++posts;
        return;  // Closed without an answer: libcurl would repeat it, had it been an old
                 // connection.
      }
      connection.answer("ok");
    }
  });
  Line line;
  REQUIRE(line.get(url(server, "127.0.0.1")).whole());
  net::Request request = get(url(server, "127.0.0.1"));
  request.method = "POST";
  request.body = "{}";
  CHECK(line.send(std::move(request)).code() == Code::unreachable);
  CHECK(posts == 1);
  CHECK(server.connections() == 2);
}
