/// Repositories and tags, the image selector, pull secrets, search.
#include <algorithm>
#include <map>

#include "api/registry_access.h"
#include "api/represent.h"
#include "api/resources.h"
#include "engine/grants.h"
#include "engine/registries.h"
#include "model/json.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

constexpr const char* tags_list = "tags";
constexpr const char* images_list = "images";

Json count_or_null(std::int64_t count) { return count < 0 ? Json() : Json::integer(count); }

Json repository_json(const model::RepositoryRecord& row) {
  Json out = Json::object();
  out.set("name", Json::string(row.name));
  out.set("artifacts", count_or_null(row.artifacts));
  out.set("pulls", count_or_null(row.pulls));
  out.set("updated_at",
          model::text_or_null(model::utc_time(std::max<std::int64_t>(row.updated_ms, 0))));
  out.set("seen_at", model::text_or_null(model::utc_time(row.seen_ms)));
  return out;
}

Json tag_json(const model::TagRecord& tag) {
  Json out = Json::object();
  out.set("name", Json::string(tag.name));
  out.set("digest", model::text_or_null(tag.digest));
  out.set("seen_at", model::text_or_null(model::utc_time(tag.seen_ms)));
  return out;
}

/// What the selector knows of the spaces it may show.
struct Choice {
  std::map<model::Id, model::UsableSpace> usable;
  std::vector<model::Id> spaces;
  std::map<model::Id, model::RegistryRecord> registries;
  std::map<std::string, std::vector<model::Id>> hosts;  ///< Registries by what a pull names.
};

Choice choice_of(store::Reader& reader, const std::vector<model::UsableSpace>& usable) {
  Choice out;
  for (const model::UsableSpace& space : usable) {
    out.spaces.push_back(space.space);
    out.usable.emplace(space.space, space);
    if (out.registries.count(space.registry) == 0)
      if (auto found = store::find_registry(reader, space.registry))
        out.registries.emplace(space.registry, *std::move(found));
  }
  std::sort(out.spaces.begin(), out.spaces.end());
  for (const auto& [id, registry] : out.registries)
    out.hosts[engine::pull_host_of(registry)].push_back(id);
  return out;
}

