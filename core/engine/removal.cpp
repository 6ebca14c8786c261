/// Removing registries and workspaces: what is in the way, and taking it away.
#include <algorithm>

#include "base/json.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "store/registries.h"
#include "store/tenants.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;

std::vector<Grants::Obstacle> obstacles_of_registry(store::Reader& reader, Id registry) {
  std::vector<Grants::Obstacle> out;
  for (const model::Binding& binding :
       store::bindings(reader, {.space = {}, .workspace = {}, .registry = registry}))
    out.push_back({"binding", binding.space_name + " to " + binding.workspace_name});
  for (const model::RobotRecord& robot : store::robots(reader, registry, {}))
    out.push_back({"robot", robot.username});
  return out;
}

std::vector<model::RegistryRecord> own_registries(store::Reader& reader, Id workspace) {
  std::vector<model::RegistryRecord> out;
  for (const Id id : store::registry_ids(reader)) {
    auto record = store::find_registry(reader, id);
    if (record && record->workspace == workspace) out.push_back(*std::move(record));
  }
  return out;
}

std::vector<Grants::Obstacle> obstacles_of_workspace(store::Reader& reader, Id workspace) {
  std::vector<Grants::Obstacle> out;
  for (const model::RegistryRecord& registry : own_registries(reader, workspace))
    out.push_back({"registry", registry.identity()});
  for (const model::Binding& binding :
       store::bindings(reader, {.space = {}, .workspace = workspace, .registry = {}})) {
    const auto registry = store::find_registry(reader, binding.registry);
    out.push_back({"binding", (registry ? registry->identity() + "/" : "") + binding.space_name});
  }
  return out;
}

Error in_the_way(const std::string& what, const std::vector<Grants::Obstacle>& obstacles,
                 std::string hint) {
  std::string message = what + " is in use:";
  for (const Grants::Obstacle& one : obstacles)
    message += " " + one.kind + " " + one.identity + ";";
  message.pop_back();
  return {.code = Code::conflict, .message = std::move(message), .hint = std::move(hint)};
}

model::Event removed(const model::RegistryRecord& registry) {
  model::Event event;
  event.kind = "registry.removed";
  event.registry = registry.id;
  event.workspace = registry.workspace;
  event.subject = registry.identity();
  event.data_json = "{}";
  return event;
}

base::Result<std::vector<model::RobotRecord>> robots_of(const Daemon& daemon,
                                                        std::optional<Id> registry,
                                                        std::optional<Id> workspace) {
  return daemon.store.read<std::vector<model::RobotRecord>>([&](store::Reader& reader) {
    return base::Result(store::robots(reader, registry, workspace));
  });
}

/// Ends them upstream, each at its registry, then their rows.
base::Result<void> end_robots(const Daemon& daemon, Fleet& fleet,
                              const std::vector<model::RobotRecord>& robots,
                              const base::CancelToken& cancel) {
  for (const model::RobotRecord& robot : robots) {
    auto live = reach(fleet, robot.registry);
    if (!live) return live.error();
    if (auto gone = end_robot(daemon, *live, robot, cancel); !gone) return gone;
  }
  return {};
}

Error issued_meanwhile() {
  return {.code = Code::unavailable, .message = "a robot was issued meanwhile"};
}

/// Robots first, the row (and the secret) last. What was abandoned is listed.
base::Result<std::string> remove_registry_now(const Daemon& daemon, Fleet& fleet, Id registry,
                                              bool abandon, const JobContext& context) {
  auto robots = robots_of(daemon, registry, {});
  if (!robots) return robots.error();
  Json left = Json::array();
  if (abandon) {
    for (const model::RobotRecord& robot : *robots) left.push(Json::string(robot.username));
  } else if (auto ended = end_robots(daemon, fleet, *robots, context.cancel); !ended) {
    return ended.error();
  }
  Json out = Json::object();
  out.set("robots_left", std::move(left));
  const std::string output = base::to_text(out);
  auto written = daemon.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_registry(writer, registry);
    if (!record) return {};
    if (!abandon && !store::robots(writer, registry, {}).empty()) return issued_meanwhile();
    auto told =
        note(writer, act_of(context.job), "registry.delete", record->identity(), "", output);
    if (!told) return told;
    store::add_event(writer, removed(*record));
    return store::delete_registry(writer, registry);
  });
  if (!written) return written.error();
  return output;
}

model::Job removal_job(const char* kind, Id id, bool abandon, const Act& act) {
  model::Job job;
  job.kind = kind;
  // To abandon does not join a removal that waits for a dead registry.
  job.key = (abandon ? "abandon:" : "") + std::to_string(id);
  Json input = Json::object();
  input.set("id", Json::integer(id));
  input.set("abandon", Json::boolean(abandon));
  job.input_json = base::to_text(input);
  job.created_by = act.actor;
  return job;
}

}  // namespace

std::vector<Grants::Obstacle> Grants::in_the_way_of_registry(Id registry) const {
  auto read = daemon_.store.read<std::vector<Obstacle>>(
      [&](store::Reader& reader) { return base::Result(obstacles_of_registry(reader, registry)); });
  return read ? *std::move(read) : std::vector<Obstacle>();
}

