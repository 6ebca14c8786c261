#include "net/transfer.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "net/failure.h"
#include "net/receive_buffer.h"

namespace portolan::net {
namespace {

using base::Code;
using base::Error;
using Stage = Facts::Stage;
using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::microseconds;

std::int64_t since_us(base::Steady::time_point start) {
  return duration_cast<microseconds>(base::Steady::now() - start).count();
}

template <class Value>
Value info(CURL* easy, CURLINFO what) {
  Value value{};
  curl_easy_getinfo(easy, what, &value);
  return value;
}

// RFC 9110 §9.2.2.
bool is_idempotent(const std::string& method) { return method != "POST" && method != "PATCH"; }

bool has_header(const Request& request, std::string_view lower_name) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const Header& header) {
    return std::equal(header.name.begin(), header.name.end(), lower_name.begin(), lower_name.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  });
}

}  // namespace

Transfer::Transfer(Lane& lane, std::shared_ptr<const Terms> terms, Request request,
                   std::shared_ptr<LoopInbox> inbox, std::shared_ptr<Flow> flow)
    : lane_(lane),
      terms_(std::move(terms)),
      request_(std::move(request)),
      inbox_(std::move(inbox)),
      flow_(std::move(flow)),
      started_(base::Steady::now()),
      expires_(started_ + request_.timeout) {}

void Transfer::set_method() {
  const std::string& method = request_.method;
  const bool has_body =
      !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  const char* custom = nullptr;
  curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);  // Undoes what the last transfer had set.
  if (has_body) {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    if (method != "POST") custom = method.c_str();
  } else if (method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (method != "GET") {
    custom = method.c_str();
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, custom);
  // libcurl repeats a request on a new connection when the old one turns out to be dead. Only what
  // may be repeated rides on an old connection.
  curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, is_idempotent(method) ? 0L : 1L);
}

void Transfer::set_headers() {
  for (const Header& header : request_.headers) {
    // libcurl takes "name:" for "do not send it" and "name;" for "send it empty".
    lines_.push_back(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  // What libcurl would add by itself.
  lines_.push_back("Expect:");
  if (!has_header(request_, "accept")) lines_.push_back("Accept:");
  if (!has_header(request_, "content-type")) lines_.push_back("Content-Type:");
  header_list_.resize(lines_.size());
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    header_list_[i] = {lines_[i].data(), i + 1 < lines_.size() ? &header_list_[i + 1] : nullptr};
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_.data());
}

void Transfer::attach(CURL* easy, std::string resolve) {
  easy_ = easy;
  attached_ = base::Steady::now();
  resolve_text_ = std::move(resolve);
  resolve_list_ = {resolve_text_.data(), nullptr};
  curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve_text_.empty() ? nullptr : &resolve_list_);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.text().c_str());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail_.data());
  const auto spent = std::chrono::milliseconds(dns_us / 1000);
  const auto left = std::max<std::chrono::milliseconds>(terms_->options.connect_timeout - spent,
                                                        std::chrono::milliseconds(1));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(left.count()));
  set_method();
  set_headers();
}

Transfer::Time Transfer::next_check() const {
  if (paused_at_ != Time::max()) return request_.deadline;
  Time next = std::min({expires_, request_.deadline, rate_until_});
  if (state == State::resolving) {
    next = std::min(next, resolve_began + terms_->options.connect_timeout);
  }
  return next;
}

std::optional<Error> Transfer::late(Time now) {
  if (now < next_check()) return std::nullopt;
  const bool hard = now >= request_.deadline || (paused_at_ == Time::max() && now >= expires_);
  if (state == State::queued) {
    return Error{Code::timeout,
                 "all connections to " + request_.url.authority() + " were busy until it was late",
                 "allow it more time, or ask for less at once", request_.url.text_without_query()};
  }
  if (hard || state == State::resolving) {
    return too_slow(request_, terms_->peer(request_.url), stage_now());
  }
  const std::size_t wanted =
      model::limits::minimum_rate_bytes * terms_->options.minimum_rate_window / 1s;
  if (rate_bytes_ < wanted) {
    return Error{Code::timeout,
                 request_.url.authority() + " sends less than " +
                     std::to_string(model::limits::minimum_rate_bytes) + " bytes a second",
                 "check that the registry and the network to it are well",
                 request_.url.text_without_query()};
  }
  rate_bytes_ = 0;
  rate_until_ = now + terms_->options.minimum_rate_window;
  return std::nullopt;
}

