#include "engine/rota.h"

#include <catch2/catch.hpp>

using namespace portolan;
using namespace std::chrono_literals;
using engine::Lane;
using engine::Look;
using engine::Rota;
using engine::Round;
using model::HealthState;

namespace {

/// A rota in a time that the test makes.
struct Days {
  config::DaemonSettings settings;
  Rota rota{[] { return 0.5; }};
  Rota::Time at = base::Steady::now();
  std::int64_t unix_ms = 1'700'000'000'000;

  Rota::Now now() const { return {at, unix_ms, settings}; }
  void pass(std::chrono::milliseconds time) {
    at += time;
    unix_ms += time.count();
  }
  std::optional<Look> take(Lane lane = Lane::health) { return rota.take(lane, now()); }
  /// All that is due in the lane, as letters: h s d c.
  std::string due(Lane lane) {
    std::string letters;
    while (const auto look = take(lane)) {
      letters += "hsdc"[static_cast<std::size_t>(look->round)];
      end(*look, HealthState::healthy);
    }
    return letters;
  }
  model::Health health(HealthState state) const {
    model::Health health;
    health.state = state;
    health.recent = {state};
    health.next_try_ms = unix_ms + 60'000;
    return health;
  }
  void end(const Look& look, HealthState state, bool scheduled = true, bool hung = false) {
    std::optional<model::Health> kept;
    if (look.round == Round::health) kept = health(state);
    rota.ended({look, kept, scheduled, hung}, now());
  }
};

}  // namespace

TEST_CASE("a new registry is looked at in every way at once", "[engine][rota]") {
  Days days;
  days.rota.put(1, {}, days.now(), true);
  CHECK(days.due(Lane::health) == "h");
  CHECK(days.due(Lane::work) == "sc");
  days.pass(59s);
  CHECK(days.due(Lane::health).empty());
  days.pass(1s);
  CHECK(days.due(Lane::health) == "h");
  CHECK(days.due(Lane::work).empty());
  days.pass(10min);
  CHECK(days.due(Lane::work) == "sc");
}

TEST_CASE("after a start work is spread over its pause and checks keep their time",
          "[engine][rota]") {
  Days days;
  Rota::Facts facts;
  facts.next_try_ms = days.unix_ms + 20'000;
  days.rota.put(1, facts, days.now(), false);
  CHECK(days.due(Lane::health).empty());
  CHECK(days.rota.next_at(Lane::health) == days.at + 20s);
  CHECK(days.rota.next_at(Lane::work) == days.at + 5min);
}

TEST_CASE("one that hung before the start lets the others begin and stands aside",
          "[engine][rota]") {
  Days days;
  Rota::Facts facts;
  facts.hangs = true;
  days.rota.put(1, facts, days.now(), true);
  days.rota.put(2, {}, days.now(), true);
  CHECK(days.take()->registry == 2);
  CHECK_FALSE(days.take());
  days.pass(2s);
  CHECK(days.rota.next_is_slow());
  days.end(*days.take(), HealthState::healthy);
  days.rota.put(1, facts, days.now(), true);
  CHECK_FALSE(days.rota.is_slow(1));
}

TEST_CASE("what is taken is not taken twice, and is due again when it became so meanwhile",
          "[engine][rota]") {
  Days days;
  days.rota.put(1, {}, days.now(), true);
  const auto look = days.take();
  REQUIRE(look);
  CHECK_FALSE(days.take());
  days.rota.put(1, {}, days.now(), true);
  CHECK_FALSE(days.take());
  days.end(*look, HealthState::healthy);
  CHECK(days.take());
}

TEST_CASE("a pause of a registry takes everything off until it is resumed", "[engine][rota]") {
  Days days;
  Rota::Facts facts;
  days.rota.put(1, facts, days.now(), true);
  const auto look = days.take();
  facts.paused = true;
  days.rota.put(1, facts, days.now(), false);
  days.end(*look, HealthState::healthy);
  days.pass(24h);
  CHECK(days.due(Lane::health).empty());
  CHECK(days.due(Lane::work).empty());
  facts.paused = false;
  days.rota.put(1, facts, days.now(), true);
  CHECK(days.due(Lane::health) == "h");
  CHECK(days.due(Lane::work) == "sc");
}

