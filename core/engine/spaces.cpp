/// Spaces: made, declared, published and deleted, here and upstream.
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

model::Event space_event(const char* kind, const model::SpaceRecord& space,
                         const model::RegistryRecord& registry) {
  model::Event event;
  event.kind = kind;
  event.registry = registry.id;
  event.space = space.id;
  if (registry.workspace) event.workspace = registry.workspace;
  event.subject = registry.identity() + "/" + space.name;
  Json data = Json::object();
  data.set("space", Json::string(space.name));
  data.set("visibility", Json::string(space.is_public ? "public" : "private"));
  event.data_json = base::to_text(data);
  return event;
}

model::Job space_job(const char* kind, const model::SpaceRecord& space,
                     const model::RegistryRecord& registry, const Act& act, Json input) {
  model::Job job;
  job.kind = kind;
  job.key = "space:" + std::to_string(space.id);
  input.set("space", Json::integer(space.id));
  job.input_json = base::to_text(input);
  job.registry = registry.id;
  job.workspace = registry.workspace;
  job.created_by = act.actor;
  return job;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::vector<std::string> bound_workspaces(store::Reader& reader, Id space) {
  std::vector<std::string> out;
  for (const model::Binding& binding :
       store::bindings(reader, {.space = space, .workspace = {}, .registry = {}}))
    if (binding.revoke_pending.empty()) out.push_back(binding.workspace_name);
  return out;
}

/// The space of a job with its registry, as they are now.
struct Subject {
  model::SpaceRecord space;
  Json input;
};
base::Result<Subject> subject_of(const Daemon& daemon, const model::Job& job) {
  auto input = base::parse_json(job.input_json);
  if (!input) return input.error();
  const Id id = input->find("space")->as_integer().value_or(0);
  return daemon.store.read<Subject>([&](store::Reader& reader) -> base::Result<Subject> {
    auto space = store::find_space(reader, id);
    if (!space) return no_space();
    return Subject{*std::move(space), *input};
  });
}

}  // namespace

base::Result<Grants::SpaceJob> Grants::create_space(Id registry_id, const std::string& name,
                                                    bool is_public, const Act& act) {
  SpaceJob out;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto registry = store::find_registry(writer, registry_id);
    if (!registry) return no_registry_of_grant();
    if (!has_extension(daemon_, registry->settings.type, spaces_extension))
      return Error{.code = Code::unsupported,
                   .message = "a registry of type " + registry->settings.type +
                              " has no spaces that could be created",
                   .hint = "Declare a prefix of its repositories instead."};
    out.space.registry = registry_id;
    out.space.name = name;
    out.space.is_public = is_public;
    out.space.declared = true;
    out.space.enforcement = has_extension(daemon_, registry->settings.type, robots_extension)
                                ? model::Enforcement::registry
                                : model::Enforcement::catalog;
    out.space.upstream_visibility = model::Visibility::closed;
    out.space.provenance.created_by = act.actor;
    auto made = store::insert_space(writer, out.space);
    if (!made) return made.error();
    out.space = *std::move(made);
    auto job =
        jobs_.enqueue(writer, space_job("space.create", out.space, *registry, act, Json::object()));
    if (!job) return job.error();
    out.job = *std::move(job);
    store::add_event(writer, space_event("space.created", out.space, *registry));
    return note(writer, act, "space.create", registry->identity() + "/" + name, "",
                is_public ? R"({"visibility":"public"})" : R"({"visibility":"private"})");
  });
  if (!written) return written.error();
  if (is_public)
    out.notices.push_back(
        "public in Portolan: every signed-in user and every namespace may use it; the registry's "
        "own flag stays private");
  return out;
}

