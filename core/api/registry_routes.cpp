/// Registries: list, try, integrate, change, remove.
#include <unordered_map>

#include "api/references.h"
#include "api/registry_access.h"
#include "api/represent.h"
#include "api/resources.h"
#include "base/mutex.h"
#include "config/daemon_settings.h"
#include "engine/grants.h"
#include "engine/registries.h"
#include "model/words.h"
#include "store/store.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

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

/// Answers kept as text, so that a thousand clients of one list cost one query. They are dropped
/// when the revision moves, and when they are many. Safe from any thread.
class SerialisedPages {
 public:
  /// What was answered to `key` and the call's query at `revision`, or what `make` answers now.
  /// Errors are not kept.
  base::Result<Answer> answer(std::uint64_t revision, const std::string& key, const Call& call,
                              const std::function<base::Result<Answer>()>& make) EXCLUDES(mutex_) {
    const std::string whole = key + "?" + base::to_text(call.query);
    {
      base::Lock lock(mutex_);
      if (revision_ == revision)
        if (const auto found = kept_.find(whole); found != kept_.end()) return found->second;
    }
    auto made = make();
    if (!made) return made;
    base::Lock lock(mutex_);
    if (revision_ < revision || kept_.size() >= pages_kept) {
      kept_.clear();
      revision_ = revision;
    }
    if (revision_ == revision) kept_[whole] = *made;
    return made;
  }

 private:
  static constexpr std::size_t pages_kept = 256;

  base::Mutex mutex_;
  std::uint64_t revision_ GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, Answer> kept_ GUARDED_BY(mutex_);
};

class RegistryWrites : public Handlers {
 public:
  using Handlers::Handlers;

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
      return created(integrated_json(*made), made->record, path_of(made->record));
    });
  }

  base::Result<Answer> change(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_update);
    if (!seen) return seen.error();
    const std::int64_t revision = seen->row.record.provenance.revision;
    if (auto answer = stale(call, seen->row.record)) return *std::move(answer);
    if (auto path = refuse_paths(call.body)) return *std::move(path);
    auto made =
        resources_.registries.change(seen->row.record.id, change_from(call.body), verify_of(call),
                                     revision, act_of(call), call.request.deadline.cancel);
    if (!made) return refused(call, std::move(made).error());
    return resource_answer(integrated_json(*made), made->record);
  }

  base::Result<Answer> rename(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_rename);
    if (!seen) return seen.error();
    const std::int64_t revision = seen->row.record.provenance.revision;
    if (auto answer = stale(call, seen->row.record)) return *std::move(answer);
    auto made = resources_.registries.rename(seen->row.record.id, text_of(call.body, "name"),
                                             revision, act_of(call));
    if (!made) return made.error();
    return resource_answer(registry_json({*made, seen->row.health}), *made);
  }

  base::Result<Answer> pause(Call& call) { return set_paused(call, true); }
  base::Result<Answer> resume(Call& call) { return set_paused(call, false); }

  base::Result<Answer> set_pull_credential(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_update);
    if (!seen) return seen.error();
    auto set = resources_.registries.set_pull_credential(seen->row.record.id,
                                                         credentials_from(call.body), act_of(call));
    if (!set) return set.error();
    return no_content();
  }

  base::Result<Answer> remove(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_delete);
    if (!seen) return seen.error();
    if (auto answer = stale(call, seen->row.record)) return *std::move(answer);
    const model::RegistryRecord& record = seen->row.record;
    auto job = resources_.grants.remove_registry(record.id, removal_way(call),
                                                 record.provenance.revision, act_of(call));
    if (!job) return job.error();
    return *job ? job_started(**job) : Answer{.status = 204};
  }

 private:
  base::Result<Answer> list_now(Call& call, const model::Principal& who) {
    auto workspace = workspace_in_path(resources_, call);
    if (!workspace) return workspace.error();
    store::RegistryFilter filter;
    if (*workspace) filter.workspace = (*workspace)->id;
    filter.platform = call.text("scope") == "platform";
    filter.type = call.text("type");
    filter.state = model::word_from<model::HealthState>(call.text("state"));
    return list_answer(
        call, "registries",
        [&](store::Reader& reader, const store::PageRequest& request) {
          const View view = view_of(reader, who);
          filter.only = view.only_registries();
          return store::list_registries(reader, request, filter);
        },
        summary_json);
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
    if (auto path = refuse_paths(call.body)) return *std::move(path);
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
    return no_content();
  }

  SerialisedPages pages_;
};