class Images : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> repositories(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_read);
    if (!seen) return seen.error();
    store::RepositoryFilter filter;
    filter.registry = seen->row.record.id;
    filter.only_spaces = seen->inspect ? nullptr : seen->view.only_spaces();
    return list_answer(
        call, "repositories",
        [&](store::Reader& reader, const store::PageRequest& request) {
          std::vector<model::Id> asked;
          if (const std::string& name = call.text("space"); !name.empty()) {
            const auto space = store::find_space(reader, seen->row.record.id, name);
            if (!space || !(seen->inspect || seen->view.sees_space(space->id)))
              return store::Page<model::RepositoryRecord>();
            asked = {space->id};
            filter.only_spaces = &asked;
          }
          return store::list_repositories(reader, request, filter);
        },
        repository_json);
  }

  base::Result<Answer> tags(Call& call) {
    const auto request = page_request(call, tags_list);
    if (!request) return request.error();
    auto seen = registry_in_path(resources_, call, Action::registry_read);
    if (!seen) return seen.error();
    const std::string& name = call.in_path("repository");
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      const auto repository = repository_in(reader, *seen, name);
      if (!repository) return repository.error();
      return page_answer(call, tags_list, store::list_tags(reader, *request, repository->id),
                         tag_json);
    });
  }

  base::Result<Answer> tags_now(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_check);
    if (!seen) return seen.error();
    const std::string& name = call.in_path("repository");
    auto repository = store().read<model::RepositoryRecord>(
        [&](store::Reader& reader) { return repository_in(reader, *seen, name); });
    if (!repository) return repository.error();
    auto job = resources_.registries.tags_now(seen->row.record.id, name, act_of(call));
    if (!job) return job.error();
    return *job ? job_started(**job) : no_content();
  }

  /// The images that a workspace, or a namespace of it, may use.
  base::Result<Answer> select(Call& call) {
    auto workspace = workspace_for(resources_, call, Action::image_use, call.in_path("workspace"));
    if (!workspace) return workspace.error();
    if (auto wrong = foreign_namespace(call, workspace->id)) return *wrong;
    return images(call, [&](store::Reader& reader) {
      return model::usable_spaces(store::access_world(reader), workspace->id);
    });
  }

  /// The images that the caller may use, over all his workspaces.
  base::Result<Answer> select_mine(Call& call) {
    return images(call, [&](store::Reader& reader) {
      return model::usable_spaces(store::access_world(reader), call.caller->principal);
    });
  }

  base::Result<Answer> pull_secret(Call& call) {
    auto workspace =
        workspace_for(resources_, call, Action::pull_secret_read, call.in_path("workspace"));
    if (!workspace) return workspace.error();
    const std::string& name = call.text("namespace");
    return pull_secret_answer(resources_.grants.pull_secret(
        workspace->id, name.empty() ? std::nullopt : std::optional<std::string>(name)));
  }

  base::Result<Answer> rotate(Call& call) {
    auto workspace =
        workspace_for(resources_, call, Action::workspace_update, call.in_path("workspace"));
    if (!workspace) return workspace.error();
    const auto jobs = resources_.grants.rotate(workspace->id, act_of(call));
    if (!jobs) return jobs.error();
    Json list = Json::array();
    for (const model::Job& job : *jobs) list.push(job_json(job));
    return json_answer(Json::object({{"jobs", std::move(list)}}), 202);
  }

  base::Result<Answer> public_pull_secret(Call&) {
    return pull_secret_answer(resources_.grants.pull_secret({}, {}));
  }

  /// Over everything one may see; some of each kind.
  base::Result<Answer> search(Call& call) {
    store::PageRequest request;
    request.limit = static_cast<std::size_t>(call.number("limit"));
    request.search = call.text("q");
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      const View view = view_of(reader, call.caller->principal);
      store::RegistryFilter registries;
      registries.only = view.only_registries();
      store::SpaceFilter spaces;
      spaces.only = view.only_spaces();
      store::RepositoryFilter repositories;
      repositories.only_spaces = view.only_spaces();
      Json out = Json::object();
      out.set("registries",
              items(store::list_registries(reader, request, registries).rows, summary_json));
      out.set("spaces",
              items(store::list_spaces(reader, request, spaces).rows, [&](store::SpaceRow row) {
                if (!view.everything) row.workspaces.clear();
                return with_registry(reader, row.record.registry, space_json(row));
              }));
      out.set("repositories", items(store::list_repositories(reader, request, repositories).rows,
                                    [&](const model::RepositoryRecord& row) {
                                      return with_registry(reader, row.registry,
                                                           repository_json(row));
                                    }));
      return json_answer(out);
    });
  }

 private:
  static base::Result<model::RepositoryRecord> repository_in(store::Reader& reader,
                                                             const Seen& seen,
                                                             const std::string& name) {
    auto found = store::find_repository(reader, seen.row.record.id, name);
    if (found && (seen.inspect || seen.view.sees_space(found->space))) return *std::move(found);
    const std::string registry = seen.row.record.identity();
    return Error{.code = Code::not_found,
                 .message = "registry " + registry + " has no repository " + name +
                            " that you may see, as last seen",
                 .hint = "List those that it has: portolan image repositories " + registry +
                         ". One that is new comes with portolan registry refresh " + registry +
                         "."};
  }

  template <class Row, class ToJson>
  static Json items(const std::vector<Row>& rows, const ToJson& to_json) {
    Json out = Json::array();
    for (const Row& row : rows) out.push(to_json(row));
    return out;
  }

  static Json with_registry(store::Reader& reader, model::Id registry, Json json) {
    const auto found = store::find_registry(reader, registry);
    json.set("registry", model::text_or_null(found ? found->identity() : ""));
    return json;
  }

  std::optional<Error> foreign_namespace(const Call& call, model::Id workspace) {
    const std::string& name = call.text("namespace");
    if (name.empty()) return {};
    auto own = store().read<bool>([&](store::Reader& reader) {
      const auto all = store::namespaces(reader, workspace);
      return base::Result<bool>(std::any_of(
          all.begin(), all.end(), [&](const model::Namespace& one) { return one.text() == name; }));
    });
    if (!own) return own.error();
    if (!*own) return no_such("namespace", name);
    return {};
  }

  base::Result<Answer> images(
      Call& call, const std::function<std::vector<model::UsableSpace>(store::Reader&)>& usable_of) {
    const auto request = page_request(call, images_list);
    if (!request) return request.error();
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      const Choice choice = choice_of(reader, usable_of(reader));
      store::RepositoryFilter filter;
      filter.only_spaces = &choice.spaces;
      for (const auto& [host, registries] : choice.hosts)
        if (registries.size() > 1) filter.twins.push_back(registries);
      const auto rows = store::list_repositories(reader, *request, filter);
      const auto image = [&](const model::RepositoryRecord& row) {
        return image_json(reader, choice, row);
      };
      Answer answer = json_answer(Json::object({{"items", items(rows.rows, image)}}));
      if (!rows.next.empty()) link_next(answer, call, images_list, {rows.next});
      return answer;
    });
  }

  /// One pull reference with every reason and every registry it comes from: one address may be
  /// integrated twice.
  static Json image_json(store::Reader& reader, const Choice& choice,
                         const model::RepositoryRecord& row) {
    const std::string host = engine::pull_host_of(choice.registries.at(row.registry));
    Json sources = Json::array();
    for (const model::Id registry : choice.hosts.at(host)) {
      const auto found = store::find_repository(reader, registry, row.name);
      if (!found || choice.usable.count(found->space) == 0) continue;
      Json reasons = Json::array();
      for (const model::Reason reason : choice.usable.at(found->space).reasons)
        reasons.push(Json::string(std::string(to_string(reason))));
      Json source = Json::object();
      source.set("registry", Json::string(choice.registries.at(registry).identity()));
      source.set("reasons", std::move(reasons));
      sources.push(std::move(source));
    }
    Json out = repository_json(row);
    out.set("reference", Json::string(host + "/" + row.name));
    out.set("sources", std::move(sources));
    return out;
  }

  static base::Result<Answer> pull_secret_answer(base::Result<engine::Grants::PullSecret> secret) {
    if (!secret) return secret.error();
    auto config = base::parse_json(secret->docker_config_json);
    if (!config) return config.error();
    Json missing = Json::array();
    for (const engine::Grants::Missing& one : secret->missing) {
      Json item = Json::object();
      item.set("registry", Json::string(one.registry));
      item.set("space", Json::string(one.space));
      item.set("reason", Json::string(one.reason));
      item.set("hint", model::text_or_null(one.hint));
      missing.push(std::move(item));
    }
    Json out = Json::object();
    out.set("dockerconfigjson", *std::move(config));
    out.set("missing", std::move(missing));
    out.set("notices", model::texts(secret->notices));
    return json_answer(out);
  }
};

