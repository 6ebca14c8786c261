/// What is known of a registry: overview, checks, statistics; and asking for it now.
#include <algorithm>

#include "api/registry_access.h"
#include "api/represent.h"
#include "api/resources.h"
#include "engine/grant_rules.h"
#include "engine/registries.h"
#include "model/json.h"
#include "model/outcome.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

/// Measures of the caller's spaces alone, for who may not know whole totals.
store::KeptStatistics only_visible(store::KeptStatistics kept, const std::set<std::string>& names) {
  kept.measures.clear();
  std::erase_if(kept.spaces, [&](const model::SpaceMeasures& space) {
    return names.find(space.name) == names.end();
  });
  return kept;
}

/// One step of the quick start: whether it is done, and the call and the command that do it.
Json step_json(const char* name, bool done, const char* method, std::string path,
               std::string command, const char* help) {
  Json next = Json::object();
  next.set("method", Json::string(method));
  next.set("path", Json::string(std::move(path)));
  next.set("command", Json::string("portolan " + std::move(command)));
  next.set("help", Json::string(help));
  Json out = Json::object();
  out.set("step", Json::string(name));
  out.set("done", Json::boolean(done));
  out.set("next", std::move(next));
  return out;
}

/// A registry names its spaces as it likes, and a command is pasted into a shell.
bool is_safe_in_shell(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
  return !word.empty() && word.front() != '-' && word.find_first_not_of(plain) == word.npos;
}

/// The workspaces that may use something of a registry, of those the caller sees: its own, those
/// that are bound, and the caller's where a space is public.
std::vector<model::Id> users_of(store::Reader& reader, const Seen& seen, bool has_public) {
  const model::RegistryRecord& record = seen.row.record;
  if (record.workspace) return {*record.workspace};
  std::vector<model::Id> out;
  for (const model::Binding& binding :
       store::bindings(reader, {.space = {}, .workspace = {}, .registry = record.id}))
    if (binding.revoke_pending.empty() && !binding.broken &&
        seen.view.sees_workspace(binding.workspace))
      out.push_back(binding.workspace);
  if (has_public) out.insert(out.end(), seen.view.workspaces.begin(), seen.view.workspaces.end());
  return out;
}

/// Where an application may run that uses the registry, as far as the caller knows one.
struct Site {
  std::string workspace{}, name_space{};
};
Site site_of(store::Reader& reader, const std::vector<model::Id>& workspaces) {
  Site out;
  for (const model::Id id : workspaces) {
    const auto workspace = store::find_workspace(reader, id);
    if (!workspace) continue;
    const auto namespaces = store::namespaces(reader, id);
    if (!namespaces.empty()) return {workspace->name, namespaces.front().text()};
    if (out.workspace.empty()) out.workspace = workspace->name;
  }
  return out;
}

