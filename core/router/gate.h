#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/cancel.h"
#include "base/mutex.h"
#include "base/result.h"

namespace portolan::router {

/// What may run beside each other on one registry; two of one kind may not.
enum class Kind { integration, validation, statistics, catalog, change };
inline constexpr std::size_t kinds = 5;

std::string_view to_string(Kind kind);

/// Admits one call of each kind. Costs one atomic exchange each way when nobody waits. Safe from
/// any thread.
class Gate {
 public:
  /// Holds the gate for one call.
  class Pass {
   public:
    Pass(Gate& gate, Kind kind) : gate_(&gate), kind_(kind) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), kind_(other.kind_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_) gate_->leave(kind_);
    }
    Kind kind() const { return kind_; }

   private:
    Gate* gate_;
    Kind kind_;
  };

  /// Waits for the call that is inside, until `deadline`. timeout or cancelled; internal at once
  /// when that call should have been back long ago: its plugin is stuck.
  base::Result<Pass> enter(Kind kind, const base::Deadline& deadline);

 private:
  static constexpr std::int64_t nobody = 0;

  base::Result<Pass> wait(Kind kind, const base::Deadline& deadline);
  bool take(Kind kind, const base::Deadline& deadline);
  void leave(Kind kind);

  std::array<std::atomic<std::int64_t>, kinds>
      back_by_{};  // By kind: steady clock ticks, or nobody.
  std::atomic<int> waiting_{0};
  base::Mutex mutex_;
  base::Condition left_;
};

}  // namespace portolan::router
