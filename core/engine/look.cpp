#include "engine/look.h"

#include <algorithm>
#include <cstdlib>

#include "config/daemon_settings.h"
#include "engine/fleet.h"
#include "engine/sweep.h"
#include "engine/veil.h"
#include "model/json.h"
#include "net/address_policy.h"
#include "plugin/plugin_set.h"
#include "router/registry.h"
#include "router/router.h"
#include "store/catalogue.h"
#include "store/measures.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Json;
using std::chrono::milliseconds;

/// Whose notes are whose: those of another plugin, another version of it, another address or
/// another account are not for this one to recall.
std::string memory_owner(const Daemon& daemon, const model::Registry& registry) {
  Json out = Json::array();
  for (const plugin::Plugin& plugin : daemon.plugins.plugins()) {
    if (!plugin.note || plugin.state != plugin::State::ready) continue;
    const auto& types = plugin.note->types;
    if (std::none_of(types.begin(), types.end(),
                     [&](const plugin::Note::Type& type) { return type.type == registry.type; }))
      continue;
    out.push(Json::string(plugin.note->id));
    out.push(Json::string(plugin.note->version));
  }
  for (const std::string& text :
       {registry.type, registry.address, registry.credentials.username, registry.options_json})
    out.push(Json::string(text));
  return base::to_text(out);
}

/// The parts of one look that share its bounds.
class Looking {
 public:
  Looking(const Daemon& daemon, Fleet& fleet, const JobRunner& jobs, const Look& look,
          const LookBounds& bounds)
      : daemon_(daemon), fleet_(fleet), jobs_(jobs), look_(look), bounds_(bounds) {
    seen_.look = look;
  }

  Seen run() {
    auto live =
        look_.round == Round::health ? fleet_.live(look_.registry) : fleet_.trusted(look_.registry);
    if (!live) return not_begun(std::move(live).error());
    if (live->record.paused) return not_begun({Code::conflict, "the registry is paused"});
    seen_.record = live->record;
    switch (look_.round) {
      case Round::health: validate(*live); break;
      case Round::statistics:
      case Round::deep:
        if (look_.integrate) integrate(*live);
        collect(*live);
        break;
      case Round::catalogue:
      case Round::tags: list(*live); break;
    }
    auto found = daemon_.router.integration(*live->registry);
    if (found && *found) seen_.integration = **std::move(found);
    return std::move(seen_);
  }

 private:
  router::CallSettings settings() const {
    router::CallSettings settings;
    settings.deadline = bounds_.deadline;
    settings.log = daemon_.current_log();
    return settings;
  }

  /// Trouble with the plugin or the options is the state of the registry; that it is not there,
  /// rests, or cannot be read is not.
  Seen not_begun(base::Error error) {
    if (is_about_setup(error.code)) return not_seen(look_, daemon_.store.now(), std::move(error));
    seen_.error = std::move(error);
    return std::move(seen_);
  }

  void validate(const Fleet::Live& live) {
    const bool had_facts = live.registry->has_facts();
    const bool has_secret = live.record.settings.credentials.given();
    Finding finding;
    finding.depth = look_.depth;
    finding.secret_version = has_secret ? live.record.secret_version : 0;
    finding.secret_rested = !may_send(finding.secret_version);
    auto with = settings();
    with.anonymous = finding.secret_rested;
    const bool hides = live.record.workspace.has_value();
    const auto each = [&](const model::Check& check) {
      if (bounds_.each) bounds_.each(hides ? without_policy(check) : check);
    };
    finding.result = daemon_.router.validate(*live.registry, look_.depth, with, each);
    if (finding.result && hides) {
      for (model::Check& check : finding.result->checks) check = without_policy(std::move(check));
    }
    finding.at_ms = daemon_.store.now();
    const bool is_fine =
        finding.result && finding.result->verdict != model::Verdict::fail && !with.anonymous;
    // Facts of long ago; those of this very look are new.
    if (is_fine && had_facts && look_.depth == model::Depth::full) integrate(live);
    if (finding.result) {
      seen_.output_json = base::to_text(model::to_json(*finding.result));
    } else {
      seen_.error = finding.result.error();
    }
    seen_.finding = std::move(finding);
  }

