/// Bindings, and the robots that make them true upstream.
#include <algorithm>

#include "base/crypto.h"
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

constexpr std::string_view still_valid =
    "credential still valid upstream; what was issued there lives up to 30 minutes more";

model::Event binding_event(const char* kind, const model::Binding& binding,
                           const model::RegistryRecord& registry) {
  Json data = Json::object();
  data.set("workspace", Json::string(binding.workspace_name));
  data.set("space", Json::string(binding.space_name));
  model::Event event;
  event.kind = kind;
  event.registry = registry.id;
  event.workspace = binding.workspace;
  event.space = binding.space;
  event.subject = registry.identity() + "/" + binding.space_name;
  event.data_json = base::to_text(data);
  return event;
}

/// One run of "robot.sync": upstream is asked, then made as it should be, then the rows follow.
class Sync {
 public:
  Sync(const Daemon& daemon, Fleet& fleet, JobRunner& jobs, JobContext& context)
      : daemon_(daemon), fleet_(fleet), jobs_(jobs), context_(context) {}

  base::Result<std::string> run() {
    const auto input = base::parse_json(context_.job.input_json);
    if (!input) return input.error();
    registry_ = input->find("registry")->as_integer().value_or(0);
    workspace_ = input->find("workspace")->as_integer().value_or(0);
    auto live = fleet_.trusted(registry_);
    if (!live) return live.error();
    live_ = *std::move(live);
    if (auto read = look(); !read) return read.error();
    if (auto swept = revoke_unknown(); !swept) return swept.error();
    if (auto made = wanted_.empty() ? revoke_all() : make_right(); !made) return made.error();
    if (auto done = settle(); !done) return done.error();
    return std::string("{}");
  }

 private:
  base::Result<void> look() {
    auto read = daemon_.store.read<int>([&](store::Reader& reader) -> base::Result<int> {
      wanted_ = guarded_spaces(reader, live_.record, workspace_);
      robots_ = store::robots(reader, registry_, workspace_);
      return 0;
    });
    if (!read) return read.error();
    std::erase_if(robots_, [](const model::RobotRecord& robot) { return robot.push; });
    return {};
  }

  /// A kill between the registry's answer and our row left a robot whose secret nobody has.
  base::Result<void> revoke_unknown() {
    const std::string prefix = robot_prefix(daemon_, registry_, workspace_, false);
    auto upstream = daemon_.router.list_robots(*live_.registry, prefix,
                                               upstream_call(live_.record, context_.cancel));
    if (!upstream) return upstream.error();
    for (const model::Robot& robot : *upstream) {
      const bool known = std::any_of(robots_.begin(), robots_.end(), [&](const auto& ours) {
        return ours.upstream_id == robot.id;
      });
      if (known) continue;
      if (auto gone = revoke(robot.id); !gone) return gone;
    }
    return {};
  }

  base::Result<void> revoke(const std::string& id) {
    return daemon_.router.revoke_robot(*live_.registry, id,
                                       upstream_call(live_.record, context_.cancel));
  }

  base::Result<void> revoke_row(const model::RobotRecord& robot) {
    if (auto gone = revoke(robot.upstream_id); !gone) return gone;
    return daemon_.store.write(
        [&](store::Writer& writer) { return store::delete_robot(writer, robot.id); });
  }

  base::Result<void> revoke_all() {
    for (const model::RobotRecord& robot : robots_)
      if (auto gone = revoke_row(robot); !gone) return gone;
    return {};
  }

  base::Result<void> make_right() {
    const std::int64_t now = daemon_.store.now();
    std::optional<model::RobotRecord> current;
    for (const model::RobotRecord& robot : robots_) {
      // After a restore nobody knows whose secret the row has: it is made anew.
      const bool over = robot.reconcile || (robot.retire_ms != 0 && robot.retire_ms <= now);
      if (over) {
        if (auto gone = revoke_row(robot); !gone) return gone;
      } else if (robot.retire_ms == 0) {
        current = robot;
      } else if (auto kept = rewrite(robot); !kept) {  // In its grace it may do the same.
        return kept;
      }
    }
    return current ? rewrite(*current) : issue();
  }

  std::vector<model::Grant> grants() const {
    std::vector<model::Grant> out;
    for (const model::SpaceRecord& space : wanted_) out.push_back({space.name, false});
    return out;
  }

  std::vector<Id> wanted_ids() const {
    std::vector<Id> out;
    for (const model::SpaceRecord& space : wanted_) out.push_back(space.id);
    return out;
  }

  base::Result<void> rewrite(model::RobotRecord robot) {
    if (robot.spaces == wanted_ids()) return {};
    auto done = daemon_.router.rewrite_robot(*live_.registry, robot.upstream_id, grants(),
                                             upstream_call(live_.record, context_.cancel));
    if (!done && done.error().code == Code::not_found) {  // Somebody deleted it upstream.
      auto gone = daemon_.store.write(
          [&](store::Writer& writer) { return store::delete_robot(writer, robot.id); });
      return gone ? issue() : gone;
    }
    if (!done) return done.error();
    robot.spaces = wanted_ids();
    return daemon_.store.write(
        [&](store::Writer& writer) { return store::update_robot(writer, robot); });
  }

