#include "services/operation.h"

#include <random>

#include "services/retry.h"
#include "services/upstream.h"

namespace portolan::services {

using base::Code;
using base::Error;
using base::Steady;
using std::chrono::milliseconds;

namespace {

std::uint64_t exchange_number(std::uint64_t operation, unsigned sequence) {
  return (operation << 8) | (sequence & 0xFF);
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// 0..1, so that those whom one failure sent away don't come back together.
double luck() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<>(0, 1)(random);
}

}  // namespace

Operation::Operation(CallState& call, std::uint64_t number, Order order,
                     const portolan_http_sink& sink, Slot slot)
    : call_(call),
      number_(number),
      order_(std::move(order)),
      sink_(sink),
      slot_(std::move(slot)),
      authentication_(call.upstream(), order_) {}

Operation::~Operation() { let_go(); }

void Operation::begin() { proceed(); }

void Operation::take(net::Event event) {
  if (in_callback_) {
    deferred_.push_back(std::move(event));
    return;
  }
  const auto handle = [this](net::Event& next) {
    if (ended() || next.exchange != exchange_) return;
    phase_ == Phase::fetching ? take_for_token(next) : take_for_request(next);
  };
  handle(event);
  while (!deferred_.empty()) {
    auto next = std::move(deferred_.front());
    deferred_.pop_front();
    handle(next);
  }
}

void Operation::poll(Steady::time_point now) {
  if (phase_ == Phase::failed) {
    finish(&*failure_);
  } else if (phase_ == Phase::awaiting || (phase_ == Phase::resting && now >= due_)) {
    proceed();
  }
}

void Operation::end(const Error& error) {
  // Its callback runs further down this thread's stack; whoever pumps there ends it.
  if (!in_callback_) finish(&error);
}

void Operation::abandon() {
  abandoned_ = true;
  result_ = PORTOLAN_CANCELLED;
  finish(nullptr);
}

// On the wire.

void Operation::proceed() {
  if (!elsewhere_ && authentication_.wants_token()) {
    obtain_token();
  } else {
    request();
  }
}

void Operation::request() {
  net::Request request;
  request.method = order_.method;
  request.url = order_.url;
  request.headers = order_.headers;
  credential_ = elsewhere_ ? "none" : authentication_.kind();
  if (!elsewhere_) authentication_.attach(request.headers);
  request.body = order_.body;
  request.max_body = order_.max_body;
  transmit(std::move(request), Phase::requesting);
}

void Operation::transmit(net::Request request, Phase phase) {
  if (call_.requests_left() == 0) return fail_later(budget_spent());
  auto channel = call_.upstream().channel(request.url);
  if (!channel) return fail_later(std::move(channel).error());
  channel_ = *std::move(channel);
  request.timeout = order_.timeout;
  request.deadline = call_.deadline().at;
  call_.count_request();
  exchange_ = exchange_number(number_, ++exchanges_);
  exchange_began_ = Steady::now();
  status_ = 0;
  passed_over_ = 0;
  plan_ = Plan::deliver;
  go(phase);
  channel_->start(exchange_, std::move(request), call_.inbox());
}

void Operation::end_exchange(const std::optional<Error>& error) {
  exchange_ = 0;
  const bool token = phase_ == Phase::fetching;
  ExchangeNote note{.what = token ? "token request" : "request",
                    .call = call_.id(),
                    .method = token ? "GET" : std::string_view(order_.method),
                    .url = token ? authentication_.grant().realm : order_.url,
                    .status = status_,
                    .began = exchange_began_,
                    .attempt = 1 + retries_,
                    .credential = credential_};
  if (error) note.error = error->code;
  call_.upstream().note(call_.options().log, note);
}

void Operation::abort_exchange() {
  channel_->abort(exchange_, call_.inbox());
  end_exchange(Error{.code = Code::cancelled});
}

// Events of the request.

void Operation::take_for_request(net::Event& event) {
  switch (event.kind) {
    case net::Event::Kind::head: {
      status_ = event.status;
      const auto error = plan_for(event);
      if (error) return finish(&*error);
      if (plan_ == Plan::deliver || plan_ == Plan::seal) tell_head(event);
      break;
    }
    case net::Event::Kind::body:
      if (plan_ == Plan::deliver) return tell_body(event.bytes);
      if (plan_ == Plan::seal) {
        buffer_ += event.bytes;
      } else if ((passed_over_ += event.bytes.size()) > model::limits::token_bytes) {
        // Read for the connection's sake only; an endless one is not worth it.
        abort_exchange();
        act({});
      }
      break;
    case net::Event::Kind::done:
      end_exchange(event.error);
      act(event);
      break;
  }
}

std::optional<Error> Operation::plan_for(const net::Event& head) {
  patience_ = asked_patience(head.headers);
  if (status_ == 401 && !elsewhere_) {
    const auto again = authentication_.answer(head.headers);
    if (!again) return again.error();
    if (*again) plan_ = Plan::challenge;
  } else if (is_redirect(status_) && order_.may_redirect) {
    if (const auto location = value_of(head.headers, "location"); !location.empty()) {
      return plan_redirect(location);
    }
  } else if (is_worth_retrying(status_) && can_retry() && (pause_ = rest_for(patience_))) {
    plan_ = Plan::retry;
  } else if (!order_.secret_pointer.empty() && status_ >= 200 && status_ < 300) {
    plan_ = Plan::seal;
  }
  return {};
}

std::optional<Error> Operation::plan_redirect(std::string_view location) {
  const auto refuse = [&](Code code, std::string message, std::string hint) {
    return Error{.code = code,
                 .message = std::move(message),
                 .hint = std::move(hint),
                 .where = order_.url.text_without_query(),
                 .http_status = status_};
  };
  if (redirects_ == model::limits::redirects) {
    return refuse(
        Code::limit,
        "the registry redirects more than " + std::to_string(model::limits::redirects) + " times",
        "Give the address that it redirects to.");
  }
  auto url = base::resolve(order_.url, location);
  if (!url) {
    return refuse(Code::protocol, "the registry redirects to something that is no http address",
                  "");
  }
  if (order_.url.scheme == "https" && url->scheme == "http") {
    return refuse(Code::policy, "the registry redirects from https to plain http: " + url->origin(),
                  "Mend the registry's external address, or what stands before it.");
  }
  const bool keeps_method = status_ == 307 || status_ == 308;
  if (!call_.upstream().is_own(*url) && !order_.only_reads() && keeps_method) {
    return refuse(Code::policy,
                  "the registry redirects a request that changes something to " + url->origin(),
                  "Use the address that it redirects to.");
  }
  plan_ = Plan::redirect;
  next_url_ = *std::move(url);
  return {};
}

void Operation::act(const net::Event& done) {
  const bool delivering = plan_ == Plan::deliver || plan_ == Plan::seal;
  if (done.error && delivering) {
    if (status_ == 0 && retry_after(done)) return;
    return finish(&*done.error);
  }
  // An answer that only leads on has said what counts with its head, however it ended.
  switch (plan_) {
    case Plan::deliver: return finish(nullptr);
    case Plan::seal: return deliver_sealed();
    case Plan::challenge: return proceed();
    case Plan::redirect: return follow();
    case Plan::retry: return rest(*pause_);
  }
}

void Operation::follow() {
  ++redirects_;
  order_.url = std::move(next_url_);
  if (!call_.upstream().is_own(order_.url)) elsewhere_ = true;
  if (status_ != 307 && status_ != 308 && !order_.only_reads()) {
    order_.method = "GET";
    order_.body.clear();
  }
  proceed();
}

// Again, later.

bool Operation::can_retry() const {
  return order_.may_retry && retries_ < model::limits::retries && call_.requests_left() > 0;
}

std::optional<milliseconds> Operation::rest_for(milliseconds asked) {
  if (asked > model::limits::retry_after_cap) return {};
  const auto pause = asked.count() > 0 ? asked : back_off(retries_ + 1, luck());
  const auto deadline = call_.deadline().at;
  if (deadline != Steady::time_point::max() && Steady::now() + pause >= deadline) return {};
  return pause;
}

/// Rests when the exchange that is done may be tried again.
bool Operation::retry_after(const net::Event& done) {
  const bool worth =
      done.error ? is_worth_retrying(*done.error, done.facts.reached) : is_worth_retrying(status_);
  if (!worth || !can_retry()) return false;
  const auto pause = rest_for(done.error ? milliseconds(0) : patience_);
  if (pause) rest(*pause);
  return pause.has_value();
}

void Operation::rest(milliseconds pause) {
  ++retries_;
  due_ = Steady::now() + pause;
  go(Phase::resting);
}

// To the plugin.

void Operation::tell_head(const net::Event& head) {
  std::vector<portolan_kv> headers;
  headers.reserve(head.headers.size());
  for (const auto& h : head.headers) {
    headers.push_back({to_abi(std::string_view(h.name)), to_abi(std::string_view(h.value))});
  }
  const auto url = order_.url.text_without_query();
  const auto meaning = meaning_of(status_, elsewhere_ ? Proof::nothing : authentication_.proof());
  portolan_http_response response{};
  response.size = sizeof response;
  response.status = status_;
  response.code = to_abi(meaning.code);
  response.attempts = static_cast<std::uint32_t>(1 + retries_);
  response.headers = headers.data();
  response.header_count = headers.size();
  response.url = to_abi(std::string_view(url));
  response.message = to_abi(meaning.message);
  response.hint = to_abi(meaning.hint);
  response.elapsed_us =
      std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - began_).count();
  response.retry_after_ms = patience_.count();
  tell([&] { return sink_.head(sink_.plugin_context, &response); });
}

