#pragma once
/// The loop's side of one channel. Each has a curl_multi of its own: libcurl shares connections,
/// names and TLS state within a multi and nowhere else, so registries of different TLS, proxy or
/// policy can never meet. All multis are driven by the one loop (curl_multi_socket_action).
#include <curl/curl.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/transfer.h"

namespace portolan::net {

/// What a lane asks of the loop that drives it. [loop]
class Reactor {
 public:
  virtual ~Reactor() = default;
  /// `what`: CURL_POLL_IN, OUT, INOUT or REMOVE.
  virtual void watch(int descriptor, int what, Lane* lane) = 0;
  /// Answered by Lane::resolved() in a later turn.
  virtual void look_up(Lane& lane, const std::string& host) = 0;
  /// Wakes the inbox's consumer at the end of this turn.
  virtual void ring(const std::shared_ptr<LoopInbox>& inbox) = 0;
};

class Lane : public std::enable_shared_from_this<Lane> {
 public:
  using Time = base::Steady::time_point;

  explicit Lane(std::shared_ptr<const Terms> terms) : terms_(std::move(terms)) {}
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// [any]
  const std::shared_ptr<const Terms>& terms() const { return terms_; }

  // The rest is the loop's.
  void start(std::unique_ptr<Transfer> transfer, Reactor& reactor);
  void end(Transfer& transfer);  ///< Without an event: aborted.
  void resume(Transfer& transfer, Time now);
  void resolved(const std::string& host, std::vector<std::string> addresses,
                std::optional<base::Error> error);
  void descriptor_ready(int descriptor, int events);  ///< CURL_CSELECT_*
  /// Runs libcurl's timer and our clocks if due, starts what may start, and moves what happened
  /// into the inboxes.
  void settle(Time now);
  /// When settle() has to be called even if nothing happens.
  Time next_due() const { return touched_.empty() ? std::min({timer_, check_, rest_at_}) : Time(); }
  /// Ends every transfer with `error` and gives the connections back.
  void shut(const base::Error& error);

  bool active = false;         ///< In the loop's list of lanes to settle.
  Time planned = Time::max();  ///< When the loop settles it unasked.

 private:
  struct Name {
    bool asked = false;
    Time good_until = Time::min();
    std::vector<std::string> addresses;
  };
  void set_up(Reactor& reactor);
  CURL* take_easy();
  CURL* make_easy() const;
  void set_tls(CURL* easy) const;
  void start_waiting();
  void advance(Transfer& transfer);
  const Name* known(const std::string& host, Transfer& transfer);
  bool proxied_target_allowed(Transfer& transfer);
  std::string resolve_entry(const Name& name, const base::Url& url) const;
  void run(Transfer& transfer, std::string resolve);
  void collect();
  void check_clocks(Time now);
  void fail(Transfer& transfer, base::Error error, Facts::Stage stage);
  void deliver(Transfer& transfer);
  void remove(Transfer& transfer);
  void rest();

  static int on_descriptor(CURL*, curl_socket_t descriptor, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);

  const std::shared_ptr<const Terms> terms_;
  Reactor* reactor_ = nullptr;
  CURLM* multi_ = nullptr;
  std::vector<CURL*> idle_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::deque<Transfer*> queue_;  // For one of max_connections.
  int admitted_ = 0;             // Past the queue.
  std::map<std::string, Name> names_;
  std::vector<Transfer*> touched_;  // With events not in their inbox yet, or a new clock.
  Time timer_ = Time::max();        // libcurl's.
  Time check_ = Time::max();        // Of our clocks; early is harmless.
  Time rest_at_ = Time::max();      // While there is no transfer.
};

}  // namespace portolan::net