void add_components(Routes& routes) {
  routes.component("Repository", R"({"type": "object", "required": ["name", "artifacts", "pulls",
    "updated_at", "seen_at"], "properties": {"name": {"type": "string"},
      "artifacts": {"type": ["integer", "null"]}, "pulls": {"type": ["integer", "null"]},
      "updated_at": {"type": ["string", "null"]}, "seen_at": {"type": ["string", "null"]}}})");
  routes.component("Repositories", list_of("Repository"));
  routes.component("Tags", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"type": "object", "required": ["name", "digest"],
        "properties": {"name": {"type": "string"}, "digest": {"type": ["string", "null"]},
          "seen_at": {"type": ["string", "null"]}}}}}})");
  routes.component("Images", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"type": "object", "required": ["reference", "name",
        "sources"], "properties": {
          "reference": {"type": "string", "description": "What a pull names, without tag"},
          "name": {"type": "string"}, "sources": {"type": "array", "items": {"type": "object",
            "required": ["registry", "reasons"], "properties": {"registry": {"type": "string"},
              "reasons": {"type": "array",
                "items": {"enum": ["own-registry", "public", "bound"]}}}}}}}}}})");
  routes.component("PullSecret", R"({"type": "object", "required": ["dockerconfigjson", "missing",
    "notices"], "properties": {
      "dockerconfigjson": {"type": "object",
        "description": "The content of a secret of type kubernetes.io/dockerconfigjson."},
      "missing": {"type": "array", "items": {"type": "object", "required": ["registry", "space",
        "reason", "hint"]}},
      "notices": {"type": "array", "items": {"type": "string"}}}})");
  routes.component("RotationStarted", R"({"type": "object", "required": ["jobs"], "properties": {
      "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}}})");
  routes.component("Found", R"({"type": "object", "required": ["registries", "spaces",
    "repositories"], "properties": {
      "registries": {"type": "array", "items": {"$ref": "#/components/schemas/RegistrySummary"}},
      "spaces": {"type": "array", "items": {"$ref": "#/components/schemas/Space"}},
      "repositories": {"type": "array", "items": {"$ref": "#/components/schemas/Repository"}}}})");
}

