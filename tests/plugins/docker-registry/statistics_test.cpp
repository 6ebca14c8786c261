#include <catch2/catch.hpp>

#include "plugin_run.h"
#include "scripted_registry.h"

namespace {

void seed(ScriptedRegistry& registry, int repositories, int tags) {
  for (int r = 0; r < repositories; ++r) {
    auto& of = registry.tags["team-" + std::to_string(r % 4) + "/app-" + std::to_string(r)];
    for (int t = 0; t < tags; ++t) of.push_back("v" + std::to_string(t));
  }
}

bool is(const Measure& one, std::uint32_t state, std::int64_t value) {
  INFO(one.state << " " << one.value << " " << one.hint);
  CHECK(one.state == state);
  CHECK(one.value == value);
  return one.state == state && one.value == value;
}
bool is_known(const Measure& one, std::int64_t value) {
  return is(one, PORTOLAN_MEASURE_KNOWN, value);
}
bool is_partial(const Measure& one, std::int64_t value) {
  return is(one, PORTOLAN_MEASURE_PARTIAL, value) && !one.hint.empty();
}

}  // namespace

TEST_CASE("normal counts repositories and tags with a request a repository and one a page",
          "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  seed(registry, 2500, 3);
  plugin.host.answer = std::ref(registry);
  plugin.host.newest_first = GENERATE(false, true);
  const auto found = plugin.collect();
  REQUIRE(plugin.status == PORTOLAN_OK);
  is_known(found.at("spaces"), 4);
  is_known(found.at("repositories"), 2500);
  is_known(found.at("tags"), 7500);
  is_known(found.at("team-1/repositories"), 625);
  is_known(found.at("team-1/tags"), 1875);
  is(found.at("artifacts"), PORTOLAN_MEASURE_UNKNOWN, 0);
  is(found.at("storage_bytes"), PORTOLAN_MEASURE_UNKNOWN, 0);
  is(found.at("spaces_public"), PORTOLAN_MEASURE_UNSUPPORTED, 0);
  is(found.at("repositories_private"), PORTOLAN_MEASURE_UNSUPPORTED, 0);
  CHECK(plugin.host.requests.size() == 4 + 2500);  // Pages of 100, 1000, 1000 and 400.
  CHECK(plugin.host.most_in_flight == 8);
  CHECK(plugin.host.progress == 2500);
  CHECK_FALSE(plugin.twice);
}

TEST_CASE("the tags of a page are read while the next page is", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  seed(registry, 45, 1);
  registry.page = 10;
  plugin.with_page_size(10);
  plugin.host.answer = std::ref(registry);
  plugin.collect();
  std::vector<std::size_t> pages;
  for (std::size_t i = 0; i < plugin.host.requests.size(); ++i)
    if (plugin.host.requests[i].url.starts_with("/v2/_catalog")) pages.push_back(i);
  REQUIRE(pages.size() == 5);
  // Never more than two pages of names wait, however many there are.
  for (std::size_t i = 2; i < pages.size(); ++i) CHECK(pages[i] - pages[i - 1] >= 8);
  CHECK(pages[1] == 1);
}

TEST_CASE("quick counts repositories with a handful of requests", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  seed(registry, 5000, 0);
  plugin.host.answer = std::ref(registry);
  const auto found = plugin.collect(PORTOLAN_LEVEL_QUICK);
  CHECK(plugin.host.requests.size() == 3);
  is_partial(found.at("repositories"), 3000);
  CHECK_FALSE(found.at("repositories").cut);
  is(found.at("tags"), PORTOLAN_MEASURE_UNKNOWN, 0);
}

TEST_CASE("repositories that are empty or gone count with no tags", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.tags = {{"empty", {}}, {"gone", {"v1"}}, {"there", {"v1", "v2"}}};
  registry.instead["/v2/gone/tags/list"] = {404, R"({"errors":[{"code":"NAME_UNKNOWN"}]})"};
  plugin.host.answer = std::ref(registry);
  const auto found = plugin.collect();
  is_known(found.at("repositories"), 3);
  is_known(found.at("tags"), 2);
  is_known(found.at("_/repositories"), 3);
}

