#pragma once
/// One exchange, start to end, and what came of it.
#include <string>

#include "net/resolver.h"
#include "net/transport.h"
#include "support/tcp_server.h"

namespace portolan::test {

using namespace std::chrono_literals;

struct Answer {
  int status = 0;
  std::vector<net::Header> headers;
  std::string body;
  std::optional<base::Error> error;
  net::Facts facts;
  bool done = false;

  bool whole() const { return done && !error; }
  base::Code code() const {
    return !done ? base::Code::internal : error ? error->code : base::Code::ok;
  }
};

inline net::Request get(const std::string& url) {
  net::Request request;
  request.url = *base::parse_url(url);
  request.timeout = 10s;
  return request;
}

/// Options under which loopback servers may be reached.
inline net::ChannelOptions loopback() {
  net::ChannelOptions options;
  options.policy = *net::AddressPolicy::make(true, {});
  return options;
}

inline void take(Answer& answer, net::Event event) {
  switch (event.kind) {
    case net::Event::Kind::head:
      answer.status = event.status;
      answer.headers = std::move(event.headers);
      break;
    case net::Event::Kind::body: answer.body += event.bytes; break;
    case net::Event::Kind::done:
      answer.error = std::move(event.error);
      answer.done = true;
      break;
  }
  if (event.kind != net::Event::Kind::body) answer.facts = std::move(event.facts);
}

/// Blocks until the exchange is done, at most 20 s.
inline Answer finish(net::Inbox& inbox) {
  Answer answer;
  const auto until = base::Steady::now() + 20s;
  while (!answer.done) {
    auto event = inbox.next(until);
    if (!event) break;
    take(answer, *std::move(event));
  }
  return answer;
}

/// A transport and one channel of it.
struct Line {
  std::unique_ptr<net::Transport> transport;
  std::shared_ptr<net::Channel> channel;

  explicit Line(net::ChannelOptions options = loopback(),
                net::Resolve resolve = net::system_resolve)
      : transport(net::make_curl_transport(std::move(resolve))),
        channel(*transport->open(std::move(options))) {}

  Answer send(net::Request request) {
    auto inbox = transport->inbox();
    channel->start(1, std::move(request), inbox);
    return finish(*inbox);
  }
  Answer get(const std::string& url) { return send(test::get(url)); }
};

inline const std::string* header(const Answer& answer, std::string_view name) {
  for (const net::Header& header : answer.headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

}  // namespace portolan::test
