#pragma once
/// What a server is given (where to listen, limits, what answers) and what it tells of itself.
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/http.h"

namespace portolan::api {

/// Where to listen: `unix_path`, or an IP address with a port (0: a free one).
struct Listen {
  std::string address = "127.0.0.1";
  int port = 0;
  std::string unix_path{};      ///< Mode 0660. A socket that nobody serves is replaced.
  bool tls = false;             ///< Never of a unix socket.
  bool plain_anywhere = false;  ///< Plain HTTP on an address that is not loopback, on purpose.
};

/// PEM files of the operator's configuration, opened when the server starts and at reload_tls().
struct TlsFiles {
  std::string certificate;  ///< With the chain behind it.
  std::string key;
  std::string client_ca{};  ///< Who signs clients; empty: no client is asked for a certificate.
  bool client_required = false;
};

/// What one client may cost. All are per connection unless they say otherwise.
struct ServerLimits {
  std::size_t head_bytes = 16 * 1024;                ///< Beyond: 431; the target above 8 KiB: 414.
  std::size_t body_bytes = 1024 * 1024;              ///< Beyond: 413.
  std::size_t bodies_bytes = 64 * 1024 * 1024;       ///< Of all bodies together; beyond: 503.
  std::chrono::milliseconds head_timeout{10'000};    ///< From the first byte (or TLS) to the head.
  std::chrono::milliseconds body_timeout{60'000};    ///< For a whole body.
  std::chrono::milliseconds rate_grace{10'000};      ///< A body or answer may be slower than
  std::size_t bytes_per_second = 512;                ///< this for so long; beyond: 408, or closed.
  std::chrono::milliseconds idle_timeout{60'000};    ///< Between requests.
  std::chrono::milliseconds answer_timeout{30'000};  ///< Request::deadline; beyond: 504.
  std::chrono::milliseconds heartbeat{15'000};       ///< A comment in a quiet event stream.
  std::size_t connections = 10'000;                  ///< Of all; beyond: 503 and closed.
  std::size_t connections_per_address = 512;         ///< Beyond: 503 and closed.
  std::size_t event_streams = 2'000;                 ///< Of all; beyond: 503.
  double requests_per_second = 200;  ///< Of one address on average, beyond: 429. 0: unlimited.
  double burst = 1'000;              ///< That it may have saved.
  bool count_local = false;  ///< Hold loopback and unix peers (a tool stands for many) to these.
};

/// The header in which proxies say who is behind them: one, because what a proxy does not write
/// itself it may hand on as a client sent it.
enum class ForwardedHeader {
  x_forwarded_for,  ///< With X-Forwarded-Proto.
  forwarded,        ///< RFC 7239.
};

struct ServerOptions {
  std::vector<Listen> listen;
  std::optional<TlsFiles> tls{};
  std::vector<std::string> trusted_proxies{};  ///< As Proxies::make (proxies.h) reads them.
  ForwardedHeader forwarded_header = ForwardedHeader::x_forwarded_for;
  ServerLimits limits{};
  int io_threads = 2;
  int workers = 8;          ///< Threads of Lane::worker.
  std::size_t queue = 256;  ///< Requests that wait for a worker; beyond: 503 with Retry-After.
  int far = 32;             ///< Threads of Lane::far; as many requests may wait for one.
};

/// Where a request is answered.
enum class Lane {
  io,      ///< On the I/O thread: never waits.
  worker,  ///< On a worker: waits for what is ours alone, such as the store.
  far,     ///< Waits for another system, for seconds perhaps: apart, so that nobody is behind it.
};

/// A request taken on: what answers it, and where that runs.
struct Task {
  Lane lane = Lane::worker;
  std::function<Answer(Request&)> run;
};

/// Decides on an I/O thread what answers a request; quick, never waits. Called by many threads.
using Handler = std::function<Task(Request&)>;

/// Whether a DNS name, canonical as base::canonical_host makes it, is one of ours. Quick.
using NameCheck = std::function<bool(const std::string& name)>;

/// 421 `misdirected` for a request by plain HTTP whose Host is neither an IP address nor localhost
/// nor `is_ours`, else what `next` says. A page of a foreign name that was made to mean us (DNS
/// rebinding) is kept out by it. No browser speaks over a unix socket, and over TLS the certificate
/// is that check.
Handler for_known_names(Handler next, NameCheck is_ours);

/// What happened, for the log and the metrics. Texts live as long as the call.
struct Exchange {
  const Request& request;  ///< Without its body. Of what was refused unread: what was understood.
  int status = 0;          ///< 0: the client went before the answer.
  std::size_t bytes = 0;   ///< Of the answer's body.
  std::chrono::microseconds took{0};
};

/// Called after each exchange on an I/O thread; quick, never waits.
using Observer = std::function<void(const Exchange&)>;

/// An address it listens on, as it turned out: "http://127.0.0.1:41233", "unix:/run/p.sock".
struct Listening {
  std::string url;
  int port = 0;  ///< 0 of a unix socket.
};

/// What it does now.
struct ServerLoad {
  std::size_t connections = 0;
  std::size_t requests = 0;  ///< Taken on and not yet answered.
  std::size_t event_streams = 0;
  std::size_t queued = 0;  ///< Of them, those that wait for a thread.
};

}  // namespace portolan::api
