#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "plugin/instance.h"
#include "router/gate.h"
#include "services/upstream.h"

namespace portolan::router {

/// One registry under management. Safe from any thread.
class Registry {
 public:
  /// `config_json`: what create() gets.
  Registry(services::UpstreamOptions options, std::shared_ptr<plugin::Type> type,
           std::shared_ptr<services::Upstream> upstream, std::string config_json);

  /// An instance, and whom its calls speak to.
  struct Seat {
    std::unique_ptr<plugin::Instance> instance;
    std::shared_ptr<services::Upstream> upstream;
    std::uint64_t generation = 0;  ///< Of the facts that both were made with.
  };

  /// The seat of the pass's kind, for as long as the pass lives: with the instance that the last
  /// call of the kind had (no lock, no allocation), or a new one when there are newer facts.
  base::Result<Seat*> seat(const Gate::Pass& pass, const base::Deadline& deadline);
  /// The instance of the pass's kind is not used again.
  void vacate(const Gate::Pass& pass) { seat_of(pass) = {}; }
  /// The instance of one kind, with what it remembers, becomes that of another.
  void hand_over(const Gate::Pass& from, const Gate::Pass& to) {
    seat_of(to) = std::exchange(seat_of(from), {});
  }

  Gate& gate() { return gate_; }
  const services::UpstreamOptions& options() const { return options_; }
  const std::string& type() const { return type_->name(); }
  std::shared_ptr<services::Upstream> upstream() const;

  /// What integration found, or why the last one failed; nothing before the first.
  std::optional<base::Result<model::Integration>> integration() const;
  /// Whether an integration succeeded; cheaper than integration().
  bool has_facts() const { return generation_.load() != 0; }
  /// From here on every call works with what was found out, at its canonical address.
  base::Result<void> adopt(net::Transport& transport, model::Integration found);
  /// Facts that there were stay.
  void keep_failure(base::Error error);

 private:
  base::Result<Seat> make_seat(const base::Deadline& deadline) const;
  Seat& seat_of(const Gate::Pass& pass) { return seats_[static_cast<std::size_t>(pass.kind())]; }

  const services::UpstreamOptions options_;
  const std::shared_ptr<plugin::Type> type_;
  const std::string config_json_;
  Gate gate_;
  std::array<Seat, kinds>
      seats_;  // By kind. Whoever has the kind's pass owns it: the gate is its lock.

  mutable base::Mutex mutex_;
  std::shared_ptr<services::Upstream> upstream_ GUARDED_BY(mutex_);
  std::optional<base::Result<model::Integration>> integration_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> generation_{0};  // Of the facts; written with the mutex held.
};

}  // namespace portolan::router
