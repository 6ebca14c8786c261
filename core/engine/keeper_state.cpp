#include "engine/keeper_state.h"

#include <algorithm>

#include "base/json.h"
#include "config/daemon_settings.h"
#include "model/json.h"
#include "model/outcome.h"
#include "store/registries.h"

namespace portolan::engine {

using base::Code;
using base::Steady;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds young = 250ms;    // After that a check stands aside.
constexpr std::size_t aside_factor = 4;  // Of `parallel`, those that stand aside included.
constexpr std::size_t work_part = 4;     // Statistics and catalogues: that part of `parallel`.
constexpr milliseconds gather = 50ms;    // What ends within it is one transaction.
constexpr std::size_t gather_most = 256;
constexpr milliseconds house_first = 1min, house_pause = 1h;

/// What was not begun, for the plugin or the options, asked no registry anything.
bool was_quick_check(const Finding& finding) {
  return finding.depth == model::Depth::quick &&
         (finding.result || !is_about_setup(finding.result.error().code));
}

}  // namespace

Keeper::State::State(const Daemon& daemon, Fleet& fleet, const JobRunner& jobs)
    : daemon_(daemon),
      fleet_(fleet),
      jobs_(jobs),
      dice_(std::random_device{}()),
      rota_([dice = std::mt19937_64(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(dice);
      }) {}

double Keeper::State::random() { return std::uniform_real_distribution<double>(0, 1)(dice_); }

void Keeper::State::wake() {
  woken_ = true;
  changed_.notify_all();
}

bool Keeper::State::stopping() const {
  const base::Lock lock(mutex_);
  return stopping_;
}

void Keeper::State::start() {
  {
    const base::Lock lock(mutex_);
    threads_ = 2;
    house_at_ = Steady::now() + house_first;
  }
  planner_ = std::thread([self = shared_from_this()] { self->plan(); });
  listener_ = std::thread([self = shared_from_this()] { self->listen(); });
}

bool Keeper::State::stop(milliseconds patience) {
  const auto until = Steady::now() + patience;
  std::vector<FlightPtr> flights;
  {
    const base::Lock lock(mutex_);
    stopping_ = true;
    flights = running_;
    wake();
  }
  for (const FlightPtr& flight : flights) flight->cancel.cancel();
  {
    const base::Lock lock(mutex_);
    while (threads_ != 0) {
      daemon_.store.wake_all();  // Again and again: the listener may be just about to wait.
      changed_.wait_until(mutex_, Steady::now() + 10ms);
    }
  }
  if (planner_.joinable()) planner_.join();
  if (listener_.joinable()) listener_.join();
  const base::Lock lock(mutex_);
  const auto is_idle = [this]() REQUIRES(mutex_) {
    const bool none = std::all_of(running_.begin(), running_.end(),
                                  [](const FlightPtr& flight) { return flight->seen.has_value(); });
    return none && !keeping_house_;
  };
  while (!is_idle() && Steady::now() < until) changed_.wait_until(mutex_, until);
  return is_idle();
}

Keeper::Load Keeper::State::load() const {
  const base::Lock lock(mutex_);
  const auto due = rota_.load(Steady::now());
  return {due.due, running_.size(), due.late.count()};
}

std::map<Id, std::chrono::microseconds> Keeper::State::check_times() const {
  const base::Lock lock(mutex_);
  return check_times_;
}

/// Whatever others write may be about a registry.
void Keeper::State::listen() {
  while (!stopping()) {
    const auto seen = daemon_.store.revision();
    {
      const base::Lock lock(mutex_);
      news_ = true;
      wake();
    }
    if (!stopping()) daemon_.store.wait_for_change(seen, Steady::time_point::max());
  }
  const base::Lock lock(mutex_);
  --threads_;
  changed_.notify_all();
}

void Keeper::State::plan() {
  read_all();
  while (!stopping()) {
    read_news();
    begin_due();
    give_up_late();
    write_ended();
    keep_house();
    const Time until = next_wake();
    const base::Lock lock(mutex_);
    if (!woken_ && !stopping_) changed_.wait_until(mutex_, until);
    woken_ = false;
  }
  write_ended();
  const base::Lock lock(mutex_);
  --threads_;
  changed_.notify_all();
}

Keeper::State::Time Keeper::State::next_wake() {
  const base::Lock lock(mutex_);
  Time until = house_at_;
  for (const Lane lane : {Lane::health, Lane::work}) {
    // What is due and has no place yet begins when another one ends or stands aside.
    const Time due = rota_.next_at(lane);
    if (due > Steady::now()) until = std::min(until, due);
  }
  for (const FlightPtr& flight : running_) {
    if (flight->seen) continue;
    until = std::min(until, flight->give_up_at);
    if (flight->scheduled && !flight->aside) until = std::min(until, flight->started + young);
  }
  if (!ended_.empty()) until = std::min(until, first_ended_ + gather);
  return until;
}

bool Keeper::State::may_begin(Lane lane, Time now) {
  const base::Lock lock(mutex_);
  const auto parallel = std::max<std::size_t>(daemon_.settings()->health.parallel, 1);
  std::size_t checks = 0, fresh = 0, works = 0;
  for (const FlightPtr& flight : running_) {
    if (!flight->scheduled || flight->seen) continue;
    if (flight->look.round != Round::health) {
      ++works;
      continue;
    }
    ++checks;
    flight->aside = flight->aside || now - flight->started >= young;
    fresh += flight->aside ? 0 : 1;
  }
  if (lane == Lane::work) return works < std::max<std::size_t>(parallel / work_part, 1);
  return checks < parallel * aside_factor && (fresh < parallel || rota_.next_is_slow());
}

void Keeper::State::begin_due() {
  const auto settings = daemon_.settings();
  for (const Lane lane : {Lane::health, Lane::work}) {
    while (!stopping() && may_begin(lane, Steady::now())) {
      std::optional<Look> look;
      {
        const base::Lock lock(mutex_);
        look = rota_.take(lane, now(*settings));
      }
      if (!look) break;
      if (depart(*look, true)) continue;
      const base::Lock lock(mutex_);
      rota_.give_back(*look, now(*settings));
      break;  // The system gives no thread now.
    }
  }
}

Keeper::State::FlightPtr Keeper::State::depart(const Look& look, bool scheduled) {
  const auto settings = daemon_.settings();
  const auto flight = std::make_shared<Flight>();
  flight->look = look;
  flight->scheduled = scheduled;
  {
    const base::Lock lock(mutex_);
    if (stopping_) return nullptr;
    flight->started = Steady::now();
    flight->give_up_at =
        flight->started + rota_.patience(look, now(*settings)) + model::limits::answer_grace;
    flight->aside = rota_.is_slow(look.registry);
    running_.push_back(flight);
  }
  auto call = router::start_call(
      [self = shared_from_this(), flight] { self->run(flight); },
      [self = shared_from_this(), flight](base::Result<void> outcome) {
        if (!outcome)
          self->arrive(flight, not_seen(flight->look, self->daemon_.store.now(), outcome.error()));
      });
  const base::Lock lock(mutex_);
  if (!call) {
    std::erase(running_, flight);
    return nullptr;
  }
  flight->call = *std::move(call);
  return flight;
}

/// On the flight's own thread.
void Keeper::State::run(const FlightPtr& flight) {
  LookBounds bounds;
  {
    const base::Lock lock(mutex_);
    bounds.deadline = {flight->give_up_at - model::limits::answer_grace, flight->cancel};
  }
  bounds.each = [this, flight](const model::Check& check) {
    base::Json json = model::to_json(check);
    const base::Lock lock(mutex_);
    flight->checks.push(std::move(json));
    ++flight->news;
    if (!flight->scheduled) changed_.notify_all();
  };
  bounds.progress = [this, flight](const std::string& text) {
    const base::Lock lock(mutex_);
    flight->progress = text;
    ++flight->news;
  };
  arrive(flight, look_at(daemon_, fleet_, jobs_, flight->look, bounds));
}

void Keeper::State::arrive(const FlightPtr& flight, Seen seen) {
  const base::Lock lock(mutex_);
  if (flight->seen) return;  // It was given up.
  const auto& finding = seen.finding;
  flight->took =
      std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - flight->started);
  flight->hung = Steady::now() - flight->started >= young && finding &&
                 diagnose(finding->result).reason == to_string(Code::timeout);
  flight->seen = std::move(seen);
  if (ended_.empty()) first_ended_ = Steady::now();
  ended_.push_back(flight);
  wake();
}

