#include <algorithm>
#include <map>
#include <sstream>

#include "config/pages.h"

namespace portolan::config {
namespace {

constexpr std::size_t page_width = 80;
constexpr std::size_t name_width = 28;

/// `text` in lines of at most page_width; all but the first are indented.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::istringstream words(text);
  std::string result, word;
  std::size_t column = indent;
  while (words >> word) {
    if (column > indent && column + 1 + word.size() > page_width) {
      result += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result;
}

std::string paragraphs(const std::string& text, std::size_t indent) {
  std::string result;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", from), text.size());
    const std::string gap = result.empty() ? "" : "\n";
    result +=
        gap + std::string(indent, ' ') + wrapped(text.substr(from, end - from), indent) + '\n';
    from = end + 2;
  }
  return result;
}

/// "  name        what it means", the name on a line of its own where it is too long.
std::string row(const std::string& name, const std::string& meaning) {
  std::string line = "  " + name;
  if (line.size() + 2 > name_width) {
    line += '\n' + std::string(name_width, ' ');
  } else {
    line.resize(name_width, ' ');
  }
  return line + wrapped(meaning, name_width) + '\n';
}

std::string option_name(const Option& option) {
  std::string name = option.short_name ? std::string("-") + option.short_name + ", " : "    ";
  name += "--" + option.name;
  return option.argument.empty() ? name : name + ' ' + option.argument;
}

std::string option_meaning(const Option& option) {
  std::string text = option.help;
  if (!option.choices.empty()) {
    text += ':';
    for (const auto& choice : option.choices) {
      text += ' ' + choice + (&choice == &option.choices.back() ? "" : ",");
    }
  }
  if (option.repeatable) text += " (may be repeated)";
  if (!option.default_text.empty()) text += " [default: " + option.default_text + ']';
  return text;
}

/// Headings in the order of their first appearance, each with its rows.
template <class Items, class Heading, class Row>
std::string grouped(const Items& items, Heading heading, Row to_row) {
  std::vector<std::string> order;
  std::map<std::string, std::string> rows;
  for (const auto& item : items) {
    const std::string group = heading(item);
    if (rows.find(group) == rows.end()) order.push_back(group);
    rows[group] += to_row(item);
  }
  std::string result;
  for (const auto& group : order) result += '\n' + group + ":\n" + rows[group];
  return result;
}

std::string examples_text(const std::vector<Example>& examples) {
  if (examples.empty()) return "";
  std::string result = "\nExamples:\n";
  for (const Example& example : examples) {
    if (!example.meaning.empty()) result += "  " + wrapped("# " + example.meaning, 4) + '\n';
    result += "  " + example.command + '\n';
  }
  return result;
}

std::string usage_line(const Program& program, const Command& command) {
  std::string line = "Usage: " + program.name + ' ' + command.words + " [options]";
  for (const Positional& positional : command.positionals) {
    const std::string name = positional.name + (positional.repeatable ? "..." : "");
    line += positional.optional ? " [" + name + ']' : ' ' + name;
  }
  return line + '\n';
}

}  // namespace

std::string help_text(const Program& program) {
  std::string text = wrapped(program.name + ": " + program.summary, 0) + "\n\n";
  text += "Usage: " + program.name + " COMMAND [options]\n";
  text += grouped(
      program.commands,
      [](const Command& c) { return c.group.empty() ? std::string("Commands") : c.group; },
      [](const Command& c) { return row(c.words, c.summary); });
  text += examples_text(program.examples);
  return text + "\nEvery command explains itself: " + program.name + " COMMAND -h\n";
}

std::string help_text(const Program& program, const Command& command) {
  std::string text =
      wrapped(program.name + ' ' + command.words + ": " + command.summary, 0) + "\n\n";
  text += usage_line(program, command);
  if (!command.description.empty()) text += '\n' + paragraphs(command.description, 0);
  if (!command.positionals.empty()) {
    text += "\nArguments:\n";
    for (const Positional& p : command.positionals) text += row(p.name, p.help);
  }
  std::vector<Option> options = command.options;
  options.push_back({.name = "help", .short_name = 'h', .help = "print this text"});
  text += grouped(
      options, [](const Option& o) { return o.group.empty() ? std::string("Options") : o.group; },
      [](const Option& o) { return row(option_name(o), option_meaning(o)); });
  text += examples_text(command.examples);
  if (!command.exit_codes.empty()) {
    text += "\nExit codes:\n";
    for (const ExitCode& e : command.exit_codes) text += row(std::to_string(e.code), e.meaning);
  }
  return text;
}

}  // namespace portolan::config
