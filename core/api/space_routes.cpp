/// Spaces, bindings, push.
#include "api/registry_access.h"
#include "api/represent.h"
#include "model/json.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

constexpr const char* spaces_list = "spaces";
constexpr const char* bindings_list = "bindings";

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

class Spaces {
 public:
  explicit Spaces(Resources& resources) : resources_(resources) {}

  base::Result<Answer> list(Call& call) {
    const auto page = read_page(call, spaces_list);
    if (!page) return page.error();
    auto seen = registry_in_path(resources_, call, Action::space_read);
    if (!seen) return seen.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      store::SpaceFilter filter;
      filter.registry = seen->row.record.id;
      filter.only = seen->inspect ? nullptr : seen->view.only_spaces();
      if (const std::string& word = call.text("visibility"); !word.empty())
        filter.is_public = word == "public";
      return page_answer(call, spaces_list,
                         store::list_spaces(reader, page_request(call, *page), filter),
                         [&](const store::SpaceRow& row) { return shown(row, *seen); });
    });
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
        return created(space_json({*space, {}}), space->provenance.revision,
                       path_of(seen->row.record) + "/spaces/" + percent_encode(name));
      }
      auto done = resources_.grants.create_space(
          seen->row.record.id, name, text_of(call.body, "visibility") == "public", act_of(call));
      if (!done) return done.error();
      return created(space_job_json(*done, {done->space, {}}), done->space.provenance.revision,
                     path_of(seen->row.record) + "/spaces/" + percent_encode(name));
    });
  }

  base::Result<Answer> show(Call& call) {
    auto seen = in_path(call, Action::space_read);
    if (!seen) return seen.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      return resource_answer(shown(row_of(reader, seen->space), seen->registry),
                             seen->space.provenance.revision);
    });
  }

  base::Result<Answer> update(Call& call) {
    auto seen = in_path(call, Action::space_update);
    if (!seen) return seen.error();
    if (auto answer = stale(call, seen->space.provenance.revision)) return *std::move(answer);
    const Json* upstream = call.body.find("upstream");
    auto done =
        resources_.grants.set_public(seen->space.id, text_of(call.body, "visibility") == "public",
                                     upstream && upstream->as_bool().value_or(false),
                                     seen->space.provenance.revision, act_of(call));
    if (!done) return done.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      return resource_answer(space_job_json(*done, row_of(reader, done->space)),
                             done->space.provenance.revision);
    });
  }

  base::Result<Answer> remove(Call& call) {
    auto seen = in_path(call, Action::space_delete);
    if (!seen) return seen.error();
    if (auto answer = stale(call, seen->space.provenance.revision)) return *std::move(answer);
    auto done = resources_.grants.delete_space(seen->space.id, call.text("confirm"), act_of(call));
    if (!done) return done.error();
    return done->job ? job_started(*done->job) : Answer{.status = 204};
  }

  base::Result<Answer> list_bindings_of_space(Call& call) {
    auto seen = in_path(call, Action::binding_read);
    if (!seen) return seen.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      Json items = Json::array();
      for (const model::Binding& binding :
           store::bindings(reader, {.space = seen->space.id, .workspace = {}, .registry = {}}))
        if (model::may(call.caller->principal, Action::workspace_read, binding.workspace))
          items.push(binding_json(binding));
      Json out = Json::object();
      out.set("items", std::move(items));
      return json_answer(out);
    });
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
      return created(binding_json(*binding), binding->provenance.revision,
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
          reader, {.space = seen->space.id, .workspace = workspace->id, .registry = {}});
      for (const model::Binding& binding : found)
        if (binding.revoke_pending.empty()) return binding.id;
      return no_such("binding", seen->space.name + " to " + workspace->name);
    });
    if (!bound) return bound.error();
    auto done = resources_.grants.unbind(*bound, act_of(call));
    if (!done) return done.error();
    return Answer{.status = 204};
  }

  base::Result<Answer> list_bindings(Call& call) {
    const auto page = read_page(call, bindings_list);
    if (!page) return page.error();
    auto workspace =
        workspace_for(resources_, call, Action::binding_read, call.in_path("workspace"));
    if (!workspace) return workspace.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      return page_answer(
          call, bindings_list,
          store::list_bindings(reader, page_request(call, *page),
                               {.space = {}, .workspace = workspace->id, .registry = {}}),
          binding_json);
    });
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
  store::Store& store() { return resources_.daemon.store; }

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

  Resources& resources_;
};

using Handlers = std::function<std::function<base::Result<Answer>(Call&)>(
    base::Result<Answer> (Spaces::*)(Call&))>;

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

Parameter space_parameter() {
  return {.in = Parameter::In::path,
          .name = "space",
          .schema = R"({"type": "string", "minLength": 1, "maxLength": 255})",
          .help = "Name of the space; slashes percent-encoded"};
}

std::vector<Parameter> list_parameters() {
  std::vector<Parameter> out = page_parameters();
  out.insert(out.begin(), registry_parameter());
  out.push_back({.name = "search",
                 .schema = R"({"type": "string", "maxLength": 200})",
                 .help = "Part of the name"});
  out.push_back({.name = "sort",
                 .schema = R"({"type": "string", "enum": ["name", "-name", "repositories",
                     "-repositories", "created", "-created"]})",
                 .help = "Order"});
  out.push_back({.name = "visibility",
                 .schema = R"({"type": "string", "enum": ["private", "public"]})",
                 .help = "Only these"});
  return out;
}

