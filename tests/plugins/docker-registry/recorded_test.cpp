// What real registries answered (record.py), replayed.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "plugin_run.h"

namespace {

/// "METHOD path" → answer; unknown paths are a 404 without words.
std::function<fake::Reply(const fake::Request&)> recording(const std::string& product) {
  std::ifstream file(std::string(FIXTURES) + "/" + product + ".json");
  const auto answers = portolan::json::parse(
      {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  return [answers](const fake::Request& request) {
    const auto recorded = answers[request.method + " " + request.url];
    fake::Reply reply{static_cast<int>(recorded["status"].integer_or(404)),
                      recorded["body"].string_or("")};
    recorded["headers"].each([&](std::string name, const portolan::json& value) {
      reply.headers.emplace_back(std::move(name), value.string_or(""));
    });
    return reply;
  };
}

struct Truth {
  const char* product;
  std::int64_t tags, artifacts, bytes;
};

}  // namespace

TEST_CASE("the numbers of three real registries are what was pushed", "[docker-registry]") {
  // crane keeps a tag whose manifest was deleted by digest, and its manifest.
  const auto truth = GENERATE(Truth{"distribution-2.8", 5, 4, 4474},
                              Truth{"distribution-3.1", 5, 4, 4474}, Truth{"crane", 6, 5, 5084});
  INFO(truth.product);
  PluginRun plugin;
  plugin.host.answer = recording(truth.product);
  const auto found = plugin.collect(PORTOLAN_LEVEL_DEEP);
  REQUIRE(plugin.status == PORTOLAN_OK);
  const std::map<std::string, std::int64_t> numbers{{"spaces", 4},
                                                    {"repositories", 5},
                                                    {"tags", truth.tags},
                                                    {"artifacts", truth.artifacts},
                                                    {"storage_bytes", truth.bytes},
                                                    {"team/artifacts", 2},
                                                    {"_/tags", 1}};
  for (const auto& [name, value] : numbers) {
    INFO(name);
    CHECK(found.at(name).state == PORTOLAN_MEASURE_KNOWN);
    CHECK(found.at(name).value == value);
  }
}

TEST_CASE("three real registries are diagnosed and recognised", "[docker-registry]") {
  const char* product = GENERATE("distribution-2.8", "distribution-3.1", "crane");
  INFO(product);
  PluginRun plugin;
  plugin.host.answer = recording(product);
  for (const auto& [name, one] : plugin.validate()) {
    INFO(name << ": " << one.message);
    CHECK(one.state == (name == "credentials" ? PORTOLAN_CHECK_SKIPPED : PORTOLAN_CHECK_OK));
  }
  CHECK(plugin.detect().first >= 80);
  CHECK(plugin.integrate().product == (std::string(product) == "crane" ? "" : "Distribution"));
  CHECK(plugin.tags({.repository = "nobody/knows"}).empty());
  CHECK(plugin.status == PORTOLAN_NOT_FOUND);
}