TEST_CASE("what one repository does not tell makes its numbers partial, not wrong",
          "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.tags = {{"a/one", {"v1"}}, {"a/two", {"v1", "v2"}}, {"b/one", {"v1"}}};
  registry.instead["/v2/a/one/tags/list"] = GENERATE(
      fake::Reply{503}, fake::Reply{403}, fake::Reply{200, "<html>"}, fake::Reply{200, "{}"},
      fake::Reply{404, "not a registry's word"}, fake::Reply{0, {}, {}, PORTOLAN_UNREACHABLE},
      fake::Reply{0, {}, {}, PORTOLAN_TIMEOUT});
  plugin.host.answer = std::ref(registry);
  const auto found = plugin.collect();
  REQUIRE(plugin.status == PORTOLAN_OK);
  is_known(found.at("repositories"), 3);
  is_partial(found.at("tags"), 3);
  is_partial(found.at("a/tags"), 2);
  is_known(found.at("b/tags"), 1);
  CHECK(found.at("tags").hint.find("the tags of one repository") != std::string::npos);
  CHECK_FALSE(found.at("tags").cut);
}

TEST_CASE("tags of which the account may see none are forbidden, never zero", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.tags = {{"a/one", {"v1"}}, {"b/one", {"v1"}}};
  registry.instead["/v2/a/one/tags/list"] = {403};
  plugin.host.answer = std::ref(registry);
  auto found = plugin.collect();
  is(found.at("a/tags"), PORTOLAN_MEASURE_FORBIDDEN, 0);
  is_partial(found.at("tags"), 1);
  registry.instead["/v2/a/one/tags/list"] = {503};
  plugin.host.answer = std::ref(registry);
  found = plugin.collect();
  is(found.at("a/tags"), PORTOLAN_MEASURE_UNKNOWN, 0);
}

TEST_CASE("a registry without a catalog has no numbers, not zeros", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  const int status = GENERATE(401, 403, 404, 405, 501);
  registry.instead["/v2/_catalog"] = {status};
  plugin.host.answer = std::ref(registry);
  const auto found = plugin.collect();
  REQUIRE(plugin.status == PORTOLAN_OK);
  const auto state = status < 404 ? PORTOLAN_MEASURE_FORBIDDEN : PORTOLAN_MEASURE_UNSUPPORTED;
  for (const char* name : {"spaces", "repositories", "artifacts", "tags", "storage_bytes"}) {
    is(found.at(name), state, 0);
    CHECK_FALSE(found.at(name).hint.empty());
  }
  CHECK(found.size() == 9);
}

TEST_CASE("a first page that is lost is an error, a later one makes the numbers partial",
          "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  seed(registry, 30, 1);
  registry.page = 10;
  plugin.with_page_size(10);
  registry.instead["/v2/_catalog"] = {503};
  plugin.host.answer = std::ref(registry);
  plugin.collect();
  CHECK(plugin.status == PORTOLAN_UNAVAILABLE);
  CHECK(plugin.host.failure->code == PORTOLAN_UNAVAILABLE);

  registry.instead.clear();
  plugin.host.answer = [&](const fake::Request& request) {
    return request.url.find("last=") != std::string::npos ? fake::Reply{500} : registry(request);
  };
  const auto found = plugin.collect();
  is_partial(found.at("repositories"), 10);
  is_partial(found.at("tags"), 10);
  is_partial(found.at("spaces"), 2);
}

