#pragma once
/// Many requests at once, without threads.
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "http.hpp"

namespace portolan::inline v1 {

class call;

/// A queue of requests with what to do with each answer; handlers may add more. Memory is what the
/// queue and the requests in flight hold: for long work give it a source instead of a long queue.
class fan {
 public:
  using handler = std::function<void(response&&)>;
  /// Called when a place is free and nothing waits: adds what comes next, or nothing (for now).
  using source = std::function<void()>;

  explicit fan(call& of, source more = {});
  fan(const fan&) = delete;
  fan& operator=(const fan&) = delete;
  /// What is still in flight (a handler threw) is aborted.
  ~fan() {
    for (auto& left : flights_) line_.http->abort(line_.call, left.operation);
  }

  void add(request wanted, handler on_answer) {
    queue_.push_back({std::move(wanted), std::move(on_answer)});
  }
  /// Goes before everything that waits: the next page, so that the line never runs dry.
  void add_first(request wanted, handler on_answer) {
    queue_.push_front({std::move(wanted), std::move(on_answer)});
  }
  std::size_t waiting() const { return queue_.size(); }

  /// Until the queue is empty and every answer was handled. Answers that were lost to the budget,
  /// the deadline or a cancel are not handed to their handlers; every other answer or failure is.
  ended run() {
    while (true) {
      start_some();
      if (flights_.empty())
        return queue_.empty() ? end_ : (end_ == ended::all ? ended::stopped : end_);
      const portolan_status status = line_.http->wait(line_.call);
      if (status != PORTOLAN_OK && status != PORTOLAN_STOP)
        throw failure(status, "the host cannot wait for answers");
      hand_over();
    }
  }

 private:
  struct job {
    request wanted;
    handler on_answer;
  };
  struct flight {
    handler on_answer;
    std::unique_ptr<detail::collector> collected;
    portolan_http_sink sink{};
    std::uint64_t operation = 0;
  };

  void start_some() {
    while (end_ == ended::all) {
      if (queue_.empty() && more_) more_();
      if (queue_.empty()) return;
      job& next = queue_.front();
      const portolan_status status = start(next);
      if (status == PORTOLAN_OK) {
        flights_.back().on_answer = std::move(next.on_answer);
        queue_.pop_front();
      } else if (status != PORTOLAN_STOP) {
        refuse(status, next);
      } else if (flights_.empty()) {
        wait_for_place();
      } else {
        return;
      }
    }
  }

  portolan_status start(const job& next) {
    const detail::abi_request raw(next.wanted, line_.default_auth);
    flight& started = flights_.emplace_back();
    started.collected = std::make_unique<detail::collector>();
    started.collected->answer.method = next.wanted.method;
    started.sink = started.collected->sink();
    const portolan_status status =
        line_.http->start(line_.call, &raw.raw, &started.sink, &started.operation);
    if (status != PORTOLAN_OK) flights_.pop_back();
    return status;
  }

  /// Another call holds every place of the registry: wait() blocks until one is free.
  void wait_for_place() {
    const portolan_status status = line_.http->wait(line_.call);
    if (!line_.goes_on()) {
      end_ = ended::stopped;
    } else if (status != PORTOLAN_OK && status != PORTOLAN_STOP) {
      throw failure(status, "the host cannot wait for a free place");
    }
  }

  void refuse(portolan_status status, job& next) {
    if (status == PORTOLAN_LIMIT) {
      end_ = ended::budget;
    } else if (status == PORTOLAN_TIMEOUT || status == PORTOLAN_CANCELLED) {
      end_ = ended::stopped;
    } else {
      response answer;
      answer.method = next.wanted.method;
      answer.lost = detail::refused(status, next.wanted);
      const handler on_answer = std::move(next.on_answer);
      queue_.pop_front();
      on_answer(std::move(answer));
    }
  }

  void hand_over() {
    for (auto it = flights_.begin(); it != flights_.end();) {
      if (!it->collected->finished) {
        ++it;
        continue;
      }
      const handler on_answer = std::move(it->on_answer);
      response answer = std::move(it->collected->answer);
      it = flights_.erase(it);
      if (answer.lost && answer.lost->ended_by_host()) {
        const bool budget = (answer.lost->flags & PORTOLAN_ERROR_BUDGET) != 0;
        // A request's own timeout is an answer like any other; only the call's end ends the fan.
        if (budget || !line_.goes_on()) {
          if (end_ == ended::all) end_ = budget ? ended::budget : ended::stopped;
          continue;
        }
      }
      on_answer(std::move(answer));
    }
  }

  const detail::line line_;
  source more_;
  std::deque<job> queue_;
  std::list<flight> flights_;
  ended end_ = ended::all;
};

}  // namespace portolan::inline v1
