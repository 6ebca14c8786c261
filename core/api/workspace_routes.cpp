/// Workspaces with their members and namespaces.
#include "api/binder.h"
#include "api/registry_access.h"
#include "api/resources.h"
#include "engine/grants.h"
#include "model/json.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

Json to_json(const model::Workspace& workspace) {
  Json out = Json::object();
  out.set("name", Json::string(workspace.name));
  out.set("description", model::text_or_null(workspace.description));
  out.set("managed_by", Json::string(workspace.provenance.managed_by));
  out.set("created_at", model::text_or_null(model::utc_time(workspace.provenance.created_ms)));
  out.set("created_by", model::text_or_null(workspace.provenance.created_by));
  return out;
}

Json to_json(const model::Member& member) {
  Json out = Json::object();
  out.set("user", Json::string(member.user_name));
  out.set("role", Json::string(std::string(to_string(member.role))));
  return out;
}

Json to_json(const model::Namespace& name) {
  Json out = Json::object();
  out.set("cluster", Json::string(name.cluster));
  out.set("namespace", Json::string(name.name));
  return out;
}

/// Of whatever has a to_json here.
constexpr auto as_json = [](const auto& row) { return to_json(row); };

class Workspaces : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> list(Call& call) {
    const model::Principal& who = call.caller->principal;
    std::vector<model::Id> own;
    for (const auto& [workspace, role] : who.workspaces) own.push_back(workspace);
    // Nobody's member may still read all: his role toward other workspaces says so.
    const bool all = (who.admin || who.auditor) && !who.only_workspace;
    return list_answer(
        call, "workspaces",
        [&](store::Reader& reader, const store::PageRequest& request) {
          return store::list_workspaces(reader, request, all ? nullptr : &own);
        },
        as_json);
  }

  base::Result<Answer> create(Call& call) {
    return once(resources_, call, [&]() -> base::Result<Answer> {
      if (auto no = refuse(call, Action::workspace_create, {}, Action::workspace_create,
                           "workspace", text_of(call.body, "name")))
        return *no;
      model::Workspace workspace;
      workspace.name = text_of(call.body, "name");
      workspace.description = text_of(call.body, "description");
      workspace.provenance.created_by = call.caller->principal.name;
      auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
        auto made = store::insert_workspace(writer, workspace);
        if (!made) return made.error();
        workspace = *std::move(made);
        return engine::note(writer, act_of(call), "workspace.create", workspace.name, "",
                            base::to_text(to_json(workspace)));
      });
      if (!written) return written.error();
      return created(to_json(workspace), workspace, "/api/v1/workspaces/" + workspace.name);
    });
  }

  base::Result<Answer> show(Call& call) {
    auto workspace = in_path(call, Action::workspace_read);
    if (!workspace) return workspace.error();
    return shown_answer(to_json(*workspace), *workspace);
  }

  base::Result<Answer> update(Call& call) {
    return change(call, Action::workspace_update, "workspace.update",
                  [&](model::Workspace& workspace) {
                    if (call.body.find("description"))
                      workspace.description = text_of(call.body, "description");
                  });
  }

  base::Result<Answer> rename(Call& call) {
    return change(
        call, Action::workspace_rename, "workspace.rename",
        [&](model::Workspace& workspace) { workspace.name = text_of(call.body, "name"); });
  }

  base::Result<Answer> remove(Call& call) {
    auto workspace = in_path(call, Action::workspace_delete);
    if (!workspace) return workspace.error();
    if (auto answer = stale(call, *workspace)) return *std::move(answer);
    auto job = resources_.grants.remove_workspace(workspace->id, removal_way(call),
                                                  workspace->provenance.revision, act_of(call));
    if (!job) return job.error();
    if (!*job) return no_content();
    Json out = Json::object();
    out.set("job", Json::integer((*job)->id));
    Answer answer = json_answer(out, 202);
    answer.headers.push_back({"Location", "/api/v1/jobs/" + std::to_string((*job)->id)});
    return answer;
  }

  base::Result<Answer> list_members(Call& call) {
    auto workspace = in_path(call, Action::member_read);
    if (!workspace) return workspace.error();
    return whole_list_answer(
        call, "members",
        [&](store::Reader& reader) { return store::members(reader, workspace->id); },
        [](const model::Member& member) { return member.user_name; }, as_json);
  }

  base::Result<Answer> put_member(Call& call) {
    auto workspace = in_path(call, Action::member_write);
    if (!workspace) return workspace.error();
    const std::string& name = call.in_path("user");
    const std::string role = text_of(call.body, "role");
    return write([&](store::Writer& writer) -> base::Result<void> {
      const auto user = store::find_user(writer, name);
      if (!user) return no_such("user", name);
      if (auto put = store::put_member(writer, workspace->id, user->id, *model::role_from(role));
          !put)
        return put;
      return engine::note(writer, act_of(call), "member.put", workspace->name + "/" + name, "",
                          base::to_text(call.body));
    });
  }

  base::Result<Answer> remove_member(Call& call) {
    auto workspace = in_path(call, Action::member_write);
    if (!workspace) return workspace.error();
    const std::string& name = call.in_path("user");
    return write([&](store::Writer& writer) -> base::Result<void> {
      const auto user = store::find_user(writer, name);
      if (!user) return no_such("member", name);
      if (auto gone = store::remove_member(writer, workspace->id, user->id); !gone) return gone;
      return engine::note(writer, act_of(call), "member.remove", workspace->name + "/" + name, "",
                          "");
    });
  }

  base::Result<Answer> list_namespaces(Call& call) {
    auto workspace = in_path(call, Action::namespace_read);
    if (!workspace) return workspace.error();
    return whole_list_answer(
        call, "namespaces",
        [&](store::Reader& reader) { return store::namespaces(reader, workspace->id); },
        [](const model::Namespace& name) { return name.text(); }, as_json);
  }

  base::Result<Answer> assign_namespace(Call& call) {
    return with_namespace(call, "namespace.assign",
                          [&](store::Writer& writer, const model::Namespace& name) {
                            return store::assign_namespace(writer, name, call.flag("move"));
                          });
  }

  base::Result<Answer> release_namespace(Call& call) {
    return with_namespace(
        call, "namespace.release",
        [&](store::Writer& writer, const model::Namespace& name) -> base::Result<void> {
          const auto kept = store::find_namespace(writer, name.cluster, name.name);
          if (!kept || kept->workspace != name.workspace) return no_such("namespace", name.text());
          return store::release_namespace(writer, name);
        });
  }

 private:
  base::Result<model::Workspace> in_path(const Call& call, Action action) {
    return workspace_for(resources_, call, action, call.in_path("workspace"));
  }

  base::Result<Answer> change(Call& call, Action action, const std::string& word,
                              const std::function<void(model::Workspace&)>& edit) {
    auto before = in_path(call, action);
    if (!before) return before.error();
    if (auto answer = stale(call, *before)) return *std::move(answer);
    model::Workspace after = *before;
    edit(after);
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      auto made = store::update_workspace(writer, after, before->provenance.revision);
      if (!made) return made.error();
      after = *std::move(made);
      return engine::note(writer, act_of(call), word, after.name, base::to_text(to_json(*before)),
                          base::to_text(to_json(after)));
    });
    if (!written) return written.error();
    return resource_answer(to_json(after), after);
  }

  base::Result<Answer> with_namespace(
      Call& call, const std::string& word,
      const std::function<base::Result<void>(store::Writer&, const model::Namespace&)>& body) {
    auto workspace = in_path(call, Action::namespace_assign);
    if (!workspace) return workspace.error();
    const model::Namespace name{call.in_path("cluster"), call.in_path("namespace"), workspace->id};
    return write([&](store::Writer& writer) -> base::Result<void> {
      if (auto done = body(writer, name); !done) return done;
      return engine::note(writer, act_of(call), word, workspace->name + "/" + name.text(), "", "");
    });
  }
};

