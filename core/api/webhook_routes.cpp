/// Webhooks: where events are sent.
#include "api/binder.h"
#include "api/resources.h"
#include "base/crypto.h"
#include "base/url.h"
#include "engine/fleet.h"
#include "model/json.h"
#include "store/jobs.h"
#include "store/store.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;

Json to_json(const model::Webhook& webhook) {
  Json out = Json::object();
  out.set("id", Json::integer(webhook.id));
  out.set("name", Json::string(webhook.name));
  out.set("url", Json::string(webhook.url));
  out.set("kinds", model::texts(webhook.kinds));
  out.set("enabled", Json::boolean(webhook.enabled));
  return out;
}

Json shown(const model::Webhook& webhook) {
  Json out = to_json(webhook);
  if (!webhook.last) {
    out.set("last_delivery", Json());
    return out;
  }
  const model::Delivery& last = *webhook.last;
  Json delivery = Json::object();
  delivery.set("event", Json::integer(last.event));
  delivery.set("at", Json::string(model::utc_time(last.tried_ms)));
  delivery.set("taken", Json::boolean(last.code.empty()));
  delivery.set("status", last.status == 0 ? Json() : Json::integer(last.status));
  delivery.set("code", model::text_or_null(last.code));
  delivery.set("message", model::text_or_null(last.message));
  delivery.set("hint", model::text_or_null(last.hint));
  delivery.set("next_try_at", model::text_or_null(model::utc_time(last.next_try_ms)));
  out.set("last_delivery", std::move(delivery));
  return out;
}

class Webhooks : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> list(Call& call) {
    return whole_list_answer(
        call, "webhooks", store::webhooks,
        [](const model::Webhook& webhook) { return webhook.name; }, shown);
  }

  base::Result<Answer> create(Call& call) {
    model::Webhook webhook;
    webhook.name = text_of(call.body, "name");
    if (auto wrong = take(call.body, webhook)) return *std::move(wrong);
    webhook.provenance.created_by = call.caller->principal.name;
    const auto given = secret_in(call.body);
    const base::Secret secret = given ? *given : base::random_token("whs_");
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      auto made = store::insert_webhook(writer, webhook, secret);
      if (!made) return made.error();
      webhook = *std::move(made);
      return engine::note(writer, act_of(call), "webhook.create", webhook.name, "",
                          base::to_text(to_json(webhook)));
    });
    if (!written) return written.error();
    Json out = shown(webhook);
    out.set("secret", given ? Json() : Json::string(secret.reveal()));
    return created(out, webhook, "/api/v1/webhooks/" + std::to_string(webhook.id));
  }

  base::Result<Answer> show(Call& call) {
    auto webhook = in_path(call);
    if (!webhook) return webhook.error();
    return shown_answer(shown(*webhook), *webhook);
  }

  /// A secret is bound to its receiver: another URL needs one in the same request.
  base::Result<Answer> update(Call& call) {
    auto before = in_path(call);
    if (!before) return before.error();
    if (auto answer = stale(call, *before)) return *std::move(answer);
    model::Webhook webhook = *before;
    if (auto wrong = take(call.body, webhook)) return *std::move(wrong);
    const auto secret = secret_in(call.body);
    if (webhook.url != before->url && !secret)
      return Error{.code = Code::invalid_config,
                   .message = "another URL needs the secret again in the same request",
                   .hint = "Send secret: the same, or a new one.",
                   .where = "/secret"};
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      auto made = store::update_webhook(writer, webhook, before->provenance.revision, secret);
      if (!made) return made.error();
      webhook = *std::move(made);
      return engine::note(writer, act_of(call), "webhook.update", webhook.name,
                          base::to_text(to_json(*before)), base::to_text(to_json(webhook)));
    });
    if (!written) return written.error();
    return resource_answer(shown(webhook), webhook);
  }

  base::Result<Answer> remove(Call& call) {
    auto webhook = in_path(call);
    if (!webhook) return webhook.error();
    if (auto answer = stale(call, *webhook)) return *std::move(answer);
    return write([&](store::Writer& writer) -> base::Result<void> {
      if (auto gone = store::delete_webhook(writer, webhook->id, webhook->provenance.revision);
          !gone)
        return gone;
      return engine::note(writer, act_of(call), "webhook.delete", webhook->name,
                          base::to_text(to_json(*webhook)), "");
    });
  }

 private:
  base::Result<model::Webhook> in_path(const Call& call) {
    const std::string& id = call.in_path("webhook");
    return store().read<model::Webhook>([&](store::Reader& reader) -> base::Result<model::Webhook> {
      auto found = store::find_webhook(reader, std::stoll(id));
      if (!found) return no_such("webhook", id);
      return *std::move(found);
    });
  }

  /// Puts what `body` says of its URL, kinds and state into `webhook`; or what is wrong with it.
  std::optional<Error> take(const Json& body, model::Webhook& webhook) const {
    if (body.find("url")) {
      const auto url = base::parse_address(text_of(body, "url"));
      if (!url)
        return Error{.code = Code::invalid_config,
                     .message = url.error().message,
                     .hint = url.error().hint,
                     .where = "/url"};
      if (auto allowed = resources_.fleet.may_reach(*url); !allowed) {
        Error refused = allowed.error();
        refused.where = "/url";
        return refused;
      }
      webhook.url = url->text();
    }
    if (const Json* kinds = body.find("kinds")) {
      webhook.kinds.clear();
      for (const Json& kind : kinds->items()) webhook.kinds.push_back(*kind.as_string());
    }
    if (const Json* enabled = body.find("enabled")) webhook.enabled = *enabled->as_bool();
    return {};
  }

  static std::optional<base::Secret> secret_in(const Json& body) {
    if (!body.find("secret")) return {};
    return base::Secret(text_of(body, "secret"));
  }
};

