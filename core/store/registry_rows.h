#pragma once
/// How rows of the tables registry and health become values. The room's own.
#include "store/registries.h"
#include "store/words.h"

namespace portolan::store {

/// registry_secret.kind of the password; its fingerprint is part of a RegistryRecord.
inline constexpr std::string_view password_word = "password";

/// All that a RegistryRecord is made of, WHERE `condition`; r is the registry.
std::string registry_select(std::string_view condition);
model::RegistryRecord read_registry(Rows& rows);

/// Health without results; h is the table.
inline constexpr std::string_view health_columns =
    "h.state, h.reason, h.message, h.hint, h.since_ms, h.last_try_ms, h.last_success_ms, "
    "h.next_try_ms, h.blocked, h.refused_at_ms, h.refused_version, h.recent, h.last_full_ms";
model::Health read_health(Rows& rows);

/// With the facts, which no document shows.
base::Json stored_form(const model::Integration& integration);

}  // namespace portolan::store