  bool may_send(std::int64_t secret_version) const {
    const auto health = daemon_.store.read<model::Health>(
        [&](store::Reader& reader) { return store::health(reader, look_.registry); });
    return health &&
           may_send_secret(*health, secret_version, daemon_.settings()->health.blocked_retry,
                           daemon_.store.now(), look_.by_request);
  }

  /// A failure is told by the checks and calls that follow; what was known stays.
  void integrate(const Fleet::Live& live) {
    (void)daemon_.router.integrate(*live.registry, settings());
  }

  void collect(const Fleet::Live& live) {
    auto with = settings();
    const auto limit = daemon_.settings()->statistics.max_requests;
    if (limit != 0) with.max_requests = limit;
    model::Memory memory;
    seen_.remembered_for = memory_owner(daemon_, live.record.settings);
    auto notes = daemon_.store.read<model::Notes>([&](store::Reader& reader) {
      return store::notes(reader, look_.registry, seen_.remembered_for);
    });
    if (notes) memory.recalled = *std::move(notes);  // Without them it asks for everything.
    with.memory = &memory;
    auto statistics = daemon_.router.statistics(*live.registry, look_.level, with);
    if (!statistics) {
      seen_.error = std::move(statistics).error();
      return;
    }
    seen_.output_json = base::to_text(model::to_json(*statistics));
    seen_.statistics = *std::move(statistics);
    seen_.remembered = std::move(memory.remembered);
  }

  void list(const Fleet::Live& live) {
    SweepBounds bounds{settings(), bounds_.progress};
    auto output = look_.round == Round::tags ? read_tags(daemon_, live, look_.repository, bounds)
                                             : sweep(daemon_, jobs_, live, bounds);
    if (output) {
      seen_.output_json = *std::move(output);
    } else {
      seen_.error = std::move(output).error();
    }
  }

  const Daemon& daemon_;
  Fleet& fleet_;
  const JobRunner& jobs_;
  const Look& look_;
  const LookBounds& bounds_;
  Seen seen_;
};

/// Whether what was seen is still about the registry that is there now.
bool is_same(const model::RegistryRecord& now, const Seen& seen) {
  if (!seen.record) return true;  // It was not even begun.
  return now.secret_version == seen.record->secret_version &&
         now.settings.address == seen.record->settings.address &&
         now.settings.options_json == seen.record->settings.options_json;
}

/// Where last_deep() finds it: a mark like those of sweeps.
constexpr const char* deep_mark = "statistics.deep";

base::Result<void> note_deep(store::Writer& writer, const Seen& seen) {
  if (seen.look.level != model::Level::deep || !seen.statistics->complete) return {};
  std::int64_t at = 0;
  for (const model::Measure& measure : seen.statistics->measures)
    at = std::max(at, measure.taken_at_ms);
  return store::put_sweep_cursor(writer, seen.look.registry, deep_mark, std::to_string(at));
}

void tell_transition(store::Writer& writer, const model::RegistryRecord& record,
                     const model::Health& before, const model::Health& after) {
  Json data = Json::object();
  data.set("state", Json::string(std::string(to_string(after.state))));
  data.set("from", Json::string(std::string(to_string(before.state))));
  data.set("reason", model::text_or_null(after.reason));
  data.set("message", model::text_or_null(after.message));
  data.set("blocked", Json::boolean(after.blocked));
  model::Event event;
  event.kind = "registry.health";
  event.workspace = record.workspace;
  event.registry = record.id;
  event.subject = record.identity();
  event.data_json = base::to_text(data);
  store::add_event(writer, std::move(event));
}

