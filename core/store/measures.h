#pragma once
/// Measures of registries as they are now and over time (raw, then hourly, then daily), and the
/// notes that plugins keep from one collection for the next.
#include <optional>
#include <string>
#include <vector>

#include "model/records.h"
#include "store/reader.h"

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

inline constexpr std::int64_t hour_ms = 3'600'000, day_ms = 24 * hour_ms;

/// The begin of the stretch of `width` milliseconds that `at_ms` lies in.
constexpr std::int64_t begin_of(std::int64_t at_ms, std::int64_t width) {
  return at_ms - at_ms % width;
}

enum class Resolution { raw, hourly, daily };
struct SeriesRequest {
  std::string measure{};
  model::MeasureKind kind = model::MeasureKind::none;
  std::int64_t from_ms = 0, to_ms = 0;     ///< Both included.
  std::optional<Resolution> resolution{};  ///< Absent: as fine as `limit` permits.
  std::size_t limit = 500;
};
/// Oldest first, at most `limit` points over the whole stretch: neighbours are folded until they
/// are so few. Where the resolution asked for is no longer kept, the next coarser one stands. A
/// folded point is at the begin of its time, has the last value and state there, and the smallest
/// and greatest of all.
std::vector<model::SeriesPoint> series(Reader&, Id registry, const SeriesRequest&);

struct Retention {
  std::int64_t raw_ms = 0, hourly_ms = 0, daily_ms = 0;
};
/// Folds full hours and days (UTC) and drops what is older than its retention, whole hours and days
/// at a time.
base::Result<void> compact_series(Writer&, const Retention& retention);

/// Notes that were put for the same `good_for`; of another plugin or account there are none.
model::Notes notes(Reader&, Id registry, const std::string& good_for);
/// These take the place of all that there were, whatever those were good for.
void put_notes(Writer&, Id registry, const std::string& good_for, const model::Notes& notes);

// The room's own.

/// One point for each stretch of `width` that has points, at its begin; `points` and the answer are
/// oldest first.
std::vector<model::SeriesPoint> fold(const std::vector<model::SeriesPoint>& points,
                                     std::int64_t width);

/// Appends a known or partial measure. One that is said to be from elsewhere than the last hour is
/// taken as of now.
void append_point(Writer& writer, Id registry, const model::Measure& measure);

}  // namespace portolan::store
