#include "engine/run.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/mutex.h"
#include "base/url.h"
#include "model/outcome.h"
#include "router/call_thread.h"
#include "router/harvest.h"
#include "router/router.h"
#include "services/upstream.h"

namespace portolan::engine {
namespace {

using base::Steady;

/// Checks as they come, so that a validation which never ends still shows them.
class Witness {
 public:
  void add(const model::Check& check) {
    base::Lock lock(mutex_);
    seen_.push_back(check);
  }
  std::vector<model::Check> seen() {
    base::Lock lock(mutex_);
    return seen_;
  }

 private:
  base::Mutex mutex_;
  std::vector<model::Check> seen_ GUARDED_BY(mutex_);
};

RegistryReport report_of(const model::Registry& registry) {
  RegistryReport report;
  report.name = registry.name;
  report.type = registry.type;
  report.address = registry.address;
  report.warnings = warnings_of(registry);
  return report;
}

/// One registry's sequence, on one thread.
class Sequence {
 public:
  Sequence(router::Router& router, const Target& target, const RunOptions& options)
      : router_(router),
        target_(target),
        options_(options),
        started_(Steady::now()),
        report_(report_of(target.registry)) {}

  RegistryReport run() {
    if (open() && (!options_.validation || validate()) && options_.statistics) collect();
    report_.elapsed_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - started_).count();
    return std::move(report_);
  }

 private:
  router::CallSettings settings(std::chrono::milliseconds bound) const {
    router::CallSettings out;
    out.deadline = base::Deadline::in(bound, options_.cancel);
    if (options_.timeout) out.deadline.at = std::min(out.deadline.at, started_ + *options_.timeout);
    if (options_.max_requests) out.max_requests = *options_.max_requests;
    out.log = options_.log;
    return out;
  }

  bool open() {
    auto registry = router_.add(upstream_options(target_, options_.concurrency));
    if (!registry) return fail(std::move(registry).error());
    registry_ = *std::move(registry);
    return true;
  }

  /// True when further calls make sense.
  bool validate() {
    const auto bounds = settings(target_.registry.timeouts.validation);
    const auto witness = std::make_shared<Witness>();
    auto answer = router::answer_in_time<model::Validation>(
        bounds.deadline,
        [&router = router_, registry = registry_, depth = options_.depth, bounds, witness] {
          return router.validate(*registry, depth, bounds,
                                 [witness](const model::Check& check) { witness->add(check); });
        });
    if (answer) {
      report_.validation = *std::move(answer);
    } else {
      model::Validation partial;
      partial.checks = witness->seen();
      partial.verdict = std::max(model::verdict_of(partial.checks), model::Verdict::unknown);
      report_.validation = std::move(partial);
      return fail(std::move(answer).error());
    }
    const auto found = router_.integration(*registry_);
    if (!found) return false;  // A host step failed; the verdict says so.
    if (!*found) return fail(found->error());
    report_.integration = **found;
    return true;
  }

  void collect() {
    const auto bounds = settings(target_.registry.timeouts.statistics);
    const auto harvest = std::make_shared<router::Harvest>(options_.level);
    auto answer = router::answer_in_time<model::Statistics>(
        bounds.deadline,
        [&router = router_, registry = registry_, level = options_.level, bounds, harvest] {
          return router.statistics(*registry, level, bounds, *harvest);
        });
    if (answer) {
      report_.statistics = *std::move(answer);
    } else {
      const base::Error& error = answer.error();
      const bool given_up =
          error.code == base::Code::timeout || error.code == base::Code::cancelled;
      if (given_up && !harvest->empty()) report_.statistics = harvest->end(&error);
      fail(std::move(answer).error());
    }
    const auto found = router_.integration(*registry_);
    if (found && *found) report_.integration = **found;
  }

  bool fail(base::Error error) {
    report_.error = std::move(error);
    return false;
  }

  router::Router& router_;
  const Target& target_;
  const RunOptions& options_;
  const Steady::time_point started_;
  std::shared_ptr<router::Registry> registry_;
  RegistryReport report_;
};

RegistryReport not_reached(const model::Registry& registry) {
  RegistryReport report = report_of(registry);
  report.error = base::Error{base::Code::cancelled,
                             "interrupted before it was this registry's turn", "run it again", ""};
  return report;
}

}  // namespace

std::vector<std::string> warnings_of(const model::Registry& registry) {
  std::vector<std::string> out;
  if (registry.tls.skip_verify)
    out.push_back(
        "certificate checks are switched off (`tls.skipVerify` in the file, `--skip-verify` on the "
        "command line): anybody in between can read and change everything");
  const auto url = base::parse_address(registry.address);
  // Where it is not allowed the password does not travel: that ends the calls.
  if (url && url->scheme == "http" && !url->is_loopback_literal() && registry.credentials.given() &&
      registry.allow_plain_http)
    out.push_back("the password travels over plain http, readable by anybody in between");
  return out;
}

services::UpstreamOptions upstream_options(const Target& target, int concurrency) {
  services::UpstreamOptions out;
  out.registry = target.registry;
  out.policy = target.policy;
  if (const auto url = base::parse_address(target.registry.address)) out.policy.permit_origin(*url);
  out.concurrency = concurrency;
  return out;
}

std::vector<RegistryReport> run(router::Router& router, const std::vector<Target>& targets,
                                const RunOptions& options) {
  std::vector<RegistryReport> reports(targets.size());
  std::atomic<std::size_t> next{0}, done{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < targets.size(); i = next++) {
      reports[i] = options.cancel.cancelled() ? not_reached(targets[i].registry)
                                              : Sequence(router, targets[i], options).run();
      const std::size_t finished = ++done;
      if (options.progress) options.progress(finished, targets.size());
    }
  };
  std::vector<std::thread> threads;
  const auto count = std::min<std::size_t>(targets.size(),
                                           static_cast<std::size_t>(std::max(options.parallel, 1)));
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return reports;
}

}  // namespace portolan::engine