class RegistryViews : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> show(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_read);
    if (!seen) return seen.error();
    return shown_answer(seen->inspect ? registry_json(seen->row) : summary_json(seen->row),
                        seen->row.record);
  }

  base::Result<Answer> overview(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_read);
    if (!seen) return seen.error();
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      const auto spaces = visible_spaces(reader, *seen);
      Json out = Json::object();
      out.set("registry", seen->inspect ? registry_json(seen->row) : summary_json(seen->row));
      out.set("statistics", kept_json(statistics_of(reader, *seen, spaces)));
      out.set("spaces", counts_json(spaces));
      out.set("links", links_json(*seen));
      out.set("quick_start", quick_start_json(reader, *seen, spaces));
      return json_answer(out);
    });
  }

  base::Result<Answer> checks(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_read);
    if (!seen) return seen.error();
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      Json history = Json::array();
      for (const store::Transition& one : store::transitions(reader, seen->row.record.id, 200)) {
        Json item = Json::object();
        item.set("state", Json::string(std::string(to_string(one.state))));
        item.set("reason", model::text_or_null(one.reason));
        item.set("message", model::text_or_null(one.message));
        item.set("since", model::text_or_null(model::utc_time(one.since_ms)));
        item.set("until", model::text_or_null(model::utc_time(one.until_ms)));
        history.push(std::move(item));
      }
      Json out = Json::object();
      out.set("health", health_json(seen->row.health, seen->inspect));
      out.set("history", std::move(history));
      return json_answer(out);
    });
  }

  base::Result<Answer> check_now(Call& call) {
    const bool full = text_of(call.body, "depth") == "full";
    auto seen =
        registry_in_path(resources_, call, full ? Action::registry_deep : Action::registry_check);
    if (!seen) return seen.error();
    auto job = resources_.registries.check_now(
        seen->row.record.id, full ? model::Depth::full : model::Depth::quick, act_of(call));
    if (!job) return job.error();
    if (*job) return job_started(**job);
    Json out = Json::object();
    out.set("health", health_json(seen->row.health, seen->inspect));
    return json_answer(out);
  }

  base::Result<Answer> statistics(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_read);
    if (!seen) return seen.error();
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      const auto spaces = visible_spaces(reader, *seen);
      return json_answer(kept_json(statistics_of(reader, *seen, spaces)));
    });
  }

  base::Result<Answer> collect_now(Call& call) {
    const std::string word = text_of(call.body, "level");
    const auto level = word == "deep"    ? model::Level::deep
                       : word == "quick" ? model::Level::quick
                                         : model::Level::normal;
    auto seen = registry_in_path(
        resources_, call,
        level == model::Level::deep ? Action::registry_deep : Action::registry_check);
    if (!seen) return seen.error();
    auto job = resources_.registries.collect_now(seen->row.record.id, level, act_of(call));
    if (!job) return job.error();
    if (*job) return job_started(**job);
    return statistics(call);
  }

  base::Result<Answer> series(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_inspect);
    if (!seen) return seen.error();
    store::SeriesRequest request;
    request.measure = call.text("measure");
    request.limit = static_cast<std::size_t>(call.number("points"));
    request.to_ms = store().now();
    if (const std::string& to = call.text("to"); !to.empty())
      request.to_ms = model::unix_ms_from(to);
    request.from_ms = request.to_ms - 86'400'000;
    if (const std::string& from = call.text("from"); !from.empty())
      request.from_ms = model::unix_ms_from(from);
    if (request.from_ms <= 0 || request.to_ms <= 0)
      return Error{.code = Code::invalid_argument,
                   .message = "from or to is not a time in the form 2026-01-31T10:00:00Z"};
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      // The kind belongs to the series: the newest collection's is meant.
      for (const auto& kept : store::statistics(reader, seen->row.record.id).measures)
        if (kept.latest.name == request.measure) request.kind = kept.latest.kind;
      Json points = Json::array();
      for (const auto& point : store::series(reader, seen->row.record.id, request)) {
        Json one = Json::object();
        one.set("at", Json::string(model::utc_time(point.at_ms)));
        one.set("value", Json::integer(point.value));
        one.set("minimum", Json::integer(point.minimum));
        one.set("maximum", Json::integer(point.maximum));
        one.set("state", Json::string(std::string(to_string(point.state))));
        points.push(std::move(one));
      }
      Json out = Json::object();
      out.set("measure", Json::string(request.measure));
      out.set("points", std::move(points));
      return json_answer(out);
    });
  }

  base::Result<Answer> list_catalogue_now(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::registry_check);
    if (!seen) return seen.error();
    auto job = resources_.registries.list_now(seen->row.record.id, act_of(call));
    if (!job) return job.error();
    return job_started(*job);
  }

 private:
  static std::vector<model::SpaceRecord> visible_spaces(store::Reader& reader, const Seen& seen) {
    auto spaces = store::spaces_of(reader, seen.row.record.id);
    if (!seen.inspect)
      std::erase_if(
          spaces, [&](const model::SpaceRecord& space) { return !seen.view.sees_space(space.id); });
    return spaces;
  }

  static store::KeptStatistics statistics_of(store::Reader& reader, const Seen& seen,
                                             const std::vector<model::SpaceRecord>& spaces) {
    auto kept = store::statistics(reader, seen.row.record.id);
    if (seen.inspect) return kept;
    std::set<std::string> names;
    for (const model::SpaceRecord& space : spaces) names.insert(space.name);
    return only_visible(std::move(kept), names);
  }

  static Json counts_json(const std::vector<model::SpaceRecord>& spaces) {
    std::int64_t open = 0, gone = 0;
    for (const model::SpaceRecord& space : spaces) {
      if (space.gone_ms != 0)
        ++gone;
      else if (space.is_public)
        ++open;
    }
    const auto total = static_cast<std::int64_t>(spaces.size()) - gone;
    Json out = Json::object();
    out.set("total", Json::integer(total));
    out.set("public", Json::integer(open));
    out.set("private", Json::integer(total - open));
    out.set("gone", Json::integer(gone));
    return out;
  }

  /// Where the numbers are, and how they grew; that for who may inspect the registry.
  static Json links_json(const Seen& seen) {
    const std::string statistics = path_of(seen.row.record) + "/statistics";
    Json out = Json::object();
    out.set("statistics", Json::string(statistics));
    out.set("series",
            seen.inspect ? Json::string(statistics + "/series?measure={measure}") : Json());
    return out;
  }

  /// The three steps of the source document: a space, who may use it, an application. What is not
  /// known stands in braces in a path, in capitals in a command; so does what a shell would read
  /// otherwise.
  Json quick_start_json(store::Reader& reader, const Seen& seen,
                        const std::vector<model::SpaceRecord>& spaces) const {
    const model::RegistryRecord& record = seen.row.record;
    const std::string path = path_of(record), identity = record.identity();
    const auto first = std::find_if(spaces.begin(), spaces.end(),
                                    [](const auto& space) { return space.gone_ms == 0; });
    const bool space = first != spaces.end();
    const bool open = std::any_of(spaces.begin(), spaces.end(), [](const auto& one) {
      return one.gone_ms == 0 && one.is_public;
    });
    const auto workspaces = users_of(reader, seen, open);
    const Site site = site_of(reader, workspaces);
    const bool shared = open || !workspaces.empty();
    const bool makes_spaces =
        engine::has_extension(resources_.daemon, record.settings.type, engine::spaces_extension);
    const auto or_else = [](const std::string& text, const char* otherwise) {
      return text.empty() ? std::string(otherwise) : percent_encode(text);
    };
    const auto word = [](const std::string& text, const char* otherwise) {
      return is_safe_in_shell(text) ? text : std::string(otherwise);
    };
    const std::string name = space ? first->name : std::string();
    Json out = Json::array();
    out.push(step_json("space", space, "POST", path + "/spaces",
                       "space create " + identity + " SPACE" + (makes_spaces ? "" : " --declare"),
                       makes_spaces ? "Create a space." : "Declare a prefix of its repositories."));
    out.push(step_json("workspace", shared, "POST",
                       path + "/spaces/" + or_else(name, "{space}") + "/bindings",
                       "binding add " + identity + " " + word(name, "SPACE") + " WORKSPACE",
                       "Bind a private space to a workspace, or make it public."));
    out.push(step_json("application", !site.name_space.empty(), "GET",
                       "/api/v1/workspaces/" + or_else(site.workspace, "{workspace}") +
                           "/pull-secret?namespace=" + or_else(site.name_space, "{namespace}"),
                       "image pull-secret " + word(site.workspace, "WORKSPACE") + " --namespace " +
                           word(site.name_space, "CLUSTER/NAMESPACE"),
                       "Give the workspace a namespace and apply its pull secret there."));
    return out;
  }
};

