/// Workspaces with their members and namespaces.
#include "api/resources.h"
#include "model/json.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

constexpr const char* list_name = "workspaces";

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

template <class Row>
Answer items_answer(const std::vector<Row>& rows) {
  Json items = Json::array();
  for (const Row& row : rows) items.push(to_json(row));
  Json out = Json::object();
  out.set("items", std::move(items));
  return json_answer(out);
}

class Workspaces {
 public:
  explicit Workspaces(Resources& resources) : resources_(resources) {}

  base::Result<Answer> list(Call& call) {
    const auto page = read_page(call, list_name);
    if (!page) return page.error();
    const model::Principal& who = call.caller->principal;
    std::vector<model::Id> own;
    for (const auto& [workspace, role] : who.workspaces) own.push_back(workspace);
    // Nobody's member may still read all: his role toward other workspaces says so.
    const bool all = (who.admin || who.auditor) && !who.only_workspace;
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      return page_answer(
          call, list_name,
          store::list_workspaces(reader, page_request(call, *page), all ? nullptr : &own),
          [](const model::Workspace& workspace) { return to_json(workspace); });
    });
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
      return created(to_json(workspace), workspace.provenance.revision,
                     "/api/v1/workspaces/" + workspace.name);
    });
  }

  base::Result<Answer> show(Call& call) {
    auto workspace = in_path(call, Action::workspace_read);
    if (!workspace) return workspace.error();
    return resource_answer(to_json(*workspace), workspace->provenance.revision);
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
    if (auto answer = stale(call, workspace->provenance.revision)) return *std::move(answer);
    auto job =
        resources_.grants.remove_workspace(workspace->id, call.flag("cascade"), act_of(call));
    if (!job) return job.error();
    if (!*job) return Answer{.status = 204};
    Json out = Json::object();
    out.set("job", Json::integer((*job)->id));
    Answer answer = json_answer(out, 202);
    answer.headers.push_back({"Location", "/api/v1/jobs/" + std::to_string((*job)->id)});
    return answer;
  }

  base::Result<Answer> list_members(Call& call) {
    auto workspace = in_path(call, Action::member_read);
    if (!workspace) return workspace.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      return items_answer(store::members(reader, workspace->id));
    });
  }

  base::Result<Answer> put_member(Call& call) {
    auto workspace = in_path(call, Action::member_write);
    if (!workspace) return workspace.error();
    const std::string& name = call.in_path("user");
    const std::string role = text_of(call.body, "role");
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      const auto user = store::find_user(writer, name);
      if (!user) return no_such("user", name);
      if (auto put = store::put_member(writer, workspace->id, user->id, *model::role_from(role));
          !put)
        return put;
      return engine::note(writer, act_of(call), "member.put", workspace->name + "/" + name, "",
                          base::to_text(call.body));
    });
    if (!written) return written.error();
    return Answer{.status = 204};
  }

  base::Result<Answer> remove_member(Call& call) {
    auto workspace = in_path(call, Action::member_write);
    if (!workspace) return workspace.error();
    const std::string& name = call.in_path("user");
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      const auto user = store::find_user(writer, name);
      if (!user) return no_such("member", name);
      if (auto gone = store::remove_member(writer, workspace->id, user->id); !gone) return gone;
      return engine::note(writer, act_of(call), "member.remove", workspace->name + "/" + name, "",
                          "");
    });
    if (!written) return written.error();
    return Answer{.status = 204};
  }

  base::Result<Answer> list_namespaces(Call& call) {
    auto workspace = in_path(call, Action::namespace_read);
    if (!workspace) return workspace.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      return items_answer(store::namespaces(reader, workspace->id));
    });
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
  store::Store& store() { return resources_.daemon.store; }

  base::Result<model::Workspace> in_path(const Call& call, Action action) {
    return workspace_for(resources_, call, action, call.in_path("workspace"));
  }

  base::Result<Answer> change(Call& call, Action action, const std::string& word,
                              const std::function<void(model::Workspace&)>& edit) {
    auto before = in_path(call, action);
    if (!before) return before.error();
    if (auto answer = stale(call, before->provenance.revision)) return *std::move(answer);
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
    return resource_answer(to_json(after), after.provenance.revision);
  }

  base::Result<Answer> with_namespace(
      Call& call, const std::string& word,
      const std::function<base::Result<void>(store::Writer&, const model::Namespace&)>& body) {
    auto workspace = in_path(call, Action::namespace_assign);
    if (!workspace) return workspace.error();
    const model::Namespace name{call.in_path("cluster"), call.in_path("namespace"), workspace->id};
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      if (auto done = body(writer, name); !done) return done;
      return engine::note(writer, act_of(call), word, workspace->name + "/" + name.text(), "", "");
    });
    if (!written) return written.error();
    return Answer{.status = 204};
  }

  Resources& resources_;
};

