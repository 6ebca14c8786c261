#pragma once
/// One request of a plugin from start to done(): token, challenge, redirects, retries. A state
/// machine that only the call's thread advances, inside send() and wait().
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "services/authentication/authentication.h"
#include "services/call_state.h"
#include "services/request.h"
#include "services/slots.h"

namespace portolan::services {

/// Exchanges are numbered so that their operation can be told from the number.
inline std::uint64_t operation_of(std::uint64_t exchange) { return exchange >> 8; }

class Operation {
 public:
  Operation(CallState& call, std::uint64_t number, Order order, const portolan_http_sink& sink,
            Slot slot);
  /// Lets go of the wire and of a token fetch that it leads. Runs no callback.
  ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// Puts the first request on the wire. Runs no callback: what fails here is told by poll().
  void begin();
  void take(net::Event event);
  /// Goes on when it slept until now, or until another operation's token.
  void poll(base::Steady::time_point now);
  /// Ends it from outside: cancelled, late.
  void end(const base::Error& error);
  /// No callback runs any more.
  void abandon();

  std::uint64_t number() const { return number_; }
  bool ended() const { return phase_ == Phase::ended; }
  bool sleeping() const {
    return phase_ == Phase::resting || phase_ == Phase::awaiting || phase_ == Phase::failed;
  }
  base::Steady::time_point due() const { return due_; }  ///< While sleeping().
  portolan_status result() const { return result_; }

 private:
  /// What becomes of the exchange that is in flight, known when its head is.
  enum class Plan { deliver, seal, challenge, redirect, retry };
  enum class Phase {
    idle,
    requesting,  ///< The plugin's request is in flight.
    fetching,    ///< A token is.
    awaiting,    ///< Another operation fetches the token.
    resting,     ///< Until the next attempt.
    failed,      ///< To be told at the next poll().
    ended
  };

  void proceed();
  void obtain_token();
  void fetch_token();
  void request();
  void transmit(net::Request request, Phase phase);
  /// The exchange in flight is over, with or without the far side.
  void end_exchange(const std::optional<base::Error>& error);
  void abort_exchange();

  void take_for_request(net::Event& event);
  void take_for_token(net::Event& event);
  void settle_token(net::Event& done);
  base::Result<Token> read_answer(net::Event& done);
  /// Sets plan_; an Error ends the operation.
  std::optional<base::Error> plan_for(const net::Event& head);
  std::optional<base::Error> plan_redirect(std::string_view location);
  void act(const net::Event& done);
  void follow();

  bool can_retry() const;
  /// How long to rest before trying again; nullopt: there is no time or try left.
  std::optional<std::chrono::milliseconds> rest_for(std::chrono::milliseconds asked);
  bool retry_after(const net::Event& done);
  void rest(std::chrono::milliseconds pause);

  template <class Callback>
  void tell(Callback callback);
  void tell_head(const net::Event& head);
  void tell_body(std::string_view bytes);
  void deliver_sealed();
  void fail_later(base::Error error);
  void finish(const base::Error* error);
  void go(Phase phase);
  void let_go();

  CallState& call_;
  const std::uint64_t number_;
  Order order_;
  const portolan_http_sink sink_;
  Slot slot_;
  Authentication authentication_;
  const base::Steady::time_point began_ = base::Steady::now();

  Phase phase_ = Phase::idle;
  Plan plan_ = Plan::deliver;
  std::shared_ptr<net::Channel> channel_;  // Of the exchange in flight.
  std::uint64_t exchange_ = 0;             // 0: none.
  unsigned exchanges_ = 0;
  base::Steady::time_point exchange_began_;
  std::string_view credential_ = "none";  // Its kind.
  bool elsewhere_ = false;  // A redirect left the registry's origin: no credential any more.
  int redirects_ = 0, retries_ = 0;
  int status_ = 0;                                  // Of the exchange in flight; 0 before its head.
  base::Url next_url_;                              // Plan::redirect.
  std::size_t passed_over_ = 0;                     // Bytes of an answer that only leads on.
  std::chrono::milliseconds patience_{0};           // What the last answer asked for; 0: nothing.
  std::optional<std::chrono::milliseconds> pause_;  // Plan::retry.
  std::string buffer_;                              // A token's answer, or one that holds a secret.
  std::shared_ptr<Fetch> fetch_;                    // Led or awaited.
  bool leads_ = false;
  base::Steady::time_point due_;
  std::optional<base::Error> failure_;
  std::deque<net::Event> deferred_;  // Came while the plugin's callback was running.
  bool in_callback_ = false, abandoned_ = false;
  portolan_status result_ = PORTOLAN_OK;
};

}  // namespace portolan::services
