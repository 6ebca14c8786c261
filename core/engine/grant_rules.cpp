#include "engine/grant_rules.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/url.h"
#include "engine/grants.h"
#include "engine/jobs.h"
#include "model/usable.h"
#include "plugin/plugin_set.h"
#include "router/router.h"
#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {

using base::Code;
using base::Error;

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

bool may_push(store::Reader& reader, Id space, Id workspace) {
  for (const model::UsableSpace& usable :
       model::usable_spaces(store::access_world(reader), workspace))
    if (usable.space == space) return usable.push;
  return false;
}

std::string space_key(Id space) { return "space:" + std::to_string(space); }

base::Result<void> not_under_way(store::Reader& reader, const std::string& kind,
                                 const model::SpaceRecord& space) {
  const auto job = store::live_job(reader, kind, space_key(space.id));
  if (!job) return {};
  const std::string number = std::to_string(job->id);
  return Error{.code = Code::conflict,
               .message = "the space " + space.name + " is still being " +
                          (kind == "space.create" ? "made" : "deleted") + ", by job " + number,
               .hint = "Wait for it, or end it: portolan job cancel " + number + "."};
}

std::string robot_prefix(const Daemon& daemon, Id registry, bool push) {
  return "portolan-" + daemon.store.installation() + (push ? "-push-r" : "-r") +
         std::to_string(registry) + "-";
}

std::string robot_prefix(const Daemon& daemon, Id registry, Id workspace, bool push) {
  return robot_prefix(daemon, registry, push) + "w" + std::to_string(workspace) + "-";
}

std::string robot_name(const Daemon& daemon, Id registry, Id workspace, bool push) {
  return robot_prefix(daemon, registry, workspace, push) + base::hex(base::random_bytes(4));
}

std::optional<model::RobotRecord> current_robot(store::Reader& reader, Id registry, Id workspace,
                                                std::int64_t now) {
  std::optional<model::RobotRecord> found;
  for (const model::RobotRecord& robot : store::robots(reader, registry, workspace)) {
    const bool over = robot.push || robot.reconcile ||
                      (robot.retire_ms != 0 && robot.retire_ms <= now) ||
                      (robot.expires_ms != 0 && robot.expires_ms <= now);
    if (!over && (!found || found->retire_ms != 0)) found = robot;
  }
  return found;
}

base::Result<Fleet::Live> reach(Fleet& fleet, Id registry) {
  auto live = fleet.trusted(registry);
  if (live && live->record.paused)
    return Error{.code = Code::unavailable,
                 .message = "the registry is paused: nothing is sent to it",
                 .hint = "Resume it; what waits is done then."};
  return live;
}

router::CallSettings upstream_call(const model::RegistryRecord& registry,
                                   const base::CancelToken& cancel) {
  router::CallSettings out;
  out.deadline = base::Deadline::in(registry.settings.timeouts.statistics, cancel);
  return out;
}

base::Result<void> end_robot(const Daemon& daemon, const Fleet::Live& live,
                             const model::RobotRecord& robot, const base::CancelToken& cancel) {
  bool is_ours = true;
  if (robot.reconcile) {
    // Whatever installation made it, the prefix of its name is this program's.
    auto upstream =
        daemon.router.list_robots(*live.registry, "portolan-", upstream_call(live.record, cancel));
    if (!upstream) return upstream.error();
    is_ours = std::any_of(upstream->begin(), upstream->end(), [&](const model::Robot& one) {
      return one.id == robot.upstream_id && one.username == robot.username;
    });
  }
  if (is_ours) {
    auto gone = daemon.router.revoke_robot(*live.registry, robot.upstream_id,
                                           upstream_call(live.record, cancel));
    if (!gone) return gone;
  }
  return daemon.store.write([&](store::Writer& writer) -> base::Result<void> {
    auto gone = store::delete_robot(writer, robot.id);
    // Another job was faster.
    if (!gone && gone.error().code != Code::not_found) return gone;
    return {};
  });
}

base::Result<void> sync_robots(store::Writer& writer, const JobRunner& jobs, Id registry,
                               Id workspace, const std::string& actor) {
  model::Job job;
  job.kind = "robot.sync";
  job.key = "registry:" + std::to_string(registry) + "/workspace:" + std::to_string(workspace);
  job.registry = registry;
  job.workspace = workspace;
  job.created_by = actor;
  // One that runs may have looked before this change.
  auto made = jobs.enqueue(writer, std::move(job), store::WhenRunning::again);
  if (!made) return made.error();
  return {};
}

base::Result<void> sync_registry(store::Writer& writer, const Daemon& daemon, const JobRunner& jobs,
                                 Id registry, const std::string& actor) {
  std::set<Id> workspaces;
  for (const model::RobotRecord& robot : store::robots(writer, registry, {}))
    workspaces.insert(robot.workspace);
  const auto record = store::find_registry(writer, registry);
  if (record && has_extension(daemon, record->settings.type, robots_extension))
    for (const model::Binding& binding :
         store::bindings(writer, {.space = {}, .workspace = {}, .registry = registry}))
      workspaces.insert(binding.workspace);
  for (const Id workspace : workspaces)
    if (auto due = sync_robots(writer, jobs, registry, workspace, actor); !due) return due;
  return {};
}

base::Result<void> sweep_later(store::Writer& writer, const JobRunner& jobs, Id registry,
                               std::int64_t at_ms, std::string input_json) {
  model::Job job;
  job.kind = "robot.sweep";
  job.key = "registry:" + std::to_string(registry);
  job.input_json = std::move(input_json);
  job.run_at_ms = at_ms;
  job.registry = registry;
  job.created_by = "portolan";
  auto made = jobs.enqueue(writer, std::move(job), store::WhenRunning::again);
  if (!made) return made.error();
  return {};
}

Act act_of(const model::Job& job) {
  Act act;
  act.actor = job.created_by;
  return act;
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