TEST_CASE("a registry's own schedule comes before the daemon's; negative is never",
          "[engine][rota]") {
  Days days;
  Rota::Facts facts;
  facts.schedule = {-1, 30, 3600, -1};
  facts.last_deep_ms = days.unix_ms - 1800'000;
  days.rota.put(1, facts, days.now(), true);
  CHECK(days.due(Lane::health).empty());
  CHECK(days.due(Lane::work) == "s");
  days.pass(30s);
  CHECK(days.due(Lane::work) == "s");
  days.pass(1800s);
  CHECK(days.due(Lane::work) == "sd");

  days.settings.catalogue.interval = 0ms;  // Only when asked.
  days.rota.put(2, {}, days.now(), true);
  CHECK(days.due(Lane::work) == "s");
}

TEST_CASE("a change of the schedule holds at once", "[engine][rota]") {
  Days days;
  Rota::Facts facts;
  facts.schedule.statistics_s = 86'400;
  days.rota.put(1, facts, days.now(), true);
  CHECK(days.due(Lane::work) == "sc");
  facts.schedule.statistics_s = 10;
  days.rota.put(1, facts, days.now(), false);
  days.pass(10s);
  CHECK(days.due(Lane::work) == "s");
}

TEST_CASE("work waits while a registry is down or refuses us, and goes on at once after",
          "[engine][rota]") {
  Days days;
  Rota::Facts facts;
  facts.is_up = false;
  days.rota.put(1, facts, days.now(), true);
  CHECK(days.due(Lane::work).empty());
  const auto look = days.take();
  days.end(*look, HealthState::unreachable);
  CHECK(days.due(Lane::work).empty());
  days.pass(60s);
  days.end(*days.take(), HealthState::healthy);
  CHECK(days.due(Lane::work) == "sc");

  days.pass(10min);
  auto refused = days.health(HealthState::healthy);
  refused.refused_version = 1;
  const std::optional<model::Health> kept = refused;
  days.rota.ended({*days.take(), kept, true, false}, days.now());
  CHECK(days.rota.is_refused(1));
  CHECK(days.due(Lane::work).empty());
}

TEST_CASE("a look that was asked for moves the next one, but not one under way", "[engine][rota]") {
  Days days;
  days.rota.put(1, {}, days.now(), true);
  Look asked;
  asked.registry = 1;
  asked.by_request = true;
  const auto own = days.take();
  days.end(asked, HealthState::healthy, false);
  CHECK_FALSE(days.take());
  days.end(*own, HealthState::healthy);
  days.pass(30s);
  days.end(asked, HealthState::healthy, false);
  days.pass(30s);
  CHECK_FALSE(days.take());
  days.pass(30s);
  CHECK(days.take());
}

TEST_CASE("while pulling is suspended checks are full, and a good one has the spaces looked for",
          "[engine][rota]") {
  Days days;
  Rota::Facts facts;
  facts.pull_suspended = true;
  days.rota.put(1, facts, days.now(), true);
  CHECK(days.due(Lane::work) == "sc");
  const auto look = days.take();
  CHECK(look->depth == model::Depth::full);
  auto good = days.health(HealthState::healthy);
  good.last_full = model::Validation{model::Verdict::ok, {}};
  const std::optional<model::Health> kept = good;
  days.rota.ended({*look, kept, true, false}, days.now());
  CHECK(days.due(Lane::work) == "c");
  days.pass(60s);
  CHECK(days.take()->depth == model::Depth::quick);
}

TEST_CASE("statistics integrate after a start and once a day", "[engine][rota]") {
  Days days;
  days.rota.put(1, {}, days.now(), true);
  const auto next = [&] {
    const auto look = days.take(Lane::work);
    REQUIRE(look);
    days.end(*look, HealthState::healthy);
    return look->round == Round::statistics && look->integrate;
  };
  CHECK(next());
  days.due(Lane::work);
  days.pass(10min);
  CHECK_FALSE(next());
  days.due(Lane::work);
  days.pass(24h);
  CHECK(next());
}

TEST_CASE("one that hung is known as slow; one that could not begin is due soon",
          "[engine][rota]") {
  Days days;
  days.rota.put(1, {}, days.now(), true);
  const auto look = days.take();
  days.rota.give_back(*look, days.now());
  CHECK_FALSE(days.take());
  days.pass(1s);
  CHECK_FALSE(days.rota.next_is_slow());
  days.end(*days.take(), HealthState::unreachable, true, true);
  CHECK(days.rota.is_slow(1));
  CHECK(days.rota.next_is_slow());
  days.pass(60s);
  CHECK(days.rota.load(days.at).due == 1);
  days.pass(5s);
  CHECK(days.rota.load(days.at).late == 5s);
  days.rota.drop(1);
  CHECK_FALSE(days.take());
  CHECK(days.rota.load(days.at).due == 0);
}
