#include "router/harvest.h"

#include <algorithm>
#include <array>

namespace portolan::router {
namespace {

/// The standard measures of the registry that were not reached: never a silent gap.
void cut_what_is_missing(model::Statistics& statistics, const base::Error& error) {
  constexpr std::array<std::string_view, 9> names = {"spaces",
                                                     "spaces_public",
                                                     "spaces_private",
                                                     "repositories",
                                                     "repositories_public",
                                                     "repositories_private",
                                                     "artifacts",
                                                     "tags",
                                                     "storage_bytes"};
  for (const std::string_view name : names) {
    const bool there =
        std::any_of(statistics.measures.begin(), statistics.measures.end(),
                    [&](const model::Measure& measure) { return measure.name == name; });
    if (there) continue;
    model::Measure measure;
    measure.name = name;
    measure.unit = name == "storage_bytes" ? "bytes" : "count";
    measure.hint = "not reached: " + error.message;
    measure.cut = true;
    statistics.measures.push_back(std::move(measure));
  }
}

bool is_whole(const std::vector<model::Measure>& measures) {
  return std::none_of(measures.begin(), measures.end(), [](const model::Measure& measure) {
    return measure.state == model::MeasureState::partial || measure.cut;
  });
}

bool is_complete(const model::Statistics& statistics) {
  return is_whole(statistics.measures) &&
         std::all_of(statistics.spaces.begin(), statistics.spaces.end(),
                     [](const model::SpaceMeasures& space) { return is_whole(space.measures); });
}

}  // namespace

bool Harvest::empty() const {
  const base::Lock lock(mutex_);
  return statistics_.measures.empty() && statistics_.spaces.empty();
}

bool Harvest::add(std::vector<model::FoundMeasure>&& batch) {
  const base::Lock lock(mutex_);
  if (ended_) return false;
  for (model::FoundMeasure& found : batch) {
    if (found.space.empty()) {
      statistics_.measures.push_back(std::move(found.measure));
      continue;
    }
    const auto [row, fresh] = rows_.emplace(found.space, statistics_.spaces.size());
    if (fresh) statistics_.spaces.push_back({std::move(found.space), found.visibility, {}});
    statistics_.spaces[row->second].measures.push_back(std::move(found.measure));
  }
  return true;
}

model::Statistics Harvest::end(const base::Error* cut) {
  const base::Lock lock(mutex_);
  ended_ = true;
  if (cut) cut_what_is_missing(statistics_, *cut);
  statistics_.complete = is_complete(statistics_);
  return std::move(statistics_);
}

}  // namespace portolan::router
