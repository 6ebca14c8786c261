#pragma once
/// One HTTP exchange as plain values: what came in, checked and decoded, and what goes out.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"

namespace portolan::api {

/// Names with values, in order.
using Fields = std::vector<std::pair<std::string, std::string>>;

enum class Transport { unix_socket, loopback, network };

/// Who asks: the other end of the connection, or whom a trusted proxy there names (proxies.h).
struct Peer {
  Transport transport = Transport::loopback;  ///< Of whom a proxy names always network.
  std::string address{};        ///< "192.0.2.7" or "2001:db8::1"; empty of a unix socket.
  bool tls = false;             ///< Of the connection, whoever it is from.
  bool https_to_proxy = false;  ///< A trusted proxy says that its client speaks TLS to it.
  std::string
      certificate{};  ///< Subject of its verified certificate (RFC 2253); empty: it has none.
};

/// A request that passed every rule of RFC 9112 that we hold clients to. All texts are UTF-8
/// without control characters, but for the body, which is any bytes.
struct Request {
  std::string method;  ///< GET HEAD POST PUT PATCH DELETE OPTIONS; TRACE, QUERY: always 405
  std::string path;    ///< As it was sent, without query: "/api/v1/a%2Fb".
  std::vector<std::string> segments;  ///< Decoded after splitting: {"api", "v1", "a/b"}.
  Fields query;                       ///< Decoded; a name may stand in it twice.
  Fields headers;                     ///< Names in lower case, each once: lists are joined.
  std::string body;
  Peer peer;
  std::string id;               ///< X-Request-Id: the client's, or made here. Echoed.
  base::Deadline deadline;      ///< Cancelled when the client goes away and when we stop.
  std::string_view route = "";  ///< Path template of the route that took it; lives with the routes.
  std::string error{};          ///< Code of the problem it was answered with, for the log.
  std::string fault{};          ///< What an internal error says: for the log, never for the client.

  /// The value of a header (name in lower case), or null.
  const std::string* header(std::string_view name) const;
};

/// One server-sent event.
struct Event {
  std::string id;    ///< What the client sends back as Last-Event-ID; empty: none.
  std::string type;  ///< The name that pages listen for; empty: "message".
  std::string data;  ///< JSON text; line ends are kept.
};

struct Events {
  std::vector<Event> events;
  bool last = false;  ///< The stream ends behind them: there will never be more.
};

/// "There may be news." Copies share one bell; safe from any thread.
class Bell {
 public:
  Bell();

  /// Calls every listener, on this thread.
  void ring() const;

  /// Ends its listener when it goes; from then on the listener is not called, nor running.
  class Listening {
   public:
    Listening() = default;
    Listening(Listening&& other) noexcept;
    Listening& operator=(Listening&& other) noexcept;
    ~Listening();

   private:
    friend class Bell;
    struct Shared;
    Listening(std::shared_ptr<Shared> bell, std::uint64_t number);
    std::shared_ptr<Shared> bell_;
    std::uint64_t number_ = 0;
  };

  /// `listener` must be short and may neither ring nor listen.
  [[nodiscard]] Listening listen(std::function<void()> listener) const;

 private:
  std::shared_ptr<Listening::Shared> shared_;
};

/// An answer that goes on. Nothing is buffered for a client: it pulls, as fast as it reads.
struct EventStream {
  /// Rung by whoever made news; then `next` is asked. It is asked every 15 s too, in case.
  Bell bell;
  /// What came after the event `after` (at first the client's Last-Event-ID, or empty), oldest
  /// first, at most some hundred at a time. Called where the route's handler ran, never by two
  /// threads at once; it must not wait. An error ends the stream, the client comes back.
  std::function<base::Result<Events>(const std::string& after)> next;
};

/// What goes back. The server adds Content-Length, Date, X-Request-Id, X-Content-Type-Options and,
/// unless it is given, Cache-Control: no-store. Of a HEAD request it sends no body.
struct Answer {
  int status = 200;
  Fields headers{};
  std::shared_ptr<const std::string> body{};  ///< Null: none. Shared, so a kept page is not copied.
  std::optional<EventStream> events{};        ///< Instead of a body.

  const std::string* header(std::string_view name) const;  ///< Whatever the case; null: none.
};

/// What a client sent as X-Request-Id if it is 1 to 64 of [A-Za-z0-9._-]; else 16 random
/// hexadecimal digits.
std::string request_id(const std::string* sent);

}  // namespace portolan::api
