/// What /metrics says beside the counters of HTTP.
#include "base/url.h"
#include "cli/program.h"
#include "daemon/commit.h"
#include "daemon/running.h"
#include "engine/jobs.h"
#include "plugin/plugin_set.h"
#include "router/router.h"
#include "services/traffic.h"
#include "store/jobs.h"
#include "store/measures.h"
#include "store/registries.h"

namespace portolan::daemon {
namespace {

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

bool is_up(model::HealthState state) {
  return state == model::HealthState::healthy || state == model::HealthState::degraded;
}

/// The registry's own numbers by name, where they are known.
using Known = std::map<std::string, std::int64_t, std::less<>>;

Known known(const store::KeptStatistics& statistics) {
  Known found;
  for (const store::KeptMeasure& measure : statistics.measures)
    if (measure.known) found.emplace(measure.known->name, measure.known->value);
  return found;
}

/// Those of each visibility add up to all of them, however much of that the registry tells.
void add_spaces(api::Samples& samples, const Known& numbers, const std::string& registry) {
  const auto add = [&](const char* visibility, std::int64_t count) {
    samples.gauge("portolan_registry_spaces", "Its spaces, by what the registry says of them",
                  static_cast<double>(count), {{"registry", registry}, {"visibility", visibility}});
  };
  std::optional<std::int64_t> told;
  const std::pair<const char*, const char*> words[] = {{"public", "spaces_public"},
                                                       {"private", "spaces_private"}};
  for (const auto& [visibility, name] : words) {
    const auto found = numbers.find(name);
    if (found == numbers.end()) continue;
    add(visibility, found->second);
    told = told.value_or(0) + found->second;
  }
  const auto all = numbers.find("spaces");
  if (all == numbers.end()) return;
  if (const std::int64_t rest = all->second - told.value_or(0); rest > 0 || !told)
    add("unknown", rest);
}

void add_measures(api::Samples& samples, const store::KeptStatistics& statistics,
                  const std::string& registry) {
  const Known numbers = known(statistics);
  add_spaces(samples, numbers, registry);
  const auto add = [&](const char* metric, const char* help, const char* name) {
    if (const auto found = numbers.find(name); found != numbers.end())
      samples.gauge(metric, help, static_cast<double>(found->second), {{"registry", registry}});
  };
  add("portolan_registry_repositories", "Its repositories", "repositories");
  add("portolan_registry_storage_bytes", "What they take", "storage_bytes");
}

using CheckTimes = std::map<model::Id, std::chrono::microseconds>;

void add_registry(api::Samples& samples, const store::RegistryRow& row,
                  const store::KeptStatistics& statistics, const CheckTimes& times) {
  const model::RegistryRecord& record = row.record;
  const api::Samples::Labels name = {{"registry", record.identity()}};
  samples.gauge("portolan_registry_up", "1: healthy or degraded", is_up(row.health.state) ? 1 : 0,
                {{"registry", record.identity()},
                 {"type", record.settings.type},
                 {"workspace", record.workspace_name}});
  samples.gauge("portolan_registry_last_success_timestamp_seconds", "When a look last went well",
                seconds(row.health.last_success_ms), name);
  if (const auto took = times.find(record.id); took != times.end())
    samples.gauge("portolan_registry_probe_duration_seconds", "How long its last quick check took",
                  std::chrono::duration<double>(took->second).count(), name);
  const auto url = base::parse_address(record.settings.address);
  samples.gauge("portolan_registry_info", "What it is", 1,
                {{"registry", record.identity()},
                 {"type", record.settings.type},
                 {"url_host", url ? url->authority() : ""},
                 {"version", record.integration ? record.integration->version : ""}});
  add_measures(samples, statistics, record.identity());
}

void add_traffic(api::Samples& samples, const services::Traffic& traffic) {
  for (const auto& [type, sums] : traffic.by_type()) {
    for (const auto& [code, count] : sums.ends)
      samples.counter("portolan_upstream_requests_total",
                      "Exchanges with registries, by HTTP status or, when none came, our code",
                      static_cast<double>(count), {{"type", type}, {"code", code}});
    samples.histogram("portolan_upstream_request_duration_seconds",
                      "From a request's start to the end of its answer", services::Traffic::bounds,
                      sums.buckets, sums.seconds, {{"type", type}});
  }
}

void add_plugins(api::Samples& samples, const plugin::PluginSet& plugins) {
  for (const plugin::Plugin& each : plugins.plugins()) {
    if (each.state != plugin::State::ready || !each.note) continue;
    const plugin::Note& note = *each.note;
    samples.gauge("portolan_plugin_info", "Which plugins are in use", 1,
                  {{"plugin", note.id},
                   {"version", note.version},
                   {"abi", std::to_string(note.abi_major) + "." + std::to_string(note.abi_minor)},
                   {"isolation", "none"}});
  }
}

/// `waiting`: by kind; a kind of which none waits is told as 0.
void add_jobs(api::Samples& samples, const std::map<std::string, std::uint64_t>& failures,
              const std::map<std::string, std::size_t>& waiting) {
  for (const auto& [kind, count] : failures) {
    samples.counter("portolan_job_failures_total", "Tries that failed", static_cast<double>(count),
                    {{"job", kind}});
    const auto found = waiting.find(kind);
    samples.gauge("portolan_job_queue_length", "Jobs that wait or run",
                  found == waiting.end() ? 0 : static_cast<double>(found->second),
                  {{"queue", kind}});
  }
}

void add_sign_ins(api::Samples& samples, const api::Authenticator::Failures& failures) {
  const auto add = [&](const char* method, std::uint64_t count) {
    samples.counter("portolan_auth_failures_total", "Sign-ins and tokens that were refused",
                    static_cast<double>(count), {{"method", method}});
  };
  add("password", failures.password);
  add("session", failures.session);
  add("token", failures.token);
}

}  // namespace

void Running::report(api::Samples& samples) const {
  samples.gauge(
      "portolan_build_info", "Which build this is", 1,
      {{"version", cli::program().version}, {"commit", commit()}, {"abi", plugin::host_abi()}});
  samples.gauge("portolan_config_last_reload_successful", "1: the last reload went well",
                reloaded_well_ ? 1 : 0);
  if (reloaded_ms_ != 0)
    samples.gauge("portolan_config_last_reload_success_timestamp_seconds",
                  "When a reload last went well", seconds(reloaded_ms_));
  if (const api::Server* server = serving_) api::report(server->load(), samples);
  const auto load = keeper_.load();
  samples.gauge("portolan_keeper_running", "Looks at registries under way",
                static_cast<double>(load.running));
  samples.gauge("portolan_keeper_late_seconds", "How late the most overdue look is",
                seconds(load.late_ms));
  add_plugins(samples, daemon_.plugins);
  add_traffic(samples, daemon_.router.traffic());
  add_sign_ins(samples, authenticator_.failures());
  std::error_code failed;
  const auto bytes =
      std::filesystem::file_size(settings_.now()->store.path / "portolan.db", failed);
  if (!failed)
    samples.gauge("portolan_db_size_bytes", "The file of the database, without its log",
                  static_cast<double>(bytes));
  const CheckTimes times = keeper_.check_times();
  (void)store_->read<int>([&](store::Reader& reader) -> base::Result<int> {
    add_jobs(samples, jobs_.failures(), store::live_jobs(reader));
    store::PageRequest request;
    request.limit = model::limits::daemon::page_max;
    do {
      const auto page = store::list_registries(reader, request, {});
      for (const store::RegistryRow& row : page.rows)
        add_registry(samples, row, store::statistics(reader, row.record.id), times);
      request.after = page.next;
    } while (!request.after.empty());
    return 0;
  });
}

}  // namespace portolan::daemon
