#include "engine/webhooks.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "base/crypto.h"
#include "base/json.h"
#include "base/mutex.h"
#include "engine/fleet.h"
#include "net/address_policy.h"
#include "net/transport.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;
using base::Steady;

constexpr std::size_t answer_bytes = 64 * 1024;
constexpr std::size_t events_read = 100;  // At once; few of them may be wanted.

std::string body_of(const model::Event& event) {
  Json out = Json::object();
  out.set("id", Json::integer(event.id));
  out.set("at", Json::integer(event.at_ms));
  out.set("kind", Json::string(event.kind));
  out.set("subject", Json::string(event.subject));
  auto data = base::parse_json(event.data_json);
  out.set("data", data ? *std::move(data) : Json::object());
  return base::to_text(out);
}

/// The deliveries of one webhook, on a thread of its own.
class Courier {
 public:
  Courier(const Daemon& daemon, const Fleet& fleet, net::Transport& transport,
          const WebhookPauses& pauses, model::Webhook webhook)
      : daemon_(daemon),
        fleet_(fleet),
        transport_(transport),
        pauses_(pauses),
        webhook_(std::move(webhook)),
        inbox_(transport.inbox()),
        thread_([this] { run(); }) {}

  ~Courier() {
    {
      const base::Lock lock(mutex_);
      stopping_ = true;
    }
    rung_.notify_all();
    inbox_->wake();
    thread_.join();
  }

  const model::Webhook& webhook() const { return webhook_; }

  /// Something was written to the store.
  void ring() {
    {
      const base::Lock lock(mutex_);
      news_ = true;
    }
    rung_.notify_all();
  }

 private:
  struct Waiting {
    std::vector<model::Event> events;
    base::Secret secret;
  };

  void run() {
    Id seen = 0;
    while (!stopping()) {
      auto waiting = read(seen);
      if (!waiting) say("is not served: " + waiting.error().message);
      if (!waiting || waiting->events.empty()) {
        wait_for_news();
        continue;
      }
      for (const model::Event& event : waiting->events) {
        const bool wanted = webhook_.kinds.empty() ||
                            std::find(webhook_.kinds.begin(), webhook_.kinds.end(), event.kind) !=
                                webhook_.kinds.end();
        if (wanted && !deliver(event, waiting->secret)) return;
        seen = event.id;
      }
    }
  }

  /// The events after `seen`, and after the last that is done with.
  base::Result<Waiting> read(Id seen) const {
    return daemon_.store.read<Waiting>([&](store::Reader& reader) -> base::Result<Waiting> {
      Waiting out;
      store::EventFilter filter;
      filter.since_id = std::max(seen, store::delivered_event(reader, webhook_.id));
      out.events = store::list_events(reader, {.limit = events_read}, filter).rows;
      auto secret = store::webhook_secret(reader, webhook_.id);
      if (!secret) return secret.error();
      out.secret = *std::move(secret);
      return out;
    });
  }

  /// False when it was stopped, or replaced, before the event was done with.
  bool deliver(const model::Event& event, const base::Secret& secret) {
    auto pause = pauses_.first;
    for (bool last = false;;) {
      auto sent = send(event, secret);
      if (stopping()) return false;
      const bool is_served = keep(event, sent, last ? std::chrono::milliseconds(0) : pause);
      if (sent) return true;
      if (!is_served) return false;
      say((last ? "is given up: " : "is tried again: ") + sent.error().message,
          std::to_string(event.id));
      if (last) return true;
      if (!rest(pause)) return false;
      last = pause >= pauses_.longest;
      pause = std::min(2 * pause, pauses_.longest);
    }
  }