void Transfer::hold(bool on) {
  if (held_ == on) return;
  held_ = on;
  // Both directions: libcurl 7.88 runs a transfer again at once when only one is paused.
  curl_easy_pause(easy_, on ? CURLPAUSE_ALL : CURLPAUSE_CONT);
}

void Transfer::pause(Time now) {
  paused_at_ = std::min(paused_at_, now);
  hold(true);
}

void Transfer::go_on(Time now) {
  if (paused_at_ == Time::max()) return;
  expires_ += now - paused_at_;
  paused_at_ = Time::max();
  rate_bytes_ = 0;
  rate_until_ = now + terms_->options.minimum_rate_window;
  next_turn();
}

void Transfer::next_turn() {
  turn_bytes_ = 0;
  hold(false);
}

curl_socket_t Transfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const Terms& terms = *transfer.terms_;
  if (!terms.options.unix_socket.empty()) {
    transfer.connecting_ = true;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
  char ip[NI_MAXHOST] = {};
  if (getnameinfo(&address->addr, address->addrlen, ip, sizeof ip, nullptr, 0, NI_NUMERICHOST) !=
      0) {
    return CURL_SOCKET_BAD;
  }
  const base::Url& target = terms.peer(transfer.request_.url);
  const AddressPolicy& policy = terms.proxy ? terms.proxy_policy : terms.options.policy;
  if (auto allowed = policy.check(target.host, target.port, ip); !allowed) {
    transfer.refusal_ = std::move(allowed).error();
    return CURL_SOCKET_BAD;
  }
  transfer.connecting_ = true;
  const int made = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (made < 0 && (errno == EMFILE || errno == ENFILE)) {
    transfer.own_error_ = {Code::limit, "no file descriptor is left for a connection",
                           "raise the limit of open files, or do less at once", ""};
  }
  return made;
}

CURLcode Transfer::on_tls(CURL*, void* context, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  transfer.tls_began_ = base::Steady::now();
  install(transfer.terms_->trust, context, &transfer.shown_);
  return CURLE_OK;
}

std::size_t Transfer::on_header(char* bytes, std::size_t, std::size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (transfer.rate_until_ == Time::max()) {
    transfer.rate_until_ = base::Steady::now() + transfer.terms_->options.minimum_rate_window;
    transfer.touched->push_back(&transfer);
  }
  transfer.rate_bytes_ += count;
  switch (transfer.head_.line({bytes, count})) {
    case HeadReader::Step::more: return count;
    case HeadReader::Step::complete: return transfer.head_arrived() ? count : CURL_WRITEFUNC_ERROR;
    case HeadReader::Step::failed: break;
  }
  transfer.own_error_ = transfer.head_.error();
  return CURL_WRITEFUNC_ERROR;
}

bool Transfer::head_arrived() {
  learn_facts();
  Event event = make_event(Event::Kind::head);
  event.status = head_.status();
  event.headers = std::move(head_.headers());
  // A body that is announced to be too long is not begun. HEAD, 204 and 304 announce only.
  std::size_t length = 0;
  if (request_.method != "HEAD" && event.status != 204 && event.status != 304) {
    for (const Header& header : event.headers) {
      if (header.name != "content-length") continue;
      std::from_chars(header.value.data(), header.value.data() + header.value.size(), length);
    }
  }
  add(std::move(event));
  if (length <= request_.max_body) return true;
  own_error_ = too_long();
  return false;
}

std::size_t Transfer::on_body(char* bytes, std::size_t, std::size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  transfer.rate_bytes_ += count;
  transfer.body_bytes_ += count;
  if (transfer.body_bytes_ > transfer.request_.max_body) {
    transfer.own_error_ = transfer.too_long();
    return CURL_WRITEFUNC_ERROR;
  }
  auto& pending = transfer.pending_;
  if (pending.empty() || pending.back().kind != Event::Kind::body) {
    transfer.add(transfer.make_event(Event::Kind::body));
  }
  pending.back().bytes.append(bytes, count);
  // libcurl reads on while the socket has bytes: others wait, and nobody asks how full the inbox
  // is.
  transfer.turn_bytes_ += count;
  if (transfer.turn_bytes_ + kReceiveBuffer > kTurnBytes) transfer.hold(true);
  return count;
}

