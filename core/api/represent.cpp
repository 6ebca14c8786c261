#include "api/represent.h"

#include "engine/registries.h"
#include "model/json.h"
#include "model/outcome.h"

namespace portolan::api {
namespace {

using base::Json;
using model::text_or_null;
using model::utc_time;

Json time_json(std::int64_t ms) { return text_or_null(utc_time(ms)); }

Json parsed(const std::string& text) {
  if (text.empty()) return {};
  auto json = base::parse_json(text);
  return json ? *std::move(json) : Json();
}

Json settings_json(const model::RegistryRecord& record) {
  const model::Registry& settings = record.settings;
  Json account = Json::object();
  account.set("username", text_or_null(settings.credentials.username));
  account.set("password_set", Json::boolean(!record.secret_fingerprint.empty()));
  account.set("trusted_realms", model::texts(settings.credentials.trusted_realms));
  Json tls = Json::object();
  tls.set("ca", text_or_null(settings.tls.ca_pem));
  tls.set("client_certificate", text_or_null(settings.tls.client_certificate_pem));
  tls.set("minimum_version", Json::string(settings.tls.minimum_version));
  tls.set("pin_sha256", text_or_null(settings.tls.pin_sha256));
  tls.set("skip_verify", Json::boolean(settings.tls.skip_verify));
  Json timeouts = Json::object();
  timeouts.set("connect_ms", Json::integer(settings.timeouts.connect.count()));
  timeouts.set("request_ms", Json::integer(settings.timeouts.request.count()));
  timeouts.set("validation_ms", Json::integer(settings.timeouts.validation.count()));
  timeouts.set("statistics_ms", Json::integer(settings.timeouts.statistics.count()));
  Json schedule = Json::object();
  schedule.set("health_s", Json::integer(record.schedule.health_s));
  schedule.set("statistics_s", Json::integer(record.schedule.statistics_s));
  schedule.set("deep_s", Json::integer(record.schedule.deep_s));
  schedule.set("catalogue_s", Json::integer(record.schedule.catalogue_s));
  Json out = Json::object();
  out.set("credentials", std::move(account));
  out.set("tls", std::move(tls));
  out.set("proxy", text_or_null(settings.proxy));
  out.set("allow_plain_http", Json::boolean(settings.allow_plain_http));
  out.set("timeouts", std::move(timeouts));
  out.set("options", parsed(settings.options_json));
  out.set("schedule", std::move(schedule));
  return out;
}

Json measure_json(const store::KeptMeasure& kept) {
  Json out = model::to_json(kept.latest);
  const bool stale = kept.known && kept.latest.state != model::MeasureState::known &&
                     kept.latest.state != model::MeasureState::partial;
  out.set("last_known", stale ? model::to_json(*kept.known) : Json());
  return out;
}

std::string_view word(model::DefaultVisibility visibility) {
  switch (visibility) {
    case model::DefaultVisibility::upstream: return "as-registry";
    case model::DefaultVisibility::closed: return "private";
    case model::DefaultVisibility::open: return "public";
  }
  return "as-registry";
}

}  // namespace

Json summary_json(const store::RegistryRow& row) {
  const model::RegistryRecord& record = row.record;
  Json out = Json::object();
  out.set("identity", Json::string(record.identity()));
  out.set("name", Json::string(record.settings.name));
  out.set("workspace", text_or_null(record.workspace_name));
  out.set("type", Json::string(record.settings.type));
  out.set("address", Json::string(record.settings.address));
  out.set("description", text_or_null(record.description));
  out.set("paused", Json::boolean(record.paused));
  out.set("health", health_json(row.health, false));
  out.set("created_at", time_json(record.provenance.created_ms));
  return out;
}

Json health_json(const model::Health& health, bool with_evidence) {
  Json out = Json::object();
  out.set("state", Json::string(std::string(to_string(health.state))));
  out.set("reason", text_or_null(health.reason));
  out.set("message", text_or_null(health.message));
  out.set("hint", text_or_null(health.hint));
  out.set("since", time_json(health.since_ms));
  out.set("last_success_at", time_json(health.last_success_ms));
  out.set("next_try_at", time_json(health.next_try_ms));
  if (!with_evidence) return out;
  out.set("last_try_at", time_json(health.last_try_ms));
  out.set("credential_blocked", Json::boolean(health.blocked));
  out.set("last", health.last ? model::to_json(*health.last) : Json());
  out.set("last_full", health.last_full ? model::to_json(*health.last_full) : Json());
  out.set("last_full_at", time_json(health.last_full_ms));
  return out;
}

Json registry_json(const store::RegistryRow& row) {
  const model::RegistryRecord& record = row.record;
  Json out = summary_json(row);
  out.set("settings", settings_json(record));
  out.set("pull_host", text_or_null(record.pull_host));
  out.set("default_visibility", Json::string(std::string(word(record.default_visibility))));
  out.set("pull_credential_set", Json::boolean(record.pull_credential));
  out.set("pull_suspended", Json::boolean(record.pull_suspended));
  out.set("integration", record.integration ? model::to_json(*record.integration) : Json());
  out.set("managed_by", Json::string(record.provenance.managed_by));
  out.set("created_by", text_or_null(record.provenance.created_by));
  out.set("updated_at", time_json(record.provenance.updated_ms));
  return out;
}

Json kept_json(const store::KeptStatistics& statistics) {
  Json measures = Json::array();
  for (const store::KeptMeasure& kept : statistics.measures) measures.push(measure_json(kept));
  Json spaces = Json::array();
  for (const model::SpaceMeasures& space : statistics.spaces) {
    Json counts = Json::array();
    for (const model::Measure& measure : space.measures) counts.push(model::to_json(measure));
    Json one = Json::object();
    one.set("name", Json::string(space.name));
    one.set("measures", std::move(counts));
    spaces.push(std::move(one));
  }
  Json out = Json::object();
  out.set("taken_at", time_json(statistics.taken_at_ms));
  out.set("level", Json::string(std::string(to_string(statistics.level))));
  out.set("complete", Json::boolean(statistics.complete));
  out.set("measures", std::move(measures));
  out.set("spaces", std::move(spaces));
  return out;
}

Json space_json(const store::SpaceRow& row) {
  const model::SpaceRecord& space = row.record;
  Json out = Json::object();
  out.set("name", Json::string(space.name));
  out.set("visibility", Json::string(space.is_public ? "public" : "private"));
  out.set("upstream_visibility", text_or_null(to_string(space.upstream_visibility)));
  out.set("enforcement", Json::string(std::string(to_string(space.enforcement))));
  out.set("declared", Json::boolean(space.declared));
  out.set("proxy_cache", Json::boolean(space.proxy_cache));
  out.set("confirm_public", Json::boolean(space.confirm_public));
  out.set("gone_at", time_json(space.gone_ms));
  out.set("repositories", space.repositories < 0 ? Json() : Json::integer(space.repositories));
  out.set("workspaces", model::texts(row.workspaces));
  out.set("seen_at", time_json(space.seen_ms));
  out.set("created_at", time_json(space.provenance.created_ms));
  return out;
}

Json binding_json(const model::Binding& binding) {
  Json out = Json::object();
  out.set("id", Json::integer(binding.id));
  out.set("space", Json::string(binding.space_name));
  out.set("workspace", Json::string(binding.workspace_name));
  out.set("access", Json::string(binding.push ? "push" : "pull"));
  out.set("broken", Json::boolean(binding.broken));
  out.set("revoke_pending", text_or_null(binding.revoke_pending));
  out.set("created_at", time_json(binding.provenance.created_ms));
  out.set("created_by", text_or_null(binding.provenance.created_by));
  return out;
}

Json event_json(const model::Event& event) {
  Json out = Json::object();
  out.set("id", Json::integer(event.id));
  out.set("at", Json::string(utc_time(event.at_ms)));
  out.set("kind", Json::string(event.kind));
  out.set("subject", Json::string(event.subject));
  out.set("data", parsed(event.data_json));
  return out;
}

Json job_json(const model::Job& job) {
  Json progress = parsed(job.progress);
  if (progress.is_null()) progress = text_or_null(job.progress);
  Json out = Json::object();
  out.set("id", Json::integer(job.id));
  out.set("kind", Json::string(job.kind));
  out.set("state", Json::string(std::string(to_string(job.state))));
  out.set("attempt", Json::integer(job.attempt));
  out.set("progress", std::move(progress));
  out.set("output", parsed(job.output_json));
  out.set("error", job.error ? model::to_json(*job.error) : Json());
  out.set("created_at", time_json(job.created_ms));
  out.set("created_by", text_or_null(job.created_by));
  out.set("run_at", time_json(job.run_at_ms));
  out.set("ended_at", time_json(job.ended_ms));
  return out;
}

Json tried_json(const engine::Tried& tried) {
  Json out = Json::object();
  out.set("validation", model::to_json(tried.validation));
  out.set("integration", tried.integration ? model::to_json(*tried.integration) : Json());
  out.set("warnings", model::texts(tried.warnings));
  return out;
}

}  // namespace portolan::api
