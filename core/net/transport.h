#pragma once
/// Sockets. One loop thread carries every exchange of the process; callers wait on an Inbox.
/// An exchange is one HTTP request and its answer: no redirect, no retry, no credential logic here.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/url.h"
#include "model/limits.h"
#include "model/registry.h"
#include "net/address_policy.h"

namespace portolan::net {

struct Header {
  std::string name, value;
};

struct Request {
  std::string method = "GET";
  base::Url url;
  std::vector<Header> headers;  ///< Complete, credentials included.
  std::string body;
  std::chrono::milliseconds timeout =
      model::limits::request;  ///< Whole exchange, paused time excluded.
  base::Steady::time_point deadline = base::Steady::time_point::max();
  std::size_t max_body = model::limits::body_bytes;  ///< After decompression.
};

/// What was learnt on the way; zero or empty where it did not happen (reused connection, no TLS).
struct Facts {
  std::string remote_address;  ///< "10.1.2.3:443"
  std::int64_t dns_us = 0, connect_us = 0, tls_us = 0, total_us = 0;
  bool reused = false;
  bool through_proxy = false;
  std::string tls_version;            ///< "TLSv1.3"
  std::int64_t certificate_ends = 0;  ///< Unix seconds.
  std::string certificate_pin;        ///< Base64 SHA-256 of the public key.
  enum class Stage { policy, dns, tcp, tls, http, done } reached = Stage::dns;  ///< Where it ended.
};

/// Events of one exchange, in order: head, body*, done; or done alone.
struct Event {
  enum class Kind { head, body, done } kind = Kind::done;
  std::uint64_t exchange = 0;
  int status = 0;                    ///< head
  std::vector<Header> headers;       ///< head; names in lower case
  std::string bytes;                 ///< body
  std::optional<base::Error> error;  ///< done; empty after a whole answer
  Facts facts;                       ///< head and done
};

/// Where the events of one call's exchanges arrive. One consumer thread; filled by the loop. At
/// most limits::buffered_bytes per exchange wait here, then that transfer is paused until they are
/// taken.
class Inbox {
 public:
  virtual ~Inbox() = default;
  /// The next event; nullopt when `until` passes, or after wake().
  virtual std::optional<Event> next(base::Steady::time_point until) = 0;
  /// Any thread: ends one waiting next() early, e.g. at a cancel.
  virtual void wake() = 0;
};

/// The connections of one registry: pooled here and nowhere else, because a reused connection skips
/// the address check. TLS, proxy and policy are fixed at open(). Safe from any thread.
class Channel {
 public:
  virtual ~Channel() = default;
  /// Never blocks. `exchange` is the caller's number, unique within the inbox.
  virtual void start(std::uint64_t exchange, Request request, std::shared_ptr<Inbox> inbox) = 0;
  /// No event of it arrives after abort() returns to the inbox's consumer.
  virtual void abort(std::uint64_t exchange, const std::shared_ptr<Inbox>& inbox) = 0;
};

struct ChannelOptions {
  model::Tls tls;
  std::string proxy;          ///< "http://host:port"; empty = none.
  std::string unix_socket{};  ///< Connect here, whatever the URL's host; no policy is asked.
  std::chrono::milliseconds connect_timeout = model::limits::connect;
  /// From the first line of an answer on, each window must bring minimum_rate_bytes a second.
  std::chrono::milliseconds minimum_rate_window = model::limits::minimum_rate_window;
  AddressPolicy policy;
  int max_connections = model::limits::requests_per_registry + 1;
};

/// The seam: CurlTransport in the program, ScriptedTransport in tests.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual std::shared_ptr<Inbox> inbox() = 0;
  /// tls when certificate, key or CA cannot be read.
  virtual base::Result<std::shared_ptr<Channel>> open(ChannelOptions options) = 0;
};

/// libcurl multi on one thread, names resolved in a bounded pool of its own. Destruction ends every
/// exchange with `cancelled` and does not wait for resolvers that hang. Throws std::system_error
/// when the process has no thread or descriptor left for the loop.
std::unique_ptr<Transport> make_curl_transport();

}  // namespace portolan::net
