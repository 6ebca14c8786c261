#include "store/audit_chain.h"
#include "store/jobs.h"
#include "store/paging.h"

namespace portolan::store {
namespace {

using base::Error;
using base::Result;
using model::AuditEntry;

constexpr std::string_view columns =
    "id, at_ms, actor, action, subject, remote, request_id, outcome, before_json, after_json, hash";

AuditEntry entry_of(Rows& rows) {
  AuditEntry entry;
  rows.into(entry.id, entry.at_ms, entry.actor, entry.action, entry.subject, entry.remote,
            entry.request_id, entry.outcome, entry.before_json, entry.after_json, entry.hash);
  return entry;
}

/// Lengths part the fields, so that no two entries have one text.
std::string hash_of(const AuditEntry& entry, std::string_view hash_before) {
  std::string text;
  const std::string id = std::to_string(entry.id), at = std::to_string(entry.at_ms);
  for (const std::string_view field :
       {hash_before, std::string_view(id), std::string_view(at), std::string_view(entry.actor),
        std::string_view(entry.action), std::string_view(entry.subject),
        std::string_view(entry.remote), std::string_view(entry.request_id),
        std::string_view(entry.outcome), std::string_view(entry.before_json),
        std::string_view(entry.after_json)}) {
    text.append(std::to_string(field.size())).append(":").append(field);
  }
  return base::hex(base::sha256(text));
}

struct Head {
  Id id = 0;
  std::string hash;
};

Head newest(Reader& reader) {
  Head head;
  Rows rows = query(reader, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1");
  if (rows.next()) rows.into(head.id, head.hash);
  return head;
}

std::string head_text(const Head& head, const base::SealingKey& key) {
  const std::string text = std::to_string(head.id) + ' ' + head.hash;
  return key.fingerprint(base::Secret(text), "audit");
}

Error tampered(Id id, std::string what) {
  return {.message = "the audit was changed: " + std::move(what),
          .hint = "Compare with a backup or with what was exported.",
          .where = "entry " + std::to_string(id)};
}

}  // namespace

void put_audit_head(Writer& writer, const base::SealingKey& key) {
  const Head head = newest(writer);
  if (head.id != 0) put_meta(writer, "audit_head", head_text(head, key));
}

Result<void> add_audit(Writer& writer, AuditEntry entry) {
  const Head before = newest(writer);
  entry.id = before.id + 1;
  entry.at_ms = now_ms(writer);
  entry.hash = hash_of(entry, before.hash);
  execute(writer,
          "INSERT INTO audit (id, at_ms, actor, action, subject, remote, request_id, outcome, "
          "before_json, after_json, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {entry.id, entry.at_ms, entry.actor, entry.action, entry.subject, entry.remote,
           entry.request_id, entry.outcome, entry.before_json, entry.after_json, entry.hash});
  put_meta(writer, "audit_head", head_text({entry.id, entry.hash}, writer.connection().key()));
  return {};
}

Page<AuditEntry> list_audit(Reader& reader, const PageRequest& request, const AuditFilter& filter) {
  List list({.columns = columns,
             .from = "audit",
             .id = "id",
             .search = "subject",
             .sorts = {{"newest", "id", true}}});
  if (!filter.actor.empty()) list.where("actor = ?", {filter.actor});
  if (!filter.action.empty()) list.where("action = ?", {filter.action});
  if (!filter.subject.empty()) list.where("subject = ?", {filter.subject});
  if (filter.from_ms != 0) list.where("at_ms >= ?", {filter.from_ms});
  if (filter.to_ms != 0) list.where("at_ms < ?", {filter.to_ms});
  return list.page<AuditEntry>(reader, request, entry_of);
}

Result<std::size_t> verify_audit(Reader& reader) {
  Rows rows = query(reader, "SELECT " + std::string(columns) + " FROM audit ORDER BY id");
  Head head;
  while (rows.next()) {
    const AuditEntry entry = entry_of(rows);
    if (entry.id != head.id + 1) return tampered(head.id + 1, "an entry is missing");
    if (entry.hash != hash_of(entry, head.hash)) {
      return tampered(entry.id, "an entry does not fit the one before it");
    }
    head = {entry.id, entry.hash};
  }
  const std::string expected = head.id == 0 ? "" : head_text(head, reader.connection().key());
  if (meta(reader, "audit_head") != expected) {
    return tampered(head.id, "its end is not what was written last");
  }
  return static_cast<std::size_t>(head.id);
}

}  // namespace portolan::store
