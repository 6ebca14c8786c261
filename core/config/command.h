#pragma once
/// What a command line may say, declared once: parsing, -h, completion and man page come from it.
/// Every member has an initializer, so that a declaration names only what it needs: {.name =
/// "file", ...}.
#include <string>
#include <vector>

namespace portolan::config {

/// What a value is: checked by parse(), and completed by the shell.
enum class Value {
  text,
  number,    ///< A whole number from 0.
  count,     ///< A whole number from 1.
  duration,  ///< "500ms", "5s", "2m", "1h"; never zero.
  file,
  directory,
};

struct Option {
  std::string name{};      ///< Without dashes: "max-requests".
  char short_name = 0;     ///< 0 = none.
  std::string argument{};  ///< "N", "FILE"; empty = a switch.
  std::string help{};      ///< One sentence without a full stop.
  Value value = Value::text;
  std::string default_text{};  ///< What the program does without it; shown, and given by
                               ///< ParsedCommand::value().
  std::vector<std::string> choices{};
  bool repeatable = false;
  std::string group{};  ///< Heading in the help; empty = "Options".
};

struct Positional {
  std::string name{};  ///< "ADDRESS"
  std::string help{};
  Value value = Value::text;
  std::vector<std::string> choices{};
  bool optional = false;
  bool repeatable = false;  ///< Only the last may be.
};

struct Example {
  std::string command{};  ///< Without the prompt: "portolan run -f fleet.yaml".
  std::string meaning{};
};

struct ExitCode {
  int code = 0;
  std::string meaning{};
};

/// The status of the process after an Error of parse() (sysexits.h EX_USAGE).
inline constexpr int usage_exit_code = 64;

struct Command {
  std::string words{};        ///< "run", "plugins list": what is typed after the program's name.
  std::string summary{};      ///< One line.
  std::string description{};  ///< Paragraphs, separated by an empty line.
  std::vector<Positional> positionals{};
  std::vector<Option> options{};
  std::vector<Example> examples{};
  std::vector<ExitCode> exit_codes{};
  std::string group{};  ///< Heading in the program's own help; empty = "Commands".
};

struct NamedText {
  std::string name{}, text{};
};

struct Program {
  std::string name{}, version{}, summary{};
  std::string description{};  ///< For the man page; paragraphs.
  std::vector<Command> commands{};
  std::vector<Example> examples{};       ///< Of the program's own help.
  std::vector<NamedText> environment{};  ///< Variables that it reads.
  std::vector<NamedText> files{};        ///< Files that it reads.
};

}  // namespace portolan::config
