/// What operators look after: audit, webhooks, plugins and types, reload.
#include "api/binder.h"
#include "base/crypto.h"
#include "base/url.h"
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

Json to_json(const model::Webhook& webhook) {
  Json out = Json::object();
  out.set("id", Json::integer(webhook.id));
  out.set("name", Json::string(webhook.name));
  out.set("url", Json::string(webhook.url));
  out.set("kinds", model::texts(webhook.kinds));
  out.set("enabled", Json::boolean(webhook.enabled));
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

  base::Result<Answer> list_webhooks(Call& call) {
    return whole_list_answer(
        call, "webhooks", store::webhooks,
        [](const model::Webhook& webhook) { return webhook.name; },
        [](const model::Webhook& webhook) { return to_json(webhook); });
  }

  base::Result<Answer> create_webhook(Call& call) {
    model::Webhook webhook;
    webhook.name = text_of(call.body, "name");
    const auto url = base::parse_address(text_of(call.body, "url"));
    if (!url)
      return Error{.code = Code::invalid_config,
                   .message = url.error().message,
                   .hint = url.error().hint,
                   .where = "/url"};
    webhook.url = url->text();
    if (const Json* kinds = call.body.find("kinds"))
      for (const Json& kind : kinds->items()) webhook.kinds.push_back(*kind.as_string());
    webhook.provenance.created_by = call.caller->principal.name;
    const std::string given = text_of(call.body, "secret");
    const base::Secret secret = given.empty() ? base::random_token("whs_") : base::Secret(given);
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      auto made = store::insert_webhook(writer, webhook, secret);
      if (!made) return made.error();
      webhook = *std::move(made);
      return engine::note(writer, act_of(call), "webhook.create", webhook.name, "",
                          base::to_text(to_json(webhook)));
    });
    if (!written) return written.error();
    Json out = to_json(webhook);
    out.set("secret", given.empty() ? Json::string(secret.reveal()) : Json());
    Answer answer = json_answer(out, 201);
    answer.headers.push_back({"Location", "/api/v1/webhooks/" + std::to_string(webhook.id)});
    return answer;
  }

  base::Result<Answer> delete_webhook(Call& call) {
    const std::string& id = call.in_path("webhook");
    return write([&](store::Writer& writer) -> base::Result<void> {
      for (const model::Webhook& webhook : store::webhooks(writer)) {
        if (std::to_string(webhook.id) != id) continue;
        if (auto gone = store::delete_webhook(writer, webhook.id); !gone) return gone;
        return engine::note(writer, act_of(call), "webhook.delete", webhook.name,
                            base::to_text(to_json(webhook)), "");
      }
      return no_such("webhook", id);
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

 private:
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
  routes.component("NewWebhook", R"({"type": "object", "additionalProperties": false,
    "required": ["name", "url"], "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "url": {"type": "string", "minLength": 1, "maxLength": 2000},
      "kinds": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 100},
        "description": "Kinds of events; empty: all."},
      "secret": {"type": "string", "minLength": 16, "maxLength": 200, "x-secret": true,
        "description": "Signs what is sent; without it one is made and shown once."}}})");
  routes.component("Webhook", R"({"type": "object", "required": ["id", "name", "url", "kinds",
    "enabled"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"},
      "url": {"type": "string"}, "kinds": {"type": "array", "items": {"type": "string"}},
      "enabled": {"type": "boolean"},
      "secret": {"type": ["string", "null"], "description": "Only in the answer that makes it."}}})");
  routes.component("Webhooks", list_of("Webhook"));
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

void add_webhooks(const Table<Operations>& table) {
  table.get("/webhooks", &Operations::list_webhooks, "listWebhooks", "List webhooks")
      .paged()
      .gives(200, "Webhooks", "A page")
      .needs("webhook.write");
  table.post("/webhooks", &Operations::create_webhook, "createWebhook", "Send events to a URL")
      .says("Each delivery carries X-Portolan-Signature: sha256=…, the HMAC-SHA256 of the body.")
      .body("NewWebhook")
      .gives(201, "Webhook", "The webhook")
      .needs("webhook.write");
  table
      .remove("/webhooks/{webhook}", &Operations::delete_webhook, "deleteWebhook",
              "Remove a webhook")
      .takes({id_parameter("webhook")})
      .gives(204, "", "Removed")
      .needs("webhook.write");
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
  add_webhooks(table);
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
