#include "config/parse.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>

#include "base/quantity.h"
#include "base/schema.h"

namespace portolan::config {
namespace {

namespace po = boost::program_options;
using base::Code;
using base::Error;
using base::Result;

constexpr const char* positional_key = "positional arguments";  // A blank: no option is called so.

Error usage(std::string message, std::string hint) {
  Error error;
  error.code = Code::invalid_argument;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

std::vector<std::string> split_words(const std::string& words) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from < words.size();) {
    const std::size_t blank = std::min(words.find(' ', from), words.size());
    parts.push_back(words.substr(from, blank - from));
    from = blank + 1;
  }
  return parts;
}

std::string help_hint(const Program& program, const Command* command) {
  return "see: " + program.name + (command ? " " + command->words : "") + " -h";
}

std::string quoted(std::string_view word) { return '"' + std::string(word) + '"'; }

std::string did_you_mean(const std::string& nearest) {
  return nearest.empty() ? "" : ", did you mean " + quoted(nearest) + "?";
}

/// The command whose words begin `arguments`; the longest wins.
const Command* find_command(const Program& program, const std::vector<std::string>& arguments) {
  const Command* best = nullptr;
  std::size_t best_length = 0;
  for (const Command& command : program.commands) {
    const auto words = split_words(command.words);
    const bool begins = words.size() <= arguments.size() &&
                        std::equal(words.begin(), words.end(), arguments.begin());
    if (begins && words.size() > best_length) {
      best = &command;
      best_length = words.size();
    }
  }
  return best;
}

Error unknown_command(const Program& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> known, after_first;
  for (const Command& command : program.commands) {
    known.push_back(command.words);
    const auto words = split_words(command.words);
    if (words.size() > 1 && words[0] == arguments[0]) after_first.push_back(words[1]);
  }
  std::string typed = arguments[0];
  std::string all;
  if (!after_first.empty()) {
    if (arguments.size() > 1 && arguments[1].rfind('-', 0) != 0) typed += " " + arguments[1];
    for (const auto& word : after_first) all += (all.empty() ? "" : ", ") + word;
  }
  if (typed == arguments[0] && !all.empty()) {
    return usage(quoted(typed) + " needs one of: " + all, help_hint(program, nullptr));
  }
  return usage("unknown command " + quoted(typed) + did_you_mean(base::nearest_name(typed, known)),
               help_hint(program, nullptr));
}

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// What `value` wants and `text` is not, or empty. No time and no request at all is never meant.
std::string not_met(const std::string& text, Value value) {
  if (value == Value::number || value == Value::count) {
    const auto number = to_number(text);
    if (!number) return "a whole number";
    return value == Value::count && *number == 0 ? "a whole number from 1" : "";
  }
  if (value != Value::duration) return "";
  const auto span = base::parse_duration(text);
  if (!span) return "a duration such as 500ms, 5s or 2m";
  return span->count() == 0 ? "longer than zero" : "";
}

/// What is wrong with `text` as a value, or empty.
std::string mistake_in(const std::string& text, Value value,
                       const std::vector<std::string>& choices) {
  if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end()) {
    std::string all;
    for (const auto& choice : choices) all += (all.empty() ? "" : ", ") + choice;
    return quoted(text) + " is none of: " + all + did_you_mean(base::nearest_name(text, choices));
  }
  const std::string wanted = not_met(text, value);
  return wanted.empty() ? "" : quoted(text) + " is not " + wanted;
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::any_of(arguments.begin(), end,
                     [](const auto& word) { return word == "-h" || word == "--help"; });
}

bool is_group(const Program& program, const std::string& word) {
  return std::any_of(program.commands.begin(), program.commands.end(), [&](const Command& command) {
    return command.words.rfind(word + ' ', 0) == 0;
  });
}

po::options_description describe(const Command& command) {
  po::options_description all;
  const auto text = [] { return po::value<std::vector<std::string>>(); };
  const auto nothing = [&] { return text()->zero_tokens(); };
  for (const Option& option : command.options) {
    std::string names = option.name;
    if (option.short_name != 0) names += std::string(",") + option.short_name;
    all.add_options()(names.c_str(), option.argument.empty() ? nothing() : text());
  }
  all.add_options()(positional_key, text());
  return all;
}

}  // namespace

/// One parse() of one command.
class CommandLine {
 public:
  CommandLine(const Program& program, const Command& command)
      : program_(program), command_(command) {
    parsed_.command = &command;
  }

  Result<ParsedCommand> parse(const std::vector<std::string>& rest) {
    if (asks_for_help(rest)) {
      parsed_.help = true;
      return std::move(parsed_);
    }
    if (auto done = split(rest); !done) return done.error();
    if (auto done = check_options(); !done) return done.error();
    if (auto done = check_positionals(); !done) return done.error();
    return std::move(parsed_);
  }

