/// What operators look after: audit, plugins and types, reload.
#include "api/binder.h"
#include "model/json.h"
#include "plugin/listing.h"
#include "store/jobs.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

/// Texts of the store that hold JSON; null where there is none.
Json parsed(const std::string& text) {
  if (text.empty()) return {};
  auto json = base::parse_json(text);
  return json ? *std::move(json) : Json();
}

Json to_json(const model::AuditEntry& entry) {
  Json out = Json::object();
  out.set("id", Json::integer(entry.id));
  out.set("at", Json::string(model::utc_time(entry.at_ms)));
  out.set("actor", model::text_or_null(entry.actor));
  out.set("action", Json::string(entry.action));
  out.set("subject", Json::string(entry.subject));
  out.set("outcome", Json::string(entry.outcome));
  out.set("remote", model::text_or_null(entry.remote));
  out.set("request_id", model::text_or_null(entry.request_id));
  out.set("before", parsed(entry.before_json));
  out.set("after", parsed(entry.after_json));
  out.set("hash", Json::string(entry.hash));
  return out;
}

class Operations : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> list_audit(Call& call) {
    store::AuditFilter filter;
    filter.actor = call.text("actor");
    filter.action = call.text("action");
    filter.subject = call.text("subject");
    for (const auto& [name, bound] :
         {std::pair{"from", &filter.from_ms}, std::pair{"to", &filter.to_ms}}) {
      const std::string& text = call.text(name);
      *bound = model::unix_ms_from(text);
      if (!text.empty() && *bound == 0)
        return Error{.code = Code::invalid_argument,
                     .message = "the time is not in the form 2026-01-31T10:00:00Z",
                     .where = name};
    }
    return list_answer(
        call, "audit",
        [&](store::Reader& reader, const store::PageRequest& request) {
          return store::list_audit(reader, request, filter);
        },
        [](const model::AuditEntry& entry) { return to_json(entry); });
  }

  base::Result<Answer> verify_audit(Call&) {
    return read([&](store::Reader& reader) -> base::Result<Answer> {
      const auto entries = store::verify_audit(reader);
      Json out = Json::object();
      out.set("intact", Json::boolean(entries.has_value()));
      out.set("entries", entries ? Json::integer(static_cast<std::int64_t>(*entries)) : Json());
      out.set("message", entries ? Json() : Json::string(entries.error().message));
      return json_answer(out);
    });
  }

  base::Result<Answer> list_plugins(Call&) {
    Json list = Json::array();
    for (const plugin::Plugin& plugin : resources_.daemon.plugins.plugins())
      list.push(plugin::to_json(plugin));
    Json out = Json::object();
    out.set("plugins", std::move(list));
    return json_answer(out);
  }

  base::Result<Answer> list_types(Call&) {
    return json_answer(plugin::types_json(resources_.daemon.plugins));
  }

  base::Result<Answer> show_type(Call& call) {
    auto form = plugin::form_json(resources_.daemon.plugins, call.in_path("type"));
    if (!form)
      return Error{
          .code = Code::not_found, .message = form.error().message, .hint = form.error().hint};
    return json_answer(*form);
  }

  base::Result<Answer> reload(Call& call) {
    auto done = resources_.reload();
    auto written = store().write([&](store::Writer& writer) {
      return engine::note(writer, act_of(call), "daemon.reload", "portolan", "",
                          base::to_text(done ? *done : model::to_json(done.error())));
    });
    if (!done) return done.error();
    if (!written) return written.error();
    return json_answer(*done);
  }
};

