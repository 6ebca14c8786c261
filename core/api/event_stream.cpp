// Server-sent events: a connection that pulls, waits for the bell, and pulls again.
#include <boost/asio/post.hpp>
#include <exception>

#include "api/connection.h"

namespace portolan::api {
namespace {

using base::Steady;

// A bell that rings all the time makes no more than twenty pulls a second.
constexpr std::chrono::milliseconds breath{50};
constexpr std::chrono::seconds patience{1};  // While all workers are busy.

std::optional<Events> next_of(const EventStream& events, const std::string& after) {
  try {
    if (auto found = events.next(after)) return *std::move(found);
  } catch (const std::exception&) {
    // As an error: the stream ends and the client comes back.
  }
  return {};
}

}  // namespace

Problem overloaded(const char* detail) {
  return {.status = 503,
          .code = "overloaded",
          .detail = detail,
          .hint = "Try again after the time in Retry-After.",
          .retry_after_ms = 1'000};
}

Async<bool> Connection::stream(Request& request, Answer& answer, Lane lane) {
  const Counted counted(service_.event_streams);
  if (service_.event_streams > service_.options.limits.event_streams) {
    Answer refusal = to_answer(overloaded("there are too many event streams"), request);
    co_return co_await send(request, refusal, reader_.keep_alive());
  }
  auto events = std::make_shared<EventStream>(*std::move(answer.events));
  answer.headers.emplace_back("Content-Type", "text/event-stream");
  answer.headers.emplace_back("X-Accel-Buffering", "no");
  const bool chunked = !reader_.is_http_1_0();
  const Framing framing{.body = chunked ? Framing::Body::chunked : Framing::Body::until_close,
                        .keep_alive = false};
  std::string head = answer_head(answer, request.id, framing, date_now());
  const std::string retry = "retry: 3000\n\n";
  const bool has_body = request.method != "HEAD";
  if (has_body) head += chunked ? chunk(retry) : retry;
  const bool written = co_await write(std::move(head));
  std::size_t bytes = 0;
  if (written && has_body) {
    const std::string* last = request.header("last-event-id");
    std::string after = last ? *last : "";
    bytes = co_await send_events(std::move(events), std::move(after), lane, chunked);
    if (chunked && !ended()) co_await write("0\r\n\r\n");
  }
  observe(request, written ? answer.status : 0, bytes);
  co_return false;
}

Async<std::size_t> Connection::send_events(std::shared_ptr<EventStream> events, std::string after,
                                           Lane lane, bool chunked) {
  const Bell::Listening listening = events->bell.listen([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_bell();
  });
  std::size_t bytes = 0;
  bool is_quiet = false;
  while (!ended() && !service_.draining) {
    rung_ = false;
    const Steady::time_point pulled = Steady::now();
    const auto found = co_await pull(events, after, lane);
    if (!found) break;
    const std::string before = after;
    std::string text;
    for (const Event& event : found->events) {
      text += encode_event(event);
      if (!event.id.empty()) after = event.id;
    }
    if (text.empty() && is_quiet) text = ":\n\n";
    bytes += text.size();
    bool written = true;
    if (chunked && !text.empty()) text = chunk(text);
    if (!text.empty()) written = co_await write(std::move(text));
    if (!written || found->last) break;
    is_quiet = false;
    if (after != before) continue;  // There may be more.
    const bool has_news = co_await wait_for_news(pulled);
    is_quiet = !has_news;
  }
  co_return bytes;
}

Async<std::optional<Events>> Connection::pull(std::shared_ptr<EventStream> events,
                                              std::string after, Lane lane) {
  if (lane == Lane::io) co_return next_of(*events, after);
  Pool& pool = service_.pool(lane);
  while (!pool.enter()) {
    enter(Phase::streaming, Steady::time_point::max());
    wake_.expires_after(patience);
    co_await wake_.async_wait(awaiting);
    if (ended() || service_.draining) co_return std::nullopt;
  }
  auto found = std::make_shared<std::optional<Events>>();
  auto work = std::make_shared<Work>();
  work->run = [events, after, found] { *found = next_of(*events, after); };
  const bool done = co_await on_worker(work, pool);
  if (!done) co_return std::nullopt;
  co_return *std::move(*found);
}

// True when the bell rang, false when nothing happened for so long that the client is told.
Async<bool> Connection::wait_for_news(Steady::time_point pulled) {
  enter(Phase::streaming, Steady::time_point::max());
  const Steady::time_point until = Steady::now() + service_.options.limits.heartbeat;
  while (!rung_ && !ended() && !service_.draining && Steady::now() < until) {
    wake_.expires_at(until);
    co_await wake_.async_wait(awaiting);
  }
  while (!ended() && !service_.draining && Steady::now() < pulled + breath) {
    wake_.expires_at(pulled + breath);
    co_await wake_.async_wait(awaiting);
  }
  co_return rung_;
}

// On the thread of whoever rings.
void Connection::on_bell() {
  if (rung_.exchange(true)) return;
  asio::post(thread_.context, [self = shared_from_this()] { self->wake_.cancel(); });
}

}  // namespace portolan::api
