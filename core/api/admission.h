#pragma once
/// How much of us one address may have: connections, and requests by time.
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "api/http.h"
#include "base/cancel.h"
#include "base/mutex.h"

namespace portolan::api {

/// What counts as one address: of IPv6 the /64, as bytes.
std::string account_name(const std::string& address);

/// Counts by address (IPv6: by /64, which one customer has). Safe from any thread.
class Admission {
 public:
  struct Limits {
    std::size_t connections = 0;     ///< Of one address.
    double requests_per_second = 0;  ///< 0: unlimited.
    double burst = 0;
    bool count_local = false;
  };
  explicit Admission(Limits limits) : limits_(limits) {}

  /// False: it has as many connections as it may. True is given back by leave().
  bool enter(const Peer& peer) EXCLUDES(mutex_);
  void leave(const Peer& peer) EXCLUDES(mutex_);

  /// Takes one request from its bucket, or says how long until there is one.
  std::optional<std::chrono::milliseconds> take(const Peer& peer, base::Steady::time_point now)
      EXCLUDES(mutex_);

  /// Forgets who has nothing open and a full bucket. To be called now and then.
  void tidy(base::Steady::time_point now) EXCLUDES(mutex_);

  std::size_t known() const EXCLUDES(mutex_);

 private:
  struct Account {
    std::size_t connections = 0;
    double tokens = 0;
    base::Steady::time_point filled{};
  };
  bool counts(const Peer& peer) const;
  void fill(Account& account, base::Steady::time_point now) const;

  const Limits limits_;
  mutable base::Mutex mutex_;
  std::unordered_map<std::string, Account> accounts_ GUARDED_BY(mutex_);
};

}  // namespace portolan::api
