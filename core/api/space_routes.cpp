/// Spaces, bindings, push.
#include "api/registry_access.h"
#include "api/represent.h"
#include "api/resources.h"
#include "config/daemon_settings.h"
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

struct SpaceSeen {
  Seen registry;
  model::SpaceRecord space;
};

Json space_job_json(const engine::Grants::SpaceJob& done, const store::SpaceRow& row) {
  Json out = space_json(row);
  out.set("job", done.job ? job_json(*done.job) : Json());
  Json notices = Json::array();
  for (const std::string& notice : done.notices) notices.push(Json::string(notice));
  out.set("notices", std::move(notices));
  return out;
}

class Spaces : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> list(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::space_read);
    if (!seen) return seen.error();
    store::SpaceFilter filter;
    filter.registry = seen->row.record.id;
    filter.only = seen->inspect ? nullptr : seen->view.only_spaces();
    if (const std::string& word = call.text("visibility"); !word.empty())
      filter.is_public = word == "public";
    return list_answer(
        call, "spaces",
        [&](store::Reader& reader, const store::PageRequest& request) {
          return store::list_spaces(reader, request, filter);
        },
        [&](const store::SpaceRow& row) { return shown(row, *seen); });
  }

  base::Result<Answer> create(Call& call) {
    return once(resources_, call, [&]() -> base::Result<Answer> {
      auto seen = registry_in_path(resources_, call, Action::space_create);
      if (!seen) return seen.error();
      const std::string name = text_of(call.body, "name");
      const Json* declare = call.body.find("declare");
      if (declare && declare->as_bool().value_or(false)) {
        auto space = resources_.grants.declare_space(seen->row.record.id, name, act_of(call));
        if (!space) return space.error();
        if (text_of(call.body, "visibility") == "public") {
          auto opened = resources_.grants.set_public(space->id, true, false,
                                                     space->provenance.revision, act_of(call));
          if (!opened) return opened.error();
          space = opened->space;
        }
        return created(space_json({*space, {}}), *space,
                       path_of(seen->row.record) + "/spaces/" + percent_encode(name));
      }
      auto done = resources_.grants.create_space(
          seen->row.record.id, name, text_of(call.body, "visibility") == "public", act_of(call));
      if (!done) return done.error();
      return created(space_job_json(*done, {done->space, {}}), done->space,
                     path_of(seen->row.record) + "/spaces/" + percent_encode(name));
    });
  }

  base::Result<Answer> show(Call& call) {
    auto seen = in_path(call, Action::space_read);
    if (!seen) return seen.error();
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      return shown_answer(shown(row_of(reader, seen->space), seen->registry), seen->space);
    });
  }

  base::Result<Answer> update(Call& call) {
    auto seen = in_path(call, Action::space_update);
    if (!seen) return seen.error();
    if (auto answer = stale(call, seen->space)) return *std::move(answer);
    const Json* upstream = call.body.find("upstream");
    auto done =
        resources_.grants.set_public(seen->space.id, text_of(call.body, "visibility") == "public",
                                     upstream && upstream->as_bool().value_or(false),
                                     seen->space.provenance.revision, act_of(call));
    if (!done) return done.error();
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      return resource_answer(space_job_json(*done, row_of(reader, done->space)), done->space);
    });
  }

  base::Result<Answer> remove(Call& call) {
    auto seen = in_path(call, Action::space_delete);
    if (!seen) return seen.error();
    if (auto answer = stale(call, seen->space)) return *std::move(answer);
    auto done = resources_.grants.delete_space(seen->space.id, call.text("confirm"),
                                               seen->space.provenance.revision, act_of(call));
    if (!done) return done.error();
    return done->job ? job_started(*done->job) : Answer{.status = 204};
  }

  base::Result<Answer> list_bindings_of_space(Call& call) {
    auto seen = in_path(call, Action::binding_read);
    if (!seen) return seen.error();
    const auto visible = [&](store::Reader& reader) {
      auto all =
          store::bindings(reader, {.space = seen->space.id, .workspace = {}, .registry = {}});
      std::erase_if(all, [&](const model::Binding& binding) {
        return !model::may(call.caller->principal, Action::workspace_read, binding.workspace);
      });
      return all;
    };
    return whole_list_answer(
        call, "space bindings", visible,
        [](const model::Binding& binding) { return key_of_id(binding.id); }, binding_json);
  }

  base::Result<Answer> bind(Call& call) {
    return once(resources_, call, [&]() -> base::Result<Answer> {
      auto seen = in_path(call, Action::binding_write);
      if (!seen) return seen.error();
      auto workspace =
          workspace_for(resources_, call, Action::workspace_read, text_of(call.body, "workspace"));
      if (!workspace) return workspace.error();
      auto binding = resources_.grants.bind(seen->space.id, workspace->id,
                                            text_of(call.body, "access") == "push", act_of(call));
      if (!binding) return binding.error();
      return created(binding_json(*binding), *binding,
                     call.request.path + "/" + percent_encode(workspace->name));
    });
  }

  base::Result<Answer> unbind(Call& call) {
    auto seen = in_path(call, Action::binding_write);
    if (!seen) return seen.error();
    auto workspace = workspace_for(resources_, call, Action::workspace_read, call.in_path("bound"));
    if (!workspace) return workspace.error();
    auto bound = store().read<model::Id>([&](store::Reader& reader) -> base::Result<model::Id> {
      const auto found = store::bindings(
          reader, {.space = {}, .workspace = workspace->id, .registry = seen->space.registry});
      std::optional<model::Id> broken;  // Of an older space of that name.
      for (const model::Binding& binding : found) {
        if (!binding.revoke_pending.empty()) continue;
        if (binding.space == seen->space.id) return binding.id;
        if (binding.broken && binding.space_name == seen->space.name) broken = binding.id;
      }
      if (broken) return *broken;
      return no_such("binding", seen->space.name + " to " + workspace->name);
    });
    if (!bound) return bound.error();
    auto done = resources_.grants.unbind(*bound, act_of(call));
    if (!done) return done.error();
    return no_content();
  }

  base::Result<Answer> list_bindings(Call& call) {
    auto workspace =
        workspace_for(resources_, call, Action::binding_read, call.in_path("workspace"));
    if (!workspace) return workspace.error();
    return list_answer(
        call, "bindings",
        [&](store::Reader& reader, const store::PageRequest& request) {
          return store::list_bindings(reader, request,
                                      {.space = {}, .workspace = workspace->id, .registry = {}});
        },
        binding_json);
  }

  base::Result<Answer> push(Call& call) {
    auto workspace =
        workspace_for(resources_, call, Action::push_issue, text_of(call.body, "workspace"));
    if (!workspace) return workspace.error();
    auto seen = in_path(call, Action::space_read);
    if (!seen) return seen.error();
    std::chrono::milliseconds life = resources_.daemon.settings()->robots.push_life;
    if (const Json* wanted = call.body.find("life_s"))
      life = std::chrono::seconds(wanted->as_integer().value_or(3600));
    auto command = resources_.grants.push(seen->space.id, workspace->id, life, act_of(call));
    if (!command) return command.error();
    Json out = Json::object();
    out.set("host", Json::string(command->host));
    out.set("username", Json::string(command->username));
    out.set("password", Json::string(command->password.reveal()));
    out.set("reference", Json::string(command->host + "/" + command->space + "/"));
    out.set("expires_at", Json::string(model::utc_time(command->expires_ms)));
    return json_answer(out, 201);
  }

 private:
  /// Which other workspaces have a space is not for everybody who uses it.
  static Json shown(store::SpaceRow row, const Seen& seen) {
    if (!seen.inspect) row.workspaces.clear();
    return space_json(row);
  }

  static store::SpaceRow row_of(store::Reader& reader, const model::SpaceRecord& space) {
    store::SpaceRow row{space, {}};
    for (const model::Binding& binding :
         store::bindings(reader, {.space = space.id, .workspace = {}, .registry = {}}))
      if (binding.revoke_pending.empty()) row.workspaces.push_back(binding.workspace_name);
    return row;
  }

  base::Result<SpaceSeen> in_path(const Call& call, Action action) {
    auto seen = registry_in_path(resources_, call, Action::registry_read);
    if (!seen) return seen.error();
    const std::string& name = call.in_path("space");
    const model::RegistryRecord& record = seen->row.record;
    auto space = store().read<model::SpaceRecord>(
        [&](store::Reader& reader) -> base::Result<model::SpaceRecord> {
          auto found = store::find_space(reader, record.id, name);
          if (!found || (!seen->inspect && !seen->view.sees_space(found->id)))
            return no_such("space", name);
          return *std::move(found);
        });
    if (!space) return space.error();
    if (auto no = refuse(call, action, record.workspace, Action::registry_read, "space", name))
      return *no;
    return SpaceSeen{*std::move(seen), *std::move(space)};
  }
};