using Handlers = std::function<std::function<base::Result<Answer>(Call&)>(
    base::Result<Answer> (Workspaces::*)(Call&))>;

constexpr const char* name_schema =
    R"({"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"})";

Parameter in_path(std::string name, std::string help) {
  return {.in = Parameter::In::path,
          .name = std::move(name),
          .schema = name_schema,
          .help = std::move(help)};
}

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
  routes.component("Workspaces", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"$ref": "#/components/schemas/Workspace"}}}})");
  routes.component("Members", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"type": "object", "required": ["user", "role"],
        "properties": {"user": {"type": "string"}, "role": {"type": "string"}}}}}})");
  routes.component("Namespaces", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"type": "object", "required": ["cluster", "namespace"],
        "properties": {"cluster": {"type": "string"}, "namespace": {"type": "string"}}}}}})");
  routes.component("JobStarted", R"({"type": "object", "required": ["job"], "properties": {
      "job": {"type": "integer", "description": "Follow it at /api/v1/jobs/{job}."}}})");
}

void add_workspaces(Routes& routes, const Handlers& to) {
  const Parameter workspace = in_path("workspace", "Name of the workspace");
  std::vector<Parameter> paged = page_parameters();
  paged.push_back({.name = "search",
                   .schema = R"({"type": "string", "maxLength": 200})",
                   .help = "Part of the name"});
  paged.push_back(
      {.name = "sort",
       .schema = R"({"type": "string", "enum": ["name", "-name", "created", "-created"]})",
       .help = "Order"});
  const Possible one{200, "Workspace", "As it is now"};
  routes.add({.method = "GET",
              .path = "/api/v1/workspaces",
              .operation = "listWorkspaces",
              .tag = "workspaces",
              .summary = "List the workspaces one may see",
              .parameters = paged,
              .answers = {{200, "Workspaces", "A page"}},
              .handler = to(&Workspaces::list)});
  routes.add({.method = "POST",
              .path = "/api/v1/workspaces",
              .operation = "createWorkspace",
              .tag = "workspaces",
              .summary = "Make a workspace",
              .body = "NewWorkspace",
              .answers = {{201, "Workspace", "The workspace"}},
              .security = "workspace.create",
              .handler = to(&Workspaces::create)});
  routes.add({.method = "GET",
              .path = "/api/v1/workspaces/{workspace}",
              .operation = "showWorkspace",
              .tag = "workspaces",
              .summary = "Show a workspace",
              .parameters = {workspace},
              .answers = {one},
              .security = "workspace.read",
              .handler = to(&Workspaces::show)});
  routes.add({.method = "PATCH",
              .path = "/api/v1/workspaces/{workspace}",
              .operation = "updateWorkspace",
              .tag = "workspaces",
              .summary = "Change the description",
              .parameters = {workspace},
              .body = "WorkspaceChange",
              .answers = {one},
              .security = "workspace.update",
              .handler = to(&Workspaces::update)});
}

void add_workspace_changes(Routes& routes, const Handlers& to) {
  const Parameter workspace = in_path("workspace", "Name of the workspace");
  const Possible one{200, "Workspace", "As it is now"};
  routes.add({.method = "POST",
              .path = "/api/v1/workspaces/{workspace}/rename",
              .operation = "renameWorkspace",
              .tag = "workspaces",
              .summary = "Rename a workspace",
              .description = "Its id, bindings, history and robots stay.",
              .parameters = {workspace},
              .body = "WorkspaceName",
              .answers = {one},
              .security = "workspace.rename",
              .handler = to(&Workspaces::rename)});
  routes.add({.method = "DELETE",
              .path = "/api/v1/workspaces/{workspace}",
              .operation = "deleteWorkspace",
              .tag = "workspaces",
              .summary = "Remove a workspace",
              .description =
                  "409 with the list of what is in the way: its registries and bindings. "
                  "`cascade` removes them first, robots before all.",
              .parameters = {workspace,
                             {.name = "cascade",
                              .schema = R"({"type": "boolean", "default": false})",
                              .help = "Remove what is in the way too"}},
              .answers = {{204, "", "Removed"}, {202, "JobStarted", "A job removes it"}},
              .security = "workspace.delete",
              .handler = to(&Workspaces::remove)});
}

