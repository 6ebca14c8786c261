/// The components of registries, spaces, events and jobs in the description.
#include "api/binder.h"
#include "api/represent.h"

namespace portolan::api {
namespace {

// Said by a change and by a draft alike.
constexpr const char* settings_properties = R"(
      "address": {"type": "string", "minLength": 1, "maxLength": 2000},
      "description": {"type": "string", "maxLength": 1000},
      "proxy": {"type": "string", "maxLength": 500, "description": "http://host:port"},
      "allow_plain_http": {"type": "boolean",
        "description": "A password may travel over http to a host that is not loopback."},
      "credentials": {"type": "object", "additionalProperties": false, "properties": {
        "username": {"type": "string", "maxLength": 500},
        "password": {"type": "string", "maxLength": 10000, "x-secret": true},
        "trusted_realms": {"type": "array", "maxItems": 20,
          "items": {"type": "string", "maxLength": 500}}}},
      "tls": {"type": "object", "additionalProperties": false, "properties": {
        "ca": {"type": "string", "maxLength": 200000, "description": "PEM"},
        "client_certificate": {"type": "string", "maxLength": 200000, "description": "PEM"},
        "client_key": {"type": "string", "maxLength": 50000, "x-secret": true},
        "minimum_version": {"type": "string", "enum": ["1.2", "1.3"]},
        "pin_sha256": {"type": "string", "maxLength": 100},
        "skip_verify": {"type": "boolean"}}},
      "timeouts": {"type": "object", "additionalProperties": false, "properties": {
        "connect_ms": {"type": "integer", "minimum": 100, "maximum": 600000},
        "request_ms": {"type": "integer", "minimum": 100, "maximum": 3600000},
        "validation_ms": {"type": "integer", "minimum": 100, "maximum": 3600000},
        "statistics_ms": {"type": "integer", "minimum": 100, "maximum": 86400000}}},
      "options": {"type": "object",
        "description": "The type's own: GET /api/v1/registry-types/{type}."},
      "schedule": {"type": "object", "additionalProperties": false,
        "description": "Seconds; 0: the daemon's default, -1: never.", "properties": {
        "health_s": {"type": "integer", "minimum": -1, "maximum": 31536000},
        "statistics_s": {"type": "integer", "minimum": -1, "maximum": 31536000},
        "deep_s": {"type": "integer", "minimum": -1, "maximum": 31536000},
        "catalogue_s": {"type": "integer", "minimum": -1, "maximum": 31536000}}},
      "default_visibility": {"type": "string", "enum": ["as-registry", "private", "public"]},
      "pull_host": {"type": "string", "maxLength": 500,
        "description": "How pull references begin; without it what the product reports."})";

constexpr const char* health_schema = R"({"type": "object", "required": ["state", "reason",
    "message", "hint", "since", "last_success_at", "next_try_at"], "properties": {
      "state": {"enum": ["unknown", "healthy", "degraded", "unhealthy", "unauthenticated",
        "unreachable"]},
      "reason": {"type": ["string", "null"]}, "message": {"type": ["string", "null"]},
      "hint": {"type": ["string", "null"]},
      "since": {"type": ["string", "null"], "format": "date-time"},
      "last_success_at": {"type": ["string", "null"], "format": "date-time"},
      "next_try_at": {"type": ["string", "null"], "format": "date-time"},
      "last_try_at": {"type": ["string", "null"], "format": "date-time"},
      "credential_blocked": {"type": "boolean"},
      "last": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Validation"}]},
      "last_full": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Validation"}]},
      "last_full_at": {"type": ["string", "null"], "format": "date-time"}}})";

constexpr const char* summary_schema = R"({"type": "object", "required": ["identity", "name",
    "workspace", "type", "address", "paused", "health"], "properties": {
      "identity": {"type": "string", "description": "name, or workspace/name"},
      "name": {"type": "string"}, "workspace": {"type": ["string", "null"]},
      "type": {"type": "string"}, "address": {"type": "string"},
      "description": {"type": ["string", "null"]}, "paused": {"type": "boolean"},
      "health": {"$ref": "#/components/schemas/Health"},
      "created_at": {"type": ["string", "null"], "format": "date-time"}}})";

constexpr const char* validation_schema = R"({"type": "object", "required": ["verdict", "checks"],
    "properties": {"verdict": {"enum": ["ok", "warn", "unknown", "fail"]},
      "checks": {"type": "array", "items": {"type": "object",
        "required": ["name", "state", "code", "message", "hint", "evidence"], "properties": {
          "name": {"type": "string"},
          "state": {"enum": ["ok", "warn", "fail", "skipped", "unknown"]},
          "code": {"type": "string"}, "message": {"type": "string"},
          "hint": {"type": ["string", "null"]}, "evidence": {"type": ["object", "null"]}}}}}})";

constexpr const char* measure_schema = R"({"type": "object", "required": ["name", "value", "state",
    "visibility", "kind", "unit", "taken_at", "hint"], "properties": {
      "name": {"type": "string"}, "value": {"type": ["integer", "null"]},
      "state": {"enum": ["known", "partial", "unknown", "unsupported", "forbidden"]},
      "visibility": {"enum": ["registry", "account"]}, "kind": {"type": ["string", "null"]},
      "unit": {"type": "string"}, "taken_at": {"type": ["string", "null"]},
      "hint": {"type": ["string", "null"]},
      "last_known": {"type": ["object", "null"],
        "description": "The last good value, where the newest collection has none."}}})";

