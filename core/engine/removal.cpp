/// Removing registries and workspaces: what is in the way, and taking it away.
#include <algorithm>

#include "base/json.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "engine/jobs.h"
#include "model/json.h"
#include "store/catalogue.h"
#include "store/registries.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;
using Robots = std::vector<model::RobotRecord>;

constexpr std::int64_t day_ms = 86'400'000;

/// What is removed: a workspace with its own registries, or one registry.
struct Target {
  std::optional<model::Workspace> workspace{};
  std::vector<model::RegistryRecord> registries{};

  bool is_gone() const { return !workspace && registries.empty(); }
  std::int64_t revision() const {
    return (workspace ? workspace->provenance : registries.front().provenance).revision;
  }
  std::string name() const {
    return workspace ? "the workspace " + workspace->name
                     : "the registry " + registries.front().identity();
  }
};

Target workspace_of(store::Reader& reader, Id workspace) {
  Target target;
  target.workspace = store::find_workspace(reader, workspace);
  for (const Id id : store::registry_ids(reader)) {
    auto record = store::find_registry(reader, id);
    if (record && record->workspace == workspace) target.registries.push_back(*std::move(record));
  }
  return target;
}

Target registry_of(store::Reader& reader, Id registry) {
  Target target;
  if (auto record = store::find_registry(reader, registry))
    target.registries.push_back(*std::move(record));
  return target;
}

std::vector<model::Binding> bindings_of(store::Reader& reader, const Target& target) {
  if (target.workspace)
    return store::bindings(reader,
                           {.space = {}, .workspace = target.workspace->id, .registry = {}});
  return store::bindings(reader,
                         {.space = {}, .workspace = {}, .registry = target.registries.front().id});
}

Robots robots_of(store::Reader& reader, const Target& target) {
  // Robots of a workspace's own registries are the workspace's: nobody else uses those.
  if (target.workspace) return store::robots(reader, {}, target.workspace->id);
  return store::robots(reader, target.registries.front().id, {});
}

/// "registry team/own; binding one/lib to team; robot robot$portolan-..."
std::string obstacles(store::Reader& reader, const Target& target) {
  std::string text;
  const auto add = [&](const std::string& one) { text += (text.empty() ? "" : "; ") + one; };
  if (target.workspace)
    for (const model::RegistryRecord& registry : target.registries)
      add("registry " + registry.identity());
  for (const model::Binding& binding : bindings_of(reader, target)) {
    const auto registry = store::find_registry(reader, binding.registry);
    add("binding " + (registry ? registry->identity() + "/" : "") + binding.space_name + " to " +
        binding.workspace_name);
  }
  for (const model::RobotRecord& robot : robots_of(reader, target)) add("robot " + robot.username);
  return text;
}

/// Takes the rows away, the secret of a registry with them. Bindings and robots have gone.
base::Result<void> drop(store::Writer& writer, const Target& target, const Act& act,
                        const std::string& output_json) {
  for (const model::RegistryRecord& registry : target.registries) {
    auto told = note(writer, act, "registry.delete", registry.identity(), "", output_json);
    if (!told) return told;
    model::Event event;
    event.kind = "registry.removed";
    event.registry = registry.id;
    event.workspace = registry.workspace;
    event.subject = registry.identity();
    event.data_json = "{}";
    store::add_event(writer, std::move(event));
    if (auto gone = store::delete_registry(writer, registry.id); !gone) return gone;
  }
  if (!target.workspace) return {};
  auto told = note(writer, act, "workspace.delete", target.workspace->name, "", output_json);
  if (!told) return told;
  return store::delete_workspace(writer, target.workspace->id, 0);
}

/// One run of a removal's job: robots first, the rows (and the secret) last. A registry that does
/// not answer holds up the end, not the robots of the others.
class Removal {
 public:
  Removal(const Daemon& daemon, Fleet& fleet, const JobRunner& jobs, const JobContext& context)
      : daemon_(daemon), fleet_(fleet), jobs_(jobs), context_(context) {}

