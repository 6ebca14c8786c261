#include "router/diagnosis.h"

#include <algorithm>
#include <array>
#include <utility>

#include "model/words.h"

namespace portolan::router {
namespace {

using model::Check;
using model::CheckState;

// What every validation answers behind the host's steps; "permissions" stands for all
// permissions.*.
constexpr std::array<std::string_view, 5> standard = {"identity", "api-version", "credentials",
                                                      "permissions", "capabilities"};

Check make(CheckState state, base::Code code, std::string message, std::string hint = {}) {
  Check check;
  check.state = state;
  check.code = code;
  check.message = std::move(message);
  check.hint = std::move(hint);
  return check;
}

}  // namespace

void Diagnosis::add(Check check) {
  const bool in_doubt = check.state != CheckState::ok && check.state != CheckState::skipped;
  if (check.name == "identity" && in_doubt && !waits()) held_from_ = checks_.size();
  append(std::move(check));
}

void Diagnosis::add_identity(const base::Error& error) {
  Check check = make(CheckState::fail, error.code, error.message, error.hint);
  check.name = "identity";
  add(std::move(check));
}

void Diagnosis::append(Check check) {
  checks_.push_back(std::move(check));
  if (!waits() && each_) each_(checks_.back());
}

void Diagnosis::release(const std::string& hint) {
  if (!waits()) return;
  if (!hint.empty()) checks_[held_from_].hint = hint;
  for (std::size_t i = std::exchange(held_from_, nothing); each_ && i < checks_.size(); ++i)
    each_(checks_[i]);
}

bool Diagnosis::knows(std::string_view name) const {
  return std::any_of(checks_.begin(), checks_.end(), [&](const Check& check) {
    return check.name == name || (check.name.size() > name.size() &&
                                  check.name.rfind(name, 0) == 0 && check.name[name.size()] == '.');
  });
}

void Diagnosis::add_missing(const std::function<Check()>& made) {
  for (const std::string_view name : standard) {
    if (knows(name)) continue;
    Check check = made();
    check.name = name;
    append(std::move(check));
  }
}

void Diagnosis::skip_rest(const std::string& why) {
  add_missing([&] { return make(CheckState::skipped, base::Code::ok, why); });
}

void Diagnosis::lose_rest(const base::Error& error) {
  add_missing([&] {
    return make(CheckState::unknown, error.code, "not reached: " + error.message, error.hint);
  });
}

void Diagnosis::close(model::Depth depth) {
  if (depth == model::Depth::quick && knows("identity") && knows("credentials")) {
    add_missing([] {
      return make(CheckState::skipped, base::Code::ok, "not asked at quick depth",
                  "ask with --depth full");
    });
    return;
  }
  lose_rest(
      {base::Code::protocol, "the plugin ended without it", "report it to the plugin's vendor"});
}

model::Validation Diagnosis::take() {
  model::Validation validation;
  validation.verdict = model::verdict_of(checks_);
  validation.checks = std::move(checks_);
  return validation;
}

}  // namespace portolan::router
