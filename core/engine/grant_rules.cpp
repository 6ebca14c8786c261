#include "engine/grant_rules.h"

#include <algorithm>

#include "base/json.h"
#include "base/url.h"
#include "engine/grants.h"
#include "store/registries.h"

namespace portolan::engine {

using base::Code;
using base::Error;
using base::Json;

bool has_extension(const Daemon& daemon, const std::string& type, std::string_view extension) {
  const plugin::Note::Type* known = daemon.plugins.type(type);
  return known && std::find(known->extensions.begin(), known->extensions.end(), extension) !=
                      known->extensions.end();
}

std::vector<model::SpaceRecord> guarded_spaces(store::Reader& reader,
                                               const model::RegistryRecord& registry,
                                               std::optional<Id> workspace) {
  std::set<Id> usable;
  for (const auto& space : model::usable_spaces(store::access_world(reader), workspace))
    if (space.registry == registry.id) usable.insert(space.space);
  auto spaces = store::spaces_of(reader, registry.id);
  std::erase_if(spaces, [&](const model::SpaceRecord& space) {
    return usable.count(space.id) == 0 || space.upstream_visibility == model::Visibility::open;
  });
  return spaces;
}

std::string robot_prefix(const Daemon& daemon) {
  return "portolan-" + daemon.store.installation() + "-";
}

std::string robot_prefix(const Daemon& daemon, Id registry, Id workspace, bool push) {
  return robot_prefix(daemon) + (push ? "push-r" : "r") + std::to_string(registry) + "-w" +
         std::to_string(workspace) + "-";
}

std::optional<model::RobotRecord> current_robot(store::Reader& reader, Id registry, Id workspace) {
  for (const model::RobotRecord& robot : store::robots(reader, registry, workspace))
    if (!robot.push && robot.retire_ms == 0) return robot;
  return {};
}

router::CallSettings upstream_call(const model::RegistryRecord& registry,
                                   const base::CancelToken& cancel) {
  router::CallSettings out;
  out.deadline = base::Deadline::in(registry.settings.timeouts.statistics, cancel);
  return out;
}

base::Result<void> sync_robots(store::Writer& writer, const JobRunner& jobs, Id registry,
                               Id workspace) {
  model::Job job;
  job.kind = "robot.sync";
  job.key = "registry:" + std::to_string(registry) + "/workspace:" + std::to_string(workspace);
  Json input = Json::object();
  input.set("registry", Json::integer(registry));
  input.set("workspace", Json::integer(workspace));
  job.input_json = base::to_text(input);
  job.registry = registry;
  job.workspace = workspace;
  // One that runs may have looked before this change.
  auto made = jobs.enqueue(writer, std::move(job), store::WhenRunning::again);
  if (!made) return made.error();
  return {};
}

Error no_space() { return {.code = Code::not_found, .message = "the space is not there any more"}; }

Error no_registry_of_grant() {
  return {.code = Code::not_found, .message = "the registry is not there any more"};
}

std::string pull_host_of(const model::RegistryRecord& registry) {
  if (!registry.pull_host.empty()) return registry.pull_host;
  if (registry.integration && !registry.integration->pull_host.empty())
    return registry.integration->pull_host;
  const auto url = base::parse_address(registry.settings.address);
  return url ? url->authority() : std::string();
}

}  // namespace portolan::engine
