#include "api/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <future>

#include "api/connection.h"
#include "api/listener.h"

namespace portolan::api {
namespace {

using base::Steady;
using std::chrono::milliseconds;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;

constexpr milliseconds sweep_every{250};
constexpr milliseconds tidy_every{30'000};
constexpr milliseconds accept_pause{100};
constexpr milliseconds abort_patience{1'000};
constexpr std::size_t turned_away_max = 256;

Admission::Limits admission_limits(const ServerLimits& limits) {
  return {limits.connections_per_address, limits.requests_per_second, limits.burst,
          limits.count_local};
}

base::Result<std::shared_ptr<asio::ssl::context>> read_tls(const TlsFiles& files) {
  auto context = tls_context(files);
  if (!context) return context.error();
  SSL_CTX_up_ref(context->get());
  return std::make_shared<asio::ssl::context>(context->get());
}

// One system call for all whose client may have hung up unseen.
void watch(const IoThread& thread) {
  std::vector<pollfd> descriptors;
  std::vector<Connection*> watched;
  for (Connection* connection : thread.connections) {
    if (!connection->wants_watch()) continue;
    descriptors.push_back({connection->descriptor(), POLLRDHUP, 0});
    watched.push_back(connection);
  }
  if (descriptors.empty() || poll(descriptors.data(), descriptors.size(), 0) <= 0) return;
  for (std::size_t i = 0; i < watched.size(); ++i) {
    if (descriptors[i].revents != 0) watched[i]->gone();
  }
}

Async<void> sweep(IoThread& thread, Admission* admission) {
  Steady::time_point tidied = Steady::now();
  while (true) {
    thread.sweep.expires_after(sweep_every);
    const auto [error] = co_await thread.sweep.async_wait(awaiting);
    if (error) co_return;
    const Steady::time_point now = Steady::now();
    for (Connection* connection : thread.connections) connection->look(now);
    watch(thread);
    if (admission && now - tidied > tidy_every) {
      admission->tidy(now);
      tidied = now;
    }
  }
}

}  // namespace

Pool::Pool(int threads, std::size_t queue)
    : size_(static_cast<std::size_t>(std::max(threads, 1))),
      room_(size_ + queue),
      threads_(size_) {}

bool Pool::enter() {
  if (inside_.fetch_add(1) < room_) return true;
  --inside_;
  return false;
}

void Pool::run(std::function<void()> work, std::function<void()> then) {
  asio::post(threads_, [this, work = std::move(work), then = std::move(then)] {
    work();
    --inside_;
    then();
  });
}

std::size_t Pool::queued() const {
  const std::size_t inside = inside_;
  return inside - std::min(inside, size_);
}

Service::Service(ServerOptions options_given, Proxies proxies_given, Handler handler_given,
                 Observer observer_given)
    : options(std::move(options_given)),
      handler(std::move(handler_given)),
      observer(std::move(observer_given)),
      proxies(std::move(proxies_given)),
      admission(admission_limits(options.limits)),
      workers(options.workers, options.queue),
      far(options.far, static_cast<std::size_t>(std::max(options.far, 0))) {
  for (int i = 0; i < std::max(options.io_threads, 1); ++i)
    threads.push_back(std::make_unique<IoThread>());
}

class Server::State {
 public:
  State(ServerOptions options, Proxies proxies, Handler handler, Observer observer)
      : service_(std::move(options), std::move(proxies), std::move(handler), std::move(observer)) {}

  base::Result<void> open();
  base::Result<void> reload_tls() EXCLUDES(tls_mutex_);
  bool stop(milliseconds patience) EXCLUDES(stop_mutex_);
  const std::vector<Listening>& listening() const { return listening_; }
  ServerLoad load() const {
    const std::size_t streams = service_.event_streams;
    return {service_.connections, service_.requests - std::min(streams, service_.requests.load()),
            streams, service_.workers.queued() + service_.far.queued()};
  }

 private:
  Async<void> accept(Acceptor& acceptor, bool with_tls);
  void admit(Socket socket, IoThread& thread, bool with_tls);
  void start_threads();
  void close_doors();
  void on_each_connection(void (Connection::*what)());
  bool wait_until_closed(milliseconds patience);

  Service service_;
  std::vector<Listening> listening_;
  std::vector<Listener> listeners_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::size_t next_thread_ = 0;
  base::Mutex stop_mutex_;
  bool stopped_ GUARDED_BY(stop_mutex_) = false;
  base::Mutex tls_mutex_;
  std::shared_ptr<asio::ssl::context> tls_ GUARDED_BY(tls_mutex_);
};

base::Result<void> Server::State::open() {
  bool wants_tls = false;
  for (const Listen& listen : service_.options.listen) wants_tls = wants_tls || listen.tls;
  if (wants_tls && !service_.options.tls)
    return base::Error{.code = base::Code::invalid_config,
                       .message = "an address asks for TLS and there is no certificate",
                       .hint = "Give a certificate and its key."};
  if (wants_tls) {
    if (auto read = reload_tls(); !read) return read.error();
  }
  for (const Listen& listen : service_.options.listen) {
    auto listener = Listener::open(listen);
    if (!listener) return listener.error();
    listening_.push_back(listener->where());
    listeners_.push_back(*std::move(listener));
  }
  start_threads();
  return {};
}

void Server::State::start_threads() {
  asio::io_context& first = service_.threads.front()->context;
  for (const Listener& listener : listeners_) {
    const asio::generic::stream_protocol protocol(listener.family(), 0);
    auto acceptor = std::make_unique<Acceptor>(first, protocol, dup(listener.descriptor()));
    asio::co_spawn(first, accept(*acceptor, listener.tls()), asio::detached);
    acceptors_.push_back(std::move(acceptor));
  }
  for (const auto& thread : service_.threads) {
    Admission* admission = &thread == &service_.threads.front() ? &service_.admission : nullptr;
    asio::co_spawn(thread->context, sweep(*thread, admission), asio::detached);
    thread->thread = std::thread([&context = thread->context] { context.run(); });
  }
}

Async<void> Server::State::accept(Acceptor& acceptor, bool with_tls) {
  while (!service_.draining) {
    IoThread& thread = *service_.threads[next_thread_++ % service_.threads.size()];
    auto [error, socket] = co_await acceptor.async_accept(thread.context, awaiting);
    if (!error) {
      admit(std::move(socket), thread, with_tls);
    } else if (error == asio::error::operation_aborted || !acceptor.is_open()) {
      co_return;
    } else {
      // Out of descriptors, mostly: who waits in the queue is served when others have gone.
      Timer pause(service_.threads.front()->context, accept_pause);
      co_await pause.async_wait(awaiting);
    }
  }
}

void Server::State::admit(Socket socket, IoThread& thread, bool with_tls) {
  const int on = 1;
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Connection::Door door{.peer = peer_of(socket.native_handle())};
  // A proxy's connections are those of many.
  const bool counts = !service_.proxies.trusts(door.peer);
  door.turned_away = service_.connections >= service_.options.limits.connections ||
                     (counts && !service_.admission.enter(door.peer));
  door.counted = counts && !door.turned_away;
  if (door.turned_away && service_.turned_away >= turned_away_max) return;  // Closed, unheard.
  if (with_tls) {
    base::Lock lock(tls_mutex_);
    door.tls = tls_;
  }
  ++(door.turned_away ? service_.turned_away : service_.connections);
  auto connection =
      std::make_shared<Connection>(service_, thread, std::move(socket), std::move(door));
  asio::post(thread.context, [connection] { connection->start(); });
}

base::Result<void> Server::State::reload_tls() {
  if (!service_.options.tls) return {};
  auto read = read_tls(*service_.options.tls);
  if (!read) return read.error();
  base::Lock lock(tls_mutex_);
  tls_ = *std::move(read);
  return {};
}

void Server::State::close_doors() {
  std::promise<void> closed;
  asio::post(service_.threads.front()->context, [&] {
    for (const auto& acceptor : acceptors_) {
      boost::system::error_code ignored;
      acceptor->close(ignored);
    }
    closed.set_value();
  });
  closed.get_future().wait();
  listeners_.clear();
}

void Server::State::on_each_connection(void (Connection::*what)()) {
  for (const auto& thread : service_.threads) {
    asio::post(thread->context, [each = thread.get(), what] {
      for (Connection* connection : each->connections) (connection->*what)();
    });
  }
}

bool Server::State::wait_until_closed(milliseconds patience) {
  const Steady::time_point until = Steady::now() + patience;
  base::Lock lock(service_.mutex);
  while (service_.connections + service_.turned_away > 0) {
    if (service_.closed.wait_until(service_.mutex, until) == std::cv_status::timeout)
      return service_.connections + service_.turned_away == 0;
  }
  return true;
}

bool Server::State::stop(milliseconds patience) {
  base::Lock lock(stop_mutex_);
  if (stopped_) return true;
  stopped_ = true;
  service_.draining = true;
  if (!service_.threads.front()->thread.joinable()) return true;  // It never served.
  close_doors();
  on_each_connection(&Connection::drain);
  const bool finished = wait_until_closed(patience);
  if (!finished) {
    on_each_connection(&Connection::abort);
    wait_until_closed(abort_patience);
  }
  for (const auto& thread : service_.threads) {
    thread->context.stop();
    thread->thread.join();
  }
  return finished;
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { state_->stop(milliseconds(0)); }

base::Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler,
                                                    Observer observer) {
  auto proxies = Proxies::make(options.trusted_proxies, options.forwarded_header);
  if (!proxies) return proxies.error();
  auto state = std::make_unique<State>(std::move(options), *std::move(proxies), std::move(handler),
                                       std::move(observer));
  if (auto opened = state->open(); !opened) return opened.error();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

const std::vector<Listening>& Server::listening() const { return state_->listening(); }
ServerLoad Server::load() const { return state_->load(); }
base::Result<void> Server::reload_tls() { return state_->reload_tls(); }
bool Server::stop(milliseconds patience) { return state_->stop(patience); }

}  // namespace portolan::api
