#pragma once
/// The audit leaves: exports, what was exported, and dropping what is old. Writing, listing and
/// proving it: jobs.h.
#include "model/records.h"
#include "store/reader.h"

namespace portolan::base {
class SealingKey;
}

namespace portolan::store {

/// Of an entry, over all its fields and the hash of the entry before it (empty: it is the first).
/// docs/security.md says how, for who checks an export.
std::string audit_hash(const model::AuditEntry& entry, std::string_view hash_before);

/// Entries behind `after`, oldest first, at most `limit`.
struct AuditSlice {
  std::vector<model::AuditEntry> entries;
  std::string hash_before;  ///< Of the entry before the first of them.
};
AuditSlice audit_after(Reader&, Id after, std::size_t limit);

/// What is here, and what is kept elsewhere. 0: nothing.
struct AuditReach {
  Id first = 0, last = 0;
  std::int64_t since_ms = 0;  ///< Of the first entry that is here.
  Id exported = 0;            ///< Up to this entry an export is kept elsewhere.
};
AuditReach audit_reach(Reader&);

/// Somebody keeps the entries up to `id` elsewhere, and `hash` is the last one's. Never goes back.
/// not_found: no such entry here; conflict: it has another hash.
base::Result<void> mark_audit_exported(Writer&, Id id, const std::string& hash);

/// Drops entries older than `ms`, with `only_exported` none that was not marked as such; the newest
/// stays. The chain goes on from the last that went, whose number and hash are kept under a
/// fingerprint of the sealing key. How many went, at most 10,000.
base::Result<std::size_t> drop_audit_before(Writer&, std::int64_t ms, bool only_exported);

// The room's own.

/// Writes down the newest entry, under `key`. Each entry's hash covers the one before, which tells
/// of every change but two: a new chain written over the old, and an end cut off. So the newest
/// hash stands in `meta` under a fingerprint that only the sealing key makes.
void put_audit_head(Writer& writer, const base::SealingKey& key);

}  // namespace portolan::store
