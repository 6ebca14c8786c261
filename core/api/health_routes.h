#pragma once
/// /livez, /readyz and /metrics. None knows of registries: their trouble never makes us unready.
#include <functional>
#include <string>
#include <vector>

#include "api/metrics.h"
#include "api/routes.h"

namespace portolan::api {

/// Something that must be well before we serve: the store, the key. `check` never waits.
struct Readiness {
  std::string name;
  std::function<base::Result<void>()> check;
};

/// GET /livez: 200 while the process answers. GET /readyz: 200, or 503 when a check fails; with
/// ?verbose a line a check. Both are plain text, for everybody.
void add_health(Routes& routes, std::vector<Readiness> checks);

/// GET /metrics, of security "metrics.read": the guard decides who reads it from where.
void add_metrics(Routes& routes, std::shared_ptr<Metrics> metrics);

}  // namespace portolan::api
