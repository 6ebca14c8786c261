#pragma once
/// Answers kept as text, so that a thousand clients of one list cost one query.
#include <functional>
#include <string>
#include <unordered_map>

#include "api/routes.h"
#include "base/mutex.h"

namespace portolan::api {

/// Safe from any thread. Kept answers are dropped when the revision moves, and when they are many.
class SerialisedPages {
 public:
  /// What was answered to `key` and the call's query at `revision`, or what `make` answers now.
  /// Errors are not kept.
  base::Result<Answer> answer(std::uint64_t revision, const std::string& key, const Call& call,
                              const std::function<base::Result<Answer>()>& make) EXCLUDES(mutex_);

 private:
  base::Mutex mutex_;
  std::uint64_t revision_ GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, Answer> kept_ GUARDED_BY(mutex_);
};

}  // namespace portolan::api