std::vector<Grants::Obstacle> Grants::in_the_way_of_workspace(Id workspace) const {
  auto read = daemon_.store.read<std::vector<Obstacle>>([&](store::Reader& reader) {
    return base::Result(obstacles_of_workspace(reader, workspace));
  });
  return read ? *std::move(read) : std::vector<Obstacle>();
}

base::Result<std::optional<model::Job>> Grants::remove_registry(Id registry, bool cascade,
                                                                bool abandon, const Act& act) {
  std::optional<model::Job> job;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_registry(writer, registry);
    if (!record) return no_registry_of_grant();
    const auto obstacles = obstacles_of_registry(writer, registry);
    if (obstacles.empty()) {
      if (auto told = note(writer, act, "registry.delete", record->identity(), "", ""); !told)
        return told;
      store::add_event(writer, removed(*record));
      return store::delete_registry(writer, registry);
    }
    if (!cascade && !abandon)
      return in_the_way("the registry " + record->identity(), obstacles,
                        "Unbind first, or remove it with cascade; of a dead registry, abandon.");
    // No namespace may use it from now on, whatever the job still has to do.
    for (const model::Binding& binding :
         store::bindings(writer, {.space = {}, .workspace = {}, .registry = registry}))
      if (auto gone =
              store::set_revoke_pending(writer, binding.id, "the registry is being removed");
          !gone)
        return gone;
    auto made = jobs_.enqueue(writer, removal_job("registry.remove", registry, abandon, act));
    if (!made) return made.error();
    job = *std::move(made);
    return {};
  });
  if (!written) return written.error();
  return job;
}

base::Result<std::optional<model::Job>> Grants::remove_workspace(Id workspace, bool cascade,
                                                                 const Act& act) {
  std::optional<model::Job> job;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_workspace(writer, workspace);
    if (!record)
      return Error{.code = Code::not_found, .message = "the workspace is not there any more"};
    const auto obstacles = obstacles_of_workspace(writer, workspace);
    if (obstacles.empty() && store::robots(writer, {}, workspace).empty()) {
      if (auto told = note(writer, act, "workspace.delete", record->name, "", ""); !told)
        return told;
      return store::delete_workspace(writer, workspace, 0);
    }
    if (!cascade && !obstacles.empty())
      return in_the_way("the workspace " + record->name, obstacles,
                        "Remove its registries and bindings first, or remove it with cascade.");
    for (const model::Binding& binding :
         store::bindings(writer, {.space = {}, .workspace = workspace, .registry = {}}))
      if (auto gone =
              store::set_revoke_pending(writer, binding.id, "the workspace is being removed");
          !gone)
        return gone;
    auto made = jobs_.enqueue(writer, removal_job("workspace.remove", workspace, false, act));
    if (!made) return made.error();
    job = *std::move(made);
    return {};
  });
  if (!written) return written.error();
  return job;
}

void Grants::add_removal_jobs() {
  JobKind registry;
  registry.name = "registry.remove";
  registry.body = [this](JobContext& context) -> base::Result<std::string> {
    const auto input = base::parse_json(context.job.input_json);
    if (!input) return input.error();
    return remove_registry_now(daemon_, fleet_, input->find("id")->as_integer().value_or(0),
                               input->find("abandon")->as_bool().value_or(false), context);
  };
  jobs_.add(std::move(registry));

  JobKind workspace;
  workspace.name = "workspace.remove";
  workspace.body = [this](JobContext& context) -> base::Result<std::string> {
    const auto input = base::parse_json(context.job.input_json);
    if (!input) return input.error();
    return remove_workspace_now(input->find("id")->as_integer().value_or(0), context);
  };
  jobs_.add(std::move(workspace));
}

base::Result<std::string> Grants::remove_workspace_now(Id workspace, JobContext& context) {
  auto registries = daemon_.store.read<std::vector<model::RegistryRecord>>(
      [&](store::Reader& reader) { return base::Result(own_registries(reader, workspace)); });
  if (!registries) return registries.error();
  for (const model::RegistryRecord& registry : *registries) {
    auto gone = remove_registry_now(daemon_, fleet_, registry.id, false, context);
    if (!gone) return gone;
  }
  auto robots = robots_of(daemon_, {}, workspace);
  if (!robots) return robots.error();
  if (auto ended = end_robots(daemon_, fleet_, *robots, context.cancel); !ended)
    return ended.error();
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_workspace(writer, workspace);
    if (!record) return {};
    if (!store::robots(writer, {}, workspace).empty()) return issued_meanwhile();
    for (const model::Binding& binding :
         store::bindings(writer, {.space = {}, .workspace = workspace, .registry = {}}))
      if (auto gone = store::delete_binding(writer, binding.id); !gone) return gone;
    if (auto told = note(writer, act_of(context.job), "workspace.delete", record->name, "", "");
        !told)
      return told;
    return store::delete_workspace(writer, workspace, 0);
  });
  if (!written) return written.error();
  return std::string("{}");
}

Grants::Grants(const Daemon& daemon, Fleet& fleet, JobRunner& jobs)
    : daemon_(daemon), fleet_(fleet), jobs_(jobs) {
  add_space_jobs();
  add_sync_job();
  add_push_jobs();
  add_removal_jobs();
}

}  // namespace portolan::engine
