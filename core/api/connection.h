#pragma once
/// One client's connection, inside the server. Only connection.cpp and server.cpp include it: it is
/// made of Asio.
///
/// A connection lives on one I/O thread, and all of it runs there but Handler tasks that may wait.
/// Time is kept by the thread's sweep, not by a timer of each operation: ten thousand that rest
/// cost one look each, four times a second.
#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "api/admission.h"
#include "api/problem.h"
#include "api/proxies.h"
#include "api/serving.h"
#include "api/wire.h"
#include "base/mutex.h"

namespace portolan::api {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
template <class T>
using Async = asio::awaitable<T, Executor>;
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> awaiting{};

class Connection;

/// One more while it lives.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<std::size_t>& count_;
};

/// A thread with its own connections; nothing is shared with the others but Service.
struct IoThread {
  asio::io_context context{1};
  asio::executor_work_guard<Executor> work{context.get_executor()};
  Timer sweep{context};
  std::unordered_set<Connection*> connections;
  std::thread thread;
};

/// Threads for what may wait, and a bounded queue before them.
class Pool {
 public:
  Pool(int threads, std::size_t queue);

  bool enter();  ///< False: it is full. True is followed by run().
  /// On a thread of it; neither may throw. `then` runs when there is room for another.
  void run(std::function<void()> work, std::function<void()> then);
  std::size_t queued() const;

 private:
  const std::size_t size_, room_;
  std::atomic<std::size_t> inside_{0};  // Running or queued.
  asio::thread_pool threads_;
};

/// What all connections share. Outlives them.
struct Service {
  ServerOptions options;
  Handler handler;
  Observer observer;
  const Proxies proxies;
  Admission admission;
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0}, turned_away{0}, requests{0}, event_streams{0};
  std::atomic<std::size_t> bodies{0};  // Bytes of the bodies that are held.
  base::Mutex mutex;
  base::Condition closed;  // connections or turned_away went down.
  std::vector<std::unique_ptr<IoThread>> threads;
  Pool workers, far;  // Behind the threads: joined before their contexts go.

  Pool& pool(Lane lane) { return lane == Lane::far ? far : workers; }

  Service(ServerOptions options, Proxies proxies, Handler handler, Observer observer);
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Door {
    std::shared_ptr<asio::ssl::context> tls{};  ///< Null: plain.
    Peer peer{};
    bool turned_away = false;  ///< It only hears that there is no room.
    bool counted = false;      ///< By Admission::enter().
  };
  Connection(Service& service, IoThread& thread, Socket socket, Door door);

  void start();                             ///< On its thread, once.
  void look(base::Steady::time_point now);  ///< By the sweep: ends what took too long.
  bool wants_watch() const;                 ///< Nothing is read now: would a hang-up be seen?
  int descriptor() { return socket_.native_handle(); }
  void gone();   ///< By the sweep: the client hung up.
  void drain();  ///< We stop: finish what is begun.
  void abort();  ///< We stop now.

 private:
  enum class Phase { handshake, idle, head, body, handling, writing, streaming, lingering };
  struct Work {
    std::function<void()> run;
    bool done = false;  // Said on the connection's thread.
  };
  struct Answering;
  using Parts = std::array<asio::const_buffer, 2>;

  Async<void> run();
  Async<void> serve();
  Async<void> turn_away();
  Async<bool> shake_hands();
  Async<bool> read_request();
  asio::mutable_buffer read_space();
  Async<bool> answer_refusal();
  Async<bool> answer_by_worker(Task task);
  Async<bool> give_up(Request seen);
  Async<bool> on_worker(std::shared_ptr<Work> work, Pool& pool);
  Async<bool> send(Request& request, Answer& answer, bool keep_alive);
  Async<bool> stream(Request& request, Answer& answer, Lane lane);
  Async<std::size_t> send_events(std::shared_ptr<EventStream> events, std::string after, Lane lane,
                                 bool chunked);
  Async<std::optional<Events>> pull(std::shared_ptr<EventStream> events, std::string after,
                                    Lane lane);
  Async<bool> wait_for_news(base::Steady::time_point pulled);
  void on_bell();
  bool write_now(Parts& parts);
  Async<bool> write(Parts parts);
  Async<bool> write(std::string text);
  Async<void> linger();
  Async<void> finish_tls();

  std::optional<Refusal> late_refusal() const;
  void begin_request();
  void hold_body(std::size_t bytes);
  bool is_crowded() const;
  void set_read_deadline();
  void enter(Phase phase, base::Steady::time_point expires);
  void observe(const Request& request, int status, std::size_t bytes);
  void close();
  bool ended() const { return aborted_ || gone_; }

  Service& service_;
  IoThread& thread_;
  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  Door door_;
  Peer client_;  // Who sent the request that is read: door_.peer, or who is behind it.
  Timer wake_;   // Waited on while a worker runs, or no event is there.
  RequestReader reader_;
  std::vector<char> in_;
  std::size_t in_begin_ = 0, in_end_ = 0;

  Phase phase_ = Phase::handshake;
  base::Steady::time_point expires_ = base::Steady::time_point::max();
  base::Steady::time_point request_began_{}, body_began_{}, answer_began_{};
  std::optional<std::chrono::milliseconds> limited_;  // Its address asks too often.
  std::size_t body_held_ = 0;                         // Its part of Service::bodies.
  base::CancelToken cancel_;                          // Of what a worker answers now, or did last.
  bool expired_ = false, aborted_ = false, gone_ = false, is_first_ = true, unread_ = false;
  std::atomic<bool> rung_{false};
};

/// 503, to be tried again in a second.
Problem overloaded(const char* detail);

}  // namespace portolan::api