void add_components(Routes& routes) {
  routes.component("AuditEntries", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"type": "object", "required": ["id", "at", "actor",
        "action", "subject", "outcome", "hash"], "properties": {
          "id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"},
          "actor": {"type": ["string", "null"]}, "action": {"type": "string"},
          "subject": {"type": "string"},
          "outcome": {"type": "string", "description": "ok, or the code of the refusal"},
          "remote": {"type": ["string", "null"]}, "request_id": {"type": ["string", "null"]},
          "before": {}, "after": {},
          "hash": {"type": "string", "description": "Chains the entry to the one before."}}}}}})");
  routes.component("AuditVerification", R"({"type": "object", "required": ["intact", "entries",
    "message"], "properties": {"intact": {"type": "boolean"},
      "entries": {"type": ["integer", "null"]}, "message": {"type": ["string", "null"]}}})");
  routes.component("Plugin", R"({"type": "object", "required": ["file", "state"],
    "properties": {"file": {"type": "string"},
      "state": {"enum": ["ready", "disabled", "refused"]},
      "id": {"type": ["string", "null"]}, "version": {"type": ["string", "null"]},
      "types": {"type": "array", "items": {"type": "string"}},
      "code": {"type": ["string", "null"]}, "message": {"type": ["string", "null"]},
      "hint": {"type": ["string", "null"]},
      "needs_restart": {"type": ["string", "null"],
        "description": "It is in use, and only a restart would change that: why."}}})");
  routes.component("Plugins", R"({"type": "object", "required": ["plugins"], "properties": {
      "plugins": {"type": "array", "items": {"$ref": "#/components/schemas/Plugin"}}}})");
  routes.component("RegistryTypes", R"({"type": "object", "required": ["types"], "properties": {
      "types": {"type": "array", "items": {"type": "object", "required": ["type", "name",
        "extensions"], "properties": {"type": {"type": "string"}, "name": {"type": "string"},
          "extensions": {"type": "array", "items": {"type": "string"}}}}}}})");
  routes.component("RegistryForm", R"({"type": "object", "required": ["type", "name", "fields"],
    "properties": {"type": {"type": "string"}, "name": {"type": "string"},
      "fields": {"type": "array", "items": {"type": "object", "required": ["pointer", "name",
        "type", "required", "secret"], "properties": {"pointer": {"type": "string"},
          "name": {"type": "string"}, "type": {"type": "string"},
          "required": {"type": "boolean"}, "secret": {"type": "boolean"}, "default": {},
          "choices": {"type": "array", "items": {"type": "string"}},
          "title": {"type": "string"}, "help": {"type": "string"}}}}}})");
  routes.component("Reloaded", R"({"type": "object", "properties": {
      "changed": {"type": "array", "items": {"type": "string"}},
      "needs_restart": {"type": "array", "items": {"type": "string"}},
      "plugins": {"type": "object", "properties": {
        "loaded": {"type": "array", "items": {"type": "string"},
          "description": "Types that can be used from now on."},
        "refused": {"type": "array",
          "items": {"$ref": "#/components/schemas/Plugin"}},
        "missing": {"type": "array", "items": {"type": "string"},
          "description": "Types that are enabled and that no file implements."},
        "needs_restart": {"type": "array",
          "items": {"$ref": "#/components/schemas/Plugin"}}}}}})");
}

void add_audit(const Table<Operations>& table) {
  table.get("/audit", &Operations::list_audit, "listAudit", "Who did what, newest first")
      .paged()
      .takes({text_parameter("actor", "Only of this actor"),
              text_parameter("action", "Only this action"),
              text_parameter("subject", "Only about this object"),
              {.name = "from",
               .schema = time_schema,
               .help = "From this time on, 2026-01-31T10:00:00Z"},
              {.name = "to", .schema = time_schema, .help = "Before this time"}})
      .gives(200, "AuditEntries", "A page")
      .needs("audit.read");
  table
      .get("/audit/verification", &Operations::verify_audit, "verifyAudit",
           "Check the chain of hashes")
      .gives(200, "AuditVerification", "Whether it is intact")
      .needs("audit.read");
}

void add_types(const Table<Operations>& table) {
  table
      .get("/registry-types", &Operations::list_types, "listRegistryTypes",
           "The types that can be integrated")
      .gives(200, "RegistryTypes", "All of them")
      .needs("type.read");
  table
      .get("/registry-types/{type}", &Operations::show_type, "showRegistryType",
           "The form of a type")
      .takes({path_parameter("type", "Registry type",
                             R"({"type": "string", "pattern": "^[a-z0-9-]{1,63}$"})")})
      .gives(200, "RegistryForm", "Its fields")
      .needs("type.read");
}

}  // namespace

void add_operation_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<Operations> table = Table<Operations>(routes, resources).at({"operations"});
  add_audit(table);
  table
      .get("/plugins", &Operations::list_plugins, "listPlugins",
           "Every plugin file, ready, disabled or refused")
      .gives(200, "Plugins", "All of them")
      .needs("plugin.read");
  add_types(table.at({"registries"}));
  table.post("/reload", &Operations::reload, "reload", "Read the configuration anew")
      .says(
          "Settings: everything or nothing. Plugins that are newly enabled are loaded; one that is "
          "refused is listed and stops nothing. What takes a restart is listed.")
      .gives(200, "Reloaded", "What changed")
      .needs("daemon.write");
}

}  // namespace portolan::api