base::Result<model::SpaceRecord> Grants::declare_space(Id registry_id, const std::string& prefix,
                                                       const Act& act) {
  model::SpaceRecord space;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto registry = store::find_registry(writer, registry_id);
    if (!registry) return no_registry_of_grant();
    if (has_extension(daemon_, registry->settings.type, spaces_extension))
      return Error{
          .code = Code::invalid_argument,
          .message = "a registry of type " + registry->settings.type + " has spaces of its own",
          .hint = "Create the space instead of declaring a prefix."};
    auto found = store::find_space(writer, registry_id, prefix);
    space = found ? *found : model::SpaceRecord();
    if (space.declared)
      return Error{.code = Code::conflict,
                   .message = "the prefix " + prefix + " is declared already"};
    space.registry = registry_id;
    space.name = prefix;
    space.declared = true;
    if (!found) space.provenance.created_by = act.actor;
    auto made = found ? store::update_space(writer, space, 0) : store::insert_space(writer, space);
    if (!made) return made.error();
    space = *std::move(made);
    store::add_event(writer, space_event("space.declared", space, *registry));
    return note(writer, act, "space.declare", registry->identity() + "/" + prefix, "", "");
  });
  if (!written) return written.error();
  return space;
}

base::Result<Grants::SpaceJob> Grants::delete_space(Id id, const std::string& typed_name,
                                                    const Act& act) {
  SpaceJob out;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto found = store::find_space(writer, id);
    if (!found) return no_space();
    out.space = *found;
    const auto registry = store::find_registry(writer, found->registry);
    if (!registry) return no_registry_of_grant();
    if (typed_name != found->name)
      return Error{.code = Code::invalid_argument,
                   .message = "the name that was typed is not the space's",
                   .hint = "Type " + found->name + " to delete it.",
                   .where = "confirm"};
    if (const auto bound = bound_workspaces(writer, id); !bound.empty())
      return Error{.code = Code::conflict,
                   .message = "the space is bound to " + joined(bound),
                   .hint = "Unbind it first."};
    const bool upstream =
        has_extension(daemon_, registry->settings.type, spaces_extension) && found->gone_ms == 0;
    if (upstream && found->repositories > 0)
      return Error{
          .code = Code::conflict,
          .message = "the space holds " + std::to_string(found->repositories) + " repositories",
          .hint = "Delete them in the registry first."};
    store::add_event(writer, space_event("space.deleted", *found, *registry));
    if (auto told =
            note(writer, act, "space.delete", registry->identity() + "/" + found->name, "", "");
        !told)
      return told;
    if (!upstream) return store::delete_space(writer, id);
    auto job =
        jobs_.enqueue(writer, space_job("space.delete", *found, *registry, act, Json::object()));
    if (!job) return job.error();
    out.job = *std::move(job);
    return {};
  });
  if (!written) return written.error();
  return out;
}

base::Result<Grants::SpaceJob> Grants::set_public(Id id, bool is_public, bool upstream,
                                                  std::int64_t if_revision, const Act& act) {
  SpaceJob out;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    auto found = store::find_space(writer, id);
    if (!found) return no_space();
    const auto registry = store::find_registry(writer, found->registry);
    if (!registry) return no_registry_of_grant();
    if (upstream && !has_extension(daemon_, registry->settings.type, spaces_extension))
      return Error{.code = Code::unsupported,
                   .message = "a registry of type " + registry->settings.type +
                              " has no flag that could be changed",
                   .where = "/upstream"};
    const bool before = found->is_public;
    found->is_public = is_public;
    found->confirm_public = false;
    auto made = store::update_space(writer, *found, if_revision);
    if (!made) return made.error();
    out.space = *std::move(made);
    if (before && !is_public) {
      const auto bound = bound_workspaces(writer, id);
      out.notices.push_back(
          "everybody loses access but " +
          (bound.empty() ? "nobody: it is bound to no workspace" : joined(bound)));
    }
    if (upstream) {
      if (is_public)
        out.notices.push_back("anyone who reaches " + registry->settings.address +
                              " can then pull from it, without signing in");
      Json input = Json::object();
      input.set("public", Json::boolean(is_public));
      auto job = jobs_.enqueue(
          writer, space_job("space.visibility", out.space, *registry, act, std::move(input)),
          store::WhenRunning::again);
      if (!job) return job.error();
      out.job = *std::move(job);
    }
    std::set<Id> workspaces;
    for (const model::RobotRecord& robot : store::robots(writer, registry->id, {}))
      workspaces.insert(robot.workspace);
    for (const Id workspace : workspaces)
      if (auto due = sync_robots(writer, jobs_, registry->id, workspace); !due) return due;
    store::add_event(writer, space_event("space.visibility", out.space, *registry));
    return note(writer, act, "space.visibility", registry->identity() + "/" + found->name,
                before ? R"({"visibility":"public"})" : R"({"visibility":"private"})",
                is_public ? R"({"visibility":"public"})" : R"({"visibility":"private"})");
  });
  if (!written) return written.error();
  if (!upstream) {
    const auto theirs = out.space.upstream_visibility;
    if (theirs != model::Visibility::unknown && (theirs == model::Visibility::open) != is_public)
      out.notices.push_back(std::string("the registry's own flag stays ") +
                            (is_public ? "private" : "public"));
  }
  return out;
}

