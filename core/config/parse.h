#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/command.h"

namespace portolan::config {

/// A command line that fits its declaration. Numbers, durations and choices have been checked.
class ParsedCommand {
 public:
  const Command* command =
      nullptr;           ///< Of the Program given to parse(); null: --help or --version alone.
  bool help = false;     ///< -h or --help was given; nothing else was checked.
  bool version = false;  ///< --version was given in place of a command.

  bool has(std::string_view option) const;
  /// The last one given, else the declared default, else empty.
  std::string value(std::string_view option) const;
  /// Every one given, in order; a default is not among them.
  std::vector<std::string> values(std::string_view option) const;
  /// Of Value::number options: as value(); nullopt when that is empty.
  std::optional<std::uint64_t> number(std::string_view option) const;
  /// Of Value::duration options: as value(); nullopt when that is empty.
  std::optional<std::chrono::milliseconds> duration(std::string_view option) const;
  const std::vector<std::string>& positionals() const { return positionals_; }

 private:
  friend class CommandLine;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> positionals_;
};

/// `arguments` without the program's name. The command's words come first, then options and
/// positionals in any order; "--" ends the options; names are not abbreviated.
/// invalid_argument, with the nearest known name, for anything that the declarations do not allow.
base::Result<ParsedCommand> parse(const Program& program,
                                  const std::vector<std::string>& arguments);

}  // namespace portolan::config