void Keeper::State::give_up_late() {
  const Time at = Steady::now();
  std::vector<FlightPtr> late;
  {
    const base::Lock lock(mutex_);
    for (const FlightPtr& flight : running_) {
      if (!flight->seen && flight->call && flight->give_up_at <= at) late.push_back(flight);
    }
  }
  for (const FlightPtr& flight : late) {
    if (!flight->call->give_up()) continue;
    arrive(flight, not_seen(flight->look, daemon_.store.now(),
                            {Code::timeout, "the deadline passed and the plugin did not come back",
                             "report it to the plugin's vendor"}));
  }
}

void Keeper::State::write_ended() {
  std::vector<FlightPtr> batch;
  {
    const base::Lock lock(mutex_);
    const bool asked = std::any_of(ended_.begin(), ended_.end(),
                                   [](const FlightPtr& flight) { return !flight->scheduled; });
    const bool ripe = asked || stopping_ || ended_.size() >= gather_most ||
                      Steady::now() >= first_ended_ + gather;
    if (ended_.empty() || !ripe) return;
    batch.swap(ended_);
  }
  if (auto done = write(batch); !done) {
    // One that cannot be written must not take the others with it.
    for (const FlightPtr& flight : batch) {
      auto alone = write({flight});
      if (alone) continue;
      daemon_.say(PORTOLAN_LOG_ERROR,
                  "the result of a check was not written: " + alone.error().message);
      const base::Lock lock(mutex_);
      flight->lost = std::move(alone).error();
    }
  }
  for (const FlightPtr& flight : batch) settle(flight);
}