TEST_CASE("budget, deadline and cancel end a collection with what was reached",
          "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  seed(registry, 100, 2);
  plugin.host.answer = std::ref(registry);
  SECTION("budget") { plugin.host.budget = 11; }
  SECTION("deadline or cancel") {
    const auto end = GENERATE(PORTOLAN_TIMEOUT, PORTOLAN_CANCELLED);
    plugin.host.answer = [&plugin, &registry, end](const fake::Request& request) {
      if (plugin.host.requests.size() > 10) plugin.host.state = end;
      return registry(request);
    };
  }
  const auto found = plugin.collect();
  REQUIRE(plugin.status == PORTOLAN_OK);
  CHECK(found.at("repositories").cut);
  CHECK(found.at("tags").cut);
  CHECK(found.at("repositories").state == PORTOLAN_MEASURE_PARTIAL);
  CHECK(found.at("repositories").value == 100);
  CHECK(found.at("tags").state == PORTOLAN_MEASURE_PARTIAL);
  CHECK(found.at("tags").value > 0);
  CHECK(plugin.host.requests.size() < 25);
}

TEST_CASE("without a request to spend everything is unknown and cut", "[docker-registry]") {
  PluginRun plugin;
  plugin.host.budget = 0;
  const auto found = plugin.collect();
  REQUIRE(plugin.status == PORTOLAN_OK);
  CHECK(found.at("repositories").state == PORTOLAN_MEASURE_UNKNOWN);
  CHECK(found.at("repositories").cut);
}

TEST_CASE("deep counts every blob once, in the registry and in each space", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  const auto one = image("c1", {{"base", 1000}, {"x", 50}});
  const auto two = image("c2", {{"base", 1000}, {"y", 70}});
  registry.put("a/one", "v1", one);
  registry.put("a/one", "latest", one);
  registry.put("a/two", "v1", two);
  registry.put("b/one", "v1", two);
  plugin.host.answer = std::ref(registry);
  plugin.host.newest_first = GENERATE(false, true);
  const auto found = plugin.collect(PORTOLAN_LEVEL_DEEP);
  const auto m1 = static_cast<int>(one.size()), m2 = static_cast<int>(two.size());
  is_known(found.at("artifacts"), 3);
  is_known(found.at("a/artifacts"), 2);
  is_known(found.at("tags"), 4);
  is_known(found.at("storage_bytes"), m1 + m2 + 1000 + 50 + 70 + 20);
  is_known(found.at("a/storage_bytes"), m1 + m2 + 1000 + 50 + 70 + 20);
  is_known(found.at("b/storage_bytes"), m2 + 1000 + 70 + 10);
  CHECK(found.at("storage_bytes").kind == PORTOLAN_KIND_DEDUPLICATED);
  // The manifest, its config and both layers of b/one are in a/two, too.
  CHECK(found.at("storage_bytes").hint.find("4 blobs") != std::string::npos);
  CHECK(found.at("storage_bytes").hint.find(ScriptedRegistry::digest_of("base")) !=
        std::string::npos);
  CHECK(plugin.host.requests.size() == 1 + 3 + 4);
}

TEST_CASE("an index is followed to its images, each asked for once", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  const auto amd = image("c1", {{"amd", 100}}), arm = image("c2", {{"arm", 200}});
  const auto first = registry.put("a/one", "", amd), second = registry.put("a/one", "", arm);
  const auto index = index_of({first, second});
  registry.put("a/one", "v1", index);
  registry.put("a/one", "v2", index_of({second, first}));
  plugin.host.answer = std::ref(registry);
  const auto found = plugin.collect(PORTOLAN_LEVEL_DEEP);
  is_known(found.at("artifacts"), 2);
  is_known(found.at("storage_bytes"),
           static_cast<int>(2 * index.size() + amd.size() + arm.size()) + 320);
  CHECK(plugin.host.requests.size() == 1 + 1 + 2 + 2);
}