  base::Result<std::string> run(Target (*find)(store::Reader&, Id)) {
    const auto input = base::parse_json(context_.job.input_json);
    if (!input) return input.error();
    const Id id = input->find("id")->as_integer().value_or(0);
    abandon_ = input->find("abandon")->as_bool().value_or(false);
    auto robots = daemon_.store.read<Robots>([&](store::Reader& reader) -> base::Result<Robots> {
      const Target target = find(reader, id);
      return target.is_gone() ? Robots() : robots_of(reader, target);
    });
    if (!robots) return robots.error();
    end(*robots);
    if (context_.cancel.cancelled())  // Then nothing is known of a registry that did not answer.
      return Error{Code::cancelled, "the daemon stopped while robots were revoked"};
    if (!why_.empty() && !abandon_) return waits();
    auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      const Target target = find(writer, id);
      return target.is_gone() ? base::Result<void>() : drop_all(writer, target);
    });
    if (!written) return written.error();
    return output();
  }

 private:
  void end(const Robots& robots) {
    std::set<Id> dead;
    for (const model::RobotRecord& robot : robots) {
      if (dead.count(robot.registry) != 0) {
        left_.push_back(robot);
        continue;
      }
      auto live = reach(fleet_, robot.registry);
      const bool reached = live.has_value();
      const auto gone = reached ? end_robot(daemon_, *live, robot, context_.cancel)
                                : base::Result<void>(live.error());
      if (gone) continue;
      const Error& error = gone.error();
      if (!reached || error.code == Code::unreachable || error.code == Code::timeout)
        dead.insert(robot.registry);
      left_.push_back(robot);
      why_.emplace(robot.registry, error);
    }
  }

  /// What the job shows until it is tried again.
  Error waits() const {
    Error error = why_.begin()->second;
    std::string text = "robots are still to be revoked";
    for (const auto& [registry, reason] : why_) {
      const Id id = registry;  // Lambdas take no part of a structured binding.
      const auto known = daemon_.store.read<std::string>([&](store::Reader& reader) {
        const auto record = store::find_registry(reader, id);
        return base::Result(record ? record->identity() : "a registry");
      });
      const auto count = std::count_if(left_.begin(), left_.end(),
                                       [&](const auto& robot) { return robot.registry == id; });
      text += "; " + std::to_string(count) + " at " + (known ? *known : "a registry") + ": " +
              reason.message;
    }
    error.message = std::move(text);
    error.hint =
        "It is tried again. Where a registry is dead, remove with abandon: its robots are "
        "left there, and listed.";
    if (context_.job.attempt == 1)
      daemon_.say(PORTOLAN_LOG_WARN, context_.job.kind + ": " + error.message);
    return error;
  }

  base::Result<void> drop_all(store::Writer& writer, const Target& target) {
    for (const model::RobotRecord& robot : robots_of(writer, target)) {
      const bool known = std::any_of(left_.begin(), left_.end(),
                                     [&](const auto& one) { return one.id == robot.id; });
      if (!known) return Error{Code::unavailable, "a robot was issued meanwhile"};
      if (auto gone = store::delete_robot(writer, robot.id); !gone) return gone;
      // Should the registry come back, what no row knows is ended there.
      const auto due =
          sweep_later(writer, jobs_, robot.registry, daemon_.store.now() + day_ms, "{}");
      if (!due) return due;
    }
    for (const model::Binding& binding : bindings_of(writer, target))
      if (auto gone = store::delete_binding(writer, binding.id); !gone) return gone;
    return drop(writer, target, act_of(context_.job), output());
  }

  std::string output() const {
    std::vector<std::string> names;
    for (const model::RobotRecord& robot : left_) names.push_back(robot.username);
    Json out = Json::object();
    out.set("robots_left", model::texts(names));
    return base::to_text(out);
  }

  const Daemon& daemon_;
  Fleet& fleet_;
  const JobRunner& jobs_;
  const JobContext& context_;
  bool abandon_ = false;
  Robots left_;
  std::map<Id, Error> why_;  // By registry, the first.
};