void Transfer::add(Event event) {
  if (pending_.empty()) touched->push_back(this);
  pending_.push_back(std::move(event));
}

Error Transfer::too_long() const {
  return {Code::limit, "the answer is longer than " + std::to_string(request_.max_body) + " bytes",
          "check that the address is a registry's", ""};
}

Event Transfer::make_event(Event::Kind kind) const {
  Event event;
  event.kind = kind;
  event.exchange = flow_->exchange;
  if (kind != Event::Kind::body) event.facts = facts_;
  return event;
}

void Transfer::learn_facts() {
  facts_.reused = info<long>(easy_, CURLINFO_NUM_CONNECTS) == 0;
  facts_.dns_us = dns_us;
  if (!facts_.reused) {
    // libcurl tells of the TCP connection only when TLS is done too.
    const bool tls = tls_began_ != Time::max();
    const auto connected = tls ? duration_cast<microseconds>(tls_began_ - attached_).count()
                               : info<curl_off_t>(easy_, CURLINFO_CONNECT_TIME_T);
    const auto secured = info<curl_off_t>(easy_, CURLINFO_APPCONNECT_TIME_T);
    facts_.connect_us = connected;
    facts_.tls_us = tls && secured > connected ? secured - connected : 0;
  }
  facts_.total_us = since_us(started_);
  facts_.through_proxy = terms_->proxy.has_value();
  if (const char* ip = info<char*>(easy_, CURLINFO_PRIMARY_IP); ip && *ip) {
    const bool v6 = std::string_view(ip).find(':') != std::string_view::npos;
    facts_.remote_address = v6 ? "[" + std::string(ip) + "]" : ip;
    facts_.remote_address += ":" + std::to_string(info<long>(easy_, CURLINFO_PRIMARY_PORT));
  }
  facts_.tls_version = shown_.version;
  facts_.certificate_ends = shown_.ends;
  facts_.certificate_pin = shown_.pin;
  facts_.reached = stage_now();
}

Stage Transfer::stage_now() const {
  if (state != State::running) return Stage::dns;
  if (head_.status() != 0 || info<curl_off_t>(easy_, CURLINFO_PRETRANSFER_TIME_T) != 0)
    return Stage::http;
  if (refusal_ && !connecting_) return Stage::policy;
  if (tls_began_ != Time::max()) return Stage::tls;
  return info<curl_off_t>(easy_, CURLINFO_CONNECT_TIME_T) == 0 ? Stage::tcp : Stage::http;
}

void Transfer::conclude(CURLcode code) {
  learn_facts();
  Event event = make_event(Event::Kind::done);
  if (code == CURLE_OK) {
    event.facts.reached = Stage::done;
  } else if (refusal_ && !connecting_) {
    event.error = std::move(refusal_);
    event.facts.reached = Stage::policy;
  } else if (own_error_) {
    event.error = std::move(own_error_);
  } else {
    const Failure failure{code,
                          request_,
                          terms_->peer(request_.url),
                          event.facts.reached,
                          info<long>(easy_, CURLINFO_OS_ERRNO),
                          info<long>(easy_, CURLINFO_SSL_VERIFYRESULT),
                          info<long>(easy_, CURLINFO_HTTP_CONNECTCODE),
                          detail_.data()};
    event.error = explain(failure);
  }
  if (event.error) event.error->where = request_.url.text_without_query();
  pending_.push_back(std::move(event));
}

void Transfer::conclude(Error error, Stage stage) {
  if (easy_) learn_facts();
  Event event = make_event(Event::Kind::done);
  event.facts.dns_us = dns_us;
  event.facts.total_us = since_us(started_);
  event.facts.through_proxy = terms_->proxy.has_value();
  event.facts.reached = stage;
  if (error.where.empty()) error.where = request_.url.text_without_query();
  event.error = std::move(error);
  pending_.push_back(std::move(event));
}

}  // namespace portolan::net
