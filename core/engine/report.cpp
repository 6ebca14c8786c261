#include "engine/run.h"

namespace portolan::engine {
namespace {

model::Verdict verdict_of(const RegistryReport& report) {
  if (report.error) return model::Verdict::fail;
  return report.validation ? report.validation->verdict : model::Verdict::ok;
}

bool incomplete(const RegistryReport& report) {
  return report.statistics && !report.statistics->complete;
}

}  // namespace

bool failed(const RegistryReport& report, const FailOn& fail_on) {
  switch (verdict_of(report)) {
    case model::Verdict::fail: return true;
    case model::Verdict::unknown:
      if (fail_on.unknown) return true;
      break;
    case model::Verdict::warn:
      if (fail_on.warn) return true;
      break;
    case model::Verdict::ok: break;
  }
  return fail_on.partial && incomplete(report);
}

Summary summarize(const std::vector<RegistryReport>& reports, const FailOn& fail_on) {
  Summary sum;
  sum.registries = reports.size();
  for (const RegistryReport& report : reports) {
    switch (verdict_of(report)) {
      case model::Verdict::ok: ++sum.ok; break;
      case model::Verdict::warn: ++sum.warn; break;
      case model::Verdict::unknown: ++sum.unknown; break;
      case model::Verdict::fail: ++sum.fail; break;
    }
    sum.failed += failed(report, fail_on) ? 1 : 0;
    sum.incomplete += incomplete(report) ? 1 : 0;
  }
  return sum;
}

}  // namespace portolan::engine
