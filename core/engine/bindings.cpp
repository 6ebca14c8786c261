/// Bindings; the robots that make them true upstream follow by job (robot_sync.cpp).
#include "base/json.h"
#include "config/daemon_settings.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "store/store.h"
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
    if (auto there = not_under_way(writer, "space.delete", *found); !there) return there;
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
      if (auto due = sync_robots(writer, jobs_, registry->id, workspace, act.actor); !due)
        return due;
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
      if (auto due = sync_robots(writer, jobs_, registry->id, binding->workspace, act.actor); !due)
        return due;
    return note(writer, act, "binding.delete",
                registry->identity() + "/" + binding->space_name + " " + binding->workspace_name,
                "", "");
  });
}

base::Result<std::vector<model::Job>> Grants::rotate(Id workspace, const Act& act) {
  std::vector<model::Job> jobs;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    jobs.clear();
    for (model::RobotRecord& robot : store::robots(writer, {}, workspace)) {
      if (robot.push || robot.retire_ms != 0) continue;
      robot.retire_ms = daemon_.store.now() + daemon_.settings()->robots.grace.count();
      if (auto kept = store::update_robot(writer, robot); !kept) return kept;
      if (auto due = sync_robots(writer, jobs_, robot.registry, workspace, act.actor); !due)
        return due;
      const store::JobFilter its{
          .workspace = workspace, .registry = robot.registry, .kind = "robot.sync"};
      for (model::Job& job : store::list_jobs(writer, {.limit = 1}, its).rows)
        jobs.push_back(std::move(job));
      if (auto told = note(writer, act, "robot.rotate", robot.username, "", ""); !told) return told;
    }
    if (!jobs.empty()) return {};
    return base::Error{.code = base::Code::conflict,
                       .message = "the workspace has no robot whose credential could be rotated",
                       .hint =
                           "Robots are made for spaces that are bound to the workspace; a pull "
                           "credential is set at its registry."};
  });
  if (!written) return written.error();
  return jobs;
}

}  // namespace portolan::engine