constexpr const char* space_schema = R"({"type": "object", "required": ["name", "visibility",
    "upstream_visibility", "enforcement", "gone_at", "repositories", "workspaces"], "properties": {
      "name": {"type": "string"}, "visibility": {"enum": ["public", "private"]},
      "upstream_visibility": {"enum": ["public", "private", null]},
      "enforcement": {"enum": ["registry", "catalog"],
        "description": "Who really keeps others out: catalog means Portolan only hides it."},
      "declared": {"type": "boolean"}, "proxy_cache": {"type": "boolean"},
      "confirm_public": {"type": "boolean"},
      "gone_at": {"type": ["string", "null"], "format": "date-time"},
      "repositories": {"type": ["integer", "null"]},
      "workspaces": {"type": "array", "items": {"type": "string"}},
      "seen_at": {"type": ["string", "null"]}, "created_at": {"type": ["string", "null"]}}})";

constexpr const char* job_schema = R"({"type": "object", "required": ["id", "kind", "state",
    "attempt", "progress", "output", "error"], "properties": {"id": {"type": "integer"},
      "kind": {"type": "string"},
      "state": {"enum": ["queued", "running", "done", "failed", "cancelled"]},
      "attempt": {"type": "integer"}, "progress": {}, "output": {},
      "error": {"type": ["object", "null"]}, "created_at": {"type": ["string", "null"]},
      "created_by": {"type": ["string", "null"]}, "run_at": {"type": ["string", "null"]},
      "ended_at": {"type": ["string", "null"]}}})";

void add_bodies(Routes& routes) {
  const std::string properties = settings_properties;
  routes.component("RegistryDraft", R"({"type": "object", "additionalProperties": false,
    "required": ["name", "type", "address"], "properties": {
      "name": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"},
      "type": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"},
      "managed_by": {"type": "string", "maxLength": 100},)" +
                                        properties + "}}");
  routes.component(
      "RegistryChange",
      R"({"type": "object", "additionalProperties": false, "properties": {)" + properties + "}}");
  routes.component("RegistryName", R"({"type": "object", "additionalProperties": false,
    "required": ["name"], "properties": {
      "name": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"}}})");
  routes.component("PullCredential", R"({"type": "object", "additionalProperties": false,
    "required": ["username", "password"], "properties": {
      "username": {"type": "string", "maxLength": 500,
        "description": "Empty removes the credential."},
      "password": {"type": "string", "maxLength": 10000, "x-secret": true}}})");
}

}  // namespace

void add_record_components(Routes& routes) {
  add_bodies(routes);
  routes.component("Health", health_schema);
  routes.component("RegistrySummary", summary_schema);
  routes.component("Registries", list_of("RegistrySummary"));
  routes.component("Registry", R"({"allOf": [{"$ref": "#/components/schemas/RegistrySummary"},
      {"type": "object", "properties": {"settings": {"type": "object"},
        "pull_host": {"type": ["string", "null"]}, "default_visibility": {"type": "string"},
        "pull_credential_set": {"type": "boolean"}, "pull_suspended": {"type": "boolean"},
        "integration": {"type": ["object", "null"]}, "managed_by": {"type": "string"},
        "created_by": {"type": ["string", "null"]}, "updated_at": {"type": ["string", "null"]},
        "tried": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Tried"}]}}}]})");
  routes.component("Validation", validation_schema);
  routes.component("Tried", R"({"type": "object", "required": ["validation", "integration",
    "warnings"], "properties": {"validation": {"$ref": "#/components/schemas/Validation"},
      "integration": {"type": ["object", "null"]},
      "warnings": {"type": "array", "items": {"type": "string"}}}})");
  routes.component("Measure", measure_schema);
  routes.component("Statistics", R"({"type": "object", "required": ["taken_at", "level",
    "complete", "measures", "spaces"], "properties": {"taken_at": {"type": ["string", "null"]},
      "level": {"enum": ["quick", "normal", "deep"]}, "complete": {"type": "boolean"},
      "measures": {"type": "array", "items": {"$ref": "#/components/schemas/Measure"}},
      "spaces": {"type": "array", "items": {"type": "object"}}}})");
  routes.component("Series", R"({"type": "object", "required": ["measure", "points"],
    "properties": {"measure": {"type": "string"}, "points": {"type": "array",
      "items": {"type": "object", "required": ["at", "value", "minimum", "maximum", "state"],
        "properties": {"at": {"type": "string"}, "value": {"type": "integer"},
          "minimum": {"type": "integer"}, "maximum": {"type": "integer"},
          "state": {"type": "string"}}}}}})");
  routes.component("Space", space_schema);
  routes.component("Spaces", list_of("Space"));
  routes.component("Binding", R"({"type": "object", "required": ["id", "space", "workspace",
    "access", "broken", "revoke_pending"], "properties": {"id": {"type": "integer"},
      "space": {"type": "string"}, "workspace": {"type": "string"},
      "access": {"enum": ["pull", "push"]}, "broken": {"type": "boolean",
        "description": "The space was deleted in the registry."}, "revoke_pending": {"type": ["string", "null"],
        "description": "The credential still valid upstream, and why."},
      "created_at": {"type": ["string", "null"]}, "created_by": {"type": ["string", "null"]}}})");
  routes.component("Bindings", list_of("Binding"));
  routes.component("Event", R"({"type": "object", "required": ["id", "at", "kind", "subject",
    "data"], "properties": {"id": {"type": "integer"}, "at": {"type": "string"},
      "kind": {"type": "string"}, "subject": {"type": "string"}, "data": {}}})");
  routes.component("Events", list_of("Event"));
  routes.component("Job", job_schema);
  routes.component("Jobs", list_of("Job"));
}

}  // namespace portolan::api
