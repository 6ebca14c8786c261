#include "cli/render.h"
#include "model/json.h"

namespace portolan::cli {
namespace {

using base::Json;
using model::texts;
using model::to_json;

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
