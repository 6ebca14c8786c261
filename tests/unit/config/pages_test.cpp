#include <unistd.h>
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "config/pages.h"
#include "sample_program.h"

using namespace portolan;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

/// What a command of the shell prints, both streams, with `text` in the file "$1".
std::string shell(const std::string& text, const std::string& script) {
  std::string file = (std::filesystem::temp_directory_path() / "portolan-pages-XXXXXX").string();
  const int descriptor = ::mkstemp(file.data());
  REQUIRE(descriptor >= 0);
  ::close(descriptor);
  std::ofstream(file) << text;
  const std::string command = "bash -c '" + script + "' bash " + file + " 2>&1";
  std::string output;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  REQUIRE(pipe);
  std::array<char, 512> part{};
  while (std::fgets(part.data(), part.size(), pipe.get())) output += part.data();
  ::unlink(file.c_str());
  return output;
}

/// What bash offers after `words`, the last of which is being typed.
std::string completions(const std::string& words) {
  const std::string script =
      "source \"$1\"; COMP_WORDS=(" + words +
      "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _portolan; echo \"${COMPREPLY[*]}\"";
  return shell(config::bash_completion(sample_program()), script);
}

}  // namespace

TEST_CASE("the program's help lists every command and fits 80 columns", "[config]") {
  const auto program = sample_program();
  const std::string text = config::help_text(program);
  for (const auto& command : program.commands) {
    CHECK(contains(text, "  " + command.words + " "));
    CHECK(contains(text, command.summary));
  }
  CHECK(contains(text, "\nPlugins:\n"));
  CHECK(longest_line(text) <= 80);
}

TEST_CASE("a command's help shows options by group, defaults, choices and examples", "[config]") {
  const auto program = sample_program();
  const std::string text = config::help_text(program, program.commands[0]);
  CHECK(contains(text, "Usage: portolan run [options]\n"));
  CHECK(contains(text, "  -f, --file FILE"));
  CHECK(contains(text, "      --parallel N"));
  CHECK(contains(text, "[default: 256]"));
  CHECK(contains(text, "\nOutcome:\n"));
  CHECK(contains(text, "warn, unknown, partial"));
  CHECK(contains(text, "(may be repeated)"));
  CHECK(contains(text, "\nExamples:\n"));
  CHECK(contains(text, "  78 "));
  CHECK(longest_line(text) <= 80);
}

TEST_CASE("usage lines show what may be left out and repeated", "[config]") {
  const auto program = sample_program();
  CHECK(contains(config::help_text(program, program.commands[3]), "enable [options] TYPE...\n"));
  CHECK(
      contains(config::help_text(program, program.commands[4]), "completion [options] [SHELL]\n"));
}

TEST_CASE("bash completes commands, their second words, options and choices", "[config]") {
  CHECK(completions("portolan \"\"") == "run detect plugins completion\n");
  CHECK(completions("portolan plugins \"\"") == "list enable\n");
  CHECK(completions("portolan plugins e") == "enable\n");
  CHECK(completions("portolan run --fi") == "--file\n");
  CHECK(completions("portolan run --output \"\"") == "table json yaml\n");
  CHECK(completions("portolan run -o j") == "json\n");
  CHECK(completions("portolan completion z") == "zsh\n");
  CHECK(completions("portolan nonsense x") == "\n");
}

TEST_CASE("the zsh script names every command and option", "[config]") {
  const std::string text = config::zsh_completion(sample_program());
  CHECK(text.rfind("#compdef portolan\n", 0) == 0);
  CHECK(contains(text, "'*--file[a manifest, a directory, or - for standard input]:FILE:_files'"));
  CHECK(contains(text, "'list[every plugin file that was found]'"));
  const std::string complaints = shell(text, "command -v zsh >/dev/null && zsh -n \"$1\"; true");
  CHECK(complaints.empty());
}

TEST_CASE("the man page is clean roff and says what the help says", "[config]") {
  const std::string text = config::man_page(sample_program(), "2026-11-24");
  CHECK(contains(text, ".TH PORTOLAN 1 \"2026-11-24\" \"portolan 1.0.0\"\n"));
  CHECK(contains(text, ".SS \"portolan plugins list\""));
  CHECK(contains(text, "\\fB\\-\\-parallel\\fR \\fIN\\fR\nregistries at once. Default: 256.\n"));
  CHECK(contains(text, "\\&.Lines that look like requests stay text."));
  CHECK(contains(text, ".SH ENVIRONMENT"));
  const std::string complaints =
      shell(text, "command -v groff >/dev/null && groff -man -ww -Tutf8 -z \"$1\"; true");
  CHECK(complaints.empty());
}