void add_spaces(Routes& routes, const RegistryPrefix& prefix, const Handlers& to) {
  const std::string path = prefix.path + "/registries/{registry}/spaces";
  const std::string name = prefix.operation;
  const auto one = parameters_of(prefix, {registry_parameter(), space_parameter()});
  auto confirmed = one;
  confirmed.push_back({.name = "confirm",
                       .schema = R"({"type": "string", "maxLength": 255})",
                       .help = "The name of the space again",
                       .required = true});
  routes.add({.method = "GET",
              .path = path,
              .operation = "list" + name + "Spaces",
              .tag = "spaces",
              .summary = "List the spaces one may see",
              .parameters = parameters_of(prefix, list_parameters()),
              .answers = {{200, "Spaces", "A page"}},
              .security = "space.read",
              .handler = to(&Spaces::list)});
  routes.add({.method = "POST",
              .path = path,
              .operation = "create" + name + "Space",
              .tag = "spaces",
              .summary = "Make a space upstream, or declare a prefix",
              .parameters = parameters_of(prefix, {registry_parameter()}),
              .body = "NewSpace",
              .answers = {{201, "ChangedSpace", "Kept; the job makes it upstream"}},
              .security = "space.create",
              .handler = to(&Spaces::create)});
  routes.add({.method = "GET",
              .path = path + "/{space}",
              .operation = "show" + name + "Space",
              .tag = "spaces",
              .summary = "Show a space",
              .parameters = one,
              .answers = {{200, "Space", "The space"}},
              .security = "space.read",
              .handler = to(&Spaces::show)});
  routes.add({.method = "PATCH",
              .path = path + "/{space}",
              .operation = "update" + name + "Space",
              .tag = "spaces",
              .summary = "Make a space public or private",
              .description = "Public: every signed-in user and every namespace may use it. "
                             "Bindings stay. The notices say what follows.",
              .parameters = one,
              .body = "SpaceChange",
              .answers = {{200, "ChangedSpace", "As it is now"}},
              .security = "space.update",
              .handler = to(&Spaces::update)});
  routes.add({.method = "DELETE",
              .path = path + "/{space}",
              .operation = "delete" + name + "Space",
              .tag = "spaces",
              .summary = "Delete an empty, unbound space upstream",
              .parameters = confirmed,
              .answers = {{204, "", "Gone"}, {202, "Job", "A job deletes it"}},
              .security = "space.delete",
              .handler = to(&Spaces::remove)});
}

void add_bindings(Routes& routes, const RegistryPrefix& prefix, const Handlers& to) {
  const std::string path = prefix.path + "/registries/{registry}/spaces/{space}";
  const std::string name = prefix.operation;
  const auto one = parameters_of(prefix, {registry_parameter(), space_parameter()});
  auto bound = one;
  bound.push_back({.in = Parameter::In::path,
                   .name = "bound",
                   .schema = R"({"type": "string", "minLength": 1, "maxLength": 63})",
                   .help = "Name of the bound workspace"});
  routes.add({.method = "GET",
              .path = path + "/bindings",
              .operation = "list" + name + "SpaceBindings",
              .tag = "bindings",
              .summary = "Which workspaces may use a space",
              .parameters = one,
              .answers = {{200, "Bindings", "All of them"}},
              .security = "binding.read",
              .handler = to(&Spaces::list_bindings_of_space)});
  routes.add({.method = "POST",
              .path = path + "/bindings",
              .operation = "bind" + name + "Space",
              .tag = "bindings",
              .summary = "Let a workspace use a private space",
              .parameters = one,
              .body = "NewBinding",
              .answers = {{201, "Binding", "It holds at once; the robot follows"}},
              .security = "binding.write",
              .handler = to(&Spaces::bind)});
  routes.add({.method = "DELETE",
              .path = path + "/bindings/{bound}",
              .operation = "unbind" + name + "Space",
              .tag = "bindings",
              .summary = "End the use of a space by a workspace",
              .description = "At once in Portolan; the credential upstream is revoked by a job.",
              .parameters = bound,
              .answers = {{204, "", "Unbound"}},
              .security = "binding.write",
              .handler = to(&Spaces::unbind)});
  routes.add({.method = "POST",
              .path = path + "/push",
              .operation = "push" + name + "Space",
              .tag = "images",
              .summary = "A short-lived credential to push with",
              .parameters = one,
              .body = "PushWish",
              .answers = {{201, "PushCommand", "Shown once"}},
              .security = "push.issue",
              .waits = true,
              .handler = to(&Spaces::push)});
}

}  // namespace

void add_space_routes(Routes& routes, Resources& resources) {
  const auto spaces = std::make_shared<Spaces>(resources);
  const Handlers to = [spaces](base::Result<Answer> (Spaces::*method)(Call&)) {
    return [spaces, method](Call& call) { return ((*spaces).*method)(call); };
  };
  add_components(routes);
  for (const RegistryPrefix& prefix : registry_prefixes()) {
    add_spaces(routes, prefix, to);
    add_bindings(routes, prefix, to);
  }
  std::vector<Parameter> paged = page_parameters();
  paged.insert(paged.begin(), registry_prefixes()[1].parameters[0]);
  routes.add({.method = "GET",
              .path = "/api/v1/workspaces/{workspace}/bindings",
              .operation = "listWorkspaceBindings",
              .tag = "bindings",
              .summary = "What a workspace is bound to",
              .parameters = paged,
              .answers = {{200, "Bindings", "A page"}},
              .security = "binding.read",
              .handler = to(&Spaces::list_bindings)});
}

}  // namespace portolan::api
