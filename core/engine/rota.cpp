#include "engine/rota.h"

#include <algorithm>

namespace portolan::engine {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds soon = 1s;
/// After a start all are due: the processor is for those that will answer.
constexpr milliseconds those_that_answer_first = 2s;
/// Statistics and catalogue of a registry that is down: when it is asked again whether it is.
constexpr milliseconds while_down = 60s;
/// What integration found is found anew that often, and after a start.
constexpr auto integration_life = 24h;

std::size_t index(Round round) { return static_cast<std::size_t>(round); }

constexpr Round scheduled[] = {Round::health, Round::statistics, Round::deep, Round::catalogue};

}  // namespace

void Rota::set(Id registry, Entry& entry, Round round, Time due) {
  Place& place = entry.places[index(round)];
  if (place.taken) {
    place.again = place.again || due != Time::max();
    return;
  }
  place.due = due;
  if (due != Time::max()) (round == Round::health ? health_ : work_).push({due, registry, round});
}

Rota::Time Rota::after_pause(const Entry& entry, Round round, const Now& now) const {
  const auto pause = pause_of(entry.facts.schedule, round, now.settings);
  if (!pause || entry.facts.paused) return Time::max();
  const double jitter = static_cast<double>(now.settings.health.jitter) / 100;
  const double factor = 1 + jitter * (2 * random_() - 1);
  return now.at + std::chrono::duration_cast<milliseconds>(*pause * factor);
}

void Rota::put(Id registry, const Facts& facts, const Now& now, bool at_once) {
  const bool is_new = entries_.count(registry) == 0;
  Entry& entry = entries_[registry];
  entry.facts = facts;
  if (is_new) entry.slow = facts.hangs;
  for (const Round round : scheduled) {
    const auto pause = pause_of(facts.schedule, round, now.settings);
    if (!pause || facts.paused) {
      entry.places[index(round)].again = false;
      if (!entry.places[index(round)].taken) set(registry, entry, round, Time::max());
      continue;
    }
    Time due = now.at;
    if (round == Round::health) {
      if (!at_once) due += std::max(0ms, milliseconds(facts.next_try_ms - now.unix_ms));
      if (is_new && facts.hangs) due = std::max(due, now.at + those_that_answer_first);
    } else if (round == Round::deep) {
      const milliseconds left(facts.last_deep_ms - now.unix_ms);
      if (facts.last_deep_ms != 0) due += std::max(0ms, left + *pause);
    } else if (!at_once) {
      // What was due earlier stays so; a new one is spread over its pause.
      due += is_new ? std::chrono::duration_cast<milliseconds>(*pause * random_()) : *pause;
      due = std::min(due, entry.places[index(round)].due);
    }
    if (!at_once && entry.places[index(round)].taken) continue;
    set(registry, entry, round, due);
  }
}

bool Rota::is_stale(const Due& due) const {
  const auto entry = entries_.find(due.registry);
  if (entry == entries_.end()) return true;
  const Place& place = entry->second.places[index(due.round)];
  return place.taken || place.due != due.at;
}

void Rota::forget_stale(Heap& heap) const {
  while (!heap.empty() && is_stale(heap.top())) heap.pop();
}

std::optional<Look> Rota::take(Lane lane, const Now& now) {
  Heap& from = heap(lane);
  for (;;) {
    forget_stale(from);
    if (from.empty() || from.top().at > now.at) return std::nullopt;
    const Due due = from.top();
    from.pop();
    Entry& entry = entries_.at(due.registry);
    const bool rests = !entry.facts.is_up || entry.facts.is_refused;
    if (due.round != Round::health && rests) {
      const auto pause = pause_of(entry.facts.schedule, due.round, now.settings);
      set(due.registry, entry, due.round, now.at + std::min(*pause, while_down));
      continue;
    }
    entry.places[index(due.round)].taken = true;
    return look_of(due.registry, entry, due.round, now);
  }
}

