/// How the keeper learns about registries, and what people ask it for.
#include <algorithm>

#include "base/json.h"
#include "config/daemon_settings.h"
#include "engine/jobs.h"
#include "engine/keeper_state.h"
#include "model/json.h"
#include "model/outcome.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {

using base::Code;
using base::Steady;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds look_again = 50ms;   // A job's cancel wakes nobody here.
constexpr milliseconds tell_again = 100ms;  // Between two writes of a job's progress.
constexpr milliseconds young_registry = 10min;
constexpr std::size_t rows_at_once = 500;

bool is_as_good(const Look& there, const Look& wanted) {
  const auto kind = [](Round round) { return round == Round::deep ? Round::statistics : round; };
  return there.registry == wanted.registry && kind(there.round) == kind(wanted.round) &&
         there.depth >= wanted.depth && there.level >= wanted.level &&
         there.repository == wanted.repository;
}

Rota::Facts facts_of(const model::RegistryRecord& record, const model::Health& health,
                     std::int64_t last_deep_ms) {
  Rota::Facts facts;
  facts.schedule = record.schedule;
  facts.timeouts = record.settings.timeouts;
  facts.paused = record.paused;
  facts.pull_suspended = record.pull_suspended;
  facts.next_try_ms = health.next_try_ms;
  facts.last_deep_ms = last_deep_ms;
  const auto newest = health.recent.empty() ? health.state : health.recent.back();
  // Of one that nobody looked at yet the first check tells, if there is to be one: statistics that
  // hang would keep the places of all others.
  const bool unseen = health.last_try_ms == 0;
  facts.is_up =
      unseen ? record.schedule.health_s < 0
             : newest == model::HealthState::healthy || newest == model::HealthState::degraded;
  facts.hangs = health.reason == to_string(Code::timeout);
  facts.is_refused = health.refused_version != 0 && health.refused_version == record.secret_version;
  return facts;
}

}  // namespace

void Keeper::State::read_all() {
  using Page = store::Page<store::RegistryRow>;
  store::PageRequest request;
  request.limit = rows_at_once;
  do {
    std::map<Id, std::int64_t> deep;
    auto page = daemon_.store.read<Page>([&](store::Reader& reader) {
      if (request.after.empty()) last_event_ = store::last_event(reader);
      Page rows = store::list_registries(reader, request, {});
      for (const auto& row : rows.rows) deep[row.record.id] = last_deep(reader, row.record.id);
      return rows;
    });
    if (!page) {
      daemon_.say(PORTOLAN_LOG_ERROR, "the registries cannot be read: " + page.error().message);
      return;
    }
    const auto settings = daemon_.settings();
    const base::Lock lock(mutex_);
    for (const auto& row : page->rows) {
      const Id id = row.record.id;
      // Made just before the end of the last process: its first statistics may be missing.
      const bool is_young =
          daemon_.store.now() - row.record.provenance.created_ms < young_registry.count();
      rota_.put(id, facts_of(row.record, row.health, deep[id]), now(*settings), is_young);
    }
    request.after = page->next;
  } while (!request.after.empty());
}

void Keeper::State::read_news() {
  {
    const base::Lock lock(mutex_);
    if (!news_) return;
    news_ = false;
  }
  using Page = store::Page<model::Event>;
  store::PageRequest request;
  request.limit = rows_at_once;
  for (;;) {
    auto page = daemon_.store.read<Page>([&](store::Reader& reader) {
      store::EventFilter filter;
      filter.since_id = last_event_;
      return store::list_events(reader, request, filter);
    });
    if (!page || page->rows.empty()) return;
    for (const model::Event& event : page->rows) {
      last_event_ = event.id;
      const bool is_ours = event.kind.rfind("registry.", 0) == 0 && event.kind != "registry.health";
      if (!event.registry || !is_ours) continue;
      const bool at_once = event.kind == "registry.created" || event.kind == "registry.updated" ||
                           event.kind == "registry.resumed";
      put_entry(*event.registry, at_once);
    }
    if (page->rows.size() < rows_at_once) return;
  }
}

void Keeper::State::put_entry(Id registry, bool at_once) {
  using Facts = std::optional<Rota::Facts>;
  auto facts = daemon_.store.read<Facts>([&](store::Reader& reader) -> base::Result<Facts> {
    const auto record = store::find_registry(reader, registry);
    if (!record) return Facts();
    return Facts(facts_of(*record, store::health(reader, registry), last_deep(reader, registry)));
  });
  const auto settings = daemon_.settings();
  const base::Lock lock(mutex_);
  if (!facts) return;
  if (*facts) {
    rota_.put(registry, **facts, now(*settings), at_once);
  } else {
    rota_.drop(registry);
    check_times_.erase(registry);
  }
}

