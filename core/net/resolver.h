#pragma once
/// Names into addresses, away from the loop: getaddrinfo cannot be interrupted, and libcurl 7.88
/// joins its own resolver thread when a resolving transfer is removed.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/transport.h"

namespace portolan::net {

/// Numeric addresses in the order to try, or unreachable. Blocks; many threads at once.
using Resolve = std::function<base::Result<std::vector<std::string>>(const std::string& host)>;

/// getaddrinfo, IPv4 and IPv6.
base::Result<std::vector<std::string>> system_resolve(const std::string& host);

/// A transport that asks `resolve` instead of the system.
std::unique_ptr<Transport> make_curl_transport(Resolve resolve);

/// Threads that come when a name waits and all are busy, at most limits::resolver_threads, and go
/// when there is nothing to do. Destruction waits for none: one that hangs in a look-up keeps only
/// the pool's shared state, and ends with its look-up or with the process.
class ResolverPool {
 public:
  explicit ResolverPool(Resolve resolve);
  ~ResolverPool();
  ResolverPool(const ResolverPool&) = delete;
  ResolverPool& operator=(const ResolverPool&) = delete;

  using Done = std::function<void(base::Result<std::vector<std::string>>)>;
  /// Never blocks. `done` runs on a thread of the pool, perhaps after the pool's end.
  void look_up(std::string host, Done done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace portolan::net
