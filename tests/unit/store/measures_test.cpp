#include "store/measures.h"

#include <algorithm>
#include <map>
#include <random>

#include "rows.h"
#include "store/connection.h"

using namespace portolan;
using base::Code;
using model::MeasureState;
using model::SeriesPoint;
using store::day_ms;
using store::hour_ms;
using store::Resolution;
using namespace portolan::test;

namespace {

model::Measure a_measure(const std::string& name, std::int64_t value, std::int64_t at_ms,
                         MeasureState state = MeasureState::known) {
  model::Measure measure;
  measure.name = name;
  measure.value = value;
  measure.state = state;
  measure.unit = "count";
  measure.taken_at_ms = at_ms;
  return measure;
}

struct MeasureWorld : RowWorld {
  Id hub = registry("hub");

  void collect(const std::vector<model::Measure>& measures,
               model::Level level = model::Level::normal,
               const std::vector<model::SpaceMeasures>& spaces = {}) {
    done([&](Writer& writer) {
      return store::put_statistics(writer, hub, {level, true, measures, spaces});
    });
  }
  /// `count` collections of the measure "n", all in one transaction: `next` sets the clock and
  /// answers the value, and may do more.
  void collect_many(int count, const std::function<std::int64_t(int, Writer&)>& next) {
    done([&](Writer& writer) -> base::Result<void> {
      for (int i = 0; i < count; ++i) {
        const std::int64_t value = next(i, writer);
        auto put = store::put_statistics(
            writer, hub, {model::Level::normal, true, {a_measure("n", value, now_ms)}, {}});
        if (!put) return put;
      }
      return {};
    });
  }
  store::KeptStatistics kept() const {
    return read<store::KeptStatistics>(
        [&](Reader& reader) { return store::statistics(reader, hub); });
  }
  std::vector<SeriesPoint> points(const store::SeriesRequest& request) const {
    return read<std::vector<SeriesPoint>>(
        [&](Reader& reader) { return store::series(reader, hub, request); });
  }
  std::vector<SeriesPoint> all(std::optional<Resolution> resolution = std::nullopt,
                               std::size_t limit = 1'000'000) const {
    return points({"n", model::MeasureKind::none, 0, now_ms, resolution, limit});
  }
  void compact(const store::Retention& retention) {
    done([&](Writer& writer) { return store::compact_series(writer, retention); });
  }
};

constexpr store::Retention defaults{7 * day_ms, 90 * day_ms, 730 * day_ms};

std::int64_t least(const std::vector<SeriesPoint>& points) {
  return std::min_element(points.begin(), points.end(),
                          [](const auto& a, const auto& b) { return a.minimum < b.minimum; })
      ->minimum;
}
std::int64_t greatest(const std::vector<SeriesPoint>& points) {
  return std::max_element(points.begin(), points.end(),
                          [](const auto& a, const auto& b) { return a.maximum < b.maximum; })
      ->maximum;
}

}  // namespace

TEST_CASE("what is not known keeps the last good value with its age", "[store][measures]") {
  MeasureWorld world;
  CHECK(world.kept().taken_at_ms == 0);
  const std::int64_t before = world.now_ms;
  world.collect({a_measure("repositories", 5, before), a_measure("storage_bytes", 100, before)});
  world.now_ms += 1000;
  auto lost = a_measure("repositories", 0, world.now_ms, MeasureState::forbidden);
  lost.hint = "needs an administrator";
  world.collect({a_measure("storage_bytes", 90, world.now_ms, MeasureState::partial), lost});
  const auto kept = world.kept();
  CHECK(kept.taken_at_ms == world.now_ms);
  CHECK(kept.complete);
  REQUIRE(kept.measures.size() == 2);
  const auto &storage = kept.measures[0], &repositories = kept.measures[1];
  CHECK(storage.latest.name == "storage_bytes");
  CHECK(storage.latest.value == 90);
  REQUIRE(storage.known);
  CHECK(storage.known->value == 90);
  CHECK(storage.known->state == MeasureState::partial);
  CHECK(repositories.latest.state == MeasureState::forbidden);
  CHECK(repositories.latest.hint == "needs an administrator");
  REQUIRE(repositories.known);
  CHECK(repositories.known->value == 5);
  CHECK(repositories.known->taken_at_ms == before);
}

