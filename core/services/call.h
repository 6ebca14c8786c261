#pragma once
/// One running call, seen from the host: makes the portolan_call and serves it.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <portolan/abi/plugin.h>

#include "model/limits.h"
#include "services/call_state.h"
#include "services/slots.h"

namespace portolan::model {
struct Memory;
}
namespace portolan::net {
struct Event;
}

namespace portolan::services {

class Operation;
struct Order;

/// The host table that every plugin gets; lives for ever. service() knows "portolan.host.http/1".
const portolan_host* host_table();

/// Made, used and destroyed around one call into a plugin, by one thread; only cancel (through the
/// deadline's token) may come from another one. Destruction aborts what is in flight.
class Call {
 public:
  /// `upstream` may be null: every request is then invalid_argument (create()).
  Call(std::shared_ptr<Upstream> upstream, CallOptions options);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  const portolan_call* abi() const { return &abi_; }
  /// What the plugin told with fail(), if anything.
  const std::optional<base::Error>& failure() const { return failure_; }
  /// Requests put on the wire so far, retries, redirects and tokens included.
  std::uint64_t requests() const { return state_.requests(); }
  /// The value that secret_pointer took out of an answer to this call, by its handle; nullopt when
  /// this call made no such handle. The handle is void from then on, as every other one of the call
  /// is when it is destroyed.
  std::optional<base::Secret> take_sealed(const std::string& handle) {
    return state_.take_sealed(handle);
  }
  const base::Deadline& deadline() const { return state_.deadline(); }
  /// `text` with every secret of the registry that is in it replaced by "***". For what a plugin
  /// emits.
  std::string redact(std::string text) const { return state_.redact(std::move(text)); }

  /// Lets the plugin recall and remember; `memory` outlives the call. Without it there is nothing
  /// to recall, and what it remembers goes nowhere.
  void lend(model::Memory& memory);

  /// What the C tables offer (http.h, call.h).
  portolan_status check() const { return state_.check(); }
  std::uint64_t requests_left() const { return state_.requests_left(); }
  portolan_status fail(const portolan_error& error);
  void log(int level, std::string_view message, const portolan_kv* fields, std::uint64_t count);
  void progress(std::uint64_t done, std::uint64_t total, std::string_view what);
  void remember(std::string_view key, std::string_view value);
  portolan_status send(const portolan_http_request& request, const portolan_http_sink& sink);
  portolan_status start(const portolan_http_request& request, const portolan_http_sink& sink,
                        std::uint64_t& number);
  portolan_status wait();
  void abort(std::uint64_t number);

 private:
  using Operations = std::unordered_map<std::uint64_t, std::shared_ptr<Operation>>;

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

  CallState state_;
  portolan_call abi_{};
  std::optional<base::Error> failure_;

  Operations operations_;
  std::uint64_t last_number_ = 0;
  Slot slot_;                 // Got by waiting, for the next start().
  bool slot_wanted_ = false;  // The last start() was told to wait, with nothing in flight.

  model::Memory* memory_ = nullptr;
  std::vector<portolan_kv> recalled_;  // Views of the memory's.
  std::size_t remembered_bytes_ = 0;

  std::uint64_t progress_ = 0;
  double log_credit_ = model::limits::log_lines_burst;
  std::uint64_t lines_dropped_ = 0;
  base::Steady::time_point logged_at_{};
};

}  // namespace portolan::services