void add_components(Routes& routes) {
  routes.component("NewWorkspace", R"({"type": "object", "additionalProperties": false,
    "required": ["name"], "properties": {
      "name": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"},
      "description": {"type": "string", "maxLength": 1000}}})");
  routes.component("WorkspaceChange", R"({"type": "object", "additionalProperties": false,
    "properties": {"description": {"type": "string", "maxLength": 1000}}})");
  routes.component("WorkspaceName", R"({"type": "object", "additionalProperties": false,
    "required": ["name"], "properties": {
      "name": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}}})");
  routes.component("MemberRole", R"({"type": "object", "additionalProperties": false,
    "required": ["role"], "properties": {"role": {"type": "string",
      "enum": ["workspace-admin", "workspace-editor", "workspace-viewer"]}}})");
  routes.component("Workspace", R"({"type": "object", "required": ["name", "description",
    "managed_by", "created_at", "created_by"], "properties": {
      "name": {"type": "string"}, "description": {"type": ["string", "null"]},
      "managed_by": {"type": "string"},
      "created_at": {"type": ["string", "null"], "format": "date-time"},
      "created_by": {"type": ["string", "null"]}}})");
  routes.component("Workspaces", list_of("Workspace"));
  routes.component("Members", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"type": "object", "required": ["user", "role"],
        "properties": {"user": {"type": "string"}, "role": {"type": "string"}}}}}})");
  routes.component("Namespaces", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"type": "object", "required": ["cluster", "namespace"],
        "properties": {"cluster": {"type": "string"}, "namespace": {"type": "string"}}}}}})");
  routes.component("JobStarted", R"({"type": "object", "required": ["job"], "properties": {
      "job": {"type": "integer", "description": "Follow it at /api/v1/jobs/{job}."}}})");
}

