/// Spaces: made, declared, published and deleted, here and upstream.
#include <algorithm>

#include "base/json.h"
#include "engine/fleet.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "engine/jobs.h"
#include "router/router.h"
#include "store/catalogue.h"
#include "store/registries.h"
#include "store/store.h"
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
                     const model::RegistryRecord& registry, const Act& act) {
  model::Job job;
  job.kind = kind;
  job.key = space_key(space.id);
  Json input = Json::object();
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

/// Bindings of it that only wait for a revoke upstream are of no use any more.
base::Result<void> forget_space(store::Writer& writer, Id space) {
  for (const model::Binding& binding :
       store::bindings(writer, {.space = space, .workspace = {}, .registry = {}}))
    if (!binding.revoke_pending.empty())
      if (auto gone = store::delete_binding(writer, binding.id); !gone) return gone;
  return store::delete_space(writer, space);
}

Error still_bound(const std::vector<std::string>& workspaces) {
  return {.code = Code::conflict,
          .message = "the space is bound to " + joined(workspaces),
          .hint = "Unbind it first."};
}

/// What the jobs of spaces do.
class SpaceJobs {
 public:
  SpaceJobs(const Daemon& daemon, Fleet& fleet, const JobRunner& jobs, const JobContext& context)
      : daemon_(daemon), jobs_(jobs), context_(context), live_(subject(fleet)) {}

  base::Result<std::string> create() {
    if (!live_) return live_.error();
    // Private whatever Portolan's own flag says: the registry's is changed only when that is asked.
    auto made = daemon_.router.create_space(*live_->registry, space_.name,
                                            model::Visibility::closed, call());
    const bool there = !made && made.error().code == Code::conflict;
    const bool refused = !made && (made.error().code == Code::invalid_argument ||
                                   made.error().code == Code::unsupported);
    if (!made && !there && !refused) return made.error();
    auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      auto space = store::find_space(writer, space_.id);
      if (!space) return no_space();
      // What the registry refuses for good is not kept; a binding in between keeps it, as gone.
      if (refused && bound_workspaces(writer, space->id).empty())
        return forget_space(writer, space->id);
      if (refused) {
        space->gone_ms = daemon_.store.now();
      } else {
        space->seen_ms = daemon_.store.now();
        space->upstream_visibility = made ? made->visibility : model::Visibility::open;
        if (made) space->upstream_id = made->upstream_id;
        if (made) space->repositories = made->repositories;
      }
      auto kept = store::update_space(writer, *space, 0);
      if (!kept) return kept.error();
      return sync_registry(writer, daemon_, jobs_, space->registry, context_.job.created_by);
    });
    if (!written) return written.error();
    if (refused) return made.error();
    return std::string("{}");
  }

  base::Result<std::string> remove() {
    if (!live_) return live_.error();
    auto gone = daemon_.router.remove_space(*live_->registry, space_.name, call());
    if (!gone) return gone.error();
    auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      store::add_event(writer, space_event("space.deleted", space_, live_->record));
      return forget_space(writer, space_.id);  // Nobody could bind it since this was asked for.
    });
    if (!written) return written.error();
    return std::string("{}");
  }

  base::Result<std::string> show() {
    if (!live_) return live_.error();
    // As it is now: of two changes in a row the last one holds, whoever's job this was.
    const auto visibility = space_.is_public ? model::Visibility::open : model::Visibility::closed;
    auto done = daemon_.router.set_visibility(*live_->registry, space_.name, visibility, call());
    if (!done) return done.error();
    auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      auto space = store::find_space(writer, space_.id);
      if (!space) return no_space();
      space->upstream_visibility = done->visibility;
      auto kept = store::update_space(writer, *space, 0);
      if (!kept) return kept.error();
      return sync_registry(writer, daemon_, jobs_, space->registry, context_.job.created_by);
    });
    if (!written) return written.error();
    return std::string("{}");
  }

 private:
  /// The space of the job and the registry it is in, as they are now.
  base::Result<Fleet::Live> subject(Fleet& fleet) {
    const auto input = base::parse_json(context_.job.input_json);
    if (!input) return input.error();
    const Id id = input->find("space")->as_integer().value_or(0);
    auto space = daemon_.store.read<std::optional<model::SpaceRecord>>(
        [&](store::Reader& reader) { return base::Result(store::find_space(reader, id)); });
    if (!space) return space.error();
    if (!*space) return no_space();
    space_ = **std::move(space);
    return reach(fleet, space_.registry);
  }
  router::CallSettings call() const { return upstream_call(live_->record, context_.cancel); }

  const Daemon& daemon_;
  const JobRunner& jobs_;
  const JobContext& context_;
  model::SpaceRecord space_;
  base::Result<Fleet::Live> live_;
};

