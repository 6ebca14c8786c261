#include "model/usable.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace portolan::model {
namespace {

/// What he who is a member of `workspaces` may use; everybody may use what is public.
std::vector<UsableSpace> usable_by_members(const AccessWorld& world,
                                           const std::set<Id>& workspaces) {
  std::unordered_map<Id, std::optional<Id>> owner_of;  // Registry → its workspace.
  owner_of.reserve(world.registries.size());
  for (const auto& registry : world.registries) owner_of.emplace(registry.id, registry.workspace);

  std::unordered_map<Id, bool> bound;  // Space → whether one of the bindings permits pushing.
  for (const auto& binding : world.bindings)
    if (workspaces.count(binding.workspace) != 0) bound[binding.space] |= binding.push;

  std::vector<UsableSpace> usable;
  for (const auto& space : world.spaces) {
    const auto owner = owner_of.find(space.registry);
    if (owner == owner_of.end()) continue;
    UsableSpace one{space.id, space.registry, {}, false};
    if (owner->second) {
      // A flag or a binding in a workspace's registry gives nobody anything: it is that
      // workspace's alone.
      if (workspaces.count(*owner->second) == 0) continue;
      one.reasons.push_back(Reason::own_registry);
      one.push = true;
    } else {
      if (space.is_public) one.reasons.push_back(Reason::public_space);
      const auto binding = bound.find(space.id);
      if (binding != bound.end()) {
        one.reasons.push_back(Reason::bound);
        one.push = binding->second;
      }
    }
    if (!one.reasons.empty()) usable.push_back(std::move(one));
  }
  return usable;
}

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::own_registry: return "own-registry";
    case Reason::public_space: return "public";
    case Reason::bound: return "bound";
  }
  return "bound";
}

std::vector<UsableSpace> usable_spaces(const AccessWorld& world, std::optional<Id> workspace) {
  return usable_by_members(world, workspace ? std::set<Id>{*workspace} : std::set<Id>{});
}

std::vector<UsableSpace> usable_spaces(const AccessWorld& world, const Principal& who) {
  std::set<Id> workspaces;
  for (const auto& [workspace, role] : who.workspaces)
    if (!who.only_workspace || *who.only_workspace == workspace) workspaces.insert(workspace);
  return usable_by_members(world, workspaces);
}

std::string space_of_repository(std::string_view repository,
                                const std::vector<std::string>& prefixes) {
  std::string_view best;
  for (const std::string& prefix : prefixes) {
    const bool fits = repository.substr(0, prefix.size()) == prefix &&
                      (repository.size() == prefix.size() || repository[prefix.size()] == '/');
    if (fits && prefix.size() > best.size()) best = prefix;
  }
  if (!best.empty()) return std::string(best);
  const std::size_t slash = repository.find('/');
  return slash == std::string_view::npos ? "_" : std::string(repository.substr(0, slash));
}

}  // namespace portolan::model
