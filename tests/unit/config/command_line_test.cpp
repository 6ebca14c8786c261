#include <catch2/catch.hpp>

#include "config/parse.h"
#include "sample_program.h"

using namespace portolan;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

namespace {

config::ParsedCommand parsed(const Words& words) {
  static const config::Program program = sample_program();
  auto result = config::parse(program, words);
  if (!result) FAIL(result.error().message);
  return *result;
}

base::Error refused(const Words& words) {
  static const config::Program program = sample_program();
  auto result = config::parse(program, words);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == base::Code::invalid_argument);
  CHECK_FALSE(result.error().hint.empty());
  return result.error();
}

}  // namespace

TEST_CASE("options are read in their long, short and joined forms", "[config]") {
  CHECK(parsed({"run", "--file", "a.yaml"}).value("file") == "a.yaml");
  CHECK(parsed({"run", "--file=a.yaml"}).value("file") == "a.yaml");
  CHECK(parsed({"run", "-f", "a.yaml"}).value("file") == "a.yaml");
  CHECK(parsed({"run", "-fa.yaml"}).value("file") == "a.yaml");
  CHECK(parsed({"run", "-f", "-"}).value("file") == "-");
}

TEST_CASE("a repeatable option keeps every value in order", "[config]") {
  const auto run = parsed({"run", "-f", "a", "--fail-on", "warn", "-f", "b", "--fail-on=partial"});
  CHECK(run.values("file") == Words{"a", "b"});
  CHECK(run.values("fail-on") == Words{"warn", "partial"});
  CHECK(run.values("timeout").empty());
}

TEST_CASE("an option given twice is refused unless it may be repeated", "[config]") {
  CHECK(refused({"run", "-o", "json", "-o", "yaml"}).message == "--output is given more than once");
}

TEST_CASE("a default is the value of an option that is not given, and not given", "[config]") {
  const auto run = parsed({"run"});
  CHECK(run.value("output") == "table");
  CHECK(run.number("parallel") == 256);
  CHECK_FALSE(run.has("parallel"));
  CHECK(run.values("parallel").empty());
  CHECK_FALSE(run.duration("timeout"));
}

TEST_CASE("switches take no value", "[config]") {
  CHECK(parsed({"run", "--allow-private"}).has("allow-private"));
  CHECK_FALSE(parsed({"run"}).has("allow-private"));
  CHECK(refused({"run", "--allow-private=yes"}).message == "--allow-private takes no value");
}

TEST_CASE("a value that is missing is named", "[config]") {
  CHECK(refused({"run", "--file"}).message == "--file needs a value");
}

TEST_CASE("numbers, durations and choices are checked", "[config]") {
  CHECK(parsed({"run", "--parallel", "8"}).number("parallel") == 8);
  CHECK(parsed({"run", "--timeout", "1500ms"}).duration("timeout") == 1500ms);
  CHECK(refused({"run", "--parallel", "eight"}).message ==
        "--parallel: \"eight\" is not a whole number");
  CHECK(refused({"run", "--parallel=-1"}).message == "--parallel: \"-1\" is not a whole number");
  CHECK(refused({"run", "--timeout", "5"}).message ==
        "--timeout: \"5\" is not a duration such as 500ms, 5s or 2m");
  CHECK(refused({"run", "--timeout", "0s"}).message == "--timeout: \"0s\" is not longer than zero");
  CHECK(refused({"run", "--fail-on", "unknwon"}).message ==
        "--fail-on: \"unknwon\" is none of: warn, unknown, partial, did you mean \"unknown\"?");
}

TEST_CASE("an unknown option names the nearest one and is never guessed", "[config]") {
  CHECK(refused({"run", "--fil", "x"}).message ==
        "unknown option \"--fil\", did you mean \"--file\"?");
  CHECK(refused({"run", "--parallell", "3"}).message ==
        "unknown option \"--parallell\", did you mean \"--parallel\"?");
  CHECK(refused({"run", "-x"}).message == "unknown option \"-x\"");
  CHECK(refused({"run", "-x"}).hint == "see: portolan run -h");
}

TEST_CASE("an unknown command names the nearest one", "[config]") {
  CHECK(refused({"detekt"}).message == "unknown command \"detekt\", did you mean \"detect\"?");
  CHECK(refused({"plugins", "lst"}).message ==
        "unknown command \"plugins lst\", did you mean \"plugins list\"?");
  CHECK(refused({"plugins"}).message == "\"plugins\" needs one of: list, enable");
  CHECK(refused({}).message == "no command is given");
  CHECK(refused({"--parallel", "3", "run"}).message == "a command comes before \"--parallel\"");
}

TEST_CASE("positionals are counted against the declaration", "[config]") {
  CHECK(parsed({"detect", "example.com"}).positionals() == Words{"example.com"});
  CHECK(parsed({"plugins", "enable", "a", "b"}).positionals() == Words{"a", "b"});
  CHECK(parsed({"completion"}).positionals().empty());
  CHECK(parsed({"detect", "--", "-odd-"}).positionals() == Words{"-odd-"});
  CHECK(refused({"detect"}).message == "ADDRESS is missing");
  CHECK(refused({"detect", "a", "b"}).message == "unexpected argument \"b\"");
  CHECK(refused({"completion", "fish"}).message == "SHELL: \"fish\" is none of: bash, zsh");
}

TEST_CASE("help is given whatever else is wrong", "[config]") {
  CHECK(parsed({"-h"}).help);
  CHECK(parsed({"plugins", "--help"}).help);
  CHECK(parsed({"plugins", "--help"}).command == nullptr);
  const auto run = parsed({"run", "--no-such-thing", "-h"});
  CHECK(run.help);
  CHECK(run.command->words == "run");
  CHECK(parsed({"--version"}).version);
}
