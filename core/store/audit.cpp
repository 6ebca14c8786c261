#include "store/audit.h"

#include <algorithm>

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

struct Head {
  Id id = 0;
  std::string hash;
};

std::string head_text(const Head& head, const base::SealingKey& key) {
  const std::string text = std::to_string(head.id) + ' ' + head.hash;
  return key.fingerprint(base::Secret(text), "audit");
}

struct Mark {
  Head head;
  std::string fingerprint;
};

std::string mark_text(std::string_view name, const Head& head, const base::SealingKey& key) {
  const std::string text = std::string(name) + ' ' + std::to_string(head.id) + ' ' + head.hash;
  return key.fingerprint(base::Secret(text), "audit mark");
}

Mark mark(Reader& reader, std::string_view name) {
  Mark found;
  Rows rows = query(reader, "SELECT id, hash, fingerprint FROM audit_mark WHERE name = ?", {name});
  if (rows.next()) rows.into(found.head.id, found.head.hash, found.fingerprint);
  return found;
}

void put_mark(Writer& writer, std::string_view name, const Head& head,
              const base::SealingKey& key) {
  execute(writer,
          "INSERT INTO audit_mark (name, id, hash, fingerprint) VALUES (?, ?, ?, ?) "
          "ON CONFLICT (name) DO UPDATE SET id = excluded.id, hash = excluded.hash, "
          "fingerprint = excluded.fingerprint",
          {name, head.id, head.hash, mark_text(name, head, key)});
}

constexpr std::string_view anchor_name = "anchor", exported_name = "exported";

bool is_ours(std::string_view name, const Mark& found, const base::SealingKey& key) {
  return found.head.id == 0 ? found.fingerprint.empty()
                            : found.fingerprint == mark_text(name, found.head, key);
}

Head newest(Reader& reader) {
  Head head;
  Rows rows = query(reader, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1");
  if (rows.next()) rows.into(head.id, head.hash);
  return head;
}

std::optional<std::string> stored_hash(Reader& reader, Id id) {
  return scalar<std::string>(reader, "SELECT hash FROM audit WHERE id = ?", {id});
}

Error tampered(Id id, std::string what) {
  return {.message = "the audit was changed: " + std::move(what),
          .hint = "Compare with a backup or with what was exported.",
          .where = "entry " + std::to_string(id)};
}

}  // namespace

std::string audit_hash(const AuditEntry& entry, std::string_view hash_before) {
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

void put_audit_head(Writer& writer, const base::SealingKey& key) {
  // A mark that was tampered with is not made good by a new key.
  for (const std::string_view name : {anchor_name, exported_name}) {
    const Mark found = mark(writer, name);
    if (found.head.id != 0 && is_ours(name, found, writer.connection().key()))
      put_mark(writer, name, found.head, key);
  }
  const Head head = newest(writer);
  if (head.id != 0) put_meta(writer, "audit_head", head_text(head, key));
}

Result<void> add_audit(Writer& writer, AuditEntry entry) {
  const Head before = newest(writer);
  entry.id = before.id + 1;
  entry.at_ms = now_ms(writer);
  entry.hash = audit_hash(entry, before.hash);
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
  const base::SealingKey& key = reader.connection().key();
  const Mark anchor = mark(reader, anchor_name), exported = mark(reader, exported_name);
  if (!is_ours(anchor_name, anchor, key))
    return tampered(anchor.head.id, "where it begins is not what was written");
  if (!is_ours(exported_name, exported, key))
    return tampered(exported.head.id, "up to where it was exported is not what was written");
  Rows rows = query(reader, "SELECT " + std::string(columns) + " FROM audit ORDER BY id");
  Head head = anchor.head;
  while (rows.next()) {
    const AuditEntry entry = entry_of(rows);
    if (entry.id != head.id + 1) return tampered(head.id + 1, "an entry is missing");
    if (entry.hash != audit_hash(entry, head.hash)) {
      return tampered(entry.id, "an entry does not fit the one before it");
    }
    head = {entry.id, entry.hash};
  }
  const std::string expected = head.id == 0 ? "" : head_text(head, key);
  if (meta(reader, "audit_head") != expected) {
    return tampered(head.id, "its end is not what was written last");
  }
  return static_cast<std::size_t>(head.id - anchor.head.id);
}

AuditSlice audit_after(Reader& reader, Id after, std::size_t limit) {
  AuditSlice out;
  Rows rows = query(
      reader, "SELECT " + std::string(columns) + " FROM audit WHERE id > ? ORDER BY id LIMIT ?",
      {after, static_cast<std::int64_t>(limit)});
  while (rows.next()) out.entries.push_back(entry_of(rows));
  if (out.entries.empty()) return out;
  const Mark anchor = mark(reader, anchor_name);
  const Id before = out.entries.front().id - 1;
  out.hash_before =
      before == anchor.head.id ? anchor.head.hash : stored_hash(reader, before).value_or("");
  return out;
}

AuditReach audit_reach(Reader& reader) {
  AuditReach reach;
  reach.exported = mark(reader, exported_name).head.id;
  reach.last = newest(reader).id;
  Rows rows = query(reader, "SELECT id, at_ms FROM audit ORDER BY id LIMIT 1");
  if (rows.next()) rows.into(reach.first, reach.since_ms);
  return reach;
}

Result<void> mark_audit_exported(Writer& writer, Id id, const std::string& hash) {
  const base::SealingKey& key = writer.connection().key();
  const Mark before = mark(writer, exported_name);
  if (!is_ours(exported_name, before, key))
    return tampered(before.head.id, "up to where it was exported is not what was written");
  const auto stored = stored_hash(writer, id);
  if (!stored) return missing("the entry " + std::to_string(id) + " of the audit");
  if (*stored != hash)
    return Error{.code = base::Code::conflict,
                 .message = "the entry " + std::to_string(id) + " of the audit has another hash",
                 .hint = "Export it anew: what you keep is not what is here."};
  if (id > before.head.id) put_mark(writer, exported_name, {id, hash}, key);
  return {};
}

Result<std::size_t> drop_audit_before(Writer& writer, std::int64_t ms, bool only_exported) {
  constexpr std::int64_t at_once = 10'000;
  const base::SealingKey& key = writer.connection().key();
  const Mark anchor = mark(writer, anchor_name), exported = mark(writer, exported_name);
  if (!is_ours(anchor_name, anchor, key) || !is_ours(exported_name, exported, key))
    return tampered(anchor.head.id, "its marks are not what was written; nothing is dropped");
  // A clock may have gone back: everything before the first entry that is young enough.
  const Head last = newest(writer);
  Id until = scalar<Id>(writer, "SELECT MIN(id) FROM audit WHERE at_ms >= ?", {ms}).value_or(0);
  until = until == 0 ? last.id - 1 : std::min(until, last.id) - 1;
  if (only_exported) until = std::min(until, exported.head.id);
  until = std::min(until, anchor.head.id + at_once);
  const auto hash = stored_hash(writer, until);
  if (!hash || until <= anchor.head.id) return std::size_t{0};
  put_mark(writer, anchor_name, {until, *hash}, key);
  return static_cast<std::size_t>(execute(writer, "DELETE FROM audit WHERE id <= ?", {until}));
}

}  // namespace portolan::store
