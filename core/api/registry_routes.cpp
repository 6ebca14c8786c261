/// Registries: list, try, integrate, change, remove.
#include "api/registry_access.h"
#include "api/represent.h"
#include "api/serialised_pages.h"
#include "model/words.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

constexpr const char* list_name = "registries";

engine::Verify verify_of(const Call& call) {
  const std::string& word = call.text("validate");
  if (word == "skip") return engine::Verify::skip;
  return word == "warn" ? engine::Verify::warn : engine::Verify::require;
}

Json integrated_json(const engine::Registries::Integrated& integrated) {
  Json out = registry_json({integrated.record, {}});
  out.set("tried", integrated.tried ? tried_json(*integrated.tried) : Json());
  return out;
}

class RegistryWrites {
 public:
  explicit RegistryWrites(Resources& resources) : resources_(resources) {}

  /// The first page of a thousand clients is one text: kept per revision, rights and query.
  base::Result<Answer> list(Call& call) {
    const model::Principal& who = call.caller->principal;
    return pages_.answer(resources_.daemon.store.revision(), rights_key(who) + call.request.path,
                         call, [&]() -> base::Result<Answer> { return list_now(call, who); });
  }

  base::Result<Answer> try_out(Call& call) {
    auto draft = draft_in(call, Action::registry_try);
    if (!draft) return draft.error();
    const double per_minute =
        static_cast<double>(resources_.daemon.settings()->limits.try_per_minute);
    if (auto allowed = resources_.authenticator.allow_try(*call.caller, per_minute); !allowed)
      return allowed.error();
    auto tried = resources_.registries.try_out(*std::move(draft), call.request.deadline.cancel, {});
    if (!tried) return tried.error();
    return json_answer(tried_json(*tried));
  }

  base::Result<Answer> integrate(Call& call) {
    return once(resources_, call, [&]() -> base::Result<Answer> {
      auto draft = draft_in(call, Action::registry_create);
      if (!draft) return draft.error();
      auto made = resources_.registries.integrate(*std::move(draft), verify_of(call), act_of(call),
                                                  call.request.deadline.cancel);
      if (!made) return refused(call, std::move(made).error());
      return created(integrated_json(*made), made->record.provenance.revision,
                     path_of(made->record));
    });
  }

  base::Result<Answer> change(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_update);
    if (!seen) return seen.error();
    const std::int64_t revision = seen->row.record.provenance.revision;
    if (auto answer = stale(call, revision)) return *std::move(answer);
    auto made =
        resources_.registries.change(seen->row.record.id, change_from(call.body), verify_of(call),
                                     revision, act_of(call), call.request.deadline.cancel);
    if (!made) return refused(call, std::move(made).error());
    return resource_answer(integrated_json(*made), made->record.provenance.revision);
  }

  base::Result<Answer> rename(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_rename);
    if (!seen) return seen.error();
    const std::int64_t revision = seen->row.record.provenance.revision;
    if (auto answer = stale(call, revision)) return *std::move(answer);
    auto made = resources_.registries.rename(seen->row.record.id, text_of(call.body, "name"),
                                             revision, act_of(call));
    if (!made) return made.error();
    return resource_answer(registry_json({*made, seen->row.health}), made->provenance.revision);
  }

  base::Result<Answer> pause(Call& call) { return set_paused(call, true); }
  base::Result<Answer> resume(Call& call) { return set_paused(call, false); }

  base::Result<Answer> set_pull_credential(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_update);
    if (!seen) return seen.error();
    auto set = resources_.registries.set_pull_credential(seen->row.record.id,
                                                         credentials_from(call.body), act_of(call));
    if (!set) return set.error();
    return Answer{.status = 204};
  }

  base::Result<Answer> remove(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_delete);
    if (!seen) return seen.error();
    if (auto answer = stale(call, seen->row.record.provenance.revision)) return *std::move(answer);
    auto job = resources_.grants.remove_registry(seen->row.record.id, call.flag("cascade"),
                                                 call.flag("abandon"), act_of(call));
    if (!job) return job.error();
    return *job ? job_started(**job) : Answer{.status = 204};
  }

 private:
  base::Result<Answer> list_now(Call& call, const model::Principal& who) {
    const auto page = read_page(call, list_name);
    if (!page) return page.error();
    auto workspace = workspace_in_path(resources_, call);
    if (!workspace) return workspace.error();
    return resources_.daemon.store.read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      const View view = view_of(reader, who);
      store::RegistryFilter filter;
      filter.only = view.only_registries();
      if (*workspace) filter.workspace = (*workspace)->id;
      filter.platform = call.text("scope") == "platform";
      filter.type = call.text("type");
      filter.state = model::health_state_from(call.text("state"));
      return page_answer(call, list_name,
                         store::list_registries(reader, page_request(call, *page), filter),
                         summary_json);
    });
  }

  /// Two callers with the same key see the same list.
  static std::string rights_key(const model::Principal& who) {
    if ((who.admin || who.auditor) && !who.only_workspace) return "all ";
    std::string key;
    for (const auto& [workspace, role] : who.workspaces)
      if (!who.only_workspace || *who.only_workspace == workspace)
        key += std::to_string(workspace) + ",";
    return key + " ";
  }

  /// A check that failed is the request's fault: 422, whatever its code is.
  static base::Result<Answer> refused(Call& call, Error error) {
    if (error.http_status != engine::failed_check_status) return error;
    Problem problem;
    problem.status = error.http_status;
    problem.code = std::string(to_string(error.code));
    problem.detail = error.message;
    problem.hint = error.hint;
    problem.where = error.where;
    return to_answer(problem, call.request);
  }

  base::Result<model::RegistryRecord> draft_in(const Call& call, Action action) {
    auto workspace = workspace_in_path(resources_, call);
    if (!workspace) return workspace.error();
    const auto owner = *workspace ? std::optional<model::Id>((*workspace)->id) : std::nullopt;
    const Action see = owner ? Action::workspace_read : Action::type_read;
    if (auto no = refuse(call, action, owner, see, "workspace", call.in_path("workspace")))
      return *no;
    model::RegistryRecord draft = draft_from(call.body);
    draft.workspace = owner;
    if (*workspace) draft.workspace_name = (*workspace)->name;
    draft.provenance.created_by = call.caller->principal.name;
    return draft;
  }

  base::Result<Answer> set_paused(Call& call, bool paused) {
    auto seen = registry_in_path(resources_, call, Action::registry_update);
    if (!seen) return seen.error();
    auto set = resources_.registries.pause(seen->row.record.id, paused, act_of(call));
    if (!set) return set.error();
    return Answer{.status = 204};
  }

  Resources& resources_;
  SerialisedPages pages_;
};

