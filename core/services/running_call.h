#pragma once
/// The one Call there is, open to its operations and to the C tables.
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>

#include "services/call.h"
#include "services/live_upstream.h"
#include "services/operation.h"

namespace portolan::services {

class RunningCall final : public Call {
 public:
  RunningCall(std::shared_ptr<LiveUpstream> upstream, CallOptions options);
  ~RunningCall() override;

  const portolan_call* abi() const override { return &abi_; }
  std::optional<base::Error> failure() const override;
  std::uint64_t requests() const override { return sent_.load(std::memory_order_relaxed); }
  std::optional<base::Secret> take_sealed(const std::string& handle) override;
  const base::Deadline& deadline() const override { return options_.deadline; }
  std::string redact(std::string text) const override;

  /// What the C tables offer (http.h, call.h).
  portolan_status check() const;
  std::uint64_t requests_left() const;
  portolan_status fail(const portolan_error& error);
  void log(int level, std::string_view message, const portolan_kv* fields, std::uint64_t count);
  void progress(std::uint64_t done, std::uint64_t total, std::string_view what);
  portolan_status send(const portolan_http_request& request, const portolan_http_sink& sink);
  portolan_status start(const portolan_http_request& request, const portolan_http_sink& sink,
                        std::uint64_t& number);
  portolan_status wait();
  void abort(std::uint64_t number);

  /// For operations.
  LiveUpstream& upstream() { return *upstream_; }
  const std::shared_ptr<net::Inbox>& inbox() { return inbox_; }
  bool budget_left() const { return requests_left() > 0; }
  void count_request() { sent_.fetch_add(1, std::memory_order_relaxed); }
  void count_callback() { ++callbacks_; }
  void count_sleeper(int change) { sleepers_ += change; }
  double luck() { return std::uniform_real_distribution<>(0, 1)(random_); }
  base::Result<std::string> seal(base::Secret secret);
  base::Error redacted(base::Error error) const;

 private:
  using Operations = std::unordered_map<std::uint64_t, std::shared_ptr<Operation>>;

  /// Why no request may begin: cancelled, late, budget spent.
  std::optional<base::Error> refusal() const;
  void open_inbox();
  bool take_slot();
  bool await_slot();
  std::shared_ptr<Operation> add(Order order, const portolan_http_sink& sink);
  template <class Enough>
  void pump(Enough enough);
  void dispatch(net::Event event);
  void poll_sleepers();
  void end_all(const base::Error& error);
  void forget_if_ended(const Operation& operation);
  base::Steady::time_point next_due() const;
  bool may_log();

  const std::shared_ptr<LiveUpstream> upstream_;  // Null: the call may make no request.
  const CallOptions options_;
  portolan_call abi_{};
  std::shared_ptr<net::Inbox> inbox_;

  // Touched by the call's thread only.
  Operations operations_;
  std::uint64_t last_number_ = 0;
  std::uint64_t callbacks_ = 0;
  int sleepers_ = 0;
  Slot slot_;                 // Got by waiting, for the next start().
  bool slot_wanted_ = false;  // The last start() was told to wait, with nothing in flight.
  std::minstd_rand random_;
  std::uint64_t progress_ = 0;
  double log_credit_ = model::limits::log_lines_burst;
  std::uint64_t lines_dropped_ = 0;
  base::Steady::time_point logged_at_ = base::Steady::now();

  // Read by others, too.
  std::atomic<std::uint64_t> sent_{0};
  mutable base::Mutex mutex_;
  std::optional<base::Error> failure_ GUARDED_BY(mutex_);
  std::set<std::string> sealed_ GUARDED_BY(mutex_);  // Handles.
};

/// What a call that ended early tells its operations.
base::Error ended_early(base::Code code);
base::Error budget_spent();

}  // namespace portolan::services