void add_components(Routes& routes) {
  routes.component("NewSpace", R"({"type": "object", "additionalProperties": false,
    "required": ["name"], "properties": {
      "name": {"type": "string",
        "pattern": "^(_|[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)$",
        "maxLength": 255},
      "visibility": {"type": "string", "enum": ["private", "public"], "default": "private"},
      "declare": {"type": "boolean", "default": false,
        "description": "A prefix of repositories in a registry without spaces of its own."}}})");
  routes.component("SpaceChange", R"({"type": "object", "additionalProperties": false,
    "required": ["visibility"], "properties": {
      "visibility": {"type": "string", "enum": ["private", "public"]},
      "upstream": {"type": "boolean", "default": false,
        "description": "Change the registry's own flag too."}}})");
  routes.component("ChangedSpace", R"({"allOf": [{"$ref": "#/components/schemas/Space"},
      {"type": "object", "properties": {
        "job": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Job"}]},
        "notices": {"type": "array", "items": {"type": "string"}}}}]})");
  routes.component("NewBinding", R"({"type": "object", "additionalProperties": false,
    "required": ["workspace"], "properties": {
      "workspace": {"type": "string", "maxLength": 63},
      "access": {"type": "string", "enum": ["pull", "push"], "default": "pull"}}})");
  routes.component("PushWish", R"({"type": "object", "additionalProperties": false,
    "required": ["workspace"], "properties": {
      "workspace": {"type": "string", "maxLength": 63},
      "life_s": {"type": "integer", "minimum": 60, "maximum": 86400}}})");
  routes.component("PushCommand", R"({"type": "object", "required": ["host", "username",
    "password", "reference", "expires_at"], "properties": {"host": {"type": "string"},
      "username": {"type": "string"}, "password": {"type": "string"},
      "reference": {"type": "string", "description": "How references to push begin."},
      "expires_at": {"type": "string", "format": "date-time"}}})");
}

