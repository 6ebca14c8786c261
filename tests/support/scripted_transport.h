#pragma once
/// The Transport of unit tests: a function answers each request, and every request is remembered.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/transport.h"

namespace portolan::tests {

struct Reply {
  int status = 200;  ///< 0: no head, `error` says why.
  std::vector<net::Header> headers{};
  std::string body{};
  std::optional<base::Error> error{};  ///< Told with done.
  net::Facts facts{};
  bool held = false;  ///< Not before release().
};

/// What was put on the wire, with which settings.
struct Sent {
  net::Request request;
  net::ChannelOptions options;

  std::string url() const { return request.url.text(); }
  std::string header(std::string_view name) const {
    for (const auto& header : request.headers) {
      if (header.name == name) return header.value;
    }
    return "";
  }
};

class ScriptedInbox final : public net::Inbox {
 public:
  std::optional<net::Event> next(base::Steady::time_point until) override {
    std::unique_lock lock(mutex_);
    const auto ready = [&] { return woken_ || !events_.empty(); };
    if (until == base::Steady::time_point::max()) {
      changed_.wait(lock, ready);
    } else {
      changed_.wait_until(lock, until, ready);
    }
    if (events_.empty()) {
      woken_ = false;
      return std::nullopt;
    }
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  void wake() override {
    std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  void push(net::Event event) {
    std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }

  void drop(std::uint64_t exchange) {
    std::lock_guard lock(mutex_);
    std::erase_if(events_, [&](const auto& event) { return event.exchange == exchange; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<net::Event> events_;
  bool woken_ = false;
};

class ScriptedTransport final : public net::Transport {
 public:
  using Script = std::function<Reply(const net::Request&)>;
  explicit ScriptedTransport(Script script) : script_(std::move(script)) {}

  std::shared_ptr<net::Inbox> inbox() override { return std::make_shared<ScriptedInbox>(); }

  base::Result<std::shared_ptr<net::Channel>> open(net::ChannelOptions options) override {
    return std::shared_ptr<net::Channel>(
        std::make_shared<ScriptedChannel>(*this, std::move(options)));
  }

  std::vector<Sent> sent() const {
    std::lock_guard lock(mutex_);
    return sent_;
  }
  std::size_t count(std::string_view part_of_url) const {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(sent_.begin(), sent_.end(), [&](const auto& one) {
      return one.url().find(part_of_url) != std::string::npos;
    }));
  }
  std::size_t held() const {
    std::lock_guard lock(mutex_);
    return held_.size();
  }
  /// The oldest held reply is delivered.
  void release() {
    Held held;
    {
      std::lock_guard lock(mutex_);
      held = std::move(held_.front());
      held_.pop_front();
    }
    deliver(*held.inbox, held.exchange, held.reply);
  }
  void wait_for_sent(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sent_.size() >= count; });
  }

 private:
  struct Held {
    std::shared_ptr<ScriptedInbox> inbox;
    std::uint64_t exchange = 0;
    Reply reply;
  };

  class ScriptedChannel final : public net::Channel {
   public:
    ScriptedChannel(ScriptedTransport& transport, net::ChannelOptions options)
        : transport_(transport), options_(std::move(options)) {}
    void start(std::uint64_t exchange, net::Request request,
               std::shared_ptr<net::Inbox> inbox) override {
      transport_.take({std::move(request), options_}, exchange,
                      std::static_pointer_cast<ScriptedInbox>(std::move(inbox)));
    }
    void abort(std::uint64_t exchange, const std::shared_ptr<net::Inbox>& inbox) override {
      transport_.forget(exchange, static_cast<ScriptedInbox&>(*inbox));
    }

   private:
    ScriptedTransport& transport_;
    const net::ChannelOptions options_;
  };

  void take(Sent sent, std::uint64_t exchange, std::shared_ptr<ScriptedInbox> inbox) {
    Reply reply;
    {
      std::lock_guard lock(mutex_);
      reply = script_(sent.request);
      sent_.push_back(std::move(sent));
      if (reply.held) held_.push_back({inbox, exchange, reply});
      changed_.notify_all();
    }
    if (!reply.held) deliver(*inbox, exchange, reply);
  }

  void forget(std::uint64_t exchange, ScriptedInbox& inbox) {
    std::lock_guard lock(mutex_);
    std::erase_if(held_, [&](const auto& held) {
      return held.exchange == exchange && held.inbox.get() == &inbox;
    });
    inbox.drop(exchange);
  }

  static void deliver(ScriptedInbox& inbox, std::uint64_t exchange, const Reply& reply) {
    net::Event event;
    event.exchange = exchange;
    event.facts = reply.facts;
    if (reply.status != 0) {
      event.kind = net::Event::Kind::head;
      event.status = reply.status;
      event.headers = reply.headers;
      inbox.push(event);
      event.headers.clear();
      event.kind = net::Event::Kind::body;
      const auto half = reply.body.size() / 2;
      for (const auto& part : {reply.body.substr(0, half), reply.body.substr(half)}) {
        event.bytes = part;
        if (!part.empty()) inbox.push(event);
      }
      event.bytes.clear();
    }
    event.kind = net::Event::Kind::done;
    event.error = reply.error;
    inbox.push(event);
  }

  const Script script_;  // Called with the mutex held, so that it may count.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Sent> sent_;
  std::deque<Held> held_;
};

}  // namespace portolan::tests
