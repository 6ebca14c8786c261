#include "model/json.h"

#include <catch2/catch.hpp>

using namespace portolan;
using base::to_text;

TEST_CASE("a validation survives the way through JSON") {
  model::Validation validation;
  validation.verdict = model::Verdict::fail;
  model::Check check;
  check.name = "credentials";
  check.state = model::CheckState::fail;
  check.code = base::Code::unauthorized;
  check.message = "the registry refused the password";
  check.hint = "Give the password again.";
  check.evidence = model::Evidence{"GET", "https://r.example.com/v2/", 401, 12'000, "realm x"};
  validation.checks = {check, model::Check()};
  const auto json = model::to_json(validation);
  const auto back = model::validation_from(json);
  CHECK(to_text(model::to_json(back)) == to_text(json));
  CHECK(back.checks[0].evidence->elapsed_us == 12'000);
  CHECK(back.checks[0].code == base::Code::unauthorized);
  CHECK(back.verdict == model::Verdict::fail);
}

TEST_CASE("an integration and an error survive the way through JSON") {
  model::Integration found;
  found.address = "https://h.example.com";
  found.product = "Harbor";
  found.capabilities = {"spaces", "robots"};
  CHECK(to_text(model::to_json(model::integration_from(model::to_json(found)))) ==
        to_text(model::to_json(found)));
  const base::Error error{.code = base::Code::plugin_missing, .message = "m", .hint = "h"};
  const auto back = model::error_from(model::to_json(error));
  CHECK(back.code == error.code);
  CHECK(back.hint == "h");
}

TEST_CASE("times are read as they are written, and nothing else is") {
  CHECK(model::utc_time(0).empty());
  CHECK(model::unix_ms_from(model::utc_time(1'764'000'123'000)) == 1'764'000'123'000);
  CHECK(model::unix_ms_from("yesterday") == 0);
  CHECK(model::unix_ms_from("2026-11-24T10:00:00Z and more") == 0);
}

TEST_CASE("what is not understood is left at its default") {
  const auto validation =
      model::validation_from(*base::parse_json(R"({"checks": [{"state": 7}]})"));
  REQUIRE(validation.checks.size() == 1);
  CHECK(validation.checks[0].state == model::CheckState::unknown);
  CHECK(validation.verdict == model::Verdict::unknown);
}