/// A removal that waits for a dead registry becomes the one that does not.
base::Result<void> cancel_waiting(store::Writer& writer, const std::string& kind,
                                  const std::string& key) {
  store::JobFilter filter;
  filter.kind = kind;
  filter.state = model::JobState::queued;
  for (const model::Job& job : store::list_jobs(writer, {.limit = 500}, filter).rows)
    if (job.key == key) return store::cancel_job(writer, job.id);
  return {};
}

/// Now, where nothing is in the way; by a job that is answered; or conflict.
base::Result<std::optional<model::Job>> remove(store::Writer& writer, const JobRunner& jobs,
                                               const Target& target, Grants::Way way,
                                               const Act& act) {
  const std::string in_the_way = obstacles(writer, target);
  if (in_the_way.empty()) {
    if (auto gone = drop(writer, target, act, ""); !gone) return gone.error();
    return std::optional<model::Job>();
  }
  if (way == Grants::Way::careful)
    return Error{.code = Code::conflict,
                 .message = target.name() + " is in use: " + in_the_way,
                 .hint =
                     "Take these away first, or remove with cascade; where a registry is dead, "
                     "with abandon."};
  // No namespace may use it from now on, whatever the job still has to do.
  for (const model::Binding& binding : bindings_of(writer, target)) {
    auto gone = store::set_revoke_pending(writer, binding.id, target.name() + " is being removed");
    if (!gone) return gone.error();
  }
  model::Job job;
  job.kind = target.workspace ? "workspace.remove" : "registry.remove";
  if (target.workspace) {
    job.workspace = target.workspace->id;
  } else {
    job.registry = target.registries.front().id;
    job.workspace = target.registries.front().workspace;
  }
  const Id id = target.workspace ? *job.workspace : *job.registry;
  const bool abandon = way == Grants::Way::abandon;
  job.key = (abandon ? "abandon:" : "") + std::to_string(id);
  if (abandon)
    if (auto gone = cancel_waiting(writer, job.kind, std::to_string(id)); !gone)
      return gone.error();
  Json input = Json::object();
  input.set("id", Json::integer(id));
  input.set("abandon", Json::boolean(abandon));
  job.input_json = base::to_text(input);
  job.created_by = act.actor;
  auto made = jobs.enqueue(writer, std::move(job));
  if (!made) return made.error();
  return std::optional<model::Job>(*std::move(made));
}

}  // namespace

base::Result<std::optional<model::Job>> Grants::remove_registry(Id registry, Way way,
                                                                std::int64_t if_revision,
                                                                const Act& act) {
  std::optional<model::Job> job;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const Target target = registry_of(writer, registry);
    if (target.is_gone()) return no_registry_of_grant();
    if (auto same = store::same_revision(target.revision(), if_revision); !same) return same;
    auto done = remove(writer, jobs_, target, way, act);
    if (!done) return done.error();
    job = *std::move(done);
    return {};
  });
  if (!written) return written.error();
  return job;
}

base::Result<std::optional<model::Job>> Grants::remove_workspace(Id workspace, Way way,
                                                                 std::int64_t if_revision,
                                                                 const Act& act) {
  std::optional<model::Job> job;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const Target target = workspace_of(writer, workspace);
    if (!target.workspace)
      return Error{.code = Code::not_found, .message = "the workspace is not there any more"};
    if (auto same = store::same_revision(target.revision(), if_revision); !same) return same;
    auto done = remove(writer, jobs_, target, way, act);
    if (!done) return done.error();
    job = *std::move(done);
    return {};
  });
  if (!written) return written.error();
  return job;
}

void Grants::add_removal_jobs() {
  const auto add = [this](const char* name, Target (*find)(store::Reader&, Id)) {
    JobKind kind;
    kind.name = name;
    kind.body = [this, find](JobContext& context) {
      return Removal(daemon_, fleet_, jobs_, context).run(find);
    };
    jobs_.add(std::move(kind));
  };
  add("registry.remove", registry_of);
  add("workspace.remove", workspace_of);
}

Grants::Grants(const Daemon& daemon, Fleet& fleet, JobRunner& jobs)
    : daemon_(daemon), fleet_(fleet), jobs_(jobs) {
  add_space_jobs();
  add_sync_job();
  add_push_jobs();
  add_removal_jobs();
}

}  // namespace portolan::engine
