#pragma once
/// What a call and its requests share: whom they speak to, until when, what they may spend.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/cancel.h"
#include "base/result.h"
#include "base/secret.h"
#include "services/log.h"

namespace portolan::net {
class Inbox;
}

namespace portolan::services {

class Upstream;

struct CallOptions {
  base::Deadline deadline{};
  std::uint64_t max_requests = PORTOLAN_NO_BUDGET;
  bool reserved_slot = false;  ///< Validation: may use the slot kept for it.
  bool anonymous = false;      ///< detect: no credential is ever attached.
  Log log{};
  std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)> progress{};
};

/// Used by the call's thread only.
class CallState {
 public:
  /// `upstream` may be null: then the call makes no request.
  CallState(std::shared_ptr<Upstream> upstream, CallOptions options);
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;
  ~CallState();

  std::uint64_t id() const { return id_; }
  const CallOptions& options() const { return options_; }
  const base::Deadline& deadline() const { return options_.deadline; }
  bool has_upstream() const { return upstream_ != nullptr; }
  Upstream& upstream() const { return *upstream_; }

  /// PORTOLAN_OK, PORTOLAN_CANCELLED or PORTOLAN_TIMEOUT.
  portolan_status check() const;
  std::uint64_t requests_left() const;
  std::uint64_t requests() const { return requests_; }  ///< Put on the wire so far.
  void count_request() { ++requests_; }
  /// Why no request may begin: cancelled, late, budget spent.
  std::optional<base::Error> refusal() const;

  /// Where the answers arrive; opened at first use. A cancel wakes it.
  const std::shared_ptr<net::Inbox>& inbox();

  std::string redact(std::string text) const;
  base::Error redacted(base::Error error) const;

  /// Keeps a secret out of the plugin's sight and gives its handle.
  base::Result<std::string> seal(base::Secret secret);
  /// The secret behind a handle of this call, which is void from then on.
  std::optional<base::Secret> take_sealed(const std::string& handle);

  /// Calls into the plugin so far.
  std::uint64_t callbacks() const { return callbacks_; }
  void count_callback() { ++callbacks_; }
  /// Operations that wait for time, or for another one's token.
  int sleepers() const { return sleepers_; }
  void count_sleeper(int change) { sleepers_ += change; }

 private:
  const std::uint64_t id_;
  const CallOptions options_;
  const std::shared_ptr<Upstream> upstream_;
  std::shared_ptr<net::Inbox> inbox_;
  std::uint64_t requests_ = 0, callbacks_ = 0;
  int sleepers_ = 0;
  std::set<std::string> sealed_;  // Handles.
};

/// What a call that ended early (cancelled, timeout) tells.
base::Error ended_early(base::Code code);
base::Error budget_spent();

}  // namespace portolan::services
