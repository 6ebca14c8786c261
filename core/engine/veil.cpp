#include "engine/veil.h"
#include "net/address_policy.h"

#include <algorithm>
#include <array>
#include <utility>

namespace portolan::engine {
namespace {

using base::Code;
using model::Check;
using model::CheckState;

constexpr std::array<std::string_view, 5> host_steps = {"address", "dns", "tcp", "tls", "http"};

bool is_host_step(const Check& check) {
  return std::find(host_steps.begin(), host_steps.end(), check.name) != host_steps.end();
}

/// It was not reached, for whatever reason.
bool not_reached(const Check& check) {
  const bool failed = check.state == CheckState::fail || check.state == CheckState::unknown;
  return failed && (check.code == Code::unreachable || check.code == Code::timeout ||
                    check.code == Code::policy);
}

void make_alike(Check& check) {
  check.code = Code::unreachable;
  check.message = "the address cannot be reached from here";
  check.hint = "Check the address; a platform admin knows where workspaces may connect to.";
  check.evidence.reset();
}

Check step(std::string_view name, CheckState state) {
  Check check;
  check.name = name;
  check.state = state;
  check.message = "not told";
  if (state == CheckState::fail) make_alike(check);
  return check;
}

}  // namespace

Check without_policy(Check check) {
  const bool failed = check.state == CheckState::fail || check.state == CheckState::unknown;
  if (!failed || check.code != Code::policy) return check;
  check.message = "the daemon may not connect there for registries of workspaces";
  check.hint = "A platform admin can permit it.";
  check.evidence.reset();
  return check;
}

void Veil::take(Check check) {
  if (over_ || !is_host_step(check)) {
    if (!over_) end();
    if (not_reached(check)) make_alike(check);  // A token service elsewhere, for one.
    pass_(std::move(check));
    return;
  }
  held_.push_back(std::move(check));
}

void Veil::end() {
  if (std::exchange(over_, true)) return;
  if (std::any_of(held_.begin(), held_.end(), not_reached)) {
    if (hold_) hold_();
    held_.clear();
    for (const std::string_view name : host_steps) {
      held_.push_back(step(name, name == "tcp" ? CheckState::fail : CheckState::skipped));
    }
  }
  for (Check& check : held_) pass_(std::move(check));
  held_.clear();
}

}  // namespace portolan::engine
