#pragma once
/// What makes a change of the audit show. Each entry's hash covers the one before, which tells of
/// every change but two: a new chain written over the old, and an end cut off. So the newest hash
/// stands in `meta` under a fingerprint that only the sealing key makes. The room's own.
#include "store/connection.h"

namespace portolan::store {

/// Writes down the newest entry, under `key`.
void put_audit_head(Writer& writer, const base::SealingKey& key);

}  // namespace portolan::store
