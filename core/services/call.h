#pragma once
/// One running call, seen from the host: makes the portolan_call and serves it.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <portolan/abi/abi.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/secret.h"
#include "services/upstream.h"

namespace portolan::services {

/// The host table that every plugin gets; lives for ever. service() knows "portolan.host.http/1".
const portolan_host* host_table();

struct LogLine {
  int level = 0;  ///< PORTOLAN_LOG_*
  std::uint64_t call = 0;
  std::string registry, message;
  std::vector<std::pair<std::string, std::string>> fields;
};

struct CallOptions {
  base::Deadline deadline;
  std::uint64_t max_requests = PORTOLAN_NO_BUDGET;
  bool reserved_slot = false;  ///< Validation: may use the slot kept for it.
  bool anonymous = false;      ///< detect: no credential is ever attached.
  std::function<void(const LogLine&)> log;
  std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)> progress;
};

/// Made, used and destroyed around one call into a plugin; only cancel (through the deadline's
/// token) may come from another thread. Destruction aborts what is in flight. It owns everything
/// the plugin may touch, so an abandoned call keeps it alive by shared_ptr.
class Call {
 public:
  /// `upstream` may be null: every request is then invalid_argument (create()).
  static std::shared_ptr<Call> make(std::shared_ptr<Upstream> upstream, CallOptions options);
  virtual ~Call() = default;

  virtual const portolan_call* abi() const = 0;
  /// What the plugin told with fail(), if anything.
  virtual std::optional<base::Error> failure() const = 0;
  /// Requests put on the wire so far, retries, redirects and tokens included.
  virtual std::uint64_t requests() const = 0;
  /// The value that secret_pointer took out of an answer to this call, by its handle; nullopt when
  /// this call made no such handle. The handle is void from then on, as every other one of the call
  /// is when it is destroyed.
  virtual std::optional<base::Secret> take_sealed(const std::string& handle) = 0;
  virtual const base::Deadline& deadline() const = 0;
  /// `text` with every secret of the registry that is in it replaced by "***". For what a plugin
  /// emits.
  virtual std::string redact(std::string text) const = 0;
};

/// code and texts of an ABI error, bounded and cleaned (control characters, limits::text_bytes).
base::Error from_abi(const portolan_error& error);

}  // namespace portolan::services
