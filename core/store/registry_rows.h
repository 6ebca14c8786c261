#pragma once
/// How rows of the tables registry and health become values. The room's own.
#include "store/connection.h"

namespace portolan::store {

/// registry_secret.kind of the password; its fingerprint is part of a RegistryRecord.
inline constexpr std::string_view password_word = "password";

/// All that a RegistryRecord is made of: r is the registry, h its health, w its workspace, s its
/// password.
inline constexpr std::string_view registry_columns =
    "r.id, r.workspace, COALESCE(w.name, ''), r.name, r.type, r.address, r.username, "
    "r.trusted_realms, r.ca_pem, r.client_certificate_pem, r.minimum_version, r.pin_sha256, "
    "r.skip_verify, r.proxy, r.allow_plain_http, r.options_json, r.connect_ms, r.request_ms, "
    "r.validation_ms, r.statistics_ms, r.description, r.pull_host, r.default_visibility, "
    "r.health_s, r.statistics_s, r.deep_s, r.catalogue_s, r.paused, r.secret_version, "
    "COALESCE(s.fingerprint, ''), r.pull_username <> '', r.pull_suspended, r.integration_json, "
    "r.managed_by, r.created_by, r.created_ms, r.updated_ms, r.revision";
inline constexpr std::string_view registry_tables =
    "registry r JOIN health h ON h.registry = r.id LEFT JOIN workspace w ON w.id = r.workspace "
    "LEFT JOIN registry_secret s "
    "ON s.owner = r.id AND s.kind = 'password'";
/// SELECT these, WHERE `condition`.
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
