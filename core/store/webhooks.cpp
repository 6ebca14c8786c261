#include "model/json.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "store/sealed.h"

namespace portolan::store {
namespace {

using base::Result;
using model::Webhook;

SecretPlace place(Id id) { return {SecretTable::webhook, id, "signature", ""}; }

Webhook webhook_of(Rows& rows) {
  Webhook webhook;
  base::Json kinds;
  rows.into(webhook.id, webhook.name, webhook.url, kinds, webhook.enabled);
  for (const base::Json& kind : kinds.items()) webhook.kinds.push_back(*kind.as_string());
  read_provenance(rows, webhook.provenance);
  model::Delivery last;
  rows.into(last.event, last.tried_ms, last.status, last.code, last.message, last.hint,
            last.next_try_ms);
  if (last.tried_ms != 0) webhook.last = std::move(last);
  return webhook;
}

std::string all_columns() {
  return "SELECT id, name, url, kinds, enabled, " + std::string(provenance_columns) +
         ", COALESCE(event, 0), COALESCE(tried_ms, 0), COALESCE(status, 0), COALESCE(code, ''), "
         "COALESCE(message, ''), COALESCE(hint, ''), COALESCE(next_try_ms, 0) "
         "FROM webhook LEFT JOIN delivery ON delivery.webhook = webhook.id";
}

}  // namespace

Result<Webhook> insert_webhook(Writer& writer, Webhook webhook, const base::Secret& secret) {
  if (scalar<Id>(writer, "SELECT id FROM webhook WHERE name = ?", {webhook.name})) {
    return taken("a webhook", webhook.name);
  }
  auto& provenance = webhook.provenance;
  begin_provenance(writer, provenance);
  webhook.id =
      insert(writer,
             "INSERT INTO webhook (name, url, kinds, enabled, delivered, managed_by, created_by, "
             "created_ms, updated_ms, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {webhook.name, webhook.url, model::texts(webhook.kinds), webhook.enabled,
              last_event(writer), provenance.managed_by, provenance.created_by,
              provenance.created_ms, provenance.updated_ms, provenance.revision});
  put_secret(writer, place(webhook.id), secret);
  return webhook;
}

Result<Webhook> update_webhook(Writer& writer, const Webhook& webhook, std::int64_t if_revision,
                               const std::optional<base::Secret>& secret) {
  auto stored = find_webhook(writer, webhook.id);
  if (!stored) return missing("the webhook");
  auto& provenance = stored->provenance;
  if (auto same = same_revision(provenance.revision, if_revision); !same) return same.error();
  if (stored->url != webhook.url) {
    execute(writer, "DELETE FROM delivery WHERE webhook = ?", {stored->id});
    stored->last.reset();
  }
  stored->url = webhook.url;
  stored->kinds = webhook.kinds;
  stored->enabled = webhook.enabled;
  advance_provenance(writer, provenance, webhook.provenance);
  execute(writer,
          "UPDATE webhook SET url = ?, kinds = ?, enabled = ?, managed_by = ?, updated_ms = ?, "
          "revision = ? WHERE id = ?",
          {stored->url, model::texts(stored->kinds), stored->enabled, provenance.managed_by,
           provenance.updated_ms, provenance.revision, stored->id});
  if (secret) put_secret(writer, place(stored->id), *secret);
  return *std::move(stored);
}

Result<void> delete_webhook(Writer& writer, Id id, std::int64_t if_revision) {
  const auto stored = find_webhook(writer, id);
  if (!stored) return missing("the webhook");
  if (auto same = same_revision(stored->provenance.revision, if_revision); !same) return same;
  execute(writer, "DELETE FROM webhook WHERE id = ?", {id});
  return {};
}

std::optional<Webhook> find_webhook(Reader& reader, Id id) {
  Rows rows = query(reader, all_columns() + " WHERE id = ?", {id});
  if (!rows.next()) return {};
  return webhook_of(rows);
}

std::vector<Webhook> webhooks(Reader& reader) {
  std::vector<Webhook> all;
  Rows rows = query(reader, all_columns() + " ORDER BY name");
  while (rows.next()) all.push_back(webhook_of(rows));
  return all;
}

Id delivered_event(Reader& reader, Id webhook) {
  return scalar<Id>(reader, "SELECT delivered FROM webhook WHERE id = ?", {webhook}).value_or(0);
}

Result<bool> put_delivery(Writer& writer, Id webhook, const std::string& url,
                          const model::Delivery& delivery) {
  const auto stored = find_webhook(writer, webhook);
  if (!stored) return missing("the webhook");
  if (stored->url != url) return false;
  execute(writer,
          "INSERT INTO delivery (webhook, event, tried_ms, status, code, message, hint, "
          "next_try_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (webhook) DO UPDATE SET "
          "event = excluded.event, tried_ms = excluded.tried_ms, status = excluded.status, "
          "code = excluded.code, message = excluded.message, hint = excluded.hint, "
          "next_try_ms = excluded.next_try_ms",
          {webhook, delivery.event, delivery.tried_ms, delivery.status, delivery.code,
           delivery.message, delivery.hint, delivery.next_try_ms});
  return true;
}

Result<void> put_delivered_event(Writer& writer, Id webhook, Id event) {
  const int changed = execute(
      writer, "UPDATE webhook SET delivered = MAX(delivered, ?) WHERE id = ?", {event, webhook});
  if (changed == 0) return missing("the webhook");
  return {};
}

Result<base::Secret> webhook_secret(Reader& reader, Id id) { return get_secret(reader, place(id)); }

}  // namespace portolan::store
