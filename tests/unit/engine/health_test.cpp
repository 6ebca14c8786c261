#include "engine/health.h"

#include <catch2/catch.hpp>

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using engine::Finding;
using engine::judge;
using model::Check;
using model::CheckState;
using model::Health;
using model::HealthState;

namespace {

constexpr std::int64_t start_ms = 1'700'000'000'000;
constexpr auto interval = std::chrono::milliseconds(60'000);

Check check(std::string name, CheckState state = CheckState::ok, Code code = Code::ok) {
  Check out;
  out.name = std::move(name);
  out.state = state;
  out.code = code;
  if (state != CheckState::ok) out.message = out.name + " says so";
  return out;
}

/// A good validation in which `other` stands in the place of the check of that name.
model::Validation with(const Check& other) {
  model::Validation validation;
  bool is_over = false;
  for (const char* name : {"address", "dns", "tcp", "tls", "http", "identity", "api-version",
                           "credentials", "permissions.catalog", "capabilities"}) {
    validation.checks.push_back(other.name == name ? other : check(name));
    if (is_over) validation.checks.back() = check(name, CheckState::skipped);
    is_over = is_over ||
              (validation.checks.back().state == CheckState::fail && validation.checks.size() < 7);
  }
  return validation;
}
model::Validation good() { return with(check("none")); }
model::Validation refusal() {
  return with(check("credentials", CheckState::fail, Code::unauthorized));
}
model::Validation outage() { return with(check("tcp", CheckState::fail, Code::unreachable)); }

HealthState state_of(const Check& one) { return engine::diagnose(with(one)).state; }

/// One registry through time: every step is a finding some seconds later.
class Story {
 public:
  config::DaemonSettings::Health settings;
  Health health;
  std::int64_t at = start_ms;
  std::int64_t secret = 1;
  bool rested = false;
  double random = 0.5;

  Story() { settings.jitter = 0; }

  const Health& then(std::chrono::seconds later, base::Result<model::Validation> result,
                     model::Depth depth = model::Depth::quick) {
    at += std::chrono::milliseconds(later).count();
    Finding finding{depth, std::move(result), secret, rested, at};
    health = judge(std::move(health), finding, settings, interval, random);
    return health;
  }
  bool may_send(bool by_request = false) const {
    return engine::may_send_secret(health, secret, settings.blocked_retry, at, by_request);
  }
};

}  // namespace

TEST_CASE("the first failed check says what a registry suffers from", "[engine][health]") {
  CHECK(engine::diagnose(good()).state == HealthState::healthy);
  for (const char* name : {"address", "dns", "tcp", "tls", "http"})
    CHECK(state_of(check(name, CheckState::fail, Code::unreachable)) == HealthState::unreachable);
  for (const char* name : {"identity", "api-version"})
    CHECK(state_of(check(name, CheckState::fail, Code::protocol)) == HealthState::unhealthy);
  CHECK(state_of(check("credentials", CheckState::fail, Code::unauthorized)) ==
        HealthState::unauthenticated);
  CHECK(state_of(check("permissions.catalog", CheckState::fail, Code::forbidden)) ==
        HealthState::degraded);

  auto both = outage();
  both.checks[7] = check("credentials", CheckState::fail, Code::unauthorized);
  const auto read = engine::diagnose(both);
  CHECK(read.state == HealthState::unreachable);
  CHECK(read.reason == "unreachable");
  CHECK(read.message == "tcp says so");
}

TEST_CASE("a check in doubt counts by what it is about and why", "[engine][health]") {
  for (const char* name : {"identity", "credentials"}) {
    CHECK(state_of(check(name, CheckState::unknown, Code::unavailable)) == HealthState::unhealthy);
    CHECK(state_of(check(name, CheckState::unknown, Code::timeout)) == HealthState::unhealthy);
    CHECK(state_of(check(name, CheckState::unknown, Code::rate_limited)) == HealthState::degraded);
  }
  CHECK(state_of(check("identity", CheckState::unknown, Code::forbidden)) == HealthState::degraded);
  CHECK(state_of(check("credentials", CheckState::unknown, Code::unsupported)) ==
        HealthState::healthy);  // "Not verifiable": the registry is open.
  CHECK(state_of(check("capabilities", CheckState::unknown, Code::unavailable)) ==
        HealthState::degraded);
  CHECK(state_of(check("permissions.catalog", CheckState::unknown, Code::unsupported)) ==
        HealthState::healthy);
}

TEST_CASE("a warning degrades only when something does not work now", "[engine][health]") {
  CHECK(state_of(check("capabilities", CheckState::warn, Code::unavailable)) ==
        HealthState::degraded);
  CHECK(state_of(check("tls", CheckState::warn, Code::tls)) == HealthState::healthy);
  CHECK(state_of(check("permissions.catalog", CheckState::warn, Code::forbidden)) ==
        HealthState::healthy);
  CHECK(state_of(check("capabilities", CheckState::skipped)) == HealthState::healthy);
}

TEST_CASE("an answer that never came says nothing about the registry", "[engine][health]") {
  const auto read = engine::diagnose(base::Error{Code::timeout, "no answer", "", ""});
  CHECK(read.state == HealthState::unknown);
  CHECK(read.reason == "timeout");
  CHECK(engine::diagnose(model::Validation{}).state == HealthState::unknown);
}

TEST_CASE("the first result is the state", "[engine][health]") {
  for (const auto& first : {good(), outage()}) {
    Story story;
    story.then(0s, first);
    CHECK(story.health.state == engine::diagnose(first).state);
    CHECK(story.health.since_ms == story.at);
    CHECK(story.health.last_try_ms == story.at);
    CHECK((story.health.last_success_ms == story.at) ==
          (story.health.state == HealthState::healthy));
  }
}

TEST_CASE("a state is believed after two of three", "[engine][health]") {
  Story story;
  story.then(0s, good());
  const auto since = story.health.since_ms;
  CHECK(story.then(60s, outage()).state == HealthState::healthy);
  CHECK(story.health.reason.empty());  // The reason is that of the state.
  CHECK(story.health.last->checks[2].state == CheckState::fail);  // The result is there.
  CHECK(story.then(15s, good()).state == HealthState::healthy);
  CHECK(story.health.since_ms == since);
  CHECK(story.then(60s, outage()).state == HealthState::unreachable);
  CHECK(story.health.since_ms == story.at);
  CHECK(story.health.reason == "unreachable");
  story.then(60s, outage());
  CHECK(story.then(60s, good()).state == HealthState::unreachable);
  CHECK(story.then(15s, good()).state == HealthState::healthy);
  CHECK(story.health.reason.empty());
  CHECK(story.health.message.empty());
}

TEST_CASE("three different failures end a state that none of them says", "[engine][health]") {
  Story story;
  story.then(0s, good());
  story.then(60s, outage());
  story.then(60s, with(check("identity", CheckState::fail, Code::protocol)));
  CHECK(story.health.state == HealthState::healthy);
  story.then(60s, with(check("capabilities", CheckState::warn, Code::unavailable)));
  CHECK(story.health.state == HealthState::degraded);
}

TEST_CASE("without damping every result is the state", "[engine][health]") {
  Story story;
  story.settings.flap = {1, 1};
  story.then(0s, good());
  CHECK(story.then(60s, outage()).state == HealthState::unreachable);
  CHECK(story.then(60s, good()).state == HealthState::healthy);
  story.settings.flap = {5, 2};  // Never that many: then when the old state is not among them.
  CHECK(story.then(60s, outage()).state == HealthState::healthy);
  CHECK(story.then(60s, outage()).state == HealthState::unreachable);
}

TEST_CASE("trouble with the plugin or the options shows at once, and so does its end",
          "[engine][health]") {
  for (const Code code :
       {Code::plugin_missing, Code::plugin_disabled, Code::plugin_refused, Code::invalid_config}) {
    Story story;
    story.then(0s, good(), model::Depth::full);
    story.then(60s, base::Error{code, "no", "do", ""});
    CHECK(story.health.state == HealthState::unknown);
    CHECK(story.health.reason == to_string(code));
    CHECK(story.health.hint == "do");
    CHECK(story.health.last);  // What was known stays.
    CHECK(story.health.last_full_ms == start_ms);
    CHECK(story.then(60s, good()).state == HealthState::healthy);
  }
}

TEST_CASE("a cancelled check changes nothing", "[engine][health]") {
  Story story;
  story.then(0s, good());
  const auto tried = story.health.last_try_ms;
  story.then(60s, base::Error{Code::cancelled, "the daemon stops", "", ""});
  CHECK(story.health.last_try_ms == tried);
  CHECK(story.health.state == HealthState::healthy);
}

TEST_CASE("two refusals a minute apart block a secret", "[engine][health]") {
  Story story;
  story.then(0s, good());
  story.then(60s, refusal());
  CHECK_FALSE(story.health.blocked);
  CHECK(story.health.state == HealthState::healthy);
  CHECK(story.health.refused_version == 1);
  CHECK(story.health.next_try_ms >= story.at + 60'000);
  CHECK_FALSE(story.may_send());
  CHECK_FALSE(story.may_send(true));
  story.at += 59'999;
  CHECK_FALSE(story.may_send());
  story.at += 1;
  CHECK(story.may_send());
  story.then(0s, refusal());
  CHECK(story.health.blocked);
  CHECK(story.health.state == HealthState::unauthenticated);  // At once: there were two.
  CHECK(story.health.reason == "unauthorized");
}

TEST_CASE("two refusals closer than a minute are one", "[engine][health]") {
  Story story;
  story.then(0s, refusal());
  story.then(59s, refusal());
  CHECK_FALSE(story.health.blocked);
  CHECK(story.health.refused_at_ms == start_ms);
  story.then(1s, refusal());
  CHECK(story.health.blocked);
}

TEST_CASE("an acceptance between two refusals forgives the first", "[engine][health]") {
  Story story;
  story.then(0s, refusal());
  story.then(60s, with(check("credentials", CheckState::warn, Code::unauthorized)));
  CHECK(story.health.refused_version == 0);
  story.then(60s, refusal());
  CHECK_FALSE(story.health.blocked);
}

TEST_CASE("neither doubt nor a 403 nor an outage counts as a refusal", "[engine][health]") {
  Story story;
  const auto doubts = {with(check("credentials", CheckState::unknown, Code::unavailable)),
                       with(check("credentials", CheckState::fail, Code::forbidden)),
                       with(check("credentials", CheckState::skipped)),
                       with(check("permissions.catalog", CheckState::fail, Code::unauthorized)),
                       outage()};
  for (const auto& doubt : doubts) {
    story.then(120s, doubt);
    story.then(120s, doubt);
    CHECK(story.health.refused_version == 0);
    CHECK_FALSE(story.health.blocked);
  }
}

TEST_CASE("neither doubt nor an outage forgives a refusal", "[engine][health]") {
  Story story;
  story.then(0s, refusal());
  story.then(60s, with(check("credentials", CheckState::unknown, Code::unavailable)));
  story.then(60s, outage());
  CHECK(story.health.refused_version == 1);
  story.then(60s, refusal());
  CHECK(story.health.blocked);
}

TEST_CASE("a registry without credentials is never blocked", "[engine][health]") {
  Story story;
  story.secret = 0;
  story.then(0s, refusal());
  story.then(120s, refusal());
  CHECK_FALSE(story.health.blocked);
  CHECK(story.health.state == HealthState::unauthenticated);
  CHECK(story.may_send());
}

TEST_CASE("a new secret ends a block and starts to count anew", "[engine][health]") {
  Story story;
  story.then(0s, refusal());
  story.then(60s, refusal());
  REQUIRE(story.health.blocked);
  story.secret = 2;
  CHECK(story.may_send());
  story.then(1s, refusal());
  CHECK_FALSE(story.health.blocked);
  CHECK(story.health.refused_version == 2);
  story.secret = 3;
  story.then(1s, good());
  story.then(1s, good());
  CHECK(story.health.state == HealthState::healthy);
  CHECK(story.health.refused_version == 0);
}

TEST_CASE("a blocked secret is tried once an hour, or when asked once a minute",
          "[engine][health]") {
  Story story;
  story.then(0s, refusal());
  story.then(60s, refusal());
  const auto blocked_at = story.at;
  story.at = blocked_at + 59'999;
  CHECK_FALSE(story.may_send(true));
  story.at = blocked_at + 60'000;
  CHECK(story.may_send(true));
  CHECK_FALSE(story.may_send(false));
  story.at = blocked_at + 3'599'999;
  CHECK_FALSE(story.may_send(false));
  story.at = blocked_at + 3'600'000;
  CHECK(story.may_send(false));
  story.settings.blocked_retry = 0ms;
  CHECK_FALSE(story.may_send(false));
  CHECK(story.may_send(true));

  story.then(0s, refusal());  // The try is spent.
  CHECK(story.health.blocked);
  CHECK_FALSE(story.may_send(true));
  story.at += 60'000;
  story.then(0s, good());
  CHECK_FALSE(story.health.blocked);
  CHECK(story.health.refused_version == 0);
}

TEST_CASE("blocked, the host steps go on and tell an outage apart", "[engine][health]") {
  Story story;
  story.then(0s, refusal());
  story.then(60s, refusal());
  REQUIRE(story.health.blocked);
  const auto success = story.health.last_success_ms;
  story.rested = true;
  const auto quiet = with(check("credentials", CheckState::skipped));
  CHECK(story.then(60s, quiet).state == HealthState::unauthenticated);
  CHECK(story.health.last_success_ms == success);
  CHECK(story.health.next_try_ms == story.at + 60'000);  // Their schedule, no back-off.
  story.then(60s, outage());
  CHECK(story.then(15s, outage()).state == HealthState::unreachable);
  CHECK(story.health.blocked);
  CHECK(story.then(60s, quiet).state == HealthState::unauthenticated);
  CHECK(story.health.reason == "unauthorized");
  CHECK_FALSE(story.health.hint.empty());
}

TEST_CASE("while a secret rests after one refusal nothing is concluded", "[engine][health]") {
  Story story;
  story.then(0s, good());
  story.then(60s, refusal());
  const auto recent = story.health.recent;
  story.rested = true;
  story.then(30s, with(check("credentials", CheckState::skipped)));
  CHECK(story.health.state == HealthState::healthy);
  CHECK(story.health.recent == recent);
  CHECK(story.health.last->checks[7].state == CheckState::fail);  // The refusal still shows.
  CHECK(story.health.next_try_ms >= story.health.refused_at_ms + 60'000);
  story.then(15s, outage());  // But an outage is one.
  CHECK(story.health.recent.back() == HealthState::unreachable);
}

TEST_CASE("a registry that fails is looked at within a tenth of its outage", "[engine][health]") {
  Story story;
  story.then(0s, outage());
  const auto pause = [&] { return (story.health.next_try_ms - story.at) / 1000; };
  CHECK(pause() == 60);
  story.then(600s, outage());
  CHECK(pause() == 60);
  story.then(600s, outage());
  CHECK(pause() == 120);
  story.then(100'000s, outage());
  CHECK(pause() == 300);  // Five intervals at most.
  story.then(0s, good());
  CHECK(pause() == 15);  // Soon, to believe it.
  story.then(15s, good());
  CHECK(story.health.state == HealthState::healthy);
  CHECK(pause() == 60);
}

TEST_CASE("jitter spreads the next try evenly around the interval", "[engine][health]") {
  for (const double random : {0.0, 0.25, 0.5, 0.999}) {
    Story story;
    story.settings.jitter = 10;
    story.random = random;
    story.then(0s, good());
    const double expected = 60'000 * (1 + 0.1 * (2 * random - 1));
    CHECK(std::abs(static_cast<double>(story.health.next_try_ms - story.at) - expected) < 2);
  }
}

TEST_CASE("full results are kept beside the newest", "[engine][health]") {
  Story story;
  story.then(0s, good(), model::Depth::full);
  story.then(60s, outage());
  CHECK(story.health.last_full_ms == start_ms);
  CHECK(story.health.last_full->checks.size() == 10);
  CHECK(story.health.last_full->checks[2].state == CheckState::ok);
  CHECK(story.health.last->checks[2].state == CheckState::fail);
}