TEST_CASE("a measure that was never known has no last good value", "[store][measures]") {
  MeasureWorld world;
  world.collect({a_measure("pulls", 0, world.now_ms, MeasureState::unsupported)});
  REQUIRE(world.kept().measures.size() == 1);
  CHECK_FALSE(world.kept().measures[0].known);
  CHECK(world.points({.measure = "pulls", .to_ms = world.now_ms}).empty());
}

TEST_CASE("what a collection did not ask for stays as it was, behind", "[store][measures]") {
  MeasureWorld world;
  auto logical = a_measure("storage_bytes", 7, world.now_ms);
  logical.kind = model::MeasureKind::logical;
  logical.scope = model::Scope::account;
  logical.cut = true;
  world.collect({logical, a_measure("storage_bytes", 9, world.now_ms)}, model::Level::deep);
  world.now_ms += 10;
  world.collect({a_measure("storage_bytes", 10, world.now_ms)}, model::Level::quick);
  const auto kept = world.kept();
  CHECK(kept.level == model::Level::quick);
  REQUIRE(kept.measures.size() == 2);
  CHECK(kept.measures[0].latest.value == 10);
  const auto& deep = kept.measures[1].latest;
  CHECK(deep.kind == model::MeasureKind::logical);
  CHECK(deep.scope == model::Scope::account);
  CHECK(deep.cut);
  CHECK(deep.value == 7);
  CHECK(deep.unit == "count");
  CHECK(deep.taken_at_ms == world.now_ms - 10);
}

TEST_CASE("measures of spaces are those of the newest collection that listed them",
          "[store][measures]") {
  MeasureWorld world;
  const auto t = world.now_ms;
  world.collect({}, model::Level::normal,
                {{"a", model::Visibility::open, {a_measure("repositories", 1, t)}},
                 {"b",
                  model::Visibility::closed,
                  {a_measure("repositories", 2, t), a_measure("storage_bytes", 3, t)}}});
  world.collect({}, model::Level::quick);
  const auto spaces = world.kept().spaces;
  REQUIRE(spaces.size() == 2);
  CHECK(spaces[0].visibility == model::Visibility::open);
  CHECK(spaces[1].name == "b");
  REQUIRE(spaces[1].measures.size() == 2);
  CHECK(spaces[1].measures[1].value == 3);
  world.collect({}, model::Level::normal, {{"b", model::Visibility::unknown, {}}});
  REQUIRE(world.kept().spaces.size() == 1);
  CHECK(world.kept().spaces[0].measures.empty());
  CHECK(world.code_of([](Writer& writer) { return store::put_statistics(writer, 999, {}); }) ==
        Code::not_found);
}

TEST_CASE("a series has a point for each value that was known", "[store][series]") {
  MeasureWorld world;
  const std::int64_t start = world.now_ms;
  for (int i = 0; i < 5; ++i) {
    world.now_ms = start + i * 1000;
    const bool known = i != 2;
    world.collect(
        {a_measure("n", i, world.now_ms, known ? MeasureState::known : MeasureState::unknown)});
  }
  const auto points = world.all();
  REQUIRE(points.size() == 4);
  CHECK(points[0].at_ms == start);
  CHECK(points[0].value == 0);
  CHECK(points[2].value == 3);
  CHECK(points[2].minimum == 3);
  CHECK(points[2].maximum == 3);
  CHECK(points[3].at_ms == start + 4000);
  CHECK(world.points({"n", model::MeasureKind::none, start + 1000, start + 3000, {}, 9}).size() ==
        2);
  CHECK(world.points({"n", model::MeasureKind::logical, 0, world.now_ms, {}, 9}).empty());
  CHECK(world.points({"n", model::MeasureKind::none, 0, world.now_ms, {}, 0}).empty());
  CHECK(world.points({"n", model::MeasureKind::none, world.now_ms, 0, {}, 9}).empty());
}