using Handlers = std::function<std::function<base::Result<Answer>(Call&)>(
    base::Result<Answer> (RegistryWrites::*)(Call&))>;

const Parameter validate_parameter{
    .name = "validate",
    .schema = R"({"type": "string", "enum": ["require", "warn", "skip"], "default": "require"})",
    .help = "require: nothing is kept when a check fails; warn: kept and told; skip: not asked"};

Parameter switch_parameter(std::string name, std::string help) {
  return {.name = std::move(name),
          .schema = R"({"type": "boolean", "default": false})",
          .help = std::move(help)};
}

std::vector<Parameter> list_parameters(bool of_workspace) {
  std::vector<Parameter> out = page_parameters();
  out.push_back({.name = "search",
                 .schema = R"({"type": "string", "maxLength": 200})",
                 .help = "Part of the name"});
  out.push_back({.name = "sort",
                 .schema = R"({"type": "string", "enum": ["name", "-name", "type", "-type",
                     "state", "-state", "created", "-created"]})",
                 .help = "Order"});
  out.push_back({.name = "type",
                 .schema = R"({"type": "string", "maxLength": 63})",
                 .help = "Only of this type"});
  out.push_back({.name = "state",
                 .schema = R"({"type": "string", "enum": ["unknown", "healthy", "degraded",
                     "unhealthy", "unauthenticated", "unreachable"]})",
                 .help = "Only in this state"});
  if (!of_workspace)
    out.push_back({.name = "scope",
                   .schema = R"({"type": "string", "enum": ["all", "platform"]})",
                   .help = "platform: without those of workspaces"});
  return out;
}

void add_collection(Routes& routes, const RegistryPrefix& prefix, const Handlers& to) {
  const std::string path = prefix.path + "/registries";
  const bool of_workspace = !prefix.operation.empty();
  routes.add({.method = "GET",
              .path = path,
              .operation = "list" + prefix.operation + "Registries",
              .tag = "registries",
              .summary = of_workspace ? "List the registries of a workspace"
                                      : "List every registry one may see",
              .parameters = parameters_of(prefix, list_parameters(of_workspace)),
              .answers = {{200, "Registries", "A page"}},
              .security = "registry.read",
              .fast = true,
              .handler = to(&RegistryWrites::list)});
  routes.add({.method = "POST",
              .path = path,
              .operation = "integrate" + prefix.operation + "Registry",
              .tag = "registries",
              .summary = of_workspace ? "Integrate a registry for the members of a workspace"
                                      : "Integrate a registry for the platform",
              .description = "It is validated first; `validate` says what a failure means.",
              .parameters = parameters_of(prefix, {validate_parameter}),
              .body = "RegistryDraft",
              .answers = {{201, "Registry", "Kept, with what the validation found"}},
              .security = "registry.create",
              .waits = true,
              .handler = to(&RegistryWrites::integrate)});
  routes.add({.method = "POST",
              .path = prefix.path + "/registry-trials",
              .operation = "try" + prefix.operation + "Registry",
              .tag = "registries",
              .summary = "Validate a registry without keeping anything",
              .parameters = prefix.parameters,
              .body = "RegistryDraft",
              .answers = {{200, "Tried", "Every check"}},
              .security = "registry.try",
              .waits = true,
              .handler = to(&RegistryWrites::try_out)});
}