Parameter validate_parameter() {
  return choice_parameter(
      "validate",
      "require: nothing is kept when a check fails; warn: kept and told; skip: not asked",
      {"require", "warn", "skip"}, "require");
}

std::vector<Parameter> filters(bool of_workspace) {
  std::vector<Parameter> out{
      search_parameter(), sort_parameter({"name", "type", "state", "created"}),
      text_parameter("type", "Only of this type", 63),
      choice_parameter(
          "state", "Only in this state",
          {"unknown", "healthy", "degraded", "unhealthy", "unauthenticated", "unreachable"})};
  if (!of_workspace)
    out.push_back(
        choice_parameter("scope", "platform: without those of workspaces", {"all", "platform"}));
  return out;
}

void add_collection(const Table<RegistryWrites>& table, bool of_workspace) {
  table
      .get("/registries", &RegistryWrites::list, "list*Registries",
           of_workspace ? "List the registries of a workspace" : "List every registry one may see")
      .paged()
      .takes(filters(of_workspace))
      .gives(200, "Registries", "A page")
      .needs("registry.read")
      .fast();
  table
      .post("/registries", &RegistryWrites::integrate, "integrate*Registry",
            of_workspace ? "Integrate a registry for the members of a workspace"
                         : "Integrate a registry for the platform")
      .says("It is validated first; `validate` says what a failure means.")
      .takes({validate_parameter()})
      .body("RegistryDraft")
      .gives(201, "Registry", "Kept, with what the validation found")
      .needs("registry.create")
      .waits();
  table
      .post("/registry-trials", &RegistryWrites::try_out, "try*Registry",
            "Validate a registry without keeping anything")
      .body("RegistryDraft")
      .gives(200, "Tried", "Every check")
      .needs("registry.try")
      .waits();
}

void add_changes(const Table<RegistryWrites>& table) {
  table.patch("", &RegistryWrites::change, "update*Registry", "Change a registry")
      .says(
          "What is left out stays. Another origin or weaker TLS trust needs the "
          "password again in the same request; pull secrets rest until a full "
          "validation succeeds. The type never changes.")
      .takes({validate_parameter()})
      .body("RegistryChange")
      .gives(200, "Registry", "As it is now")
      .needs("registry.update")
      .waits();
  table.post("/rename", &RegistryWrites::rename, "rename*Registry", "Rename a registry")
      .says("Its id, bindings, history and robots stay.")
      .body("RegistryName")
      .gives(200, "Registry", "As it is now")
      .needs("registry.rename");
  table.post("/pause", &RegistryWrites::pause, "pause*Registry", "Stop all traffic to a registry")
      .gives(204, "", "Paused")
      .needs("registry.update");
  table.post("/resume", &RegistryWrites::resume, "resume*Registry", "End the pause of a registry")
      .gives(204, "", "Looked at again")
      .needs("registry.update");
}

void add_endings(const Table<RegistryWrites>& table) {
  table
      .put("/pull-credential", &RegistryWrites::set_pull_credential, "set*RegistryPullCredential",
           "Set the credential that is handed out for pulling")
      .says("Used where no robot can be made; never the integrating account.")
      .body("PullCredential")
      .gives(204, "", "Kept")
      .needs("registry.update");
  table.remove("", &RegistryWrites::remove, "delete*Registry", "Remove a registry")
      .says("409 with the list of what is in the way. Nothing upstream but our robots is deleted.")
      .takes({flag_parameter("cascade", "Revoke robots and unbind first"),
              flag_parameter("abandon", "Of a dead registry: leave its robots, listed")})
      .gives(204, "", "Removed")
      .gives(202, "Job", "A job removes it")
      .needs("registry.delete");
}

}  // namespace

void add_registry_routes(Routes& routes, Resources& resources) {
  const Table<RegistryWrites> table(routes, resources);
  const auto scopes = scope_places("registries"), each = registry_places("registries");
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    add_collection(table.at(scopes[i]), !scopes[i].scope.empty());
    add_changes(table.at(each[i]));
    add_endings(table.at(each[i]));
  }
}

}  // namespace portolan::api
