#include "cli/program.h"

#include <catch2/catch.hpp>
#include <set>

#include "config/pages.h"
#include "config/parse.h"

using namespace portolan;

TEST_CASE("every command has a summary, an example that parses, and its exit codes", "[cli]") {
  for (const config::Command& command : cli::program().commands) {
    INFO(command.words);
    CHECK_FALSE(command.summary.empty());
    CHECK_FALSE(command.exit_codes.empty());
    REQUIRE_FALSE(command.examples.empty());
    CHECK(command.examples.front().command.find(command.words) != std::string::npos);
  }
}

TEST_CASE("no command declares an option twice", "[cli]") {
  for (const config::Command& command : cli::program().commands) {
    std::set<std::string> names;
    for (const auto& option : command.options) {
      INFO(command.words << " --" << option.name);
      CHECK(names.insert(option.name).second);
    }
  }
}

TEST_CASE("run takes documents only; validate takes an address too", "[cli]") {
  CHECK_FALSE(config::parse(cli::program(), {"run", "--address", "localhost:5000"}));
  const auto parsed =
      config::parse(cli::program(), {"validate", "-t", "docker-registry", "-a", "localhost:5000"});
  REQUIRE(parsed);
  CHECK(parsed->value("address") == "localhost:5000");
  CHECK(parsed->value("output") == "table");
}

TEST_CASE("help fits 80 columns", "[cli]") {
  for (const config::Command& command : cli::program().commands) {
    const std::string text = config::help_text(cli::program(), command);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      INFO(command.words << ": " << text.substr(begin, end - begin));
      CHECK(end - begin <= 80);
      begin = end + 1;
    }
  }
}
