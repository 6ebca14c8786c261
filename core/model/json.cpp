#include "model/json.h"

#include <ctime>

#include "model/words.h"

namespace portolan::model {
namespace {

using base::Json;

std::string text_in(const Json& json, std::string_view key) {
  const Json* value = json.find(key);
  const std::string* text = value ? value->as_string() : nullptr;
  return text ? *text : std::string();
}

std::int64_t integer_in(const Json& json, std::string_view key, std::int64_t otherwise = 0) {
  const Json* value = json.find(key);
  return value ? value->as_integer().value_or(otherwise) : otherwise;
}

const Json::Items& items_in(const Json& json, std::string_view key) {
  static const Json::Items none;
  const Json* value = json.find(key);
  return value ? value->items() : none;
}

base::Code code_from(std::string_view word) {
  using base::Code;
  for (const Code code : {Code::ok,
                          Code::unreachable,
                          Code::tls,
                          Code::unauthorized,
                          Code::forbidden,
                          Code::not_found,
                          Code::conflict,
                          Code::rate_limited,
                          Code::timeout,
                          Code::cancelled,
                          Code::unavailable,
                          Code::unsupported,
                          Code::protocol,
                          Code::limit,
                          Code::policy,
                          Code::invalid_config,
                          Code::plugin_refused,
                          Code::plugin_disabled,
                          Code::plugin_missing,
                          Code::invalid_argument})
    if (to_string(code) == word) return code;
  return Code::internal;
}

Json to_json(const Evidence& seen) {
  Json out = Json::object();
  out.set("method", text_or_null(seen.method));
  out.set("url", text_or_null(seen.url));
  out.set("status", seen.status == 0 ? Json() : Json::integer(seen.status));
  out.set("elapsed_ms", Json::integer(seen.elapsed_us / 1000));
  out.set("detail", text_or_null(seen.detail));
  return out;
}

Json to_json(const std::vector<Measure>& measures) {
  Json out = Json::array();
  for (const Measure& measure : measures) out.push(model::to_json(measure));
  return out;
}

Check check_from(const Json& json) {
  Check out;
  out.name = text_in(json, "name");
  out.state = word_from<CheckState>(text_in(json, "state")).value_or(CheckState::unknown);
  out.code = code_from(text_in(json, "code"));
  out.message = text_in(json, "message");
  out.hint = text_in(json, "hint");
  if (const Json* seen = json.find("evidence"); seen && seen->is_object()) {
    Evidence& evidence = out.evidence.emplace();
    evidence.method = text_in(*seen, "method");
    evidence.url = text_in(*seen, "url");
    evidence.status = static_cast<std::int32_t>(integer_in(*seen, "status"));
    evidence.elapsed_us = integer_in(*seen, "elapsed_ms") * 1000;
    evidence.detail = text_in(*seen, "detail");
  }
  return out;
}

}  // namespace

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json::string(std::string(text));
}

Json texts(const std::vector<std::string>& words) {
  Json out = Json::array();
  for (const auto& word : words) out.push(Json::string(word));
  return out;
}

std::string utc_time(std::int64_t unix_ms) {
  if (unix_ms <= 0) return {};
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::int64_t unix_ms_from(std::string_view utc) {
  std::tm parts{};
  const std::string text(utc);
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return end && *end == '\0' ? static_cast<std::int64_t>(timegm(&parts)) * 1000 : 0;
}

Json to_json(const Integration& found) {
  Json out = Json::object();
  out.set("address", Json::string(found.address));
  out.set("product", text_or_null(found.product));
  out.set("version", text_or_null(found.version));
  out.set("api_version", text_or_null(found.api_version));
  out.set("account", text_or_null(found.account));
  out.set("privilege", text_or_null(found.privilege));
  out.set("pull_host", text_or_null(found.pull_host));
  out.set("capabilities", texts(found.capabilities));
  return out;
}

Integration integration_from(const Json& json) {
  Integration out;
  out.address = text_in(json, "address");
  out.product = text_in(json, "product");
  out.version = text_in(json, "version");
  out.api_version = text_in(json, "api_version");
  out.account = text_in(json, "account");
  out.privilege = text_in(json, "privilege");
  out.pull_host = text_in(json, "pull_host");
  for (const Json& item : items_in(json, "capabilities"))
    if (const std::string* text = item.as_string()) out.capabilities.push_back(*text);
  return out;
}

Json to_json(const Check& check) {
  Json out = Json::object();
  out.set("name", Json::string(check.name));
  out.set("state", Json::string(std::string(to_string(check.state))));
  out.set("code", Json::string(std::string(to_string(check.code))));
  out.set("message", Json::string(check.message));
  out.set("hint", text_or_null(check.hint));
  out.set("evidence", check.evidence ? to_json(*check.evidence) : Json());
  return out;
}

Json to_json(const Validation& validation) {
  Json checks = Json::array();
  for (const Check& check : validation.checks) checks.push(to_json(check));
  Json out = Json::object();
  out.set("verdict", Json::string(std::string(to_string(validation.verdict))));
  out.set("checks", std::move(checks));
  return out;
}

Validation validation_from(const Json& json) {
  Validation out;
  out.verdict = word_from<Verdict>(text_in(json, "verdict")).value_or(Verdict::unknown);
  for (const Json& item : items_in(json, "checks")) out.checks.push_back(check_from(item));
  return out;
}

Json to_json(const Measure& m) {
  const bool has_value = m.state == MeasureState::known || m.state == MeasureState::partial;
  Json out = Json::object();
  out.set("name", Json::string(m.name));
  out.set("value", has_value ? Json::integer(m.value) : Json());
  out.set("state", Json::string(std::string(to_string(m.state))));
  out.set("visibility", Json::string(std::string(to_string(m.scope))));
  out.set("kind", text_or_null(to_string(m.kind)));
  out.set("unit", Json::string(m.unit));
  out.set("taken_at", text_or_null(utc_time(m.taken_at_ms)));
  out.set("hint", text_or_null(m.hint));
  return out;
}

Json to_json(const Statistics& statistics) {
  Json spaces = Json::array();
  for (const SpaceMeasures& space : statistics.spaces) {
    Json one = Json::object();
    one.set("name", Json::string(space.name));
    one.set("visibility", text_or_null(to_string(space.visibility)));
    one.set("measures", to_json(space.measures));
    spaces.push(std::move(one));
  }
  Json out = Json::object();
  out.set("level", Json::string(std::string(to_string(statistics.level))));
  out.set("complete", Json::boolean(statistics.complete));
  out.set("measures", to_json(statistics.measures));
  out.set("spaces", std::move(spaces));
  return out;
}

Json to_json(const base::Error& error) {
  Json out = Json::object();
  out.set("code", Json::string(std::string(to_string(error.code))));
  out.set("message", Json::string(error.message));
  out.set("hint", text_or_null(error.hint));
  out.set("where", text_or_null(error.where));
  return out;
}

base::Error error_from(const Json& json) {
  return {.code = code_from(text_in(json, "code")),
          .message = text_in(json, "message"),
          .hint = text_in(json, "hint"),
          .where = text_in(json, "where")};
}

}  // namespace portolan::model