 private:
  Error fail(std::string message) const {
    return usage(std::move(message), help_hint(program_, &command_));
  }

  Result<void> split(const std::vector<std::string>& rest) {
    try {
      const po::options_description all = describe(command_);
      po::positional_options_description positionals;
      positionals.add(positional_key, -1);
      namespace style = po::command_line_style;
      po::variables_map found;
      po::store(po::command_line_parser(rest)
                    .options(all)
                    .positional(positionals)
                    .style(style::unix_style & ~style::allow_guessing)
                    .run(),
                found);
      for (const auto& [name, value] : found) {
        auto& into = name == positional_key ? parsed_.positionals_ : parsed_.values_[name];
        into = value.as<std::vector<std::string>>();
      }
      return {};
    } catch (const po::unknown_option& problem) {
      return unknown_option(problem.get_option_name());
    } catch (const po::error_with_option_name& problem) {
      const std::string name = problem.get_option_name();
      const bool extra =
          dynamic_cast<const po::invalid_command_line_syntax*>(&problem) && is_switch(name);
      return fail(name + (extra ? " takes no value" : " needs a value"));
    } catch (const po::error& problem) {
      return fail(problem.what());
    }
  }

  bool is_switch(std::string_view shown) const {
    return std::any_of(command_.options.begin(), command_.options.end(), [&](const Option& option) {
      const bool same =
          shown == "--" + option.name || shown == std::string("-") + option.short_name;
      return same && option.argument.empty();
    });
  }

  Error unknown_option(const std::string& shown) const {
    std::vector<std::string> known{"--help"};
    for (const Option& option : command_.options) known.push_back("--" + option.name);
    return fail("unknown option " + quoted(shown) + did_you_mean(base::nearest_name(shown, known)));
  }

  Result<void> check_options() const {
    for (const Option& option : command_.options) {
      const auto given = parsed_.values_.find(option.name);
      if (given == parsed_.values_.end()) continue;
      if (given->second.size() > 1 && !option.repeatable) {
        return fail("--" + option.name + " is given more than once");
      }
      for (const auto& text : given->second) {
        const std::string wrong = mistake_in(text, option.value, option.choices);
        if (!wrong.empty()) return fail("--" + option.name + ": " + wrong);
      }
    }
    return {};
  }

  Result<void> check_positionals() const {
    const auto& given = parsed_.positionals_;
    const auto& declared = command_.positionals;
    for (std::size_t i = 0; i < std::max(given.size(), declared.size()); ++i) {
      const bool tail = i >= declared.size() && !declared.empty() && declared.back().repeatable;
      if (i >= declared.size() && !tail) return fail("unexpected argument " + quoted(given[i]));
      const Positional& positional = tail ? declared.back() : declared[i];
      if (i >= given.size()) {
        if (positional.optional) break;
        return fail(positional.name + " is missing");
      }
      const std::string wrong = mistake_in(given[i], positional.value, positional.choices);
      if (!wrong.empty()) return fail(positional.name + ": " + wrong);
    }
    return {};
  }

  const Program& program_;
  const Command& command_;
  ParsedCommand parsed_;
};

Result<ParsedCommand> parse(const Program& program, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return usage("no command is given", help_hint(program, nullptr));
  const std::string& first = arguments.front();
  ParsedCommand alone;
  alone.help = first == "-h" || first == "--help";
  alone.version = first == "--version";
  if (alone.help || alone.version) return alone;
  if (first.rfind('-', 0) == 0) {
    return usage("a command comes before " + quoted(first), help_hint(program, nullptr));
  }
  const Command* command = find_command(program, arguments);
  if (!command && is_group(program, first) && asks_for_help(arguments)) {
    alone.help = true;
    return alone;
  }
  if (!command) return unknown_command(program, arguments);
  const auto words = static_cast<std::ptrdiff_t>(split_words(command->words).size());
  return CommandLine(program, *command).parse({arguments.begin() + words, arguments.end()});
}

bool ParsedCommand::has(std::string_view option) const {
  return values_.find(option) != values_.end();
}

std::vector<std::string> ParsedCommand::values(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

std::string ParsedCommand::value(std::string_view option) const {
  const auto found = values_.find(option);
  if (found != values_.end() && !found->second.empty()) return found->second.back();
  if (command) {
    for (const Option& declared : command->options) {
      if (declared.name == option) return declared.default_text;
    }
  }
  return {};
}

std::optional<std::uint64_t> ParsedCommand::number(std::string_view option) const {
  return to_number(value(option));
}

std::optional<std::chrono::milliseconds> ParsedCommand::duration(std::string_view option) const {
  return base::parse_duration(value(option));
}

}  // namespace portolan::config
