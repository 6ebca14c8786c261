#include <algorithm>
#include <atomic>
#include <future>
#include <optional>

#include "plugin/plugin_set.h"
#include "router/session.h"

namespace portolan::router {
namespace {

std::optional<model::Detection> ask(plugin::PluginSet& plugins, const std::string& name,
                                    const std::shared_ptr<services::Upstream>& upstream,
                                    const CallSettings& settings) {
  if (settings.deadline.passed() || settings.deadline.cancel.cancelled()) return {};
  const auto type = plugins.load(name);
  if (!type) return {};
  services::Call call(upstream, {.deadline = settings.deadline,
                                 .max_requests = model::limits::detect_requests,
                                 .anonymous = true,
                                 .log = settings.log});
  auto found = (*type)->detect(call, upstream->registry().address);
  if (!found) return {};
  return *std::move(found);
}

}  // namespace

std::vector<model::Detection> detect_at(plugin::PluginSet& plugins,
                                        const std::shared_ptr<services::Upstream>& upstream,
                                        const CallSettings& settings) {
  std::vector<std::string> names = plugins.types();
  std::erase_if(names, [&](const std::string& name) { return !plugins.type(name)->can_detect(); });

  std::vector<std::optional<model::Detection>> found(names.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < names.size(); i = next++) {
      found[i] = ask(plugins, names[i], upstream, settings);
    }
  };
  {
    std::vector<std::future<void>> others;  // Joined here, also when one can't be started.
    while (others.size() + 1 < std::min(names.size(), model::limits::detect_parallel)) {
      others.push_back(std::async(std::launch::async, work));
    }
    work();
    for (auto& other : others) other.get();
  }

  std::vector<model::Detection> all;
  for (auto& one : found) {
    if (one) all.push_back(*std::move(one));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  return all;
}

std::string better_type(plugin::PluginSet& plugins, const std::string& given,
                        const std::shared_ptr<services::Upstream>& upstream,
                        const CallSettings& settings) {
  const auto found = detect_at(plugins, upstream, settings);
  if (found.empty() || found[0].score < model::limits::detect_sure || found[0].type == given)
    return {};
  return "this address looks like type " + found[0].type + " (" + std::to_string(found[0].score) +
         " of 100: " + found[0].reason + "); write type: " + found[0].type;
}

}  // namespace portolan::router
