// bench_border PLUGIN_DIR: nanoseconds of a routed call beside the direct one, and of 10,000 items
// through the ABI.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "plugin/plugin_set.h"
#include "router/harvest.h"
#include "router/router.h"
#include "services/call.h"
#include "services/upstream.h"

namespace {

using namespace portolan;
using Clock = std::chrono::steady_clock;

double ns_per(std::size_t times, const std::function<void()>& work) {
  const auto began = Clock::now();
  for (std::size_t i = 0; i < times; ++i) work();
  return std::chrono::duration<double, std::nano>(Clock::now() - began).count() /
         static_cast<double>(times);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

int fail(const base::Error& error) {
  std::fprintf(stderr, "bench_border: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  plugin::SetOptions options;
  for (int i = 1; i < argc; ++i) options.enabled_directories.emplace_back(argv[i]);
  const auto set = plugin::PluginSet::scan(options);
  const auto transport = net::make_curl_transport();
  router::Router router(*set, *transport);
  services::UpstreamOptions upstream;
  upstream.registry.name = "bench";
  upstream.registry.type = "bench-type";
  upstream.registry.address = "http://127.0.0.1:1";
  upstream.policy.permit_origin(*base::parse_address(upstream.registry.address));
  auto registry = router.add(upstream);
  if (!registry) return fail(registry.error());
  const router::CallSettings settings;
  if (auto done = router.integrate(**registry, settings); !done) return fail(done.error());

  // The same call without the router: the call object is made each time here too, since a call
  // needs one.
  const auto type = set->load("bench-type");
  if (!type) return fail(type.error());
  auto up = services::Upstream::open(*transport, upstream);
  if (!up) return fail(up.error());
  services::Call first(*up, {.deadline = settings.deadline});
  auto instance = (*type)->create(first, upstream.registry.address, "{}", "{}");
  if (!instance) return fail(instance.error());

  const auto direct = [&] {
    services::Call call(*up, {.deadline = settings.deadline});
    router::Harvest harvest(model::Level::quick);
    (void)(*instance)->collect(call, model::Level::quick, [&](auto&& batch) {
      return harvest.add(std::forward<decltype(batch)>(batch));
    });
  };
  const auto routed = [&] { (void)router.statistics(**registry, model::Level::quick, settings); };
  constexpr std::size_t times = 1'000;  // Short rounds: most of them see no other process.
  std::vector<double> direct_ns, routed_ns, items_ms;
  for (int round = 0; round < 400; ++round) {  // In turn: a busy machine is busy for both.
    direct_ns.push_back(ns_per(times, direct));
    routed_ns.push_back(ns_per(times, routed));
  }
  plugin::Query query;
  query.limit = 10'000;
  for (int round = 0; round < 15; ++round) {
    std::size_t rows = 0;
    std::string cursor;
    items_ms.push_back(ns_per(1,
                              [&] {
                                (void)router.repositories(
                                    **registry, query, settings,
                                    [&](std::vector<model::Repository>&& batch) {
                                      rows += batch.size();
                                      return true;
                                    },
                                    cursor);
                              }) /
                       1e6);
    if (rows != query.limit) return fail({base::Code::internal, "rows are missing", "", ""});
  }
  std::printf(
      "{\"direct_ns\":%.0f,\"routed_ns\":%.0f,\"difference_ns\":%.0f,\"items_10000_ms\":%.2f}\n",
      median(direct_ns), median(routed_ns), median(routed_ns) - median(direct_ns),
      median(items_ms));
  return 0;
}
