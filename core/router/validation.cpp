/// A validation, put together from the host's steps and the plugin's checks.
#include <algorithm>
#include <array>
#include <utility>

#include "router/router.h"
#include "router/session.h"

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

/// A validation while it is put together: host steps, the plugin's checks, the names that nobody
/// reached.
class Diagnosis {
 public:
  /// `each` sees every check once, in order; it may be empty.
  explicit Diagnosis(const std::function<void(const model::Check&)>& each) : each_(each) {}

  /// From an identity that is not ok on, `each` waits for release(): its hint is still to be found.
  void add(model::Check check);
  /// An integration that ended in `error` is an identity that failed.
  void add_identity(const base::Error& error);
  bool waits() const { return held_from_ != nothing; }
  /// Whether a check of that name (or name.*) was added.
  bool knows(std::string_view name) const;
  /// `hint` replaces that of identity unless it is empty.
  void release(const std::string& hint);

  /// The standard names that are not there yet, as skipped.
  void skip_rest(const std::string& why = "not made: an earlier step failed");
  /// As unknown: `error` ended it.
  void lose_rest(const base::Error& error);
  /// After a plugin that returned content: at quick depth what it left out but identity and
  /// credentials was not asked; else it is unknown.
  void close(model::Depth depth);

  model::Validation take();

 private:
  static constexpr std::size_t nothing = static_cast<std::size_t>(-1);

  void append(model::Check check);
  void add_missing(const std::function<model::Check()>& make);

  const std::function<void(const model::Check&)>& each_;
  std::vector<model::Check> checks_;
  std::size_t held_from_ = nothing;
};

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

/// What a validation without credentials shows of the plugin's checks.
bool needs_no_credential(const model::Check& check) {
  return check.name == "identity" || check.name == "api-version";
}

}  // namespace

base::Result<model::Validation> Router::validate(
    Registry& registry, model::Depth depth, const CallSettings& settings,
    const std::function<void(const model::Check&)>& each) {
  const auto pass = registry.gate().enter(Kind::validation, settings.deadline);
  if (!pass) return pass.error();
  Diagnosis diagnosis(each);
  base::Deadline reach = settings.deadline;
  reach.at = std::min(reach.at, settings.reach_by);
  services::Probe probe = registry.upstream()->probe(reach, settings.log);
  for (model::Check& check : probe.checks) diagnosis.add(std::move(check));
  if (!probe.reached) {
    diagnosis.skip_rest();
    return diagnosis.take();
  }

  Session session(plugins_, transport_, registry, settings, true);
  if (settings.anonymous) {
    const auto done =
        session.ask<void>(*pass, [&](plugin::Instance& instance, services::Call& call) {
          return instance.validate(call, depth, [&](model::Check check) {
            if (needs_no_credential(check)) diagnosis.add(std::move(check));
          });
        });
    if (!done && !diagnosis.knows("identity")) diagnosis.lose_rest(done.error());
    if (diagnosis.waits())
      diagnosis.release(better_type(plugins_, registry.type(), registry.upstream(), settings));
    diagnosis.skip_rest("not made: no credential is sent");
    return diagnosis.take();
  }
  const auto integrated = session.integrate_once(&*pass);
  if (!integrated && (integrated.error().code == base::Code::protocol ||
                      integrated.error().code == base::Code::policy)) {
    diagnosis.add_identity(integrated.error());
    diagnosis.release({});  // Its hint was found with the error.
    diagnosis.skip_rest();
  } else if (!integrated && session.ended_early(integrated.error())) {
    diagnosis.lose_rest(integrated.error());
  } else {
    // Also after a refused password: the plugin says what exactly was refused, on the instance that
    // has just seen it and need not try the password again.
    const auto done =
        session.ask<void>(*pass, [&](plugin::Instance& instance, services::Call& call) {
          return instance.validate(call, depth,
                                   [&](model::Check check) { diagnosis.add(std::move(check)); });
        });
    if (done) {
      diagnosis.close(depth);
    } else {
      diagnosis.lose_rest(done.error());
    }
  }
  if (diagnosis.waits())
    diagnosis.release(better_type(plugins_, registry.type(), registry.upstream(), settings));
  return diagnosis.take();
}

}  // namespace portolan::router