TEST_CASE("images that an index names but nobody pushed make the storage partial",
          "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  const auto amd = image("c1", {{"amd", 100}});
  const auto there = registry.put("a/one", "", amd);
  const auto index = index_of({there, ScriptedRegistry::digest_of("nowhere")});
  registry.put("a/one", "v1", index);
  plugin.host.answer = std::ref(registry);
  const auto found = plugin.collect(PORTOLAN_LEVEL_DEEP);
  is_partial(found.at("storage_bytes"), static_cast<int>(index.size() + amd.size()) + 110);
}

TEST_CASE("indexes that name each other end", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  const auto a = ScriptedRegistry::digest_of("a"), b = ScriptedRegistry::digest_of("b");
  registry.tags["loop"] = {"v1"};
  registry.manifests["loop:v1"] = index_of({a});
  registry.manifests["loop:" + a] = index_of({b});
  registry.manifests["loop:" + b] = index_of({a, b});
  plugin.host.answer = std::ref(registry);
  plugin.collect(PORTOLAN_LEVEL_DEEP);
  CHECK(plugin.status == PORTOLAN_OK);
  CHECK(plugin.host.requests.size() == 1 + 1 + 3);
}

TEST_CASE("names that would lead elsewhere are not asked for", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.tags = {{"ok", {"v1"}}};
  registry.instead["/v2/_catalog"] = {200, R"({"repositories":["../admin","ok","a//b",""]})"};
  registry.instead["/v2/ok/tags/list"] = {200, R"({"tags":["v1","../../x","v1?y"]})"};
  registry.manifests["ok:v1"] = image("c", {});
  plugin.host.answer = std::ref(registry);
  const auto found = plugin.collect(PORTOLAN_LEVEL_DEEP);
  for (const auto& request : plugin.host.requests)
    CHECK(request.url.find("..") == std::string::npos);
  is_partial(found.at("artifacts"), 1);
}

TEST_CASE("a password that is refused in the middle is not sent a thousand times",
          "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  seed(registry, 1000, 1);
  bool changed = false;
  plugin.host.answer = [&](const fake::Request& request) {
    changed = changed || plugin.host.requests.size() > 20;
    return changed ? fake::Reply{401, {}, {{"www-authenticate", "Basic realm=\"r\""}}}
                   : registry(request);
  };
  plugin.collect();
  CHECK(plugin.status == PORTOLAN_UNAUTHORIZED);
  CHECK(plugin.host.requests.size() < 40);
}

TEST_CASE("a 401 for one repository of an accepted account is that repository's",
          "[docker-registry]") {
  PluginRun plugin;
  plugin.with_password();
  ScriptedRegistry registry;
  seed(registry, 100, 1);
  registry.instead["/v2/team-0/app-0/tags/list"] = {401};
  plugin.host.answer = std::ref(registry);
  const auto found = plugin.collect();
  REQUIRE(plugin.status == PORTOLAN_OK);
  is_partial(found.at("tags"), 99);
  CHECK(plugin.host.requests.size() == 2 + 100 + 1);  // A full page asks for another.
}

TEST_CASE("tokens are asked for ahead, and a prefix stays", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.tags = {{"a/one", {"v1"}}};
  plugin.host.answer = std::ref(registry);
  plugin.collect();
  REQUIRE(plugin.host.requests.size() == 2);
  CHECK(plugin.host.requests[0].url == "/v2/_catalog?n=100");
  CHECK(plugin.host.requests[0].scope == "registry:catalog:*");
  CHECK(plugin.host.requests[0].auth == PORTOLAN_AUTH_DOCKER_TOKEN);
  CHECK(plugin.host.requests[1].url == "/v2/a/one/tags/list");
  CHECK(plugin.host.requests[1].scope == "repository:a/one:pull");

  plugin.base = "https://registry.example/team/v2";
  plugin.host.answer = [&](fake::Request request) {
    request.url = request.url.substr(std::string("https://registry.example/team").size());
    return registry(request);
  };
  plugin.host.requests.clear();
  plugin.collect();
  CHECK(plugin.host.requests[1].url == "https://registry.example/team/v2/a/one/tags/list");
}