void add_spaces(const Table<Spaces>& table) {
  table.get("", &Spaces::list, "list*Spaces", "List the spaces one may see")
      .paged()
      .takes({search_parameter(), sort_parameter({"name", "repositories", "created"}),
              choice_parameter("visibility", "Only these", {"private", "public"})})
      .gives(200, "Spaces", "A page")
      .needs("space.read");
  table.post("", &Spaces::create, "create*Space", "Make a space upstream, or declare a prefix")
      .body("NewSpace")
      .gives(201, "ChangedSpace", "Kept; the job makes it upstream")
      .needs("space.create");
}

void add_space(const Table<Spaces>& table) {
  table.get("", &Spaces::show, "show*Space", "Show a space")
      .gives(200, "Space", "The space")
      .needs("space.read");
  table.patch("", &Spaces::update, "update*Space", "Make a space public or private")
      .says(
          "Public: every signed-in user and every namespace may use it. "
          "Bindings stay. The notices say what follows.")
      .body("SpaceChange")
      .gives(200, "ChangedSpace", "As it is now")
      .needs("space.update");
  table.remove("", &Spaces::remove, "delete*Space", "Delete an empty, unbound space upstream")
      .takes({{.name = "confirm",
               .schema = R"({"type": "string", "maxLength": 255})",
               .help = "The name of the space again",
               .required = true}})
      .gives(204, "", "Gone")
      .gives(202, "Job", "A job deletes it")
      .needs("space.delete");
}

void add_bindings(const Table<Spaces>& table) {
  table
      .get("/bindings", &Spaces::list_bindings_of_space, "list*SpaceBindings",
           "Which workspaces may use a space")
      .paged()
      .gives(200, "Bindings", "A page")
      .needs("binding.read");
  table.post("/bindings", &Spaces::bind, "bind*Space", "Let a workspace use a private space")
      .body("NewBinding")
      .gives(201, "Binding", "It holds at once; the robot follows")
      .needs("binding.write");
  table
      .remove("/bindings/{bound}", &Spaces::unbind, "unbind*Space",
              "End the use of a space by a workspace")
      .says("At once in Portolan; the credential upstream is revoked by a job.")
      .takes({path_parameter("bound", "Name of the bound workspace",
                             R"({"type": "string", "minLength": 1, "maxLength": 63})")})
      .gives(204, "", "Unbound")
      .needs("binding.write");
}

/// `place`, with a space of its registry in the path.
Place one_space(Place place) {
  place.path += "/{space}";
  place.parameters.push_back(
      path_parameter("space", "Name of the space; slashes percent-encoded",
                     R"({"type": "string", "minLength": 1, "maxLength": 255})"));
  return place;
}

}  // namespace

void add_space_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<Spaces> table(routes, resources);
  for (Place place : registry_places("spaces")) {
    place.path += "/spaces";
    add_spaces(table.at(place));
    place = one_space(std::move(place));
    add_space(table.at(place));
    place.tag = "bindings";
    add_bindings(table.at(place));
    place.tag = "images";
    table.at(place)
        .post("/push", &Spaces::push, "push*Space", "A short-lived credential to push with")
        .body("PushWish")
        .gives(201, "PushCommand", "Shown once")
        .needs("push.issue")
        .waits();
  }
  table.at({"bindings"})
      .get("/workspaces/{workspace}/bindings", &Spaces::list_bindings, "listWorkspaceBindings",
           "What a workspace is bound to")
      .takes({workspace_parameter()})
      .paged()
      .gives(200, "Bindings", "A page")
      .needs("binding.read");
}

}  // namespace portolan::api
