#pragma once
/// The keeper's inside: flights, the threads, what they share.
#include <random>
#include <thread>

#include "base/json.h"
#include "base/mutex.h"
#include "engine/keeper.h"
#include "engine/look.h"
#include "engine/rota.h"
#include "router/call_thread.h"
#include "store/store.h"

namespace portolan::engine {

struct JobContext;

class Keeper::State : public std::enable_shared_from_this<State> {
 public:
  State(const Daemon& daemon, Fleet& fleet, const JobRunner& jobs);

  void start();
  bool stop(std::chrono::milliseconds patience);
  Load load() const;
  std::map<Id, std::chrono::microseconds> check_times() const;
  void look_at_types(const std::set<std::string>& types);
  /// Runs `look` or joins one that is as good; waits until its result is in the store. The output,
  /// or why there is none.
  base::Result<std::string> ask(const Look& look, JobContext& context);

 private:
  using Time = base::Steady::time_point;

  /// One look under way. Everything but `look` and `cancel` is guarded by the State's mutex.
  struct Flight {
    Look look;
    base::CancelToken cancel;
    bool scheduled = false, aside = false, kept = false, hung = false;
    Time started{}, give_up_at{};
    std::shared_ptr<router::StartedCall> call{};
    base::Json checks = base::Json::array();
    std::string progress{};
    std::uint64_t news = 0;  ///< Grows with checks and progress.
    std::chrono::microseconds took{};
    std::optional<Seen> seen{};
    std::optional<base::Error> lost{};  ///< Its result could not be written.
    std::optional<model::Health> health{};
  };
  using FlightPtr = std::shared_ptr<Flight>;

  // The planning thread.
  void plan();
  void read_all();
  void read_news();
  void put_entry(Id registry, bool at_once);
  void begin_due();
  bool may_begin(Lane lane, Time now);
  void give_up_late();
  void write_ended();
  base::Result<void> write(const std::vector<FlightPtr>& flights);
  void settle(const FlightPtr& flight);
  void keep_house();
  Time next_wake();

  // Any thread.
  FlightPtr depart(const Look& look, bool scheduled);
  FlightPtr join(const Look& look) REQUIRES(mutex_);
  void run(const FlightPtr& flight);
  void arrive(const FlightPtr& flight, Seen seen);
  base::Result<std::string> outcome_of(const Flight& flight) REQUIRES(mutex_);
  Rota::Now now(const config::DaemonSettings& settings) const {
    return {base::Steady::now(), daemon_.store.now(), settings};
  }
  double random() REQUIRES(mutex_);
  void wake() REQUIRES(mutex_);
  void listen();
  bool stopping() const;

  const Daemon& daemon_;
  Fleet& fleet_;
  const JobRunner& jobs_;
  std::thread planner_, listener_;

  mutable base::Mutex mutex_;
  base::Condition changed_;
  std::mt19937_64 dice_ GUARDED_BY(mutex_);
  Rota rota_ GUARDED_BY(mutex_);
  std::map<Id, std::chrono::microseconds> check_times_ GUARDED_BY(mutex_);
  std::vector<FlightPtr> running_ GUARDED_BY(mutex_);  // Until they are kept.
  std::vector<FlightPtr> ended_ GUARDED_BY(mutex_);    // To be written.
  Time first_ended_ GUARDED_BY(mutex_){};
  bool woken_ GUARDED_BY(mutex_) = false;
  bool news_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool keeping_house_ GUARDED_BY(mutex_) = false;
  int threads_ GUARDED_BY(mutex_) = 0;  // Of planner_ and listener_ that still run.
  Time house_at_ GUARDED_BY(mutex_){};
  Id last_event_ = 0;  // The planning thread's.
};

}  // namespace portolan::engine
