#include "api/connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <exception>

#include "api/listener.h"
#include "api/problem.h"

namespace portolan::api {
namespace {

using base::Steady;
using std::chrono::milliseconds;

constexpr std::size_t first_buffer = 4 * 1024;
constexpr std::size_t record_bytes = 16 * 1024;  // Of TLS.
constexpr std::size_t linger_bytes = 4 * 1024 * 1024;
constexpr milliseconds linger_time{2'000};
constexpr milliseconds answer_grace{2'000};  // For a handler that heeds its deadline late.

constexpr Steady::time_point never = Steady::time_point::max();

Answer run_guarded(const Task& task, Request& request) {
  try {
    return task.run(request);
  } catch (const std::exception& problem) {
    request.fault = problem.what();
  } catch (...) {
    request.fault = "unknown exception";
  }
  return to_answer({.status = 500, .code = "internal"}, request);
}

void advance(std::array<asio::const_buffer, 2>& parts, std::size_t count) {
  const std::size_t of_head = std::min(count, parts[0].size());
  parts[0] += of_head;
  parts[1] += count - of_head;
}

// What may be said of a request that another thread still works on.
Request outline(const Request& request) {
  return {.method = request.method,
          .path = request.path,
          .segments = {},
          .query = {},
          .headers = {},
          .body = {},
          .peer = request.peer,
          .id = request.id,
          .deadline = request.deadline,
          .route = request.route};
}

}  // namespace

struct Connection::Answering {
  Request request;
  Task task;
  Answer answer;
};

Connection::Connection(Service& service, IoThread& thread, Socket socket, Door door)
    : service_(service),
      thread_(thread),
      socket_(std::move(socket)),
      door_(std::move(door)),
      wake_(thread.context),
      reader_({service.options.limits.head_bytes, service.options.limits.body_bytes}) {
  if (door_.tls && !door_.turned_away) tls_.emplace(socket_, *door_.tls);
}

void Connection::start() {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  thread_.connections.insert(this);
  asio::co_spawn(thread_.context.get_executor(), run(), asio::detached);
}

Async<void> Connection::run() {
  const auto self = shared_from_this();
  try {
    if (door_.turned_away)
      co_await turn_away();
    else
      co_await serve();
  } catch (const std::exception&) {
    // No memory, or a socket that can do nothing: this connection ends, the others live.
  }
  close();
}

void Connection::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  cancel_.cancel();
  hold_body(0);
  thread_.connections.erase(this);
  if (door_.counted) service_.admission.leave(door_.peer);
  base::Lock lock(service_.mutex);
  --(door_.turned_away ? service_.turned_away : service_.connections);
  service_.closed.notify_all();
}

Async<void> Connection::serve() {
  if (tls_) {
    const bool shaken = co_await shake_hands();
    if (!shaken) co_return;
  }
  bool goes_on = true;
  while (goes_on) {
    goes_on = co_await read_request();
    if (!goes_on) break;
    begin_request();
    if (late_refusal()) {
      goes_on = co_await answer_refusal();
      continue;
    }
    const Counted counted(service_.requests);
    Task task = service_.handler(reader_.request());
    if (task.lane != Lane::io) {
      goes_on = co_await answer_by_worker(std::move(task));
      continue;
    }
    Answer answer = run_guarded(task, reader_.request());
    if (answer.events)
      goes_on = co_await stream(reader_.request(), answer, Lane::io);
    else
      goes_on = co_await send(reader_.request(), answer, reader_.keep_alive());
  }
  if (ended()) co_return;
  if (tls_)
    co_await finish_tls();
  else if (unread_ || in_begin_ != in_end_)
    co_await linger();
}

// Whoever is turned away is told so; with TLS that would cost more than it is worth.
Async<void> Connection::turn_away() {
  if (door_.tls) co_return;
  Request none;
  none.id = request_id(nullptr);
  Answer answer = to_answer(overloaded("there are too many connections"), none);
  std::string text = answer_head(answer, none.id, {.keep_alive = false}, date_now());
  const bool written = co_await write(text + *answer.body);
  if (written) co_await linger();
}

Async<bool> Connection::shake_hands() {
  enter(Phase::handshake, Steady::now() + service_.options.limits.head_timeout);
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, awaiting);
  if (error) co_return false;
  door_.peer.tls = true;
  door_.peer.certificate = client_subject(tls_->native_handle());
  co_return true;
}

void Connection::enter(Phase phase, Steady::time_point expires) {
  phase_ = phase;
  expires_ = expires;
}

// How long the next read may take: by what is being read.
void Connection::set_read_deadline() {
  const ServerLimits& limits = service_.options.limits;
  if (reader_.state() == RequestReader::State::body) {
    const auto earned = std::chrono::seconds(reader_.body_bytes() /
                                             std::max<std::size_t>(limits.bytes_per_second, 1));
    enter(Phase::body, body_began_ + std::min<Steady::duration>(limits.rate_grace + earned,
                                                                limits.body_timeout));
  } else if (reader_.began()) {
    enter(Phase::head, request_began_ + limits.head_timeout);
  } else if (phase_ != Phase::idle) {
    enter(Phase::idle, Steady::now() + (is_first_ ? limits.head_timeout : limits.idle_timeout));
  }
}

// True when there is something to answer: a request, or why it is none.
Async<bool> Connection::read_request() {
  reader_.reset();
  limited_.reset();
  client_ = door_.peer;
  hold_body(0);
  phase_ = Phase::handling;  // Whatever it was: set_read_deadline() begins anew.
  bool has_head = false;
  while (true) {
    const bool began = reader_.began();
    in_begin_ += reader_.read({in_.data() + in_begin_, in_end_ - in_begin_});
    if (!began && reader_.began()) request_began_ = Steady::now();
    const RequestReader::State state = reader_.state();
    if (!has_head && state != RequestReader::State::head) {
      has_head = true;
      body_began_ = Steady::now();
      // Of a head that is refused only a part may have been read: not who is behind a proxy.
      if (state != RequestReader::State::refused)
        client_ = service_.proxies.client(door_.peer, reader_.request());
      limited_ = service_.admission.take(client_, body_began_);
      if (limited_) co_return true;
    }
    hold_body(reader_.request().body.size());
    if (state == RequestReader::State::done || state == RequestReader::State::refused ||
        is_crowded())
      co_return true;
    if (reader_.wants_continue() && in_begin_ == in_end_) {
      const bool written = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
      if (!written) co_return false;
    }
    if (service_.draining && !reader_.began()) co_return false;
    set_read_deadline();
    const asio::mutable_buffer space = read_space();
    std::tuple<boost::system::error_code, std::size_t> done;
    if (tls_)
      done = co_await tls_->async_read_some(space, awaiting);
    else
      done = co_await socket_.async_read_some(space, awaiting);
    const auto [error, count] = done;
    if (error || count == 0) co_return expired_ && !ended() && reader_.began();
    in_end_ += count;
    expired_ = false;
  }
}

asio::mutable_buffer Connection::read_space() {
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (phase_ == Phase::idle && in_end_ == 0 && in_.size() > first_buffer) {
    in_.resize(first_buffer);  // It may rest for long.
    in_.shrink_to_fit();
  }
  if (in_end_ == in_.size() && in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  if (in_end_ == in_.size()) in_.resize(std::max(first_buffer, in_.size() * 2));
  return {in_.data() + in_end_, in_.size() - in_end_};
}

void Connection::hold_body(std::size_t bytes) {
  if (bytes != body_held_) service_.bodies += bytes - body_held_;
  body_held_ = bytes;
}

// Many clients with a body each: whoever adds to it now is refused, what is complete is answered.
bool Connection::is_crowded() const {
  return body_held_ > 0 && reader_.state() == RequestReader::State::body &&
         service_.bodies > service_.options.limits.bodies_bytes;
}

std::optional<Refusal> Connection::late_refusal() const {
  if (reader_.state() == RequestReader::State::refused) return reader_.refusal();
  if (limited_) return Refusal{429, "too_many_requests", "this address asks too often"};
  if (is_crowded()) return Refusal{503, "overloaded", "too many bodies are read at once"};
  if (expired_) return Refusal{408, "request_timeout", "the request did not arrive in time"};
  return {};
}

void Connection::begin_request() {
  answer_began_ = Steady::now();
  Request& request = reader_.request();
  request.peer = client_;
  request.id = request_id(request.header("x-request-id"));
  request.deadline.at = answer_began_ + service_.options.limits.answer_timeout;
  is_first_ = false;
}

// False when the connection ends.
Async<bool> Connection::answer_by_worker(Task task) {
  Request& request = reader_.request();
  const bool keep_alive = reader_.keep_alive();
  cancel_ = {};
  request.deadline.cancel = cancel_;
  auto answering = std::make_shared<Answering>();
  answering->task = std::move(task);
  answering->request = std::move(request);
  Pool& pool = service_.pool(answering->task.lane);
  const Request seen = outline(answering->request);
  bool is_answered = true;
  if (!pool.enter()) {
    answering->answer = to_answer(
        overloaded(answering->task.lane == Lane::far ? "too many requests wait for other systems"
                                                     : "too many requests wait for a worker"),
        answering->request);
  } else {
    auto work = std::make_shared<Work>();
    work->run = [answering] {
      answering->answer = run_guarded(answering->task, answering->request);
    };
    is_answered = co_await on_worker(std::move(work), pool);
  }
  if (!is_answered) co_return co_await give_up(seen);
  if (answering->answer.events)
    co_return co_await stream(answering->request, answering->answer, answering->task.lane);
  co_return co_await send(answering->request, answering->answer, keep_alive);
}

// The worker goes on with its own copy of everything; nobody waits for what it makes.
Async<bool> Connection::give_up(Request seen) {
  if (ended()) {
    observe(seen, 0, 0);
    co_return false;
  }
  unread_ = true;
  Answer answer = to_answer(
      {.status = 504, .code = "timeout", .detail = "the answer took longer than this server waits"},
      seen);
  co_return co_await send(seen, answer, false);
}

Async<bool> Connection::answer_refusal() {
  const Refusal refusal = *late_refusal();
  Request& request = reader_.request();
  Problem problem{.status = refusal.status,
                  .code = std::string(refusal.code),
                  .detail = std::string(refusal.detail)};
  if (limited_) problem.retry_after_ms = limited_->count();
  if (refusal.status == 503) problem.retry_after_ms = 1'000;
  Answer answer = to_answer(problem, request);
  expired_ = false;
  const bool whole = limited_ && reader_.state() == RequestReader::State::done;
  if (!whole) unread_ = true;
  co_return co_await send(request, answer, whole && reader_.keep_alive());
}

// False when it was given up: out of time, the client gone, or we stop.
Async<bool> Connection::on_worker(std::shared_ptr<Work> work, Pool& pool) {
  pool.run([work] { work->run(); },
           [self = shared_from_this(), work]() mutable {
             asio::io_context& context = self->thread_.context;
             asio::post(context, [self = std::move(self), work = std::move(work)] {
               work->done = true;
               self->wake_.cancel();
             });
           });
  enter(Phase::handling, Steady::now() + service_.options.limits.answer_timeout + answer_grace);
  while (!work->done) {
    wake_.expires_at(never);
    co_await wake_.async_wait(awaiting);
    if (!work->done && (expired_ || aborted_)) {
      expired_ = false;
      cancel_.cancel();
      co_return false;
    }
  }
  co_return !aborted_;
}

Async<bool> Connection::send(Request& request, Answer& answer, bool keep_alive) {
  keep_alive = keep_alive && !service_.draining && !ended();
  const std::size_t size = answer.body ? answer.body->size() : 0;
  std::string head =
      answer_head(answer, request.id, {.keep_alive = keep_alive, .http_1_0 = reader_.is_http_1_0()},
                  date_now());
  const bool has_body =
      size > 0 && request.method != "HEAD" && answer.status != 204 && answer.status != 304;
  asio::const_buffer body;
  if (has_body) body = asio::buffer(*answer.body);
  // TLS makes a record of each buffer; one record, one packet.
  if (tls_ && has_body && size + head.size() <= record_bytes) {
    head += *answer.body;
    body = {};
  }
  Parts parts{asio::buffer(head), body};
  bool written = write_now(parts);
  if (!written) written = co_await write(parts);
  observe(request, written ? answer.status : 0, has_body ? size : 0);
  co_return written&& keep_alive;
}

void Connection::observe(const Request& request, int status, std::size_t bytes) {
  if (!service_.observer) return;
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - answer_began_);
  service_.observer({request, status, bytes, took});
}

Async<bool> Connection::write(std::string text) {
  co_return co_await write(Parts{asio::buffer(text), asio::const_buffer()});
}

// What the socket takes at once needs no waiting. True when that was all.
bool Connection::write_now(Parts& parts) {
  if (tls_) return false;
  boost::system::error_code error;  // Shows itself again in write().
  advance(parts, socket_.write_some(parts, error));
  return parts[0].size() + parts[1].size() == 0;
}

// A client that reads too slowly is let go: what it has taken earns it time.
Async<bool> Connection::write(Parts parts) {
  const ServerLimits& limits = service_.options.limits;
  const Steady::time_point began = Steady::now();
  std::size_t sent = 0, left = parts[0].size() + parts[1].size();
  while (left > 0) {
    const auto earned =
        std::chrono::seconds(sent / std::max<std::size_t>(limits.bytes_per_second, 1));
    enter(Phase::writing, began + limits.rate_grace + earned);
    std::tuple<boost::system::error_code, std::size_t> done;
    const asio::const_buffer next = parts[0].size() > 0 ? parts[0] : parts[1];
    if (tls_)
      done = co_await tls_->async_write_some(next, awaiting);
    else
      done = co_await socket_.async_write_some(parts, awaiting);
    const std::size_t count = std::get<1>(done);
    if (std::get<0>(done) || ended()) co_return false;
    sent += count;
    left -= count;
    advance(parts, count);
  }
  co_return true;
}

// Reads on for a moment what nobody wants: closing on unread bytes resets the connection, and the
// answer is lost on its way.
Async<void> Connection::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  enter(Phase::lingering, Steady::now() + linger_time);
  in_.resize(std::max(in_.size(), first_buffer));
  for (std::size_t read = 0; read < linger_bytes && !ended();) {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(in_), awaiting);
    if (error || count == 0) co_return;
    read += count;
  }
}

Async<void> Connection::finish_tls() {
  enter(Phase::lingering, Steady::now() + linger_time);
  co_await tls_->async_shutdown(awaiting);
}

void Connection::look(Steady::time_point now) {
  if (now < expires_) return;
  expires_ = never;
  expired_ = true;
  boost::system::error_code ignored;
  if (phase_ == Phase::handling)
    wake_.cancel();
  else
    socket_.cancel(ignored);
}

bool Connection::wants_watch() const {
  return !gone_ && (phase_ == Phase::handling || phase_ == Phase::streaming);
}

void Connection::gone() {
  // A client may close its half and still read the one answer; of a stream that is the end.
  if (phase_ == Phase::streaming) gone_ = true;
  cancel_.cancel();
  wake_.cancel();
}

void Connection::drain() {
  boost::system::error_code ignored;
  if (phase_ == Phase::idle) socket_.cancel(ignored);
  if (phase_ == Phase::streaming) wake_.cancel();
}

void Connection::abort() {
  aborted_ = true;
  cancel_.cancel();
  wake_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace portolan::api