void add_components(Routes& routes) {
  routes.component("Overview", R"({"type": "object", "required": ["registry", "statistics",
    "spaces", "links", "quick_start"], "properties": {
      "registry": {"$ref": "#/components/schemas/Registry"},
      "statistics": {"$ref": "#/components/schemas/Statistics"},
      "spaces": {"type": "object", "required": ["total", "public", "private", "gone"]},
      "links": {"type": "object", "required": ["statistics", "series"], "properties": {
        "statistics": {"type": "string"}, "series": {"type": ["string", "null"],
          "description": "Over time, of a measure of the statistics; null: not for the caller."}}},
      "quick_start": {"type": "array", "items": {"type": "object",
        "required": ["step", "done", "next"], "properties": {
          "step": {"enum": ["space", "workspace", "application"]}, "done": {"type": "boolean"},
          "next": {"type": "object", "required": ["method", "path", "command", "help"],
            "description": "What is not known is in braces in the path, in capitals in the command.",
            "properties": {"method": {"type": "string"}, "path": {"type": "string"},
              "command": {"type": "string"}, "help": {"type": "string"}}}}}}}})");
  routes.component("Checks", R"({"type": "object", "required": ["health", "history"],
    "properties": {"health": {"$ref": "#/components/schemas/Health"},
      "history": {"type": "array", "items": {"type": "object", "required": ["state", "reason",
        "message", "since", "until"]}}}})");
  routes.component("CheckNow", R"({"type": "object", "additionalProperties": false,
    "properties": {"depth": {"type": "string", "enum": ["quick", "full"], "default": "quick"}}})");
  routes.component("CollectNow", R"({"type": "object", "additionalProperties": false,
    "properties": {"level": {"type": "string", "enum": ["quick", "normal", "deep"],
      "default": "normal"}}})");
  routes.component("LastHealth", R"({"type": "object", "required": ["health"], "properties": {
      "health": {"$ref": "#/components/schemas/Health"}}})");
}