TEST_CASE("a time from elsewhere is taken as now", "[store][series]") {
  MeasureWorld world;
  for (const std::int64_t at : {std::int64_t{0}, world.now_ms + day_ms, world.now_ms - day_ms}) {
    world.now_ms += 1;
    world.collect({a_measure("n", 1, at)});
  }
  for (const SeriesPoint& point : world.all()) CHECK(std::abs(point.at_ms - world.now_ms) < 3);
  CHECK(world.all().size() == 3);
}

TEST_CASE("a point that comes after its hour was folded is folded too", "[store][series]") {
  MeasureWorld world;
  const std::int64_t hour = store::begin_of(world.now_ms, day_ms) + day_ms - hour_ms;
  world.now_ms = hour + 10;
  world.collect({a_measure("n", 5, world.now_ms)});
  world.now_ms = hour + hour_ms + 1;
  world.compact(defaults);  // The day too: it was its last hour.
  world.collect({a_measure("n", 9, hour + hour_ms - 1)});
  world.now_ms += hour_ms;
  world.compact({0, 0, defaults.daily_ms});
  const auto days = world.all();
  REQUIRE(days.size() == 1);
  CHECK(days[0].at_ms == store::begin_of(hour, day_ms));
  CHECK(days[0].value == 9);
  CHECK(days[0].minimum == 5);
  CHECK(days[0].maximum == 9);
}

TEST_CASE("fold keeps extremes, the last value, and the order", "[store][series]") {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): repeatable.
  for (int round = 0; round < 500; ++round) {
    std::vector<SeriesPoint> points;
    std::int64_t at = static_cast<std::int64_t>(random() % 5000);
    const std::size_t count = 1 + random() % 60;
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<std::int64_t>(random() % 1000);
      points.push_back({at, value, value - static_cast<std::int64_t>(random() % 10),
                        value + static_cast<std::int64_t>(random() % 10), MeasureState::known});
      at += 1 + static_cast<std::int64_t>(random() % 400);
    }
    const std::int64_t width = 1 + static_cast<std::int64_t>(random() % 1000);
    const auto folded = store::fold(points, width);
    REQUIRE(least(folded) == least(points));
    REQUIRE(greatest(folded) == greatest(points));
    REQUIRE(folded.back().value == points.back().value);
    // Every point is in exactly one folded point, whose last one it may be.
    std::map<std::int64_t, SeriesPoint> by_begin;
    for (const auto& point : points) by_begin[store::begin_of(point.at_ms, width)] = point;
    REQUIRE(folded.size() == by_begin.size());
    for (std::size_t i = 0; i < folded.size(); ++i) {
      if (i > 0) REQUIRE(folded[i - 1].at_ms < folded[i].at_ms);
      REQUIRE(by_begin.count(folded[i].at_ms) == 1);
      REQUIRE(folded[i].value == by_begin[folded[i].at_ms].value);
    }
    // Folding twice to the same stretches changes nothing.
    const auto again = store::fold(folded, width);
    REQUIRE(again.size() == folded.size());
  }
}

