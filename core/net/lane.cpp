#include "net/lane.h"

#include <algorithm>

#include "net/failure.h"
#include "net/ip_address.h"
#include "net/receive_buffer.h"

namespace portolan::net {
namespace {

using base::Code;
using base::Error;
using Stage = Facts::Stage;

constexpr std::chrono::seconds kNameIsGood{5};
/// After the last transfer. What a multi and its connections hold is 50 kB: of a thousand
/// registries that are asked once a minute it would be most of the process.
constexpr std::chrono::seconds kRestAfter{2};

std::int64_t since_us(base::Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(base::Steady::now() - start).count();
}

int refuse_to_resolve(void*, void*, void*) { return 1; }

}  // namespace

Lane::~Lane() { shut({Code::cancelled, "the connections were closed", "", ""}); }

void Lane::set_up(Reactor& reactor) {
  reactor_ = &reactor;
  multi_ = curl_multi_init();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_descriptor);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                    static_cast<long>(terms_->options.max_connections));
}

CURL* Lane::take_easy() {
  if (idle_.empty()) return make_easy();
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

CURL* Lane::make_easy() const {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  // One coding only; Transfer::on_body counts what comes out of it.
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, static_cast<long>(kReceiveBuffer));
  // Without these two libcurl reads the environment.
  curl_easy_setopt(easy, CURLOPT_PROXY, terms_->proxy ? terms_->proxy->origin().c_str() : "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  if (terms_->proxy) {
    curl_easy_setopt(easy, CURLOPT_PROXYPORT, static_cast<long>(terms_->proxy->port));
  }
  if (!terms_->options.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, terms_->options.unix_socket.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Names come from our own pool: libcurl never starts a resolver of its own.
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, Transfer::on_socket);
  set_tls(easy);
  return easy;
}

void Lane::set_tls(CURL* easy) const {
  const model::Tls& tls = terms_->options.tls;
  const auto blob = [](const std::string& text) {
    return curl_blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
  };
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.skip_verify ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.skip_verify ? 0L : 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                   static_cast<long>(tls.minimum_version == "1.3" ? CURL_SSLVERSION_TLSv1_3
                                                                  : CURL_SSLVERSION_TLSv1_2));
  // The trust is installed by on_tls; libcurl's own would be read from disk for each connection.
  curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, Transfer::on_tls);
  // A resumed session shows no certificate, and then nothing could be said of it.
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  if (!tls.client_certificate_pem.empty()) {
    curl_blob certificate = blob(tls.client_certificate_pem);
    curl_blob key = blob(tls.client_key_pem.reveal());
    curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
    curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
  }
  if (!tls.pin_sha256.empty()) {
    curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, ("sha256//" + tls.pin_sha256).c_str());
  }
}

void Lane::start(std::unique_ptr<Transfer> transfer, Reactor& reactor) {
  if (!multi_) set_up(reactor);
  rest_at_ = Time::max();
  transfer->index = transfers_.size();
  transfer->flow()->transfer = transfer.get();
  transfer->touched = &touched_;
  check_ = std::min(check_, transfer->next_check());
  queue_.push_back(transfer.get());
  transfers_.push_back(std::move(transfer));
}

void Lane::start_waiting() {
  while (!queue_.empty() && admitted_ < terms_->options.max_connections) {
    Transfer& transfer = *queue_.front();
    queue_.pop_front();
    ++admitted_;
    transfer.state = Transfer::State::resolving;
    transfer.resolve_began = base::Steady::now();
    advance(transfer);
  }
}

// Goes on with a transfer that has a slot: as far as the names that are known allow.
void Lane::advance(Transfer& transfer) {
  if (terms_->proxy && !proxied_target_allowed(transfer)) return;
  const base::Url& next_hop = terms_->peer(transfer.request().url);
  std::string resolve;
  if (!parse_ip(next_hop.host)) {
    const Name* name = known(next_hop.host, transfer);
    if (!name) return;
    resolve = resolve_entry(*name, next_hop);
  }
  run(transfer, std::move(resolve));
}

const Lane::Name* Lane::known(const std::string& host, Transfer& transfer) {
  Name& name = names_[host];
  const Time now = base::Steady::now();
  if (name.good_until > now) return &name;
  if (!name.asked) {
    name.asked = true;
    reactor_->look_up(*this, host);
  }
  check_ = std::min(check_, transfer.next_check());
  return nullptr;
}

// Behind a proxy no socket of ours shows the target's address, so it is asked for here.
bool Lane::proxied_target_allowed(Transfer& transfer) {
  const base::Url& url = transfer.request().url;
  const AddressPolicy& policy = terms_->options.policy;
  std::vector<std::string> addresses;
  if (parse_ip(url.host)) {
    addresses = {url.host};
  } else if (!policy.names(url.host, url.port)) {
    const Name* name = known(url.host, transfer);
    if (!name) return false;
    addresses = name->addresses;
  }
  for (const std::string& address : addresses) {
    if (auto allowed = policy.check(url.host, url.port, address); !allowed) {
      fail(transfer, std::move(allowed).error(), Stage::policy);
      return false;
    }
  }
  return true;
}

std::string Lane::resolve_entry(const Name& name, const base::Url& url) const {
  std::string entry = url.host + ":" + std::to_string(url.port);
  char before = ':';
  for (const std::string& address : name.addresses) {
    const bool v6 = address.find(':') != address.npos;
    entry += before + (v6 ? "[" + address + "]" : address);
    before = ',';
  }
  return entry;
}

