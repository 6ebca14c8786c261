#include "plugin/sink.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "plugin/items.h"

using namespace portolan;

TEST_CASE("L6 what was emitted is a copy: a plugin may overwrite it at once", "[plugin][abi]") {
  std::string name = "repositories", unit = "count", hint = "why not", tag = "latest";
  portolan_str tags[] = {plugin::to_abi(tag)};
  std::vector<model::FoundMeasure> measures;
  plugin::Sink sink(plugin::minor_0_size<portolan_measure>, 10,
                    plugin::each<portolan_measure>([&](const portolan_measure& item) {
                      return plugin::read_item(item, measures.emplace_back());
                    }));
  portolan_measure measure{};
  measure.size = sizeof measure;
  measure.state = PORTOLAN_MEASURE_PARTIAL;
  measure.name = plugin::to_abi(name);
  measure.unit = plugin::to_abi(unit);
  measure.hint = plugin::to_abi(hint);
  measure.value = 5;
  REQUIRE(sink.abi()->emit(sink.abi(), &measure, 1, sizeof measure) == PORTOLAN_OK);

  std::vector<model::Artifact> artifacts;
  plugin::Sink listing(plugin::minor_0_size<portolan_artifact>, 10,
                       plugin::each<portolan_artifact>([&](const portolan_artifact& item) {
                         return plugin::read_item(item, artifacts.emplace_back());
                       }));
  std::string repository = "team/app", digest = "sha256:" + std::string(64, 'a');
  portolan_artifact artifact{};
  artifact.size = sizeof artifact;
  artifact.repository = plugin::to_abi(repository);
  artifact.digest = plugin::to_abi(digest);
  artifact.tags = tags;
  artifact.tag_count = 1;
  REQUIRE(listing.abi()->emit(listing.abi(), &artifact, 1, sizeof artifact) == PORTOLAN_OK);

  std::string cursor = "page-2";
  REQUIRE(listing.abi()->cursor(listing.abi(), plugin::to_abi(cursor)) == PORTOLAN_OK);
  for (std::string* text : {&name, &unit, &hint, &tag, &repository, &digest, &cursor})
    std::memset(text->data(), '!', text->size());
  std::memset(&measure, 0xA5, sizeof measure);
  std::memset(&artifact, 0xA5, sizeof artifact);
  std::memset(tags, 0xA5, sizeof tags);

  CHECK(measures.front().measure.name == "repositories");
  CHECK(measures.front().measure.hint == "why not");
  CHECK(measures.front().measure.value == 5);
  CHECK(artifacts.front().repository == "team/app");
  CHECK(artifacts.front().digest == "sha256:" + std::string(64, 'a'));
  CHECK(artifacts.front().tags == std::vector<std::string>{"latest"});
  CHECK(listing.cursor() == "page-2");
}