TEST_CASE("compaction folds what time has passed, whenever it runs", "[store][series]") {
  // The same values, compacted at random times and once at the end, are the same days and hours.
  std::mt19937 random(20261124);  // NOLINT(cert-msc51-cpp): repeatable.
  constexpr store::Retention short_ones{day_ms, 2 * day_ms, 730 * day_ms};
  for (int round = 0; round < 12; ++round) {
    MeasureWorld often, once;
    std::vector<SeriesPoint> all;
    std::int64_t now = often.now_ms;
    often.collect_many(300, [&](int, Writer& writer) {
      if (random() % 10 == 0) REQUIRE(store::compact_series(writer, short_ones));
      now += 1 + static_cast<std::int64_t>(random() % (40 * 60'000));
      often.now_ms = now;
      const auto value = static_cast<std::int64_t>(random() % 1000);
      all.push_back({now, value, value, value, MeasureState::known});
      return value;
    });
    once.collect_many(300, [&](int i, Writer&) {
      once.now_ms = all[static_cast<std::size_t>(i)].at_ms;
      return all[static_cast<std::size_t>(i)].value;
    });
    for (MeasureWorld* world : {&often, &once}) world->compact(short_ones);
    const auto same = [](const std::vector<SeriesPoint>& a, const std::vector<SeriesPoint>& b) {
      REQUIRE(a.size() == b.size());
      for (std::size_t i = 0; i < a.size(); ++i) {
        REQUIRE(a[i].at_ms == b[i].at_ms);
        REQUIRE(a[i].value == b[i].value);
        REQUIRE(a[i].minimum == b[i].minimum);
        REQUIRE(a[i].maximum == b[i].maximum);
      }
    };
    same(often.all(), once.all());
    same(often.all(Resolution::daily), store::fold(all, day_ms));
    const auto finest = often.all();
    CHECK(least(finest) == least(all));
    CHECK(greatest(finest) == greatest(all));
    // No stretch is missing, and raw points are there for a day at least.
    const auto hours = store::fold(all, hour_ms);
    const auto hours_kept = often.all(Resolution::hourly);
    const std::int64_t kept_from = store::begin_of(now - 2 * day_ms, day_ms);
    for (const SeriesPoint& hour : hours) {
      if (hour.at_ms < kept_from) continue;
      const auto found = std::find_if(hours_kept.begin(), hours_kept.end(),
                                      [&](const auto& kept) { return kept.at_ms == hour.at_ms; });
      REQUIRE(found != hours_kept.end());
      REQUIRE(found->value == hour.value);
    }
    for (const SeriesPoint& point : all) {
      if (point.at_ms < now - day_ms) continue;
      REQUIRE(std::any_of(finest.begin(), finest.end(),
                          [&](const auto& kept) { return kept.at_ms == point.at_ms; }));
    }
  }
}

TEST_CASE("retention drops what is old and nothing else", "[store][series]") {
  MeasureWorld world;
  const std::int64_t start = store::begin_of(world.now_ms, day_ms);
  world.collect_many(24 * 20, [&](int hour, Writer&) {
    world.now_ms = start + hour * hour_ms;
    return hour;
  });
  world.compact({2 * day_ms, 5 * day_ms, 10 * day_ms});
  const auto points = world.all();
  const std::int64_t end = world.now_ms;
  CHECK(points.front().at_ms == store::begin_of(end - 10 * day_ms, day_ms));
  CHECK(points.back().value == 24 * 20 - 1);
  const auto rows = [&](const char* table) {
    return *world.read<std::optional<int>>([&](Reader& reader) {
      return store::scalar<int>(reader, "SELECT COUNT(*) FROM " + std::string(table));
    });
  };
  CHECK(rows("series_raw") == 2 * 24 + 1);
  CHECK(rows("series_hourly") == 6 * 24 - 1);  // The present hour is not full.
  CHECK(rows("series_daily") == 10);           // Nor is the present day.
}

TEST_CASE("at most as many points as asked for, over the whole stretch", "[store][series]") {
  MeasureWorld world;
  const std::int64_t start = world.now_ms;
  std::mt19937 random(3);  // NOLINT(cert-msc51-cpp): repeatable.
  world.collect_many(700, [&](int i, Writer&) {
    world.now_ms += 1 + static_cast<std::int64_t>(random() % 1'000'000);
    return i;
  });
  const auto all = world.all();
  for (const std::size_t limit : {1, 2, 3, 10, 99, 350, 699, 700, 701}) {
    const auto points = world.all(std::nullopt, limit);
    CHECK(points.size() <= limit);
    if (limit >= 10) CHECK(points.size() >= std::min<std::size_t>(limit, 700) / 3);
    CHECK(points.back().value == 699);
    CHECK(least(points) == 0);
    CHECK(greatest(points) == 699);
  }
  const auto hours = world.all(Resolution::hourly, 50);
  CHECK(hours.size() <= 50);
  for (const auto& point : hours) CHECK(point.at_ms % hour_ms == 0);
  CHECK(world.all(Resolution::raw).size() == all.size());
  CHECK(start < all.back().at_ms);
}
