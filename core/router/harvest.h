#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "model/outcome.h"

namespace portolan::router {

/// The measures of one collection as they come, so that one which never comes back still shows what
/// it had. Safe from any thread: whoever collects may have been given up.
class Harvest {
 public:
  explicit Harvest(model::Level level) { statistics_.level = level; }

  bool empty() const EXCLUDES(mutex_);
  /// False: it has ended, and what comes now goes nowhere.
  bool add(std::vector<model::FoundMeasure>&& batch) EXCLUDES(mutex_);

  /// Ends it. `cut`: why it ended early, if it did; then standard measures that are missing stand
  /// there as not reached.
  model::Statistics end(const base::Error* cut = nullptr) EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  model::Statistics statistics_ GUARDED_BY(mutex_);
  std::map<std::string, std::size_t> rows_ GUARDED_BY(mutex_);  // Space → index of its row.
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace portolan::router
