#include "router/harvest.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "router/call_thread.h"

using namespace portolan;
using namespace std::chrono_literals;

namespace {

std::vector<model::FoundMeasure> one(const std::string& space, const std::string& name,
                                     std::int64_t value) {
  model::FoundMeasure found;
  found.space = space;
  found.visibility = model::Visibility::closed;
  found.measure.name = name;
  found.measure.value = value;
  found.measure.state = model::MeasureState::known;
  return {found};
}

}  // namespace

TEST_CASE("measures are sorted into registry and spaces", "[router]") {
  router::Harvest harvest(model::Level::deep);
  CHECK(harvest.empty());
  CHECK(harvest.add(one("", "tags", 3)));
  CHECK(harvest.add(one("b", "tags", 1)));
  CHECK(harvest.add(one("a", "tags", 2)));
  CHECK(harvest.add(one("b", "artifacts", 4)));
  CHECK_FALSE(harvest.empty());
  const auto all = harvest.end();
  CHECK(all.level == model::Level::deep);
  CHECK(all.complete);
  CHECK(all.measures.size() == 1);
  REQUIRE(all.spaces.size() == 2);
  CHECK(all.spaces[0].name == "b");
  CHECK(all.spaces[0].visibility == model::Visibility::closed);
  CHECK(all.spaces[0].measures.size() == 2);
}

TEST_CASE("what a collection that was given up had told is kept, and late measures go nowhere",
          "[router][thread]") {
  const auto harvest = std::make_shared<router::Harvest>(model::Level::normal);
  const auto stop = std::make_shared<std::atomic<bool>>(false);
  const auto refused = std::make_shared<std::atomic<int>>(0);
  // A plugin that emits for ever and asks for no deadline.
  const auto ended = router::run_in_time(base::Deadline::in(20ms), [harvest, stop, refused] {
    for (int i = 0; !*stop; ++i) {
      auto batch = one("space-" + std::to_string(i % 100), "n" + std::to_string(i), i);
      if (i > 10'000) batch.clear();
      if (!harvest->add(std::move(batch))) ++*refused;
    }
  });
  REQUIRE_FALSE(ended);
  const auto reached = harvest->end(&ended.error());
  CHECK_FALSE(reached.complete);
  CHECK(reached.spaces.size() == 100);
  CHECK(reached.measures.size() == 9);  // None of the registry's own was reached.
  CHECK(reached.measures[0].cut);
  CHECK(reached.measures[0].hint.find("not reached") == 0);
  while (*refused == 0) std::this_thread::yield();
  CHECK(harvest->empty());
  *stop = true;
  while (router::any_abandoned()) std::this_thread::yield();
}
