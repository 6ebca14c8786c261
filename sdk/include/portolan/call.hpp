#pragma once
/// One running operation, as an author sees it. Use it on its own thread, until it returns.
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <ranges>

#include "http.hpp"

namespace portolan::inline v1 {

/// How a fan-out came to its end.
enum class ended {
  all,     ///< Everything that was asked for was answered.
  budget,  ///< The request budget is spent: tell what was reached as partial.
  stopped  ///< Deadline or cancel: the same, and return at once.
};

class fan;

class call {
 public:
  call(const portolan_call* raw, const portolan_http* http, v1::auth default_auth)
      : raw_(raw), http_(http), default_auth_(default_auth) {}

  /// GET below the base; an answer of any status. Throws failure when no whole answer came.
  response get(std::string url) { return send(request(std::move(url))); }

  response send(const request& wanted) {
    const detail::abi_request raw(wanted, default_auth_);
    detail::collector collected;
    collected.answer.method = wanted.method;
    const auto sink = collected.sink();
    const portolan_status status = http_->send(raw_, &raw.raw, &sink);
    if (collected.answer.lost) throw *collected.answer.lost;
    if (status != PORTOLAN_OK) throw refused(status, wanted);
    return std::move(collected.answer);
  }

  /// Sends every request of `wanted` (a range of request, std::string or const char*; may be lazy),
  /// as many at once as the host permits, and calls `each(response&&, index)` as answers come, in
  /// any order.
  template <std::ranges::input_range Range, class Each>
  ended each(Range&& wanted, Each&& each);

  /// False once cancelled or late: emit what was reached and return.
  bool goes_on() const { return raw_->check(raw_) == PORTOLAN_OK; }
  /// Throws the failure that stands for a cancel or the deadline, if either is there.
  void check() const {
    if (const auto status = raw_->check(raw_); status != PORTOLAN_OK)
      throw failure(status, status == PORTOLAN_CANCELLED ? "cancelled" : "the deadline has passed");
  }
  std::uint64_t requests_left() const { return raw_->requests_left(raw_); }

  void log(int level, std::string_view message,
           const std::vector<std::pair<std::string, std::string>>& fields = {}) const {
    std::vector<portolan_kv> raw;
    for (const auto& [key, value] : fields) raw.push_back({to_abi(key), to_abi(value)});
    raw_->log(raw_, level, to_abi(message), raw.data(), raw.size());
  }
  void progress(std::uint64_t done, std::uint64_t total, std::string_view what) const {
    raw_->progress(raw_, done, total, to_abi(what));
  }

  const portolan_call* raw() const { return raw_; }

 private:
  friend class fan;

  static failure refused(portolan_status status, const request& wanted) {
    switch (status) {
      case PORTOLAN_LIMIT: {
        failure problem(status, "the request budget of this call is spent", "raise --max-requests");
        problem.flags = PORTOLAN_ERROR_BUDGET;
        return problem;
      }
      case PORTOLAN_TIMEOUT: return {status, "the deadline has passed", "raise the timeout"};
      case PORTOLAN_CANCELLED: return {status, "cancelled"};
      default:
        return {status, "the host refused the request " + wanted.method + " " +
                            wanted.url.substr(0, wanted.url.find('?'))};
    }
  }

  const portolan_call* raw_;
  const portolan_http* http_;
  v1::auth default_auth_;
};

/// A queue of requests with what to do with each answer; handlers may add more. Memory is what the
/// queue and the requests in flight hold, so feed it a page at a time.
class fan {
 public:
  using handler = std::function<void(response&&)>;

  explicit fan(call& of) : call_(of) {}
  fan(const fan&) = delete;
  fan& operator=(const fan&) = delete;
  /// What is still in flight (a handler threw) is aborted.
  ~fan() {
    for (const flight& started : flights_) call_.http_->abort(call_.raw_, started.operation);
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
      const portolan_status status = call_.http_->wait(call_.raw_);
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
    while (!queue_.empty() && end_ == ended::all) {
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
    const detail::abi_request raw(next.wanted, call_.default_auth_);
    flight& started = flights_.emplace_back();
    started.collected = std::make_unique<detail::collector>();
    started.collected->answer.method = next.wanted.method;
    started.sink = started.collected->sink();
    const portolan_status status =
        call_.http_->start(call_.raw_, &raw.raw, &started.sink, &started.operation);
    if (status != PORTOLAN_OK) flights_.pop_back();
    return status;
  }

  /// Another call holds every place of the registry: wait() blocks until one is free.
  void wait_for_place() {
    const portolan_status status = call_.http_->wait(call_.raw_);
    if (!call_.goes_on()) {
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
      answer.lost = call::refused(status, next.wanted);
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
        if (budget || !call_.goes_on()) {
          if (end_ == ended::all) end_ = budget ? ended::budget : ended::stopped;
          continue;
        }
      }
      on_answer(std::move(answer));
    }
  }

  call& call_;
  std::deque<job> queue_;
  std::list<flight> flights_;
  ended end_ = ended::all;
};

template <std::ranges::input_range Range, class Each>
ended call::each(Range&& wanted, Each&& each) {
  fan out(*this);
  auto next = std::ranges::begin(wanted);
  std::size_t index = 0;
  // A handful ahead: enough for every place the host has, and a lazy range stays lazy.
  const std::function<void()> refill = [&] {
    while (out.waiting() < 32 && next != std::ranges::end(wanted)) {
      out.add(request(*next), [&each, &refill, at = index++](response&& answer) {
        each(std::move(answer), at);
        refill();
      });
      ++next;
    }
  };
  refill();
  return out.run();
}

}  // namespace portolan::inline v1
