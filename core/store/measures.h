#pragma once
/// Measures as they are now.
#include <optional>
#include <vector>

#include "store/series.h"

namespace portolan::store {

/// Keeps `statistics` as the newest and appends every known or partial value to its series. Values
/// that are not known keep the last good one, with its age, and so do those that this collection
/// did not ask for. Measures of spaces are kept for now only, and not replaced by a collection of
/// level quick without spaces. not_found.
base::Result<void> put_statistics(Writer&, Id registry, const model::Statistics& statistics);

struct KeptMeasure {
  model::Measure latest;                ///< As the newest collection that asked for it said.
  std::optional<model::Measure> known;  ///< The last good one, with its own taken_at_ms.
};
struct KeptStatistics {
  std::int64_t taken_at_ms = 0;  ///< 0: never collected.
  model::Level level = model::Level::normal;
  bool complete = false;
  std::vector<KeptMeasure> measures;
  std::vector<model::SpaceMeasures> spaces;
};
KeptStatistics statistics(Reader&, Id registry);

}  // namespace portolan::store