void Operation::tell_body(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  tell([&] { return sink_.body(sink_.plugin_context, data, bytes.size()); });
}

template <class Callback>
void Operation::tell(Callback callback) {
  in_callback_ = true;
  const portolan_status status = callback();
  in_callback_ = false;
  call_.count_callback();
  if (status == PORTOLAN_OK || ended()) return;
  const Error error{.code = static_cast<Code>(status), .message = "the plugin ended the request"};
  finish(&error);
}

void Operation::deliver_sealed() {
  const base::Secret answer(std::exchange(buffer_, {}));
  const auto text = seal_in(answer.reveal(), order_.secret_pointer,
                            [&](base::Secret secret) { return call_.seal(std::move(secret)); });
  if (!text) return finish(&text.error());
  tell_body(*text);
  if (!ended()) finish(nullptr);
}

void Operation::fail_later(Error error) {
  failure_ = std::move(error);
  due_ = Steady::now();
  go(Phase::failed);
}

void Operation::finish(const Error* cause) {
  if (ended()) return;
  let_go();
  slot_.give_back();  // Before done(), in which the plugin may start the next request.
  go(Phase::ended);
  if (abandoned_) return;

  portolan_error abi{};
  Error error;
  if (cause) {
    error = *cause;
    if (error.where.empty()) error.where = order_.url.text_without_query();
    error = call_.redacted(std::move(error));
    abi = to_abi(error);
    result_ = abi.code;
  }
  in_callback_ = true;
  sink_.done(sink_.plugin_context, result_, cause ? &abi : nullptr);
  in_callback_ = false;
  call_.count_callback();
}

void Operation::go(Phase phase) {
  const int slept = sleeping();
  phase_ = phase;
  call_.count_sleeper(static_cast<int>(sleeping()) - slept);
}

void Operation::let_go() {
  if (exchange_ != 0) abort_exchange();
  if (leads_) call_.upstream().tokens().forsake(fetch_);
  leads_ = false;
  fetch_ = nullptr;
}

}  // namespace portolan::services