  /// For who looks at the webhook: how it went, and when it is tried again; without that the event
  /// is done with. False: the webhook has another URL now, whose courier goes on with the event
  /// unless it was taken.
  bool keep(const model::Event& event, const base::Result<void>& sent,
            std::chrono::milliseconds pause) {
    model::Delivery delivery;
    delivery.event = event.id;
    delivery.tried_ms = daemon_.store.now();
    delivery.status = status_;
    if (!sent) {
      delivery.code = to_string(sent.error().code);
      delivery.message = sent.error().message;
      delivery.hint = sent.error().hint;
      if (pause.count() > 0) delivery.next_try_ms = delivery.tried_ms + pause.count();
    }
    bool is_served = true;
    auto kept = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      auto put = store::put_delivery(writer, webhook_.id, webhook_.url, delivery);
      if (!put) return put.error();
      is_served = *put;
      if (!sent && (!is_served || delivery.next_try_ms != 0)) return {};
      return store::put_delivered_event(writer, webhook_.id, event.id);
    });
    if (!kept) say("does not know how it went: " + kept.error().message);
    return is_served;
  }

  base::Result<void> send(const model::Event& event, const base::Secret& secret) {
    status_ = 0;
    auto url = base::parse_url(webhook_.url);
    if (!url) return url.error();
    auto policy = fleet_.policy(false);
    if (!policy) return policy.error();
    net::ChannelOptions options;
    options.policy = *std::move(policy);
    options.max_connections = 1;
    auto channel = transport_.open(std::move(options));
    if (!channel) return channel.error();
    net::Request request;
    request.method = "POST";
    request.url = *std::move(url);
    request.body = body_of(event);
    request.headers = {{"content-type", "application/json"}, {"x-portolan-event", event.kind}};
    if (!secret.empty())
      request.headers.push_back(
          {"x-portolan-signature", "sha256=" + base::hex(base::hmac_sha256(secret, request.body))});
    request.timeout = pauses_.answer;
    request.deadline = Steady::now() + pauses_.answer;
    request.max_body = answer_bytes;
    (*channel)->start(++exchange_, std::move(request), inbox_);
    return answer(**channel);
  }

  base::Result<void> answer(net::Channel& channel) {
    while (!stopping()) {
      auto event = inbox_->next(Steady::time_point::max());
      if (!event || event->exchange != exchange_) continue;
      if (event->kind == net::Event::Kind::head) status_ = event->status;
      if (event->kind != net::Event::Kind::done) continue;
      if (event->error) return *event->error;
      if (status_ >= 200 && status_ <= 299) return {};
      return Error{.code = Code::unavailable,
                   .message = "it answered with status " + std::to_string(status_),
                   .hint = "See what the receiver says of it.",
                   .http_status = status_};
    }
    channel.abort(exchange_, inbox_);
    return Error{.code = Code::cancelled, .message = "the daemon stops"};
  }

  bool stopping() {
    const base::Lock lock(mutex_);
    return stopping_;
  }
  /// False when it was stopped.
  bool rest(std::chrono::milliseconds pause) {
    const auto until = Steady::now() + pause;
    const base::Lock lock(mutex_);
    while (!stopping_ && Steady::now() < until) rung_.wait_until(mutex_, until);
    return !stopping_;
  }
  void wait_for_news() {
    const base::Lock lock(mutex_);
    while (!stopping_ && !news_) rung_.wait(mutex_);
    news_ = false;
  }

  void say(const std::string& what, const std::string& event = "") const {
    daemon_.say(PORTOLAN_LOG_WARN, "the webhook " + webhook_.name + " " + what +
                                       (event.empty() ? "" : " event=" + event));
  }

  const Daemon& daemon_;
  const Fleet& fleet_;
  net::Transport& transport_;
  const WebhookPauses& pauses_;
  const model::Webhook webhook_;
  const std::shared_ptr<net::Inbox> inbox_;
  std::uint64_t exchange_ = 0;  // Of the thread alone, as is the next.
  int status_ = 0;              // What the newest try was answered; 0: nothing.

  base::Mutex mutex_;
  base::Condition rung_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool news_ GUARDED_BY(mutex_) = true;
  std::thread thread_;
};

}  // namespace

/// One thread that looks at the store; a courier for every webhook that is enabled.
class Webhooks::State {
 public:
  State(const Daemon& daemon, const Fleet& fleet, net::Transport& transport, WebhookPauses pauses)
      : daemon_(daemon), fleet_(fleet), transport_(transport), pauses_(pauses) {}

  void start() {
    {
      const base::Lock lock(mutex_);
      watching_ = true;
    }
    watcher_ = std::thread([this] { watch(); });
  }

  void stop() {
    if (!watcher_.joinable()) return;
    stopping_ = true;
    {
      const base::Lock lock(mutex_);
      while (watching_) {
        // Again and again: it may have been just about to wait.
        daemon_.store.wake_all();
        ended_.wait_until(mutex_, Steady::now() + std::chrono::milliseconds(10));
      }
    }
    watcher_.join();
    couriers_.clear();
    stopping_ = false;
  }

 private:
  void watch() {
    while (!stopping_) {
      const auto seen = daemon_.store.revision();
      engage();
      for (auto& [id, courier] : couriers_) courier->ring();
      daemon_.store.wait_for_change(seen, Steady::now() + std::chrono::hours(1));
    }
    const base::Lock lock(mutex_);
    watching_ = false;
    ended_.notify_all();
  }

  /// A courier for each webhook as it is now.
  void engage() {
    auto all = daemon_.store.read<std::vector<model::Webhook>>(
        [](store::Reader& reader) { return base::Result(store::webhooks(reader)); });
    if (!all) return;
    std::map<Id, std::unique_ptr<Courier>> wanted;
    for (model::Webhook& webhook : *all) {
      if (!webhook.enabled) continue;
      auto& before = couriers_[webhook.id];
      const bool same =
          before && before->webhook().provenance.revision == webhook.provenance.revision;
      if (!same) {
        before.reset();  // Two of one webhook would deliver twice.
        before = std::make_unique<Courier>(daemon_, fleet_, transport_, pauses_, webhook);
      }
      wanted[webhook.id] = std::move(before);
    }
    couriers_ = std::move(wanted);
  }

  const Daemon& daemon_;
  const Fleet& fleet_;
  net::Transport& transport_;
  const WebhookPauses pauses_;
  std::thread watcher_;
  std::atomic<bool> stopping_{false};
  std::map<Id, std::unique_ptr<Courier>> couriers_;  // Of the watcher, and of stop() after it.

  base::Mutex mutex_;
  base::Condition ended_;
  bool watching_ GUARDED_BY(mutex_) = false;
};

Webhooks::Webhooks(const Daemon& daemon, const Fleet& fleet, net::Transport& transport,
                   WebhookPauses pauses)
    : state_(std::make_unique<State>(daemon, fleet, transport, pauses)) {}

Webhooks::~Webhooks() { stop(); }

void Webhooks::start() { state_->start(); }

void Webhooks::stop() { state_->stop(); }

}  // namespace portolan::engine
