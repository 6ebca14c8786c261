#include <ctime>

#include "cli/render.h"
#include "model/words.h"

namespace portolan::cli {
namespace {

using base::Json;

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json::string(std::string(text));
}

Json texts(const std::vector<std::string>& words) {
  Json out = Json::array();
  for (const auto& word : words) out.push(Json::string(word));
  return out;
}

Json to_json(const model::Integration& found) {
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

Json to_json(const model::Evidence& seen) {
  Json out = Json::object();
  out.set("method", text_or_null(seen.method));
  out.set("url", text_or_null(seen.url));
  out.set("status", seen.status == 0 ? Json() : Json::integer(seen.status));
  out.set("elapsed_ms", Json::integer(seen.elapsed_us / 1000));
  out.set("detail", text_or_null(seen.detail));
  return out;
}

Json to_json(const model::Validation& validation) {
  Json checks = Json::array();
  for (const model::Check& check : validation.checks) {
    Json out = Json::object();
    out.set("name", Json::string(check.name));
    out.set("state", Json::string(std::string(to_string(check.state))));
    out.set("code", Json::string(std::string(to_string(check.code))));
    out.set("message", Json::string(check.message));
    out.set("hint", text_or_null(check.hint));
    out.set("evidence", check.evidence ? to_json(*check.evidence) : Json());
    checks.push(std::move(out));
  }
  Json out = Json::object();
  out.set("verdict", Json::string(std::string(to_string(validation.verdict))));
  out.set("checks", std::move(checks));
  return out;
}

Json to_json(const std::vector<model::Measure>& measures) {
  Json out = Json::array();
  for (const model::Measure& m : measures) {
    const bool has_value =
        m.state == model::MeasureState::known || m.state == model::MeasureState::partial;
    Json one = Json::object();
    one.set("name", Json::string(m.name));
    one.set("value", has_value ? Json::integer(m.value) : Json());
    one.set("state", Json::string(std::string(to_string(m.state))));
    one.set("visibility", Json::string(std::string(to_string(m.scope))));
    one.set("kind", text_or_null(to_string(m.kind)));
    one.set("unit", Json::string(m.unit));
    one.set("taken_at", text_or_null(utc_time(m.taken_at_ms)));
    one.set("hint", text_or_null(m.hint));
    out.push(std::move(one));
  }
  return out;
}

Json to_json(const model::Statistics& statistics) {
  Json spaces = Json::array();
  for (const model::SpaceMeasures& space : statistics.spaces) {
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

Json to_json(const engine::Summary& sum) {
  Json out = Json::object();
  const auto count = [&](const char* name, std::size_t value) {
    out.set(name, Json::integer(static_cast<std::int64_t>(value)));
  };
  count("registries", sum.registries);
  count("ok", sum.ok);
  count("warn", sum.warn);
  count("unknown", sum.unknown);
  count("fail", sum.fail);
  count("failed", sum.failed);
  count("incomplete", sum.incomplete);
  return out;
}

}  // namespace

std::string utc_time(std::int64_t unix_ms) {
  if (unix_ms <= 0) return {};
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Json to_json(const base::Error& error) {
  Json out = Json::object();
  out.set("code", Json::string(std::string(to_string(error.code))));
  out.set("message", Json::string(error.message));
  out.set("hint", text_or_null(error.hint));
  out.set("where", text_or_null(error.where));
  return out;
}

Json to_json(const engine::RegistryReport& report, const Parts& parts) {
  Json out = Json::object();
  out.set("name", Json::string(report.name));
  out.set("type", Json::string(report.type));
  out.set("address", Json::string(report.address));
  if (parts.integration)
    out.set("integration", report.integration ? to_json(*report.integration) : Json());
  if (parts.validation)
    out.set("validation", report.validation ? to_json(*report.validation) : Json());
  if (parts.statistics)
    out.set("statistics", report.statistics ? to_json(*report.statistics) : Json());
  out.set("warnings", texts(report.warnings));
  out.set("elapsed_ms", Json::integer(report.elapsed_ms));
  out.set("error", report.error ? to_json(*report.error) : Json());
  return out;
}

Json to_json(const std::vector<engine::RegistryReport>& reports, const engine::FailOn& fail_on,
             const Parts& parts) {
  Json registries = Json::array();
  for (const auto& report : reports) registries.push(to_json(report, parts));
  Json out = Json::object();
  out.set("registries", std::move(registries));
  if (parts.summary) out.set("summary", to_json(engine::summarize(reports, fail_on)));
  return out;
}

}  // namespace portolan::cli
