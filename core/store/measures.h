#pragma once
/// Measures now and over time: raw, then hourly, then daily.
#include "store/store.h"

namespace portolan::store {

/// Keeps `statistics` as the newest and appends every known or partial value to its series. Values
/// that are not known keep the last good one, with its age. `space` measures are kept for now only,
/// not as series.
base::Result<void> put_statistics(Writer&, Id registry, const model::Statistics& statistics);

/// The newest result; each measure that it did not know is the last good one with its own
/// taken_at_ms, `state` staying what the newest collection said.
struct KeptMeasure {
  model::Measure latest;                ///< As the newest collection said.
  std::optional<model::Measure> known;  ///< The last good one.
};
struct KeptStatistics {
  std::int64_t taken_at_ms = 0;  ///< 0: never collected.
  model::Level level = model::Level::normal;
  bool complete = false;
  std::vector<KeptMeasure> measures;
  std::vector<model::SpaceMeasures> spaces;
};
KeptStatistics statistics(Reader&, Id registry);

enum class Resolution { raw, hourly, daily };
/// At most `limit` points, oldest first; the coarsest resolution that still gives at least
/// `limit` / 2, when none is asked for.
std::vector<model::SeriesPoint> series(Reader&, Id registry, const std::string& measure,
                                       std::int64_t from_ms, std::int64_t to_ms,
                                       std::optional<Resolution> resolution, std::size_t limit);

struct Retention {
  std::int64_t raw_ms = 0, hourly_ms = 0, daily_ms = 0;
};
/// Folds full hours and days and drops what is older than its retention.
base::Result<void> compact_series(Writer&, const Retention& retention);

}  // namespace portolan::store
