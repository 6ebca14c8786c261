#include "engine/veil.h"

#include <catch2/catch.hpp>

#include "model/outcome.h"

using namespace portolan;
using base::Code;
using model::Check;
using model::CheckState;

namespace {

Check a_check(std::string name, CheckState state, Code code = Code::ok) {
  Check check;
  check.name = std::move(name);
  check.state = state;
  check.code = code;
  check.message = check.name + " saw 10.0.0.7";
  check.evidence = model::Evidence{"GET", "http://secret", 0, 17, "10.0.0.7"};
  return check;
}

/// Everything that somebody sees of the checks, in one text.
std::string seen(const std::vector<Check>& checks) {
  std::string text;
  engine::Veil veil([&](const Check& check) {
    text += check.name + ":" + std::string(model::to_string(check.state)) + ":" +
            std::string(to_string(check.code)) + ":" + check.message + ":" + check.hint + ":" +
            (check.evidence ? check.evidence->detail : "") + "\n";
  });
  for (const Check& check : checks) veil.take(check);
  veil.end();
  return text;
}

std::vector<Check> failing_at(const std::string& step, Code code) {
  std::vector<Check> checks;
  bool over = false;
  for (const char* name : {"address", "dns", "tcp", "tls", "http"}) {
    const bool here = step == name;
    checks.push_back(here   ? a_check(name, CheckState::fail, code)
                     : over ? a_check(name, CheckState::skipped)
                            : a_check(name, CheckState::ok));
    over = over || here;
  }
  return checks;
}

}  // namespace

TEST_CASE("an unknown name, a closed, a filtered and a forbidden port read alike",
          "[engine][veil]") {
  const std::string closed = seen(failing_at("tcp", Code::unreachable));
  CHECK(seen(failing_at("dns", Code::unreachable)) == closed);
  CHECK(seen(failing_at("tcp", Code::timeout)) == closed);
  CHECK(seen(failing_at("address", Code::policy)) == closed);
  CHECK(seen(failing_at("tcp", Code::policy)) == closed);
  CHECK(seen(failing_at("http", Code::timeout)) == closed);
  CHECK(closed.find("10.0.0.7") == std::string::npos);
  CHECK(closed.find("tcp:fail:unreachable:") != std::string::npos);
}

TEST_CASE("what a registry that was reached says is told as it is", "[engine][veil]") {
  const std::string tls = seen(failing_at("tls", Code::tls));
  CHECK(tls.find("tls:fail:tls:tls saw") != std::string::npos);
  auto checks = failing_at("none", Code::ok);
  checks.push_back(a_check("identity", CheckState::fail, Code::protocol));
  CHECK(seen(checks).find("identity:fail:protocol:identity saw") != std::string::npos);
}

TEST_CASE("a token service elsewhere is veiled too", "[engine][veil]") {
  auto checks = failing_at("none", Code::ok);
  checks.push_back(a_check("credentials", CheckState::unknown, Code::timeout));
  const std::string late = seen(checks);
  checks.back() = a_check("credentials", CheckState::unknown, Code::policy);
  CHECK(seen(checks) == late);
  CHECK(late.find("credentials:unknown:unreachable:") != std::string::npos);
}

TEST_CASE("what is kept of a workspace's registry names no address that is refused",
          "[engine][veil]") {
  const Check kept = engine::without_policy(a_check("tcp", CheckState::fail, Code::policy));
  CHECK(kept.code == Code::policy);
  CHECK(kept.message.find("10.0.0.7") == std::string::npos);
  CHECK_FALSE(kept.evidence);
  CHECK(engine::without_policy(a_check("tcp", CheckState::fail, Code::timeout)).evidence);
  CHECK(engine::without_policy(a_check("tls", CheckState::warn, Code::policy)).evidence);
}
