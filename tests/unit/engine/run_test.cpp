#include "engine/run.h"
#include "net/transport.h"
#include "plugin/plugin_set.h"
#include "router/router.h"
#include "services/upstream.h"

#include <catch2/catch.hpp>

using namespace portolan;

namespace {

model::Registry at(const std::string& address, bool password) {
  model::Registry registry;
  registry.address = address;
  if (password) {
    registry.credentials.username = "somebody";
    registry.credentials.password = base::Secret("secret");
  }
  return registry;
}

}  // namespace

TEST_CASE("a password in clear is warned of, but not to this machine itself", "[engine]") {
  model::Registry allowed = at("http://registry.example.com", true);
  CHECK(engine::warnings_of(allowed).empty());  // It is refused instead.
  allowed.allow_plain_http = true;
  CHECK(engine::warnings_of(allowed).size() == 1);
  CHECK(engine::warnings_of(at("http://registry.example.com", false)).empty());
  CHECK(engine::warnings_of(at("https://registry.example.com", true)).empty());
  model::Registry here = at("http://127.0.0.1:5000", true);
  here.allow_plain_http = true;
  CHECK(engine::warnings_of(here).empty());
}

TEST_CASE("certificate checks that are switched off are warned of", "[engine]") {
  model::Registry registry = at("https://registry.example.com", false);
  registry.tls.skip_verify = true;
  REQUIRE(engine::warnings_of(registry).size() == 1);
  const std::string warning = engine::warnings_of(registry).front();
  CHECK(warning.find("`tls.skipVerify`") != std::string::npos);
  CHECK(warning.find("`--skip-verify`") != std::string::npos);
}

TEST_CASE("a registry's own origin may be reached whatever the policy says", "[engine]") {
  engine::Target target;
  target.registry = at("http://10.0.0.1:5000", false);
  const auto options = engine::upstream_options(target, 3);
  CHECK(options.concurrency == 3);
  CHECK(options.policy.names("10.0.0.1", 5000));
  CHECK_FALSE(options.policy.names("10.0.0.2", 5000));
}

TEST_CASE("after a cancel every registry is still listed, in order, as cancelled", "[engine]") {
  const auto plugins = plugin::PluginSet::scan({});
  const auto transport = net::make_curl_transport();
  router::Router router(*plugins, *transport);
  std::vector<engine::Target> targets(3);
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i].registry.name = std::to_string(i);
  engine::RunOptions options;
  options.cancel.cancel();
  const auto reports = engine::run(router, targets, options);
  REQUIRE(reports.size() == 3);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    CHECK(reports[i].name == std::to_string(i));
    REQUIRE(reports[i].error);
    CHECK(reports[i].error->code == base::Code::cancelled);
  }
}

TEST_CASE("a type that nothing implements fails its registry and progress still counts it",
          "[engine]") {
  const auto plugins = plugin::PluginSet::scan({});
  const auto transport = net::make_curl_transport();
  router::Router router(*plugins, *transport);
  std::vector<engine::Target> targets(2);
  for (auto& target : targets) {
    target.registry.type = "nobodys";
    target.registry.address = "https://registry.example.com";
  }
  engine::RunOptions options;
  options.parallel = 1;
  std::vector<std::size_t> seen;
  options.progress = [&](std::size_t done, std::size_t) { seen.push_back(done); };
  const auto reports = engine::run(router, targets, options);
  for (const auto& report : reports) {
    REQUIRE(report.error);
    CHECK(report.error->code == base::Code::plugin_missing);
    CHECK_FALSE(report.validation);
  }
  CHECK(seen == std::vector<std::size_t>{1, 2});
}
