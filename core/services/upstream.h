#pragma once
/// The host side of one registry: its connections, credential, tokens and caps.
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "model/outcome.h"
#include "model/registry.h"
#include "net/transport.h"

namespace portolan::services {

struct UpstreamOptions {
  model::Registry registry;
  net::AddressPolicy policy;
  int concurrency =
      model::limits::requests_per_registry;  ///< In flight; one more is reserved for validation.
};

/// What the credential-free GET of the base told.
struct Probe {
  std::vector<model::Check>
      checks;            ///< address, dns, tcp, tls, http; after a fail the later ones are skipped.
  bool reached = false;  ///< No host step failed: a plugin may be called.
};

/// Shared by all calls to one registry. Safe from any thread. Thread-safe token cache with one
/// fetch in flight per (scope set); caps shared by all calls.
class Upstream {
 public:
  /// invalid_config, tls or policy when the registry's own settings cannot work.
  static base::Result<std::shared_ptr<Upstream>> open(net::Transport& transport,
                                                      UpstreamOptions options);
  virtual ~Upstream() = default;

  virtual const model::Registry& registry() const = 0;
  /// One GET of the base without credentials; any HTTP status is ok, no redirect followed. Through
  /// a proxy dns and tcp are skipped. Takes the reserved slot. Blocks until `deadline`.
  virtual Probe probe(const base::Deadline& deadline) = 0;
};

}  // namespace portolan::services
