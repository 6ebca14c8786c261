#include <catch2/catch.hpp>

#include "plugin_run.h"
#include "scripted_registry.h"

using Names = std::vector<std::string>;

TEST_CASE("repositories are listed page by page and can be gone on with", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.page = 3;
  for (const char* name : {"a/1", "a/2", "b/1", "b/2", "b/3", "solo"}) registry.tags[name] = {"v1"};
  plugin.with_page_size(3);
  plugin.host.answer = std::ref(registry);
  CHECK(plugin.repositories({}) == Names{"a/1", "a/2", "b/1", "b/2", "b/3", "solo"});
  CHECK(plugin.host.cursors.back() == "solo");
  CHECK(plugin.repositories({.space = "b"}) == Names{"b/1", "b/2", "b/3"});
  CHECK(plugin.repositories({.space = "_"}) == Names{"solo"});

  plugin.host.requests.clear();
  CHECK(plugin.repositories({.limit = 2}) == Names{"a/1", "a/2"});
  CHECK(plugin.host.requests.size() == 1);
  CHECK(plugin.host.cursors.back() == "a/2");
  CHECK(plugin.repositories({.cursor = "a/2", .limit = 2}) == Names{"b/1", "b/2"});
}

TEST_CASE("a listing that breaks off is an error behind what was read", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.page = 2;
  plugin.with_page_size(2);
  for (const char* name : {"a", "b", "c"}) registry.tags[name] = {"v1"};
  plugin.host.answer = [&](const fake::Request& request) {
    return request.url.find("last=") != std::string::npos ? fake::Reply{500} : registry(request);
  };
  CHECK(plugin.repositories({}) == Names{"a", "b"});
  CHECK(plugin.status == PORTOLAN_UNAVAILABLE);
  registry.instead["/v2/_catalog"] = {404};
  plugin.host.answer = std::ref(registry);
  CHECK(plugin.repositories({}).empty());
  CHECK(plugin.status == PORTOLAN_UNSUPPORTED);
}

TEST_CASE("a receiver that has enough ends a listing", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  for (int i = 100; i < 400; ++i) registry.tags[std::to_string(i)] = {"v1"};
  plugin.host.answer = std::ref(registry);
  plugin.host.receiver = [] { return PORTOLAN_STOP; };
  CHECK(plugin.repositories({}).size() == 64);
  CHECK(plugin.status == PORTOLAN_OK);
}

TEST_CASE("tags of a registry that knows no pages are sorted and can be gone on with",
          "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  registry.tags["app"] = {"v3", "v1", "v4", "v2"};
  plugin.host.answer = std::ref(registry);
  CHECK(plugin.tags({.repository = "app", .limit = 3}) == Names{"v1", "v2", "v3"});
  CHECK(plugin.tags({.repository = "app", .cursor = "v3"}) == Names{"v4"});
  registry.tags["empty"] = {};
  CHECK(plugin.tags({.repository = "empty"}).empty());
  CHECK(plugin.status == PORTOLAN_OK);
  CHECK(plugin.tags({.repository = "nowhere"}).empty());
  CHECK(plugin.status == PORTOLAN_NOT_FOUND);
  CHECK(plugin.tags({.repository = "../x"}).empty());
  CHECK(plugin.status == PORTOLAN_INVALID_ARGUMENT);
}

TEST_CASE("artifacts are known by their digest, with all tags that name them",
          "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  const auto one = registry.put("app", "v1", image("one", {}));
  registry.put("app", "latest", image("one", {}));
  const auto two = registry.put("app", "v2", image("two", {}));
  plugin.host.answer = std::ref(registry);
  const std::string type = " application/vnd.oci.image.manifest.v1+json ";
  auto all = Names{one + type + "latest,v1", two + type + "v2"};
  std::sort(all.begin(), all.end());
  CHECK(plugin.artifacts({.repository = "app"}) == all);
  CHECK(plugin.artifacts({.repository = "app", .limit = 1}) == Names{all[0]});
  CHECK(plugin.artifacts({.repository = "app", .cursor = plugin.host.cursors.back()}) ==
        Names{all[1]});
}

TEST_CASE("spaces are the first components, each once", "[docker-registry]") {
  PluginRun plugin;
  ScriptedRegistry registry;
  for (const char* name : {"a/1", "b", "a/2/3", "c/1"}) registry.tags[name] = {"v1"};
  plugin.host.answer = std::ref(registry);
  CHECK(plugin.spaces({}) == Names{"_", "a", "c"});
  CHECK(plugin.spaces({.cursor = "_", .limit = 1}) == Names{"a"});
  plugin.host.budget = 0;
  CHECK(plugin.spaces({}).empty());
  CHECK(plugin.status == PORTOLAN_LIMIT);
}
