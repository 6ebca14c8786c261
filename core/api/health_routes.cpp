#include "api/health_routes.h"

namespace portolan::api {
namespace {

constexpr const char* plain_text = "text/plain; charset=utf-8";

Answer text_answer(std::string text, int status = 200) {
  return {.status = status,
          .headers = {{"Content-Type", plain_text}},
          .body = std::make_shared<const std::string>(std::move(text))};
}

// A line for each check; why one fails is in the log, since everybody may ask.
Answer readiness(const std::vector<Readiness>& checks, bool verbose) {
  std::string lines;
  bool ready = true;
  for (const Readiness& each : checks) {
    const bool well = each.check().has_value();
    ready = ready && well;
    lines += (well ? "[+] " : "[-] ") + each.name + (well ? " ok\n" : " failed\n");
  }
  return text_answer((verbose ? lines : "") + (ready ? "ready\n" : "not ready\n"),
                     ready ? 200 : 503);
}

Route page(const char* path, const char* operation, const char* summary) {
  return {.method = "GET",
          .path = path,
          .operation = operation,
          .tag = "daemon",
          .summary = summary,
          .answers = {{.status = 200, .schema = "", .help = "It is."}},
          .security = std::string(security_none),
          .fast = true,
          .produces = plain_text};
}

}  // namespace

void add_health(Routes& routes, std::vector<Readiness> checks) {
  Route live = page("/livez", "getLive", "Whether the process answers");
  live.handler = [](Call&) -> base::Result<Answer> { return text_answer("alive\n"); };
  routes.add(std::move(live));

  Route ready = page("/readyz", "getReady", "Whether it may be sent requests");
  ready.parameters = {{.name = "verbose",
                       .schema = R"({"type": "string", "enum": ["", "true", "1"]})",
                       .help = "A line for each check."}};
  ready.answers.push_back({.status = 503, .schema = "", .help = "Not now."});
  ready.handler = [checks = std::move(checks)](Call& call) -> base::Result<Answer> {
    return readiness(checks, call.query.find("verbose") != nullptr);
  };
  routes.add(std::move(ready));
}

void add_metrics(Routes& routes, std::shared_ptr<Metrics> metrics) {
  Route route = page("/metrics", "getMetrics", "Metrics in the text format of Prometheus");
  route.security = "metrics.read";
  route.fast = false;  // Collectors may ask the store.
  route.produces = "text/plain; version=0.0.4; charset=utf-8";
  route.handler = [metrics](Call&) -> base::Result<Answer> {
    return Answer{.body = std::make_shared<const std::string>(metrics->text())};
  };
  routes.add(std::move(route));
}

}  // namespace portolan::api