void add_members(Routes& routes, const Handlers& to) {
  const Parameter workspace = in_path("workspace", "Name of the workspace");
  Parameter user = in_path("user", "Name of the user");
  user.schema = R"({"type": "string", "pattern": "^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"})";
  const std::string path = "/api/v1/workspaces/{workspace}/members";
  routes.add({.method = "GET",
              .path = path,
              .operation = "listMembers",
              .tag = "workspaces",
              .summary = "List the members",
              .parameters = {workspace},
              .answers = {{200, "Members", "All of them"}},
              .security = "member.read",
              .handler = to(&Workspaces::list_members)});
  routes.add({.method = "PUT",
              .path = path + "/{user}",
              .operation = "putMember",
              .tag = "workspaces",
              .summary = "Add a member, or change his role",
              .parameters = {workspace, user},
              .body = "MemberRole",
              .answers = {{204, "", "He is a member with that role"}},
              .security = "member.write",
              .handler = to(&Workspaces::put_member)});
  routes.add({.method = "DELETE",
              .path = path + "/{user}",
              .operation = "removeMember",
              .tag = "workspaces",
              .summary = "Remove a member",
              .description = "What his tokens and sessions could do here ends at once.",
              .parameters = {workspace, user},
              .answers = {{204, "", "Removed"}},
              .security = "member.write",
              .handler = to(&Workspaces::remove_member)});
}

void add_namespaces(Routes& routes, const Handlers& to) {
  const Parameter workspace = in_path("workspace", "Name of the workspace");
  Parameter cluster = in_path("cluster", "Name of the cluster");
  cluster.schema = R"({"type": "string", "pattern": "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"})";
  const Parameter name = in_path("namespace", "Name of the namespace");
  const std::string path = "/api/v1/workspaces/{workspace}/namespaces";
  routes.add({.method = "GET",
              .path = path,
              .operation = "listNamespaces",
              .tag = "workspaces",
              .summary = "List the namespaces of a workspace",
              .parameters = {workspace},
              .answers = {{200, "Namespaces", "All of them"}},
              .security = "namespace.read",
              .handler = to(&Workspaces::list_namespaces)});
  routes.add({.method = "PUT",
              .path = path + "/{cluster}/{namespace}",
              .operation = "assignNamespace",
              .tag = "workspaces",
              .summary = "Give a namespace to a workspace",
              .description = "It belongs to one workspace: 409 unless `move`. What it may pull "
                             "changes at once.",
              .parameters = {workspace,
                             cluster,
                             name,
                             {.name = "move",
                              .schema = R"({"type": "boolean", "default": false})",
                              .help = "Take it from the workspace that has it"}},
              .answers = {{204, "", "It belongs to the workspace"}},
              .security = "namespace.assign",
              .handler = to(&Workspaces::assign_namespace)});
  routes.add({.method = "DELETE",
              .path = path + "/{cluster}/{namespace}",
              .operation = "releaseNamespace",
              .tag = "workspaces",
              .summary = "Take a namespace from a workspace",
              .parameters = {workspace, cluster, name},
              .answers = {{204, "", "It has none now"}},
              .security = "namespace.assign",
              .handler = to(&Workspaces::release_namespace)});
}

}  // namespace

void add_workspace_routes(Routes& routes, Resources& resources) {
  const auto workspaces = std::make_shared<Workspaces>(resources);
  const Handlers to = [workspaces](base::Result<Answer> (Workspaces::*method)(Call&)) {
    return [workspaces, method](Call& call) { return ((*workspaces).*method)(call); };
  };
  add_components(routes);
  add_workspaces(routes, to);
  add_workspace_changes(routes, to);
  add_members(routes, to);
  add_namespaces(routes, to);
}

}  // namespace portolan::api