void add_catalogue(const Table<Images>& table) {
  table
      .get("/repositories", &Images::repositories, "list*Repositories",
           "Repositories, as last seen")
      .paged()
      .takes({search_parameter(), sort_parameter({"name", "updated", "pulls"}),
              text_parameter("space", "Only of this space", 255)})
      .gives(200, "Repositories", "A page")
      .needs("registry.read");
  const Parameter repository =
      path_parameter("repository", "Name of the repository; slashes percent-encoded",
                     R"({"type": "string", "minLength": 1, "maxLength": 512})");
  const std::string tags = "/repositories/{repository}/tags";
  table.get(tags, &Images::tags, "list*Tags", "Tags of a repository, as last seen")
      .takes({repository})
      .paged()
      .takes({search_parameter()})
      .gives(200, "Tags", "A page")
      .needs("registry.read");
  table.post(tags, &Images::tags_now, "refresh*Tags", "Read the tags of a repository now")
      .says("Joins a reading that is under way.")
      .takes({repository})
      .gives(202, "Job", "Follow the job")
      .gives(204, "", "They were read less than 30 s ago")
      .needs("registry.check");
}

void add_use(const Table<Images>& table) {
  const Parameter name_space =
      text_parameter("namespace", "cluster/namespace; 404 when it is not the workspace's", 320);
  table
      .get("/workspaces/{workspace}/images", &Images::select, "selectImages",
           "The images that a workspace may use")
      .takes({workspace_parameter(), name_space})
      .paged()
      .takes({search_parameter()})
      .gives(200, "Images", "A page")
      .needs("image.use");
  table.get("/images", &Images::select_mine, "selectMyImages", "The images that I may use")
      .paged()
      .takes({search_parameter()})
      .gives(200, "Images", "A page");
  table
      .get("/workspaces/{workspace}/pull-secret", &Images::pull_secret, "showPullSecret",
           "What a namespace of a workspace needs to pull")
      .takes({workspace_parameter(), name_space})
      .gives(200, "PullSecret", "Exactly what it may pull")
      .needs("pull-secret.read");
  table
      .post("/workspaces/{workspace}/pull-secret/rotate", &Images::rotate, "rotatePullSecret",
            "Give a workspace new credentials to pull with")
      .says(
          "A second robot at each registry. The present one works on for the time of the setting "
          "robots.grace; until there is another it stays in the pull secret.")
      .takes({workspace_parameter()})
      .gives(202, "RotationStarted", "A job a registry makes them")
      .needs("workspace.update");
  table
      .get("/pull-secret", &Images::public_pull_secret, "showPublicPullSecret",
           "What a namespace of no workspace needs to pull")
      .gives(200, "PullSecret", "For public spaces alone");
  table.get("/search", &Images::search, "search", "Search everything one may see")
      .takes({{.name = "q",
               .schema = R"({"type": "string", "minLength": 1, "maxLength": 200})",
               .help = "Part of a name",
               .required = true},
              {.name = "limit",
               .schema = R"({"type": "integer", "minimum": 1, "maximum": 100, "default": 20})",
               .help = "Of each kind"}})
      .gives(200, "Found", "Some of each kind");
}

}  // namespace

void add_image_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<Images> table(routes, resources);
  for (const Place& place : registry_places("images")) add_catalogue(table.at(place));
  add_use(table.at({"images"}));
}

}  // namespace portolan::api
