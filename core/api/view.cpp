#include "api/view.h"

#include <algorithm>
#include <set>

#include "store/catalogue.h"

namespace portolan::api {

bool View::sees_registry(const model::RegistryRecord& registry) const {
  return everything || std::binary_search(registries.begin(), registries.end(), registry.id);
}

bool View::sees_space(model::Id space) const {
  return everything || std::binary_search(spaces.begin(), spaces.end(), space);
}

bool View::sees_workspace(model::Id workspace) const {
  return everything || std::binary_search(workspaces.begin(), workspaces.end(), workspace);
}

View view_of(store::Reader& reader, const model::Principal& who) {
  View view;
  view.everything = (who.admin || who.auditor) && !who.only_workspace;
  if (view.everything) return view;
  for (const auto& [workspace, role] : who.workspaces)
    if (!who.only_workspace || *who.only_workspace == workspace)
      view.workspaces.push_back(workspace);
  const model::AccessWorld& world = store::access_world(reader);
  std::set<model::Id> registries;
  for (const model::AccessWorld::Registry& registry : world.registries)
    if (registry.workspace &&
        std::binary_search(view.workspaces.begin(), view.workspaces.end(), *registry.workspace))
      registries.insert(registry.id);
  for (const model::UsableSpace& usable : model::usable_spaces(world, who)) {
    view.spaces.push_back(usable.space);
    registries.insert(usable.registry);
  }
  std::sort(view.spaces.begin(), view.spaces.end());
  view.registries.assign(registries.begin(), registries.end());
  return view;
}

}  // namespace portolan::api