void add_changes(Routes& routes, const RegistryPrefix& prefix, const Handlers& to) {
  const std::string path = prefix.path + "/registries/{registry}";
  const std::string name = prefix.operation + "Registry";
  const auto with = [&](std::vector<Parameter> more) {
    more.insert(more.begin(), registry_parameter());
    return parameters_of(prefix, std::move(more));
  };
  routes.add({.method = "PATCH",
              .path = path,
              .operation = "update" + name,
              .tag = "registries",
              .summary = "Change a registry",
              .description = "What is left out stays. Another origin or weaker TLS trust needs the "
                             "password again in the same request; pull secrets rest until a full "
                             "validation succeeds. The type never changes.",
              .parameters = with({validate_parameter}),
              .body = "RegistryChange",
              .answers = {{200, "Registry", "As it is now"}},
              .security = "registry.update",
              .waits = true,
              .handler = to(&RegistryWrites::change)});
  routes.add({.method = "POST",
              .path = path + "/rename",
              .operation = "rename" + name,
              .tag = "registries",
              .summary = "Rename a registry",
              .description = "Its id, bindings, history and robots stay.",
              .parameters = with({}),
              .body = "RegistryName",
              .answers = {{200, "Registry", "As it is now"}},
              .security = "registry.rename",
              .handler = to(&RegistryWrites::rename)});
  routes.add({.method = "POST",
              .path = path + "/pause",
              .operation = "pause" + name,
              .tag = "registries",
              .summary = "Stop all traffic to a registry",
              .parameters = with({}),
              .answers = {{204, "", "Paused"}},
              .security = "registry.update",
              .handler = to(&RegistryWrites::pause)});
  routes.add({.method = "POST",
              .path = path + "/resume",
              .operation = "resume" + name,
              .tag = "registries",
              .summary = "End the pause of a registry",
              .parameters = with({}),
              .answers = {{204, "", "Looked at again"}},
              .security = "registry.update",
              .handler = to(&RegistryWrites::resume)});
}

void add_endings(Routes& routes, const RegistryPrefix& prefix, const Handlers& to) {
  const std::string path = prefix.path + "/registries/{registry}";
  const std::string name = prefix.operation + "Registry";
  const auto with = [&](std::vector<Parameter> more) {
    more.insert(more.begin(), registry_parameter());
    return parameters_of(prefix, std::move(more));
  };
  routes.add({.method = "PUT",
              .path = path + "/pull-credential",
              .operation = "set" + name + "PullCredential",
              .tag = "registries",
              .summary = "Set the credential that is handed out for pulling",
              .description = "Used where no robot can be made; never the integrating account.",
              .parameters = with({}),
              .body = "PullCredential",
              .answers = {{204, "", "Kept"}},
              .security = "registry.update",
              .handler = to(&RegistryWrites::set_pull_credential)});
  routes.add({.method = "DELETE",
              .path = path,
              .operation = "delete" + name,
              .tag = "registries",
              .summary = "Remove a registry",
              .description = "409 with the list of what is in the way. Nothing upstream but our "
                             "robots is deleted.",
              .parameters = with(
                  {switch_parameter("cascade", "Revoke robots and unbind first"),
                   switch_parameter("abandon", "Of a dead registry: leave its robots, listed")}),
              .answers = {{204, "", "Removed"}, {202, "Job", "A job removes it"}},
              .security = "registry.delete",
              .handler = to(&RegistryWrites::remove)});
}

}  // namespace

void add_registry_routes(Routes& routes, Resources& resources) {
  const auto writes = std::make_shared<RegistryWrites>(resources);
  const Handlers to = [writes](base::Result<Answer> (RegistryWrites::*method)(Call&)) {
    return [writes, method](Call& call) { return ((*writes).*method)(call); };
  };
  for (const RegistryPrefix& prefix : registry_prefixes()) {
    add_collection(routes, prefix, to);
    add_changes(routes, prefix, to);
    add_endings(routes, prefix, to);
  }
}

}  // namespace portolan::api
