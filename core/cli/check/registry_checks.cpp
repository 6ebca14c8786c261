#include "cli/check/road.h"
#include "model/outcome.h"

namespace portolan::cli::check {
namespace {

constexpr auto memory_patience = 3 * model::limits::statistics;

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

/// The numbers alone: when they were taken differs.
std::string shown(const std::vector<model::Measure>& measures) {
  std::string out;
  for (const auto& one : measures)
    out += one.name + " " + std::string(model::to_string(one.kind)) + " " +
           std::string(model::to_string(one.state)) + " " + std::to_string(one.value) + "\n";
  return out;
}

std::string shown(const model::Statistics& statistics) {
  std::string out = shown(statistics.measures);
  for (const auto& space : statistics.spaces) out += space.name + "\n" + shown(space.measures);
  return out;
}

/// Deep collections with nothing to recall, with what that one remembered, and with nothing again:
/// the last one tells a registry that is just changing from notes that are believed too long.
std::string counts_from_memory(Road& road) {
  auto settings = road.within(memory_patience);
  std::string problem;
  const auto collect = [&](model::Memory& memory) -> std::string {
    settings.memory = &memory;
    const auto found = road.router.statistics(*road.registry, model::Level::deep, settings);
    if (!found) problem = said(found.error());
    return found ? shown(*found) : std::string();
  };
  model::Memory first, second, third;
  const std::string before = collect(first);
  if (!problem.empty() || first.remembered.empty())
    return problem;  // It may have no use for notes.
  second.recalled = std::move(first.remembered);
  const std::string recalled = collect(second), after = collect(third);
  if (!problem.empty()) return problem;
  const bool is_true = recalled == before || recalled == after || before != after;
  return is_true ? "" : "with notes to recall it gave other numbers than without";
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
      make("registry-statistics", "its numbers are complete", counts, model::limits::statistics),
      make("registry-memory", "what it recalls gives the numbers that the registry gives",
           counts_from_memory, memory_patience)};
}

}  // namespace portolan::cli::check
