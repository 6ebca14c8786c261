#include "store/measures.h"

#include <algorithm>

#include "store/connection.h"

namespace portolan::store {
namespace {

using model::SeriesPoint;

struct Table {
  std::string_view name, until;  // What is folded of it, as a column of `series`.
  std::int64_t width;            // Of one point of it.
};
constexpr Table raw{"series_raw", "", 1};
constexpr Table hourly{"series_hourly", "hourly_until_ms", hour_ms};
constexpr Table daily{"series_daily", "daily_until_ms", day_ms};

/// Every full stretch of `into` that is not folded yet becomes one row, made of rows of `from`.
void fold_table(Writer& writer, const Table& from, const Table& into, std::int64_t now) {
  const std::string from_name(from.name), until(into.until), width = std::to_string(into.width);
  const std::int64_t end = begin_of(now, into.width);
  execute(writer,
          "INSERT INTO " + std::string(into.name) +
              " (series, at_ms, value, minimum, maximum, state) "
              "SELECT g.series, g.begin_ms, p.value, g.minimum, g.maximum, p.state FROM "
              "(SELECT p.series, p.at_ms - p.at_ms % " +
              width +
              " AS begin_ms, "
              "MAX(p.at_ms) AS last_ms, MIN(p.minimum) AS minimum, MAX(p.maximum) AS maximum "
              "FROM series s JOIN " +
              from_name + " p ON p.series = s.id AND p.at_ms >= s." + until +
              " AND p.at_ms < ? GROUP BY p.series, begin_ms) g JOIN " + from_name +
              " p ON p.series = g.series AND p.at_ms = g.last_ms WHERE TRUE "
              "ON CONFLICT (series, at_ms) DO UPDATE SET value = excluded.value, "
              "minimum = excluded.minimum, maximum = excluded.maximum, state = excluded.state",
          {end});
  execute(writer, "UPDATE series SET " + until + " = ? WHERE " + until + " < ?", {end, end});
}

/// What is not folded yet stays, however old.
void drop_old(Writer& writer, const Table& table, std::int64_t before, std::string_view kept_from) {
  std::string condition = "at_ms < ?";
  if (!kept_from.empty()) {
    condition += " AND at_ms < (SELECT s." + std::string(kept_from) +
                 " FROM series s WHERE s.id = " + std::string(table.name) + ".series)";
  }
  execute(writer, "DELETE FROM " + std::string(table.name) + " WHERE " + condition, {before});
}

/// Rows of `table` with from <= at_ms < end.
void read_points(Reader& reader, const Table& table, Id series, std::int64_t from, std::int64_t end,
                 std::vector<SeriesPoint>& points) {
  Rows rows = query(reader,
                    "SELECT at_ms, value, minimum, maximum, state FROM " + std::string(table.name) +
                        " WHERE series = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms",
                    {series, from, end});
  while (rows.next()) {
    SeriesPoint point;
    rows.into(point.at_ms, point.value, point.minimum, point.maximum);
    point.state = read_word<model::MeasureState>(rows);
    points.push_back(point);
  }
}

std::optional<std::int64_t> oldest(Reader& reader, const Table& table, Id series) {
  return scalar<std::optional<std::int64_t>>(
             reader, "SELECT MIN(at_ms) FROM " + std::string(table.name) + " WHERE series = ?",
             {series})
      .value_or(std::nullopt);
}

/// Each stretch of time as fine as it is kept. Finer tables begin at full hours and days, because
/// whole ones are dropped.
std::vector<SeriesPoint> finest(Reader& reader, Id series, std::int64_t from, std::int64_t end) {
  const auto raw_begin = oldest(reader, raw, series);
  const std::int64_t raw_from = raw_begin ? begin_of(*raw_begin, hour_ms) : end;
  const auto hourly_begin = oldest(reader, hourly, series);
  const std::int64_t hourly_from =
      begin_of(hourly_begin ? std::min(*hourly_begin, raw_from) : raw_from, day_ms);
  std::vector<SeriesPoint> points;
  read_points(reader, daily, series, from, std::min(end, hourly_from), points);
  read_points(reader, hourly, series, from, std::min(end, raw_from), points);
  read_points(reader, raw, series, from, end, points);
  return points;
}

}  // namespace

std::vector<SeriesPoint> fold(const std::vector<SeriesPoint>& points, std::int64_t width) {
  std::vector<SeriesPoint> folded;
  for (const SeriesPoint& point : points) {
    const std::int64_t begin = begin_of(point.at_ms, width);
    if (folded.empty() || folded.back().at_ms != begin) {
      folded.push_back(point);
      folded.back().at_ms = begin;
      continue;
    }
    SeriesPoint& into = folded.back();
    into.value = point.value;
    into.state = point.state;
    into.minimum = std::min(into.minimum, point.minimum);
    into.maximum = std::max(into.maximum, point.maximum);
  }
  return folded;
}

void append_point(Writer& writer, Id registry, const model::Measure& measure) {
  const std::int64_t now = now_ms(writer);
  const bool recent = measure.taken_at_ms > now - hour_ms && measure.taken_at_ms <= now;
  const std::int64_t at = recent ? measure.taken_at_ms : now;
  // What was folded without this point is folded again.
  execute(writer,
          "INSERT INTO series (registry, measure, kind, hourly_until_ms, daily_until_ms) "
          "VALUES (?, ?, ?, ?, ?) ON CONFLICT (registry, measure, kind) DO UPDATE SET "
          "hourly_until_ms = MIN(hourly_until_ms, excluded.hourly_until_ms), "
          "daily_until_ms = MIN(daily_until_ms, excluded.daily_until_ms)",
          {registry, measure.name, to_string(measure.kind), begin_of(at, hour_ms),
           begin_of(at, day_ms)});
  execute(writer,
          "INSERT INTO series_raw (series, at_ms, value, minimum, maximum, state) "
          "SELECT id, ?, ?, ?, ?, ? FROM series WHERE registry = ? AND measure = ? AND kind = ? "
          "ON CONFLICT (series, at_ms) DO UPDATE SET value = excluded.value, "
          "minimum = excluded.minimum, maximum = excluded.maximum, state = excluded.state",
          {at, measure.value, measure.value, measure.value, to_string(measure.state), registry,
           measure.name, to_string(measure.kind)});
}

std::vector<SeriesPoint> series(Reader& reader, Id registry, const SeriesRequest& request) {
  const auto id =
      scalar<Id>(reader, "SELECT id FROM series WHERE registry = ? AND measure = ? AND kind = ?",
                 {registry, request.measure, to_string(request.kind)});
  if (!id || request.limit == 0 || request.to_ms < request.from_ms) return {};
  const std::int64_t from = std::max<std::int64_t>(request.from_ms, 0);
  const std::int64_t to = std::min(request.to_ms, now_ms(reader));
  auto points = finest(reader, *id, from, to + 1);

  const Resolution resolution = request.resolution.value_or(Resolution::raw);
  const std::int64_t width = resolution == Resolution::raw      ? raw.width
                             : resolution == Resolution::hourly ? hourly.width
                                                                : daily.width;
  if (width > 1) points = fold(points, width);
  if (points.size() <= request.limit) return points;
  // Wider stretches until so few are left: the first width is the least that can do, each next one
  // is twice as wide, and one that covers everything gives one point.
  const std::int64_t span = points.back().at_ms - points.front().at_ms;
  std::int64_t wider = std::max(width, span / static_cast<std::int64_t>(request.limit));
  wider = (wider + width - 1) / width * width;
  for (auto folded = fold(points, wider);; folded = fold(points, wider *= 2))
    if (folded.size() <= request.limit) return folded;
}

base::Result<void> compact_series(Writer& writer, const Retention& retention) {
  const std::int64_t now = now_ms(writer);
  fold_table(writer, raw, hourly, now);
  fold_table(writer, hourly, daily, now);
  drop_old(writer, raw, begin_of(now - retention.raw_ms, hour_ms), "hourly_until_ms");
  drop_old(writer, hourly, begin_of(now - retention.hourly_ms, day_ms), "daily_until_ms");
  drop_old(writer, daily, begin_of(now - retention.daily_ms, day_ms), "");
  return {};
}

}  // namespace portolan::store
