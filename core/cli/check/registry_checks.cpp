#include <stdexcept>

#include "cli/check/checks.h"
#include "cli/check/one_file.h"
#include "model/words.h"
#include "router/router.h"

namespace portolan::cli::check {
namespace {

std::string said(const base::Error& error) {
  return std::string(base::to_string(error.code)) + ": " + error.message;
}

/// What all three calls run over, made in the child.
struct Road {
  OneFile plugins;
  std::unique_ptr<net::Transport> transport = net::make_curl_transport();
  router::Router router{plugins, *transport};
  std::shared_ptr<router::Registry> registry;
  const Target& target;

  Road(const plugin::Contract& contract, const Target& of)
      : plugins(contract.note(), &contract), target(of) {
    auto added = router.add({of.registry, of.policy, model::limits::requests_per_registry});
    if (!added) throw std::runtime_error(said(added.error()));
    registry = *std::move(added);
  }

  router::CallSettings within(std::chrono::milliseconds usual) const {
    router::CallSettings out;
    out.deadline = base::Deadline::in(target.timeout.value_or(usual));
    out.log = target.log;
    return out;
  }
};

std::string integrates(Road& road) {
  const auto found = road.router.integrate(*road.registry, road.within(model::limits::request));
  if (!found) return said(found.error());
  return found->product.empty() ? "it does not name the product" : "";
}

std::string validates(Road& road) {
  const auto found = road.router.validate(*road.registry, model::Depth::full,
                                          road.within(model::limits::validation));
  if (!found) return said(found.error());
  for (const auto& check : found->checks)
    if (check.state == model::CheckState::fail || check.state == model::CheckState::unknown)
      return check.name + " is " + std::string(model::to_string(check.state)) + ": " +
             check.message;
  return {};
}

std::string counts(Road& road) {
  const auto found = road.router.statistics(*road.registry, model::Level::normal,
                                            road.within(model::limits::statistics));
  if (!found) return said(found.error());
  if (found->measures.empty()) return "it has no number at all";
  return found->complete ? "" : "what it counted is not complete";
}

}  // namespace

std::vector<Check> registry_checks(const std::shared_ptr<Loaded>& loaded, const Target& target) {
  const auto make = [&](std::string name, std::string rule, std::string (*ask)(Road&),
                        std::chrono::milliseconds usual) {
    return Check{"registry",
                 std::move(name),
                 target.registry.type,
                 std::move(rule),
                 [loaded, target, ask] {
                   Road road(loaded->contract(), target);
                   return unless(ask(road));
                 },
                 target.timeout.value_or(usual) + std::chrono::seconds(5)};
  };
  return {
      make("registry-integration", "the registry at the address integrates", integrates,
           model::limits::request),
      make("registry-validation", "its diagnosis holds no fail and nothing unknown", validates,
           model::limits::validation),
      make("registry-statistics", "its numbers are complete", counts, model::limits::statistics)};
}

}  // namespace portolan::cli::check