/// Writes Portolan's own flag; robots follow.
base::Result<model::SpaceRecord> write_public(store::Writer& writer, const Daemon& daemon,
                                              const JobRunner& jobs, model::SpaceRecord space,
                                              bool is_public, std::int64_t if_revision,
                                              const model::RegistryRecord& registry,
                                              const Act& act) {
  const auto word = [](bool flag) {
    return flag ? R"({"visibility":"public"})" : R"({"visibility":"private"})";
  };
  const bool before = space.is_public;
  space.is_public = is_public;
  space.confirm_public = false;
  auto made = store::update_space(writer, space, if_revision);
  if (!made) return made;
  if (auto due = sync_registry(writer, daemon, jobs, registry.id, act.actor); !due)
    return due.error();
  store::add_event(writer, space_event("space.visibility", *made, registry));
  auto told = note(writer, act, "space.visibility", registry.identity() + "/" + space.name,
                   word(before), word(is_public));
  if (!told) return told.error();
  return made;
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
    auto job = jobs_.enqueue(writer, space_job("space.create", out.space, *registry, act));
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
                                                    std::int64_t if_revision, const Act& act) {
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
    if (auto same = store::same_revision(found->provenance.revision, if_revision); !same)
      return same;
    if (const auto bound = bound_workspaces(writer, id); !bound.empty()) return still_bound(bound);
    if (auto made = not_under_way(writer, "space.create", *found); !made) return made;
    const bool upstream =
        has_extension(daemon_, registry->settings.type, spaces_extension) && found->gone_ms == 0;
    if (upstream && found->repositories > 0)
      return Error{
          .code = Code::conflict,
          .message = "the space holds " + std::to_string(found->repositories) + " repositories",
          .hint = "Delete them in the registry first."};
    if (auto told =
            note(writer, act, "space.delete", registry->identity() + "/" + found->name, "", "");
        !told)
      return told;
    if (!upstream) {
      store::add_event(writer, space_event("space.deleted", *found, *registry));
      return forget_space(writer, id);
    }
    auto job = jobs_.enqueue(writer, space_job("space.delete", *found, *registry, act));
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
    if (auto there = not_under_way(writer, "space.delete", *found); !there) return there;
    if (upstream)
      if (auto made = not_under_way(writer, "space.create", *found); !made) return made;
    if (found->is_public && !is_public) {
      const auto bound = bound_workspaces(writer, id);
      out.notices.push_back(bound.empty()
                                ? "nobody may use it any more: it is bound to no workspace"
                                : "only " + joined(bound) + " may use it from now on");
    }
    auto made =
        write_public(writer, daemon_, jobs_, *found, is_public, if_revision, *registry, act);
    if (!made) return made.error();
    out.space = *std::move(made);
    if (upstream) {
      if (is_public)
        out.notices.push_back("anyone who reaches " + registry->settings.address +
                              " can then pull from it, without signing in");
      auto job = jobs_.enqueue(writer, space_job("space.visibility", out.space, *registry, act),
                               store::WhenRunning::again);
      if (!job) return job.error();
      out.job = *std::move(job);
    }
    return {};
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
  const auto add = [this](const char* name, base::Result<std::string> (SpaceJobs::*body)()) {
    JobKind kind;
    kind.name = name;
    kind.body = [this, body](JobContext& context) {
      SpaceJobs job(daemon_, fleet_, jobs_, context);
      return (job.*body)();
    };
    jobs_.add(std::move(kind));
  };
  add("space.create", &SpaceJobs::create);
  add("space.delete", &SpaceJobs::remove);
  add("space.visibility", &SpaceJobs::show);
}

}  // namespace portolan::engine
