#include "cli/render.h"

#include <catch2/catch.hpp>

using namespace portolan;

namespace {

engine::RegistryReport sample() {
  engine::RegistryReport report;
  report.name = "eu";
  report.type = "harbor";
  report.address = "https://harbor.example.com";
  model::Check check;
  check.name = "credentials";
  check.state = model::CheckState::fail;
  check.code = base::Code::unauthorized;
  check.message = "Harbor refuses <you> & \"me\"";
  check.hint = "check the password";
  report.validation = model::Validation{model::Verdict::fail, {check}};
  model::Measure known;
  known.name = "repositories";
  known.value = 12;
  known.state = model::MeasureState::known;
  known.unit = "count";
  known.taken_at_ms = 1'700'000'000'000;
  model::Measure hidden;
  hidden.name = "storage_bytes";
  hidden.state = model::MeasureState::forbidden;
  hidden.kind = model::MeasureKind::deduplicated;
  hidden.unit = "bytes";
  hidden.hint = "only an administrator is told this";
  report.statistics = model::Statistics{model::Level::normal, true, {known, hidden}, {}};
  return report;
}

}  // namespace

TEST_CASE("a number that may not be known is null, never 0", "[cli][json]") {
  const base::Json report = cli::to_json(sample(), {});
  CHECK(*report.at_pointer("/statistics/measures/0/value")->as_integer() == 12);
  CHECK(*report.at_pointer("/statistics/measures/0/taken_at")->as_string() ==
        "2023-11-14T22:13:20Z");
  CHECK(report.at_pointer("/statistics/measures/0/kind")->is_null());
  CHECK(report.at_pointer("/statistics/measures/1/value")->is_null());
  CHECK(*report.at_pointer("/statistics/measures/1/state")->as_string() == "forbidden");
  CHECK(report.at_pointer("/error")->is_null());
}

TEST_CASE("a part that a command does not show is absent from its JSON", "[cli][json]") {
  cli::Parts parts;
  parts.statistics = false;
  const base::Json report = cli::to_json(sample(), parts);
  CHECK(report.find("statistics") == nullptr);
  CHECK(report.find("validation") != nullptr);
}

TEST_CASE("YAML quotes what it would read as another type", "[cli][yaml]") {
  base::Json value = base::Json::object();
  value.set("no", base::Json::string("no"));
  value.set("plain", base::Json::string("docker-registry"));
  value.set("number", base::Json::string("12"));
  value.set("list", base::Json::array({base::Json::integer(1), base::Json::object()}));
  CHECK(cli::to_yaml(value) ==
        "\"no\": \"no\"\nplain: docker-registry\nnumber: \"12\"\nlist:\n- 1\n- {}\n");
}

TEST_CASE("JUnit escapes what checks say and counts failures", "[cli][junit]") {
  const std::string xml = cli::to_junit({sample()}, {});
  CHECK(xml.find("&lt;you&gt; &amp; &quot;me&quot;") != std::string::npos);
  CHECK(xml.find("tests=\"2\" failures=\"1\" errors=\"0\"") != std::string::npos);
}

TEST_CASE("tables show states and hints, and colour only when asked", "[cli][table]") {
  const std::string plain = cli::to_tables({sample()}, {}, {}, false);
  CHECK(plain.find("hint: check the password") != std::string::npos);
  CHECK(plain.find("forbidden") != std::string::npos);
  CHECK(plain.find('\033') == std::string::npos);
  CHECK(cli::to_tables({sample()}, {}, {}, true).find("\033[31m") != std::string::npos);
}

TEST_CASE("sizes are told in powers of 1024 with the exact number", "[cli][table]") {
  CHECK(cli::bytes_text(0) == "0 B");
  CHECK(cli::bytes_text(1023) == "1023 B");
  CHECK(cli::bytes_text(1'288'490'189) == "1.2 GiB (1288490189 B)");
}

TEST_CASE("a warning is told in tables, JSON and JUnit alike", "[cli]") {
  engine::RegistryReport report = sample();
  report.warnings = {"certificate checks are switched off"};
  CHECK(cli::to_tables({report}, {}, {}, false).find("WARNING certificate") != std::string::npos);
  CHECK(cli::to_json(report, {}).at_pointer("/warnings/0") != nullptr);
  CHECK(cli::to_junit({report}, {}).find("<system-err>WARNING: certificate") != std::string::npos);
}

TEST_CASE("a hint that many measures share is told once, with their names", "[cli][table]") {
  engine::RegistryReport report = sample();
  model::Measure other = report.statistics->measures.back();
  other.name = "tags";
  report.statistics->measures.push_back(other);
  const std::string text = cli::to_tables({report}, {}, {}, false);
  CHECK(text.find("storage_bytes, tags: only an administrator is told this\n") !=
        std::string::npos);
}

TEST_CASE("an answer is a list of fields, and a table for each list in it", "[cli][table]") {
  const auto answer = base::parse_json(R"({"name": "hub", "health": {"state": "healthy"},
    "tags": ["a", "b"], "notices": ["first: file\nline", "second one"],
    "checks": [{"name": "dns", "state": "ok", "hint": null, "evidence": {"url": "http://x"}},
               {"name": "tcp", "state": "fail", "hint": null, "evidence": null}],
    "steps": [{"step": "space", "next": {"path": "/p"}}],
    "spaces": [{"name": "one", "measures": [{"name": "tags", "value": 3}, {"name": "bytes"}]}]})");
  REQUIRE(answer);
  CHECK(cli::object_text(*answer) ==
        "FIELD         VALUE\n"
        "name          hub\n"
        "health.state  healthy\n"
        "tags          a,b\n"
        "notices       first: file\n"
        "              line\n"
        "notices       second one\n"
        "\n"
        "checks:\n"
        "NAME  STATE\n"
        "dns   ok\n"
        "tcp   fail\n"
        "\n"
        "steps:\n"
        "STEP   NEXT.PATH\n"
        "space  /p\n"
        "\n"
        "spaces:\n"
        "NAME  MEASURES.NAME  MEASURES.VALUE\n"
        "one   tags           3\n"
        "one   bytes          -\n");
}
