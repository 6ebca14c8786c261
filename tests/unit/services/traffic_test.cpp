#include <catch2/catch.hpp>

#include "services/traffic.h"
#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;
using namespace std::chrono_literals;
using base::Code;
using services::Traffic;

TEST_CASE("exchanges are counted by what ended them, and in the bucket of their time",
          "[traffic]") {
  Traffic traffic;
  traffic.count("a", 200, {}, 5ms);
  traffic.count("a", 200, {}, 6ms);
  traffic.count("a", 0, Code::unreachable, 31s);
  traffic.count("a", 999, {}, 1ms);
  traffic.count("b", 401, {}, 1ms);
  const auto types = traffic.by_type();
  const Traffic::OfType& a = types.at("a");
  CHECK(a.ends ==
        std::map<std::string, std::uint64_t>{{"200", 2}, {"unreachable", 1}, {"other", 1}});
  CHECK(a.buckets.front() == 2);  // A bound belongs to its bucket.
  CHECK(a.buckets[1] == 1);
  CHECK(a.buckets.back() == 1);
  CHECK(a.seconds == Approx(31.012));
  CHECK(types.at("b").ends.at("401") == 1);
}

TEST_CASE("requests and probes of a registry are counted under its type", "[traffic]") {
  World world([](const auto&) { return Reply{.status = 404}; });
  world.options.registry.type = "some";
  world.options.traffic = std::make_shared<Traffic>();
  Answer answer;
  world.send(request("https://registry.example/v2/"), answer);
  world.upstream->probe(base::Deadline::in(10s));
  CHECK(world.options.traffic->by_type().at("some").ends.at("404") == 2);
}