  base::Result<void> issue() {
    const std::string name =
        robot_prefix(daemon_, registry_, workspace_, false) + base::hex(base::random_bytes(4));
    auto made = daemon_.router.issue_robot(*live_.registry, name, grants(), 0,
                                           upstream_call(live_.record, context_.cancel));
    if (!made) return made.error();
    model::RobotRecord robot;
    robot.registry = registry_;
    robot.workspace = workspace_;
    robot.upstream_id = made->id;
    robot.username = made->username;
    robot.created_ms = daemon_.store.now();
    robot.expires_ms = std::max<std::int64_t>(made->expires_ms, 0);
    robot.spaces = wanted_ids();
    return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      auto kept = store::insert_robot(writer, robot, made->secret);
      if (!kept) return kept.error();
      return {};
    });
  }

  /// Bindings that only waited for this are gone; a robot in its grace is looked at again.
  base::Result<void> settle() {
    return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      for (const model::Binding& binding :
           store::bindings(writer, {.space = {}, .workspace = workspace_, .registry = registry_}))
        if (!binding.revoke_pending.empty())
          if (auto gone = store::delete_binding(writer, binding.id); !gone) return gone;
      std::int64_t next = 0;
      for (const model::RobotRecord& robot : store::robots(writer, registry_, workspace_))
        if (!robot.push && robot.retire_ms != 0 && (next == 0 || robot.retire_ms < next))
          next = robot.retire_ms;
      if (next == 0) return {};
      model::Job later = context_.job;
      later.run_at_ms = next;
      auto made = jobs_.enqueue(writer, std::move(later), store::WhenRunning::again);
      if (!made) return made.error();
      return {};
    });
  }

  const Daemon& daemon_;
  Fleet& fleet_;
  JobRunner& jobs_;
  JobContext& context_;
  Id registry_ = 0, workspace_ = 0;
  Fleet::Live live_;
  std::vector<model::SpaceRecord> wanted_;
  std::vector<model::RobotRecord> robots_;
};

}  // namespace

base::Result<model::Binding> Grants::bind(Id space, Id workspace, bool push, const Act& act) {
  model::Binding binding;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto found = store::find_space(writer, space);
    if (!found) return no_space();
    const auto registry = store::find_registry(writer, found->registry);
    if (!registry) return no_registry_of_grant();
    if (registry->workspace)
      return Error{.code = Code::invalid_argument,
                   .message = "the spaces of a workspace's own registry are its members' already",
                   .hint = "Only spaces of platform registries are bound."};
    if (found->gone_ms != 0)
      return Error{.code = Code::conflict,
                   .message = "the space " + found->name + " was deleted upstream",
                   .hint = "Create it again; the binding would be broken."};
    if (push && found->proxy_cache)
      return Error{.code = Code::conflict,
                   .message = "nothing can be pushed to " + found->name + ": it is a proxy cache",
                   .hint = "Bind it with access pull."};
    binding.space = space;
    binding.workspace = workspace;
    binding.push = push;
    binding.provenance.created_by = act.actor;
    auto made = store::insert_binding(writer, binding);
    if (!made) return made.error();
    binding = *std::move(made);
    store::add_event(writer, binding_event("binding.created", binding, *registry));
    if (has_extension(daemon_, registry->settings.type, robots_extension))
      if (auto due = sync_robots(writer, jobs_, registry->id, workspace); !due) return due;
    return note(writer, act, "binding.create",
                registry->identity() + "/" + found->name + " " + binding.workspace_name, "",
                push ? R"({"access":"push"})" : R"({"access":"pull"})");
  });
  if (!written) return written.error();
  return binding;
}

base::Result<void> Grants::unbind(Id id, const Act& act) {
  return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto binding = store::find_binding(writer, id);
    if (!binding)
      return Error{.code = Code::not_found, .message = "the binding is not there any more"};
    const auto registry = store::find_registry(writer, binding->registry);
    if (!registry) return no_registry_of_grant();
    store::add_event(writer, binding_event("binding.removed", *binding, *registry));
    const bool robot = !store::robots(writer, registry->id, binding->workspace).empty() ||
                       has_extension(daemon_, registry->settings.type, robots_extension);
    auto gone = robot ? store::set_revoke_pending(writer, id, std::string(still_valid))
                      : store::delete_binding(writer, id);
    if (!gone) return gone;
    if (robot)
      if (auto due = sync_robots(writer, jobs_, registry->id, binding->workspace); !due) return due;
    return note(writer, act, "binding.delete",
                registry->identity() + "/" + binding->space_name + " " + binding->workspace_name,
                "", "");
  });
}

base::Result<void> Grants::sync_workspace(store::Writer& writer, Id workspace) {
  std::set<Id> registries;
  for (const model::RobotRecord& robot : store::robots(writer, {}, workspace))
    registries.insert(robot.registry);
  for (const Id registry : registries)
    if (auto due = sync_robots(writer, jobs_, registry, workspace); !due) return due;
  return {};
}

base::Result<void> Grants::rotate(Id workspace, const Act& act) {
  return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    for (model::RobotRecord& robot : store::robots(writer, {}, workspace)) {
      if (robot.push || robot.retire_ms != 0) continue;
      robot.retire_ms = daemon_.store.now() + daemon_.settings()->robots.grace.count();
      if (auto kept = store::update_robot(writer, robot); !kept) return kept;
      if (auto due = sync_robots(writer, jobs_, robot.registry, workspace); !due) return due;
      if (auto told = note(writer, act, "robot.rotate", robot.username, "", ""); !told) return told;
    }
    return {};
  });
}

void Grants::add_sync_job() {
  JobKind kind;
  kind.name = "robot.sync";
  kind.body = [this](JobContext& context) { return Sync(daemon_, fleet_, jobs_, context).run(); };
  jobs_.add(std::move(kind));
}

}  // namespace portolan::engine
