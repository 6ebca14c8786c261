/// Bodies of writes on registries, as records.
#include "api/represent.h"
#include "api/resources.h"
#include "engine/registries.h"
#include "model/words.h"

namespace portolan::api {
namespace {

using base::Json;

std::int64_t integer_of(const Json& body, std::string_view key, std::int64_t otherwise) {
  const Json* value = body.find(key);
  return value ? value->as_integer().value_or(otherwise) : otherwise;
}

bool truth_of(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  return value && value->as_bool().value_or(false);
}

model::Tls tls_from(const Json& body) {
  model::Tls out;
  out.ca_pem = text_of(body, "ca");
  out.client_certificate_pem = text_of(body, "client_certificate");
  out.client_key_pem = base::Secret(text_of(body, "client_key"));
  if (const std::string version = text_of(body, "minimum_version"); !version.empty())
    out.minimum_version = version;
  out.pin_sha256 = text_of(body, "pin_sha256");
  out.skip_verify = truth_of(body, "skip_verify");
  return out;
}

model::Timeouts timeouts_from(const Json& body) {
  using std::chrono::milliseconds;
  model::Timeouts out;
  out.connect = milliseconds(integer_of(body, "connect_ms", out.connect.count()));
  out.request = milliseconds(integer_of(body, "request_ms", out.request.count()));
  out.validation = milliseconds(integer_of(body, "validation_ms", out.validation.count()));
  out.statistics = milliseconds(integer_of(body, "statistics_ms", out.statistics.count()));
  return out;
}

model::Schedule schedule_from(const Json& body) {
  return {integer_of(body, "health_s", 0), integer_of(body, "statistics_s", 0),
          integer_of(body, "deep_s", 0), integer_of(body, "catalogue_s", 0)};
}

model::DefaultVisibility visibility_from(std::string_view word) {
  using Visibility = model::DefaultVisibility;
  return model::word_from<Visibility>(word).value_or(Visibility::upstream);
}

std::vector<std::string> texts_of(const Json& body, std::string_view key) {
  std::vector<std::string> out;
  if (const Json* list = body.find(key))
    for (const Json& item : list->items()) out.push_back(*item.as_string());
  return out;
}

/// Puts what `body` says into `field`, if it says anything.
template <class T>
void take(const Json& body, std::string_view key, std::optional<T>& field,
          const std::function<T(const Json&)>& read) {
  if (const Json* value = body.find(key)) field = read(*value);
}

std::string text(const Json& value) { return value.as_string() ? *value.as_string() : ""; }

}  // namespace

model::Credentials credentials_from(const Json& body) {
  model::Credentials out;
  out.username = text_of(body, "username");
  out.password = base::Secret(text_of(body, "password"));
  out.trusted_realms = texts_of(body, "trusted_realms");
  return out;
}

model::RegistryRecord draft_from(const Json& body) {
  model::RegistryRecord out;
  out.settings.name = text_of(body, "name");
  out.settings.type = text_of(body, "type");
  out.settings.address = text_of(body, "address");
  out.settings.proxy = text_of(body, "proxy");
  out.settings.allow_plain_http = truth_of(body, "allow_plain_http");
  if (const Json* part = body.find("credentials"))
    out.settings.credentials = credentials_from(*part);
  if (const Json* part = body.find("tls")) out.settings.tls = tls_from(*part);
  if (const Json* part = body.find("timeouts")) out.settings.timeouts = timeouts_from(*part);
  if (const Json* part = body.find("options")) out.settings.options_json = base::to_text(*part);
  if (const Json* part = body.find("schedule")) out.schedule = schedule_from(*part);
  out.description = text_of(body, "description");
  out.pull_host = text_of(body, "pull_host");
  out.default_visibility = visibility_from(text_of(body, "default_visibility"));
  if (const std::string manager = text_of(body, "managed_by"); !manager.empty())
    out.provenance.managed_by = manager;
  return out;
}

engine::RegistryChange change_from(const Json& body) {
  engine::RegistryChange out;
  take<std::string>(body, "address", out.address, text);
  take<std::string>(body, "proxy", out.proxy, text);
  take<std::string>(body, "description", out.description, text);
  take<std::string>(body, "pull_host", out.pull_host, text);
  take<std::string>(body, "options", out.options_json,
                    [](const Json& value) { return base::to_text(value); });
  take<model::Tls>(body, "tls", out.tls, tls_from);
  take<model::Timeouts>(body, "timeouts", out.timeouts, timeouts_from);
  take<bool>(body, "allow_plain_http", out.allow_plain_http,
             [](const Json& value) { return value.as_bool().value_or(false); });
  take<model::Credentials>(body, "credentials", out.credentials, credentials_from);
  if (const Json* part = body.find("credentials"); part && part->find("trusted_realms"))
    out.trusted_realms = texts_of(*part, "trusted_realms");
  take<model::Schedule>(body, "schedule", out.schedule, schedule_from);
  take<model::DefaultVisibility>(body, "default_visibility", out.default_visibility,
                                 [](const Json& value) { return visibility_from(text(value)); });
  return out;
}

}  // namespace portolan::api