base::Result<model::Health> keep_finding(store::Writer& writer, const Daemon& daemon,
                                         const model::RegistryRecord& record,
                                         const Finding& finding, double random) {
  const auto settings = daemon.settings();
  const model::Health before = store::health(writer, record.id);
  const auto pause = pause_of(record.schedule, Round::health, *settings);
  Finding own = finding;
  if (!own.result && record.settings.credentials.given())
    own.secret_version = record.secret_version;  // A look that was not begun is no new secret.
  model::Health after =
      judge(before, own, settings->health, pause.value_or(settings->health.interval), random);
  if (auto put = store::put_health(writer, record.id, after); !put) return put.error();
  const bool is_other = after.state != before.state || before.last_try_ms == 0;
  if (is_other) {
    const auto added = store::add_transition(
        writer, record.id, {after.state, after.reason, after.message, after.since_ms, 0});
    if (!added) return added.error();
  }
  if (is_other || after.blocked != before.blocked) tell_transition(writer, record, before, after);
  return after;
}

}  // namespace

std::int64_t last_deep(store::Reader& reader, Id registry) {
  const std::string at = store::sweep_cursor(reader, registry, deep_mark);
  return at.empty() ? 0 : std::strtoll(at.c_str(), nullptr, 10);
}

Seen look_at(const Daemon& daemon, Fleet& fleet, const JobRunner& jobs, const Look& look,
             const LookBounds& bounds) {
  return Looking(daemon, fleet, jobs, look, bounds).run();
}

Seen not_seen(const Look& look, std::int64_t now_ms, base::Error error) {
  Seen seen;
  seen.look = look;
  if (look.round == Round::health) {
    seen.finding.emplace();
    seen.finding->depth = look.depth;
    seen.finding->result = error;
    seen.finding->at_ms = now_ms;
  }
  seen.error = std::move(error);
  return seen;
}

base::Result<std::optional<model::Health>> keep(store::Writer& writer, const Daemon& daemon,
                                                const Seen& seen, double random) {
  using Kept = std::optional<model::Health>;
  const auto record = store::find_registry(writer, seen.look.registry);
  if (!record || record->paused || !is_same(*record, seen)) return Kept();
  if (seen.integration) {
    auto kept = store::keep_integration(writer, record->id, *seen.integration);
    if (!kept) return kept.error();
  }
  if (seen.statistics) {
    auto put = store::put_statistics(writer, record->id, *seen.statistics);
    if (!put) return put.error();
    if (auto noted = note_deep(writer, seen); !noted) return noted.error();
    if (!seen.remembered.empty())
      store::put_notes(writer, record->id, seen.remembered_for, seen.remembered);
  }
  if (!seen.finding) return Kept();
  auto health = keep_finding(writer, daemon, *record, *seen.finding, random);
  if (!health) return health.error();
  return Kept(*std::move(health));
}

std::optional<milliseconds> pause_of(const model::Schedule& schedule, Round round,
                                     const config::DaemonSettings& settings) {
  const auto choose = [](std::int64_t own_s, milliseconds usual) -> std::optional<milliseconds> {
    if (own_s < 0) return std::nullopt;
    const milliseconds pause = own_s > 0 ? milliseconds(own_s * 1000) : usual;
    if (pause.count() <= 0) return std::nullopt;
    return pause;
  };
  switch (round) {
    case Round::health: return choose(schedule.health_s, settings.health.interval);
    case Round::statistics: return choose(schedule.statistics_s, settings.statistics.interval);
    case Round::deep: return choose(schedule.deep_s, settings.statistics.deep_interval);
    case Round::catalogue: return choose(schedule.catalogue_s, settings.catalogue.interval);
    case Round::tags: break;
  }
  return std::nullopt;
}

milliseconds patience_of(const model::Timeouts& timeouts, Round round,
                         const config::DaemonSettings& settings) {
  // A registry's own bound is one that differs from what everybody starts with.
  switch (round) {
    case Round::health:
      return timeouts.validation != model::limits::validation ? timeouts.validation
                                                              : settings.health.timeout;
    case Round::statistics:
    case Round::deep:
      return timeouts.statistics != model::limits::statistics ? timeouts.statistics
                                                              : settings.statistics.timeout;
    case Round::catalogue:
    case Round::tags: break;
  }
  return settings.catalogue.timeout;
}

}  // namespace portolan::engine