void Grants::add_space_jobs() {
  JobKind create;
  create.name = "space.create";
  create.body = [this](JobContext& context) -> base::Result<std::string> {
    auto subject = subject_of(daemon_, context.job);
    if (!subject) return subject.error();
    auto live = fleet_.trusted(subject->space.registry);
    if (!live) return live.error();
    // Private whatever Portolan's own flag says: the registry's is changed only when that is asked.
    auto made =
        daemon_.router.create_space(*live->registry, subject->space.name, model::Visibility::closed,
                                    upstream_call(live->record, context.cancel));
    const bool there = !made && made.error().code == Code::conflict;
    const bool refused =
        !made && !there &&
        (made.error().code == Code::invalid_argument || made.error().code == Code::unsupported);
    auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      auto space = store::find_space(writer, subject->space.id);
      if (!space) return no_space();
      // What the registry refuses for good is not kept; a binding in between keeps it, as gone.
      if (refused && bound_workspaces(writer, space->id).empty())
        return store::delete_space(writer, space->id);
      if (made) {
        space->upstream_id = made->upstream_id;
        space->upstream_visibility = made->visibility;
        space->seen_ms = daemon_.store.now();
        space->repositories = std::max<std::int64_t>(made->repositories, 0);
      } else if (there) {
        space->upstream_visibility = model::Visibility::open;
      }
      auto kept = store::update_space(writer, *space, 0);
      if (!kept) return kept.error();
      return {};
    });
    if (!written) return written.error();
    if (!made && !there) return made.error();
    return std::string("{}");
  };
  jobs_.add(std::move(create));

  JobKind remove;
  remove.name = "space.delete";
  remove.body = [this](JobContext& context) -> base::Result<std::string> {
    auto subject = subject_of(daemon_, context.job);
    if (!subject) return subject.error();
    auto live = fleet_.trusted(subject->space.registry);
    if (!live) return live.error();
    auto gone = daemon_.router.remove_space(*live->registry, subject->space.name,
                                            upstream_call(live->record, context.cancel));
    if (!gone) return gone.error();
    auto written = daemon_.store.write(
        [&](store::Writer& writer) { return store::delete_space(writer, subject->space.id); });
    if (!written) return written.error();
    return std::string("{}");
  };
  jobs_.add(std::move(remove));

  JobKind visibility;
  visibility.name = "space.visibility";
  visibility.body = [this](JobContext& context) -> base::Result<std::string> {
    auto subject = subject_of(daemon_, context.job);
    if (!subject) return subject.error();
    auto live = fleet_.trusted(subject->space.registry);
    if (!live) return live.error();
    const bool open = subject->input.find("public")->as_bool().value_or(false);
    auto done =
        daemon_.router.set_visibility(*live->registry, subject->space.name,
                                      open ? model::Visibility::open : model::Visibility::closed,
                                      upstream_call(live->record, context.cancel));
    if (!done) return done.error();
    auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      auto space = store::find_space(writer, subject->space.id);
      if (!space) return no_space();
      space->upstream_visibility = done->visibility;
      auto kept = store::update_space(writer, *space, 0);
      if (!kept) return kept.error();
      return {};
    });
    if (!written) return written.error();
    return std::string("{}");
  };
  jobs_.add(std::move(visibility));
}

}  // namespace portolan::engine