void add_health(const Table<RegistryViews>& table) {
  table.get("", &RegistryViews::show, "show*Registry", "Show a registry")
      .gives(200, "Registry", "What the caller may know of it")
      .needs("registry.read");
  table
      .get("/overview", &RegistryViews::overview, "show*RegistryOverview",
           "Basic information, statistics, quick start")
      .gives(200, "Overview", "The overview")
      .needs("registry.read");
  table.get("/checks", &RegistryViews::checks, "show*RegistryChecks", "Health with its history")
      .gives(200, "Checks", "Health")
      .needs("registry.read");
  table.post("/check", &RegistryViews::check_now, "check*Registry", "Validate now")
      .says("Joins a validation that is under way; a result younger than 30 s is the answer.")
      .body("CheckNow")
      .gives(202, "Job", "Follow the job")
      .gives(200, "LastHealth", "Fresh enough")
      .needs("registry.check");
}

void add_numbers(const Table<RegistryViews>& table) {
  table
      .get("/statistics", &RegistryViews::statistics, "show*RegistryStatistics",
           "The newest numbers, with states and ages")
      .gives(200, "Statistics", "The numbers")
      .needs("registry.read");
  table.post("/statistics", &RegistryViews::collect_now, "collect*Registry", "Collect now")
      .body("CollectNow")
      .gives(202, "Job", "Follow the job")
      .gives(200, "Statistics", "Fresh enough")
      .needs("registry.check");
  table
      .get("/statistics/series", &RegistryViews::series, "show*RegistrySeries",
           "One measure over time")
      .takes({{.name = "measure",
               .schema = R"({"type": "string", "minLength": 1, "maxLength": 100})",
               .help = "Name of the measure",
               .required = true},
              {.name = "from",
               .schema = time_schema,
               .help = "2026-01-31T10:00:00Z; a day before `to`"},
              {.name = "to", .schema = time_schema, .help = "Now, when left out"},
              {.name = "points",
               .schema = R"({"type": "integer", "minimum": 1, "maximum": 2000, "default": 500})",
               .help = "At most so many; neighbours are folded"}})
      .gives(200, "Series", "Oldest first")
      .needs("registry.inspect");
}

}  // namespace

void add_registry_view_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<RegistryViews> table(routes, resources);
  const auto views = registry_places("registries"), numbers = registry_places("statistics"),
             catalogues = registry_places("catalogue");
  for (std::size_t i = 0; i < views.size(); ++i) {
    add_health(table.at(views[i]));
    add_numbers(table.at(numbers[i]));
    table.at(catalogues[i])
        .post("/catalogue", &RegistryViews::list_catalogue_now, "refresh*Registry",
              "Read spaces, repositories and tags now")
        .gives(202, "Job", "Follow the job")
        .needs("registry.check");
  }
}

}  // namespace portolan::api
