#pragma once
/// How often somebody may be wrong about a password.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/http.h"
#include "base/cancel.h"
#include "base/mutex.h"

namespace portolan::api {

/// Counts by name and address (IPv6: by /64, which one customer has). One address that guesses does
/// not keep the user out elsewhere; many together do, except where he signed in before (since the
/// start of the daemon). Bounded memory. Safe from any thread.
class Guesses {
 public:
  /// One attempt: at most `per_minute` of a name from one address, three times as many of the name
  /// and of the address. A refused one is counted for refused().
  bool allow(const std::string& name, const Peer& peer, double per_minute) EXCLUDES(mutex_);
  /// It was right.
  void succeeded(const std::string& name, const Peer& peer) EXCLUDES(mutex_);

  /// One of `per_minute` of anything else that is named by `key`.
  bool take(const std::string& key, double per_minute) EXCLUDES(mutex_);

  struct Refused {
    std::string name, address;  ///< Empty: of many.
    std::uint64_t count = 0;
  };
  /// What was refused since the last call.
  std::vector<Refused> refused() EXCLUDES(mutex_);

 private:
  struct Bucket {
    double left = 0;
    base::Steady::time_point at;
  };
  bool draw(const std::string& key, double per_minute) REQUIRES(mutex_);
  void make_room(base::Steady::time_point now) REQUIRES(mutex_);

  base::Mutex mutex_;
  std::map<std::string, Bucket> buckets_ GUARDED_BY(mutex_);
  base::Steady::time_point tidied_ GUARDED_BY(mutex_);
  std::set<std::string> welcome_ GUARDED_BY(mutex_);  // "address name" of who signed in there.
  std::map<std::pair<std::string, std::string>, std::uint64_t> refused_ GUARDED_BY(mutex_);
};

}  // namespace portolan::api
