#pragma once
/// std::mutex with clang's thread-safety annotations, so that GUARDED_BY is checked at compile
/// time.
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define PORTOLAN_TS(x) __attribute__((x))
#else
#define PORTOLAN_TS(x)
#endif
#define GUARDED_BY(m) PORTOLAN_TS(guarded_by(m))
#define REQUIRES(...) PORTOLAN_TS(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) PORTOLAN_TS(locks_excluded(__VA_ARGS__))

namespace portolan::base {

class PORTOLAN_TS(capability("mutex")) Mutex {
 public:
  void lock() PORTOLAN_TS(acquire_capability()) { mutex_.lock(); }
  void unlock() PORTOLAN_TS(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class PORTOLAN_TS(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) PORTOLAN_TS(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~Lock() PORTOLAN_TS(release_capability()) { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits with the Mutex held: `Lock lock(m); while (!ready) changed.wait(m);`
using Condition = std::condition_variable_any;

}  // namespace portolan::base
