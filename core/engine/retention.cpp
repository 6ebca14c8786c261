#include "engine/keeper.h"

#include "config/daemon_settings.h"
#include "store/audit.h"
#include "store/jobs.h"
#include "store/measures.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

constexpr std::int64_t jobs_kept_ms = 7LL * 24 * 60 * 60 * 1000;

base::Result<void> done(const base::Result<std::size_t>& dropped) {
  return dropped ? base::Result<void>() : dropped.error();
}

/// What went is told in what stays.
base::Result<void> drop_audit(store::Writer& writer, const config::DaemonSettings::Audit& settings,
                              std::int64_t now) {
  if (settings.retention.count() == 0) return {};
  const auto dropped = store::drop_audit_before(writer, now - settings.retention.count(),
                                                settings.keep_until_exported);
  if (!dropped || *dropped == 0) return done(dropped);
  Act act;
  act.actor = "portolan";
  return note(writer, act, "audit.drop", std::to_string(*dropped) + " entries", "", "");
}

}  // namespace

base::Result<void> drop_what_is_old(const Daemon& daemon) {
  const auto settings = daemon.settings();
  const std::int64_t now = daemon.store.now();
  const auto& kept = settings->statistics;
  const std::function<base::Result<void>(store::Writer&)> chores[] = {
      [&](store::Writer& writer) {
        return store::compact_series(writer,
                                     {kept.raw.count(), kept.hourly.count(), kept.daily.count()});
      },
      [&](store::Writer& writer) {
        return done(store::delete_events_before(writer, now - settings->events.keep.count()));
      },
      [&](store::Writer& writer) {
        return done(store::delete_jobs_before(writer, now - jobs_kept_ms));
      },
      [&](store::Writer& writer) { return drop_audit(writer, settings->audit, now); }};
  base::Result<void> all;
  for (const auto& chore : chores) {
    if (auto one = daemon.store.write(chore); !one && all) all = std::move(one);
  }
  return all;
}

}  // namespace portolan::engine