base::Result<void> Keeper::State::write(const std::vector<FlightPtr>& flights) {
  double dice = 0;
  {
    const base::Lock lock(mutex_);
    dice = random();
  }
  std::vector<std::optional<model::Health>> health(flights.size());
  const auto done = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    for (std::size_t i = 0; i < flights.size(); ++i) {
      // A check that the daemon's stop cut short says nothing.
      if (flights[i]->cancel.cancelled()) continue;
      const double turn = dice + static_cast<double>(i) / static_cast<double>(flights.size());
      auto kept = keep(writer, daemon_, *flights[i]->seen, turn - static_cast<int>(turn));
      if (!kept) return kept.error();
      health[i] = *std::move(kept);
    }
    return {};
  });
  const base::Lock lock(mutex_);
  for (std::size_t i = 0; done && i < flights.size(); ++i) flights[i]->health = health[i];
  return done;
}

void Keeper::State::settle(const FlightPtr& flight) {
  const auto settings = daemon_.settings();
  const base::Lock lock(mutex_);
  flight->kept = true;
  flight->call = nullptr;
  std::erase(running_, flight);
  if (flight->health && was_quick_check(*flight->seen->finding))
    check_times_[flight->look.registry] = flight->took;
  rota_.ended({flight->look, flight->health, flight->scheduled, flight->hung}, now(*settings));
  changed_.notify_all();
}

void Keeper::State::keep_house() {
  {
    const base::Lock lock(mutex_);
    if (keeping_house_ || stopping_ || Steady::now() < house_at_) return;
    keeping_house_ = true;
    house_at_ = Steady::now() + house_pause;
  }
  const auto work = [self = shared_from_this()] {
    if (const auto done = drop_what_is_old(self->daemon_); !done)
      self->daemon_.say(PORTOLAN_LOG_ERROR, "old rows were not dropped: " + done.error().message);
  };
  const auto ended = [self = shared_from_this()](base::Result<void>) {
    const base::Lock lock(self->mutex_);
    self->keeping_house_ = false;
    self->wake();
  };
  if (!router::start_call(work, ended)) ended({});
}

}  // namespace portolan::engine
