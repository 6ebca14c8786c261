#include "engine/keeper.h"

#include "store/audit.h"
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

TEST_CASE("the audit is kept for ever, until it is set otherwise, and then until it was exported",
          "[engine][retention]") {
  constexpr std::int64_t day = 24LL * 60 * 60 * 1000;
  EngineWorld world;
  const auto entries = [&] {
    return *world.store->read<std::size_t>(
        [](store::Reader& reader) { return store::verify_audit(reader); });
  };
  for (int i = 0; i < 3; ++i)
    REQUIRE(world.store->write(
        [](store::Writer& writer) { return engine::note(writer, {}, "test", "x", "", ""); }));
  world.ahead_ms += 1000 * day;
  REQUIRE(engine::drop_what_is_old(*world.daemon));
  CHECK(entries() == 3);
  world.settings->audit.retention = std::chrono::hours(24 * 30);
  REQUIRE(engine::drop_what_is_old(*world.daemon));
  CHECK(entries() == 3);
  REQUIRE(world.store->write([](store::Writer& writer) {
    const auto slice = store::audit_after(writer, 0, 1);
    return store::mark_audit_exported(writer, 1, slice.entries.at(0).hash);
  }));
  REQUIRE(engine::drop_what_is_old(*world.daemon));
  CHECK(entries() == 3);  // One went, and what went is told.
  world.settings->audit.keep_until_exported = false;
  REQUIRE(engine::drop_what_is_old(*world.daemon));
  const auto page = world.read<store::Page<model::AuditEntry>>(
      [](store::Reader& reader) { return store::list_audit(reader, {}, {}); });
  REQUIRE(page.rows.size() == 2);
  CHECK(page.rows[0].action == "audit.drop");
  CHECK(page.rows[0].subject == "2 entries");
  CHECK(page.rows[1].subject == "1 entries");
}
