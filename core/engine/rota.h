#pragma once
/// When each registry is to be looked at next, and how. Pure bookkeeping on the steady clock: not
/// thread-safe, asks nobody.
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <vector>

#include "base/cancel.h"
#include "engine/look.h"

namespace portolan::engine {

/// Health first: what takes long has a queue of its own.
enum class Lane { health, work };

class Rota {
 public:
  using Time = base::Steady::time_point;

  /// What a registry's row says about its looks.
  struct Facts {
    model::Schedule schedule{};
    model::Timeouts timeouts{};
    bool paused = false;
    bool pull_suspended = false;    ///< The next looks are full, until one succeeds.
    std::int64_t next_try_ms = 0;   ///< Unix time; in the past: now.
    std::int64_t last_deep_ms = 0;  ///< 0: never.
    bool is_up = true;              ///< Statistics and catalogue wait while it is not.
    bool hangs = false;             ///< It let the last check wait; asked of a new one only.
    bool is_refused = false;        ///< Its credential rests: so do they.
  };
  struct Now {
    Time at;
    std::int64_t unix_ms = 0;
    const config::DaemonSettings& settings;
  };

  /// `random` in [0, 1).
  explicit Rota(std::function<double()> random) : random_(std::move(random)) {}

  /// New or changed. What is due at regular times keeps its place; of a new one it is spread over
  /// its pause. `at_once`: everything is due now.
  void put(Id registry, const Facts& facts, const Now& now, bool at_once);
  void drop(Id registry) { entries_.erase(registry); }

  /// The next that is due in `lane`, taken off until ended() or give_back().
  std::optional<Look> take(Lane lane, const Now& now);
  /// Whether the next one of Lane::health hung when it was looked at last.
  bool next_is_slow() const;
  /// When take() answers next; max: never.
  Time next_at(Lane lane) const;
  /// It could not be begun: due again soon.
  void give_back(const Look& look, const Now& now);
  /// A look has ended, one that was taken here or (not `scheduled`) one that somebody asked for.
  /// `health`: what was kept of it.
  struct End {
    const Look& look;
    const std::optional<model::Health>& health;
    bool scheduled = true, hung = false;
  };
  void ended(const End& end, const Now& now);

  std::chrono::milliseconds patience(const Look& look, const Now& now) const;
  bool is_slow(Id registry) const;
  bool is_refused(Id registry) const;

  struct Load {
    std::size_t due = 0;
    std::chrono::milliseconds late{0};
  };
  Load load(Time now) const;  ///< Of Lane::health.

 private:
  static constexpr std::size_t rounds = 4;  // health, statistics, deep, catalogue
  struct Place {
    Time due = Time::max();
    bool taken = false;
    bool again = false;  ///< Became due while it was taken.
  };
  struct Entry {
    Facts facts;
    std::array<Place, rounds> places;
    bool slow = false;
    Time integrated = Time::min();
  };
  struct Due {
    Time at;
    Id registry;
    Round round;
    bool operator>(const Due& other) const { return at > other.at; }
  };
  using Heap = std::priority_queue<Due, std::vector<Due>, std::greater<>>;

  void set(Id registry, Entry& entry, Round round, Time due);
  void learn(Id registry, Entry& entry, const model::Health& health, model::Depth depth,
             const Now& now);
  void forget_stale(Heap& heap) const;
  bool is_stale(const Due& due) const;
  Time after_pause(const Entry& entry, Round round, const Now& now) const;
  Look look_of(Id registry, Entry& entry, Round round, const Now& now) const;
  Heap& heap(Lane lane) { return lane == Lane::health ? health_ : work_; }

  const std::function<double()> random_;
  std::map<Id, Entry> entries_;
  Heap health_, work_;  // Entries whose place says otherwise are stale.
};

}  // namespace portolan::engine
