#include "engine/retention.h"

#include "store/jobs.h"
#include "store/measures.h"
#include "world.h"

using namespace portolan;
using test::EngineWorld;

TEST_CASE("what is older than the settings keep it goes, what is younger stays",
          "[engine][retention]") {
  constexpr std::int64_t day = 24LL * 60 * 60 * 1000;
  EngineWorld world;
  const auto id = world.add(EngineWorld::a_registry("one"));
  const auto collect = [&] {
    REQUIRE(world.store->write([&](store::Writer& writer) {
      model::Statistics statistics;
      model::Measure measure;
      measure.name = "repositories";
      measure.unit = "count";
      measure.state = model::MeasureState::known;
      measure.taken_at_ms = world.store->now();
      statistics.measures = {measure};
      return store::put_statistics(writer, id, statistics);
    }));
  };
  const auto points = [&](store::Resolution resolution) {
    return world
        .read<std::vector<model::SeriesPoint>>([&](store::Reader& reader) {
          store::SeriesRequest request;
          request.measure = "repositories";
          request.to_ms = world.store->now();
          request.resolution = resolution;
          return store::series(reader, id, request);
        })
        .size();
  };
  const auto job = world.write<model::Job>([&](store::Writer& writer) {
    model::Job made;
    made.kind = "k";
    return store::enqueue(writer, made, 10);
  });
  REQUIRE(world.store->write([&](store::Writer& writer) {
    (void)store::take_job(writer, {"k"}, 1000);
    return store::finish_job(writer, job.id, "{}");
  }));
  const auto finds_job = [&] {
    return world
        .read<std::optional<model::Job>>(
            [&](store::Reader& reader) { return store::find_job(reader, job.id); })
        .has_value();
  };
  collect();
  world.ahead_ms += 6 * day;
  collect();
  REQUIRE(engine::drop_what_is_old(*world.daemon));
  CHECK(points(store::Resolution::raw) == 2);
  CHECK(finds_job());

  world.ahead_ms += 2 * day;
  REQUIRE(engine::drop_what_is_old(*world.daemon));
  CHECK(points(store::Resolution::hourly) == 2);
  CHECK_FALSE(finds_job());
  CHECK(world.events("registry.created").size() == 1);
  world.ahead_ms += 90 * day;
  REQUIRE(engine::drop_what_is_old(*world.daemon));
  CHECK(world.events("registry.created").empty());
  CHECK(points(store::Resolution::daily) == 2);
}
