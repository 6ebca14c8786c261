#include "router/gate.h"

#include <catch2/catch.hpp>
#include <thread>

#include "model/limits.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using router::Gate;
using router::Kind;

TEST_CASE("one call of each kind is inside at a time", "[router][gate]") {
  Gate gate;
  const auto first = gate.enter(Kind::validation, {});
  REQUIRE(first);
  CHECK(gate.enter(Kind::statistics, base::Deadline::in(0ms)));
  const auto second = gate.enter(Kind::validation, base::Deadline::in(30ms));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::timeout);
  CHECK_THAT(second.error().message, Catch::Contains("another validation"));
}

TEST_CASE("who waits at the gate goes in when the other leaves", "[router][gate]") {
  Gate gate;
  std::optional<Gate::Pass> first;
  first.emplace(*gate.enter(Kind::statistics, {}));
  bool in = false;
  std::thread waiter(
      [&] { in = gate.enter(Kind::statistics, base::Deadline::in(60s)).has_value(); });
  first.reset();
  waiter.join();
  CHECK(in);
  CHECK(gate.enter(Kind::statistics, base::Deadline::in(0ms)));
}

TEST_CASE("a cancel ends the waiting at the gate", "[router][gate]") {
  Gate gate;
  const auto first = gate.enter(Kind::catalog, {});
  const auto deadline = base::Deadline::in(60s);
  deadline.cancel.cancel();
  const auto second = gate.enter(Kind::catalog, deadline);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::cancelled);
}

TEST_CASE("behind a call that is stuck nobody waits", "[router][gate]") {
  Gate gate;
  base::Deadline past;
  past.at = base::Steady::now() - 1s;  // Its grace is over as well.
  const auto stuck = gate.enter(Kind::validation, past);
  REQUIRE(stuck);
  const auto second = gate.enter(Kind::validation, base::Deadline::in(60s));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::internal);
  CHECK_THAT(second.error().message, Catch::Contains("did not come back"));
}
