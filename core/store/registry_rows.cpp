#include "store/registry_rows.h"

#include "model/json.h"

namespace portolan::store {
namespace {

using base::Json;
using model::RegistryRecord;

model::Integration integration_of(const Json& json) {
  model::Integration integration = model::integration_from(json);
  const Json* facts = json.find("facts");
  if (const std::string* text = facts ? facts->as_string() : nullptr)
    integration.facts_json = *text;
  return integration;
}

std::vector<std::string> texts_of(const Json& json) {
  std::vector<std::string> texts;
  for (const Json& item : json.items())
    if (const std::string* text = item.as_string()) texts.push_back(*text);
  return texts;
}

void read_settings(Rows& rows, model::Registry& settings) {
  std::int64_t connect = 0, request = 0, validation = 0, statistics = 0;
  Json realms;
  rows.into(settings.name, settings.type, settings.address, settings.credentials.username, realms,
            settings.tls.ca_pem, settings.tls.client_certificate_pem, settings.tls.minimum_version,
            settings.tls.pin_sha256, settings.tls.skip_verify, settings.proxy,
            settings.allow_plain_http, settings.options_json, connect, request, validation,
            statistics);
  using ms = std::chrono::milliseconds;
  settings.timeouts = {ms(connect), ms(request), ms(validation), ms(statistics)};
  settings.credentials.trusted_realms = texts_of(realms);
}

}  // namespace

std::string registry_select(std::string_view condition) {
  return "SELECT " + std::string(registry_columns) + " FROM " + std::string(registry_tables) +
         " WHERE " + std::string(condition);
}

RegistryRecord read_registry(Rows& rows) {
  RegistryRecord record;
  rows.into(record.id, record.workspace, record.workspace_name);
  read_settings(rows, record.settings);
  rows.into(record.description, record.pull_host);
  record.default_visibility = read_word<model::DefaultVisibility>(rows);
  rows.into(record.schedule.health_s, record.schedule.statistics_s, record.schedule.deep_s,
            record.schedule.catalogue_s, record.paused, record.secret_version,
            record.secret_fingerprint, record.pull_credential, record.pull_suspended);
  if (const auto json = rows.get<std::optional<Json>>()) record.integration = integration_of(*json);
  read_provenance(rows, record.provenance);
  return record;
}

model::Health read_health(Rows& rows) {
  model::Health health;
  health.state = read_word<model::HealthState>(rows);
  Json recent;
  rows.into(health.reason, health.message, health.hint, health.since_ms, health.last_try_ms,
            health.last_success_ms, health.next_try_ms, health.blocked, health.refused_at_ms,
            health.refused_version, recent, health.last_full_ms);
  for (const std::string& text : texts_of(recent))
    health.recent.push_back(stored_word(model::word_from<model::HealthState>(text)));
  return health;
}

Json stored_form(const model::Integration& integration) {
  Json json = model::to_json(integration);
  json.set("facts", Json::string(integration.facts_json));
  return json;
}

}  // namespace portolan::store