void Keeper::State::look_at_types(const std::set<std::string>& types) {
  if (types.empty()) return;
  using Ids = std::vector<Id>;
  const auto ids = daemon_.store.read<Ids>([&](store::Reader& reader) {
    Ids found = store::registry_ids(reader);
    std::erase_if(found, [&](Id id) {
      const auto record = store::find_registry(reader, id);
      return !record || types.count(record->settings.type) == 0;
    });
    return base::Result(std::move(found));
  });
  if (!ids) return;  // They are looked at when their time comes.
  for (const Id id : *ids) put_entry(id, true);
  const base::Lock lock(mutex_);
  wake();
}

Keeper::State::FlightPtr Keeper::State::join(const Look& look) {
  // A look of our own keeps a refused secret back; one that somebody asks for may send it.
  if (rota_.is_refused(look.registry)) return nullptr;
  for (const FlightPtr& flight : running_) {
    if (!flight->seen && is_as_good(flight->look, look)) return flight;
  }
  return nullptr;
}

base::Result<std::string> Keeper::State::outcome_of(const Flight& flight) {
  if (flight.lost) return *flight.lost;
  if (flight.cancel.cancelled())
    return base::Error{Code::cancelled, "the daemon stopped while this was under way"};
  if (flight.seen->error) return *flight.seen->error;
  return flight.seen->output_json;
}

base::Result<std::string> Keeper::State::ask(const Look& look, JobContext& context) {
  FlightPtr flight;
  {
    const base::Lock lock(mutex_);
    flight = join(look);
  }
  if (!flight) flight = depart(look, false);
  if (!flight) {
    return base::Error{stopping() ? Code::cancelled : Code::limit,
                       stopping() ? "the daemon stops" : "the system gives no more threads"};
  }
  std::uint64_t told = 0;
  auto tell_at = Steady::now();
  for (;;) {
    std::string progress;
    {
      const base::Lock lock(mutex_);
      if (flight->kept) return outcome_of(*flight);
      const bool stops = stopping_ && threads_ == 0;
      if (stops || context.cancel.cancelled())
        return base::Error{Code::cancelled, "the daemon stopped while this was under way"};
      if (flight->news == told || Steady::now() < tell_at) {
        changed_.wait_until(mutex_, Steady::now() + look_again);
        continue;
      }
      told = flight->news;
      progress = flight->progress;
      if (progress.empty()) {
        base::Json json = base::Json::object();
        json.set("checks", flight->checks);
        progress = base::to_text(json);
      }
    }
    context.progress(progress);
    tell_at = Steady::now() + tell_again;
  }
}

namespace {

/// What a job's input asks for.
base::Result<Look> look_of(Round round, const std::string& input_json) {
  const auto input = base::parse_json(input_json);
  if (!input) return base::Error{Code::invalid_argument, "the job's input is no JSON"};
  const auto word = [&](const char* name) {
    const base::Json* value = input->find(name);
    const std::string* text = value ? value->as_string() : nullptr;
    return text ? *text : std::string();
  };
  const base::Json* registry = input->find("registry");
  Look look;
  look.registry = registry ? registry->as_integer().value_or(0) : 0;
  look.round = round;
  look.by_request = true;
  if (word("depth") == to_string(model::Depth::full)) look.depth = model::Depth::full;
  for (const model::Level level : {model::Level::quick, model::Level::deep}) {
    if (word("level") == to_string(level)) look.level = level;
  }
  look.repository = word("repository");
  return look;
}

}  // namespace

Keeper::Keeper(const Daemon& daemon, Fleet& fleet, JobRunner& jobs)
    : state_(std::make_shared<State>(daemon, fleet, jobs)) {
  const std::pair<const char*, Round> kinds[] = {{"registry.check", Round::health},
                                                 {"registry.statistics", Round::statistics},
                                                 {"registry.catalogue", Round::catalogue},
                                                 {"repository.tags", Round::tags}};
  for (const auto& [name, round] : kinds) {
    JobKind kind;
    kind.name = name;
    kind.parallel = 64;  // One that hangs holds one place until its deadline.
    kind.attempts = 1;
    kind.body = [state = state_, round = round](JobContext& context) -> base::Result<std::string> {
      auto look = look_of(round, context.job.input_json);
      if (!look) return look.error();
      return state->ask(*look, context);
    };
    jobs.add(std::move(kind));
  }
}

Keeper::~Keeper() { stop(1s); }

void Keeper::start() { state_->start(); }

void Keeper::look_at_types(const std::set<std::string>& types) { state_->look_at_types(types); }

bool Keeper::stop(milliseconds patience) { return state_->stop(patience); }

Keeper::Load Keeper::load() const { return state_->load(); }

std::map<Id, std::chrono::microseconds> Keeper::check_times() const {
  return state_->check_times();
}

}  // namespace portolan::engine