void Lane::run(Transfer& transfer, std::string resolve) {
  transfer.dns_us = since_us(transfer.resolve_began);
  transfer.state = Transfer::State::running;
  CURL* easy = take_easy();
  // Belt and braces for the promise that only our pool resolves.
  curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION,
                   resolve.empty() ? nullptr : refuse_to_resolve);
  transfer.attach(easy, std::move(resolve));
  check_ = std::min(check_, transfer.next_check());
  curl_multi_add_handle(multi_, easy);
}

void Lane::resolved(const std::string& host, std::vector<std::string> addresses,
                    std::optional<Error> error) {
  Name& name = names_[host];
  name.asked = false;
  name.addresses = std::move(addresses);
  name.good_until = error ? Time::min() : base::Steady::now() + kNameIsGood;
  std::vector<Transfer*> waiting;
  for (const auto& transfer : transfers_) {
    if (transfer->state == Transfer::State::resolving) waiting.push_back(transfer.get());
  }
  for (Transfer* transfer : waiting) {
    const bool of_proxy = terms_->proxy && terms_->proxy->host == host;
    if (!error) {
      advance(*transfer);
    } else if (of_proxy || transfer->request().url.host == host) {
      Error mine = *error;
      if (terms_->proxy && !of_proxy) {
        mine.hint =
            "behind a proxy the address is looked up here to be checked; to go without, add \"" +
            host + ":" + std::to_string(transfer->request().url.port) + "\" to network.allow";
      }
      fail(*transfer, std::move(mine), Stage::dns);
    }
  }
}

void Lane::descriptor_ready(int descriptor, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, descriptor, events, &running);
}

void Lane::settle(Time now) {
  if (!multi_) return;
  if (rest_at_ <= now) return rest();
  collect();
  if (check_ <= now) check_clocks(now);
  start_waiting();
  if (timer_ <= base::Steady::now()) {
    timer_ = Time::max();
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    collect();
    start_waiting();
  }
  for (Transfer* transfer : std::exchange(touched_, {})) deliver(*transfer);
}

void Lane::collect() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* pointer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
    Transfer& transfer = *reinterpret_cast<Transfer*>(pointer);
    transfer.conclude(code);
    deliver(transfer);
    remove(transfer);
  }
}

void Lane::check_clocks(Time now) {
  check_ = Time::max();
  for (std::size_t i = 0; i < transfers_.size();) {
    Transfer& transfer = *transfers_[i];
    if (auto error = transfer.late(now)) {
      fail(transfer, *std::move(error), transfer.stage_now());  // Another takes its place at i.
      continue;
    }
    check_ = std::min(check_, transfer.next_check());
    ++i;
  }
}

void Lane::fail(Transfer& transfer, Error error, Stage stage) {
  if (transfer.state == Transfer::State::resolving) {
    transfer.dns_us = since_us(transfer.resolve_began);
  }
  transfer.conclude(std::move(error), stage);
  deliver(transfer);
  remove(transfer);
}

void Lane::deliver(Transfer& transfer) {
  check_ = std::min(check_, transfer.next_check());
  if (transfer.pending().empty()) return;
  const bool last = transfer.pending().back().kind == Event::Kind::done;
  const auto pushed = transfer.inbox()->push(transfer.flow(), transfer.pending());
  if (pushed.ring) reactor_->ring(transfer.inbox());
  if (last) return;
  if (pushed.pause) {
    transfer.pause(base::Steady::now());
  } else {
    transfer.next_turn();
  }
}

void Lane::resume(Transfer& transfer, Time now) {
  transfer.go_on(now);
  check_ = std::min(check_, transfer.next_check());
}

void Lane::end(Transfer& transfer) { remove(transfer); }

void Lane::remove(Transfer& transfer) {
  transfer.flow()->transfer = nullptr;
  if (transfer.state == Transfer::State::queued) {
    std::erase(queue_, &transfer);
  } else {
    --admitted_;
  }
  std::erase(touched_, &transfer);
  if (CURL* easy = transfer.easy()) {
    curl_multi_remove_handle(multi_, easy);
    idle_.push_back(easy);
  }
  const std::size_t index = transfer.index;
  std::swap(transfers_[index], transfers_.back());
  transfers_[index]->index = index;
  transfers_.pop_back();
  if (transfers_.empty()) rest_at_ = base::Steady::now() + kRestAfter;
}

void Lane::rest() {
  for (CURL* easy : std::exchange(idle_, {})) curl_easy_cleanup(easy);
  if (multi_) curl_multi_cleanup(std::exchange(multi_, nullptr));
  timer_ = check_ = rest_at_ = Time::max();
}

void Lane::shut(const Error& error) {
  while (!transfers_.empty()) {
    Transfer& transfer = *transfers_.back();
    fail(transfer, error, transfer.stage_now());
  }
  rest();
}

int Lane::on_descriptor(CURL*, curl_socket_t descriptor, int what, void* self, void*) {
  Lane& lane = *static_cast<Lane*>(self);
  lane.reactor_->watch(descriptor, what, &lane);
  return 0;
}

int Lane::on_timer(CURLM*, long milliseconds, void* self) {
  Lane& lane = *static_cast<Lane*>(self);
  lane.timer_ = milliseconds < 0 ? Time::max()
                                 : base::Steady::now() + std::chrono::milliseconds(milliseconds);
  return 0;
}

}  // namespace portolan::net