void add_workspaces(const Table<Workspaces>& table) {
  table.get("", &Workspaces::list, "listWorkspaces", "List the workspaces one may see")
      .paged()
      .takes({search_parameter(), sort_parameter({"name", "created"})})
      .gives(200, "Workspaces", "A page");
  table.post("", &Workspaces::create, "createWorkspace", "Make a workspace")
      .body("NewWorkspace")
      .gives(201, "Workspace", "The workspace")
      .needs("workspace.create");
}

void add_workspace(const Table<Workspaces>& table) {
  table.get("", &Workspaces::show, "showWorkspace", "Show a workspace")
      .gives(200, "Workspace", "As it is now")
      .needs("workspace.read");
  table.patch("", &Workspaces::update, "updateWorkspace", "Change the description")
      .body("WorkspaceChange")
      .gives(200, "Workspace", "As it is now")
      .needs("workspace.update");
  table.post("/rename", &Workspaces::rename, "renameWorkspace", "Rename a workspace")
      .says("Its id, bindings, history and robots stay.")
      .body("WorkspaceName")
      .gives(200, "Workspace", "As it is now")
      .needs("workspace.rename");
  table.remove("", &Workspaces::remove, "deleteWorkspace", "Remove a workspace")
      .says(
          "409 with the list of what is in the way: its registries, bindings and robots. "
          "`cascade` removes them first, robots before all; its job waits for a registry that does "
          "not answer, and shows that. `abandon` leaves such robots behind.")
      .takes({flag_parameter("cascade", "Remove what is in the way too"),
              flag_parameter("abandon", "The same; robots at dead registries are left, listed")})
      .gives(204, "", "Removed")
      .gives(202, "JobStarted", "A job removes it")
      .needs("workspace.delete");
}

void add_members(const Table<Workspaces>& table) {
  const Parameter user = path_parameter("user", "Name of the user", name_schema);
  table.get("/members", &Workspaces::list_members, "listMembers", "List the members")
      .paged()
      .gives(200, "Members", "A page")
      .needs("member.read");
  table
      .put("/members/{user}", &Workspaces::put_member, "putMember",
           "Add a member, or change his role")
      .takes({user})
      .body("MemberRole")
      .gives(204, "", "He is a member with that role")
      .needs("member.write");
  table.remove("/members/{user}", &Workspaces::remove_member, "removeMember", "Remove a member")
      .says("What his tokens and sessions could do here ends at once.")
      .takes({user})
      .gives(204, "", "Removed")
      .needs("member.write");
}

void add_namespaces(const Table<Workspaces>& table) {
  const Parameter cluster =
      path_parameter("cluster", "Name of the cluster",
                     R"({"type": "string", "pattern": "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"})");
  const Parameter name = path_parameter("namespace", "Name of the namespace");
  const std::string one = "/namespaces/{cluster}/{namespace}";
  table
      .get("/namespaces", &Workspaces::list_namespaces, "listNamespaces",
           "List the namespaces of a workspace")
      .paged()
      .gives(200, "Namespaces", "A page")
      .needs("namespace.read");
  table
      .put(one, &Workspaces::assign_namespace, "assignNamespace", "Give a namespace to a workspace")
      .says("It belongs to one workspace: 409 unless `move`. What it may pull changes at once.")
      .takes({cluster, name, flag_parameter("move", "Take it from the workspace that has it")})
      .gives(204, "", "It belongs to the workspace")
      .needs("namespace.assign");
  table
      .remove(one, &Workspaces::release_namespace, "releaseNamespace",
              "Take a namespace from a workspace")
      .takes({cluster, name})
      .gives(204, "", "It has none now")
      .needs("namespace.assign");
}

}  // namespace

void add_workspace_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<Workspaces> table(routes, resources);
  add_workspaces(table.at({"workspaces", "/workspaces"}));
  const auto one = table.at({.tag = "workspaces",
                             .path = "/workspaces/{workspace}",
                             .parameters = {workspace_parameter()}});
  add_workspace(one);
  add_members(one);
  add_namespaces(one);
}

}  // namespace portolan::api