Look Rota::look_of(Id registry, Entry& entry, Round round, const Now& now) const {
  Look look;
  look.registry = registry;
  look.round = round;
  if (round == Round::health && entry.facts.pull_suspended) look.depth = model::Depth::full;
  if (round == Round::statistics) {
    look.level = now.settings.statistics.level;
    look.integrate =
        entry.integrated == Time::min() || now.at - entry.integrated > integration_life;
    if (look.integrate) entry.integrated = now.at;
  }
  if (round == Round::deep) look.level = model::Level::deep;
  return look;
}

bool Rota::next_is_slow() const { return !health_.empty() && is_slow(health_.top().registry); }

Rota::Time Rota::next_at(Lane lane) const {
  // A stale one at the top wakes early and is forgotten then.
  const Heap& from = lane == Lane::health ? health_ : work_;
  return from.empty() ? Time::max() : from.top().at;
}

void Rota::give_back(const Look& look, const Now& now) {
  const auto entry = entries_.find(look.registry);
  if (entry == entries_.end() || index(look.round) >= rounds) return;
  entry->second.places[index(look.round)].taken = false;
  set(look.registry, entry->second, look.round, now.at + soon);
}

void Rota::learn(Id registry, Entry& entry, const model::Health& health, model::Depth depth,
                 const Now& now) {
  Facts& facts = entry.facts;
  const bool was_down = !facts.is_up;
  const auto newest = health.recent.empty() ? health.state : health.recent.back();
  facts.is_up = newest == model::HealthState::healthy || newest == model::HealthState::degraded;
  facts.is_refused = health.refused_version != 0;
  const bool is_proved = facts.is_up && depth == model::Depth::full && health.last_full &&
                         health.last_full->verdict != model::Verdict::fail;
  if (facts.pull_suspended && is_proved) {
    facts.pull_suspended = false;  // The catalogue says whether the spaces are there.
    set(registry, entry, Round::catalogue, now.at);
  }
  if (!was_down || !facts.is_up) return;
  for (const Round round : {Round::statistics, Round::catalogue}) {
    const Place& waiting = entry.places[index(round)];
    if (!waiting.taken && waiting.due != Time::max() && waiting.due <= now.at + while_down)
      set(registry, entry, round, now.at);
  }
}

void Rota::ended(const End& end, const Now& now) {
  const auto found = entries_.find(end.look.registry);
  if (found == entries_.end() || index(end.look.round) >= rounds) return;
  Entry& entry = found->second;
  Time due = after_pause(entry, end.look.round, now);
  if (end.look.round == Round::health) entry.slow = end.hung;
  if (end.health) {
    if (due != Time::max())
      due = now.at + std::max(0ms, milliseconds(end.health->next_try_ms - now.unix_ms));
    learn(end.look.registry, entry, *end.health, end.look.depth, now);
  }
  Place& place = entry.places[index(end.look.round)];
  if (place.taken && !end.scheduled) return;  // One on schedule is still under way.
  if (place.again && due != Time::max()) due = now.at;
  place.taken = place.again = false;
  set(end.look.registry, entry, end.look.round, due);
}

milliseconds Rota::patience(const Look& look, const Now& now) const {
  const auto entry = entries_.find(look.registry);
  const model::Timeouts none;
  return patience_of(entry == entries_.end() ? none : entry->second.facts.timeouts, look.round,
                     now.settings);
}

bool Rota::is_slow(Id registry) const {
  const auto entry = entries_.find(registry);
  return entry != entries_.end() && entry->second.slow;
}

bool Rota::is_refused(Id registry) const {
  const auto entry = entries_.find(registry);
  return entry != entries_.end() && entry->second.facts.is_refused;
}

Rota::Load Rota::load(Time now) const {
  Load load;
  for (const auto& [id, entry] : entries_) {
    const Place& place = entry.places[index(Round::health)];
    if (place.taken || place.due > now) continue;
    ++load.due;
    load.late = std::max(load.late, std::chrono::duration_cast<milliseconds>(now - place.due));
  }
  return load;
}

}  // namespace portolan::engine
