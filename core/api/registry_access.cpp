#include "api/registry_access.h"

#include <algorithm>
#include <set>

#include "api/represent.h"
#include "api/resources.h"
#include "store/catalogue.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::api {

using model::Action;

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

std::vector<Place> scope_places(const std::string& tag) {
  return {{.tag = tag},
          {.tag = tag,
           .path = "/workspaces/{workspace}",
           .scope = "Workspace",
           .parameters = {workspace_parameter()}}};
}

std::vector<Place> registry_places(const std::string& tag) {
  std::vector<Place> places = scope_places(tag);
  for (Place& place : places) {
    place.path += "/registries/{registry}";
    place.parameters.push_back(registry_parameter());
  }
  return places;
}

base::Result<std::optional<model::Workspace>> workspace_in_path(const Resources& resources,
                                                                const Call& call) {
  const std::string& name = call.in_path("workspace");
  if (name.empty()) return std::optional<model::Workspace>();
  auto found = workspace_for(resources, call, Action::workspace_read, name);
  if (!found) return found.error();
  return std::optional<model::Workspace>(*std::move(found));
}

base::Result<Seen> registry_in_path(const Resources& resources, const Call& call, Action action) {
  auto workspace = workspace_in_path(resources, call);
  if (!workspace) return workspace.error();
  const model::Principal& who = call.caller->principal;
  const std::string& name = call.in_path("registry");
  const auto owner = *workspace ? std::optional<model::Id>((*workspace)->id) : std::nullopt;
  auto seen = resources.daemon.store.read<Seen>([&](store::Reader& reader) -> base::Result<Seen> {
    auto found = store::find_registry(reader, owner, name);
    Seen out;
    out.view = view_of(reader, who);
    if (!found || !out.view.sees_registry(*found)) return no_such("registry", name);
    out.row.record = *std::move(found);
    out.row.health = store::health(reader, out.row.record.id);
    return out;
  });
  if (!seen) return seen;
  if (auto no = refuse(call, action, owner, Action::registry_read, "registry", name)) return *no;
  seen->inspect = model::may(who, Action::registry_inspect, owner);
  return seen;
}

std::optional<model::RegistryRecord> registry_named(store::Reader& reader,
                                                    const std::string& identity) {
  const std::size_t slash = identity.find('/');
  if (slash == std::string::npos) return store::find_registry(reader, {}, identity);
  const auto workspace = store::find_workspace(reader, identity.substr(0, slash));
  if (!workspace) return {};
  return store::find_registry(reader, workspace->id, identity.substr(slash + 1));
}

std::string path_of(const model::RegistryRecord& registry) {
  const std::string scope =
      registry.workspace ? "/workspaces/" + percent_encode(registry.workspace_name) : std::string();
  return "/api/v1" + scope + "/registries/" + percent_encode(registry.settings.name);
}

engine::Grants::Way removal_way(const Call& call) {
  using Way = engine::Grants::Way;
  if (call.flag("abandon")) return Way::abandon;
  return call.flag("cascade") ? Way::cascade : Way::careful;
}

Answer job_started(const model::Job& job) {
  Answer answer = json_answer(job_json(job), 202);
  answer.headers.push_back({"Location", "/api/v1/jobs/" + std::to_string(job.id)});
  return answer;
}

}  // namespace portolan::api