void add_components(Routes& routes) {
  routes.component("NewWebhook", R"({"type": "object", "additionalProperties": false,
    "required": ["name", "url"], "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "url": {"type": "string", "minLength": 1, "maxLength": 2000},
      "kinds": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 100},
        "description": "Kinds of events; empty: all."},
      "secret": {"type": "string", "minLength": 16, "maxLength": 200, "x-secret": true,
        "description": "Signs what is sent; without it one is made and shown once."}}})");
  routes.component("WebhookChange", R"({"type": "object", "additionalProperties": false,
    "properties": {
      "url": {"type": "string", "minLength": 1, "maxLength": 2000},
      "kinds": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 100},
        "description": "Kinds of events; empty: all."},
      "enabled": {"type": "boolean"},
      "secret": {"type": "string", "minLength": 16, "maxLength": 200, "x-secret": true,
        "description": "Signs what is sent; another URL needs it."}}})");
  routes.component("Webhook", R"({"type": "object", "required": ["id", "name", "url", "kinds",
    "enabled", "last_delivery"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"},
      "url": {"type": "string"}, "kinds": {"type": "array", "items": {"type": "string"}},
      "enabled": {"type": "boolean"},
      "last_delivery": {"type": ["object", "null"], "description": "How the newest try went.",
        "required": ["event", "at", "taken", "status", "code", "message", "hint", "next_try_at"],
        "properties": {"event": {"type": "integer"},
          "at": {"type": "string", "format": "date-time"}, "taken": {"type": "boolean"},
          "status": {"type": ["integer", "null"], "description": "Of HTTP, where it answered."},
          "code": {"type": ["string", "null"]}, "message": {"type": ["string", "null"]},
          "hint": {"type": ["string", "null"]},
          "next_try_at": {"type": ["string", "null"], "format": "date-time",
            "description": "null: it was taken, or is given up."}}},
      "secret": {"type": ["string", "null"], "description": "Only in the answer that makes it."}}})");
  routes.component("Webhooks", list_of("Webhook"));
}

}  // namespace

void add_webhook_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<Webhooks> table = Table<Webhooks>(routes, resources).at({"operations", "/webhooks"});
  table.get("", &Webhooks::list, "listWebhooks", "List webhooks")
      .paged()
      .gives(200, "Webhooks", "A page")
      .needs("webhook.write");
  table.post("", &Webhooks::create, "createWebhook", "Send events to a URL")
      .says("Each delivery carries X-Portolan-Signature: sha256=…, the HMAC-SHA256 of the body.")
      .body("NewWebhook")
      .gives(201, "Webhook", "The webhook")
      .needs("webhook.write");
  table.get("/{webhook}", &Webhooks::show, "showWebhook", "Show a webhook")
      .takes({id_parameter("webhook")})
      .gives(200, "Webhook", "The webhook")
      .needs("webhook.write");
  table.patch("/{webhook}", &Webhooks::update, "updateWebhook", "Change a webhook")
      .says("What is left out stays. Another URL needs the secret again in the same request.")
      .takes({id_parameter("webhook")})
      .body("WebhookChange")
      .gives(200, "Webhook", "As it is now")
      .needs("webhook.write");
  table.remove("/{webhook}", &Webhooks::remove, "deleteWebhook", "Remove a webhook")
      .takes({id_parameter("webhook")})
      .gives(204, "", "Removed")
      .needs("webhook.write");
}

}  // namespace portolan::api
