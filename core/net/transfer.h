#pragma once
/// One exchange on its way: what libcurl's callbacks see of it. Everything here is the loop's.
#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/head_reader.h"
#include "net/inbox.h"
#include "net/trust.h"

namespace portolan::net {

/// What is the same for every transfer of a channel.
struct Terms {
  ChannelOptions options;
  Trust trust;
  std::optional<base::Url> proxy;
  AddressPolicy proxy_policy;  ///< The channel's, and the proxy that was written.

  /// What a socket connects to for a request of `url`.
  const base::Url& peer(const base::Url& url) const { return proxy ? *proxy : url; }
};

class Lane;

class Transfer {
 public:
  using Time = base::Steady::time_point;
  enum class State { queued, resolving, running };

  /// `lane` outlives it: only a lane owns a transfer, but for its way through the mailbox.
  Transfer(Lane& lane, std::shared_ptr<const Terms> terms, Request request,
           std::shared_ptr<LoopInbox> inbox, std::shared_ptr<Flow> flow);

  Lane& lane() const { return lane_; }

  const Request& request() const { return request_; }
  const std::shared_ptr<LoopInbox>& inbox() const { return inbox_; }
  const std::shared_ptr<Flow>& flow() const { return flow_; }

  /// Options that differ between transfers. `resolve`: the entry for CURLOPT_RESOLVE, or empty.
  void attach(CURL* easy, std::string resolve);
  CURL* easy() const { return easy_; }

  /// The next moment at which one of our clocks may end it.
  Time next_check() const;
  /// The error when a clock has run out at `now`.
  std::optional<base::Error> late(Time now);

  /// No more is received until go_on(); the clocks stand still.
  void pause(Time now);
  void go_on(Time now);
  /// Ends the turn: lets a transfer that has had its share of it receive again.
  void next_turn();

  /// Appends the done event. `code` is libcurl's, for a transfer that was attached.
  void conclude(CURLcode code);
  void conclude(base::Error error, Facts::Stage stage);

  Facts::Stage stage_now() const;

  /// Events not yet in the inbox.
  std::vector<Event>& pending() { return pending_; }

  State state = State::queued;
  std::size_t index = 0;                      ///< In the lane's list.
  std::vector<Transfer*>* touched = nullptr;  ///< Where it enters itself to be looked at.
  std::int64_t dns_us = 0;
  Time resolve_began{};

 private:
  static std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype, curl_sockaddr* address);
  static CURLcode on_tls(CURL*, void* context, void* self);
  friend class Lane;  // Registers the callbacks.

  void hold(bool on);
  void set_method();
  void set_headers();
  bool head_arrived();
  void learn_facts();
  void add(Event event);
  Event make_event(Event::Kind kind) const;
  base::Error too_long() const;

  Lane& lane_;
  const std::shared_ptr<const Terms> terms_;
  const Request request_;
  const std::shared_ptr<LoopInbox> inbox_;
  const std::shared_ptr<Flow> flow_;
  const Time started_;
  Time expires_;
  Time paused_at_ = Time::max();
  Time rate_until_ = Time::max();  // From the first byte of the answer: the end of this window.
  std::size_t rate_bytes_ = 0;

  CURL* easy_ = nullptr;
  Time attached_;
  Time tls_began_ = Time::max();
  std::vector<std::string> lines_;  // Of the header list.
  std::vector<curl_slist> header_list_;
  std::string resolve_text_;
  curl_slist resolve_list_{};
  std::array<char, CURL_ERROR_SIZE> detail_{};

  HeadReader head_;
  std::size_t body_bytes_ = 0;
  std::size_t turn_bytes_ = 0;
  bool held_ = false;  // libcurl is told to receive nothing.
  Facts facts_;
  Shown shown_;
  std::optional<base::Error> own_error_;  // Why a callback ended the transfer.
  std::optional<base::Error> refusal_;    // The policy's, of an address that was not connected to.
  bool connecting_ = false;               // An address was allowed.
  std::vector<Event> pending_;
};

}  // namespace portolan::net
