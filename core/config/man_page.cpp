#include "config/pages.h"

namespace portolan::config {
namespace {

/// Text that groff prints as it is: no escape, no request at the start of a line.
std::string roff(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";  // A hyphen that can be copied from the page into a shell.
    } else if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n')) {
      result += std::string("\\&") + c;
    } else {
      result += c;
    }
  }
  return result;
}

/// Empty lines become paragraphs.
std::string paragraphs(const std::string& text) {
  std::string result = roff(text) + '\n';
  for (std::size_t at = 0; (at = result.find("\n\n", at)) != std::string::npos; at += 5) {
    result.replace(at, 2, "\n.PP\n");
  }
  return result;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string tagged(const std::string& tag, const std::string& text) {
  return ".TP\n" + tag + '\n' + roff(text) + '\n';
}

std::string option_row(const Option& option) {
  std::string tag = "\\fB\\-\\-" + roff(option.name) + "\\fR";
  if (option.short_name != 0) tag = std::string("\\fB\\-") + option.short_name + "\\fR, " + tag;
  if (!option.argument.empty()) tag += " \\fI" + roff(option.argument) + "\\fR";
  std::string text = option.help;
  for (const auto& choice : option.choices) {
    text += (&choice == &option.choices.front() ? ": " : ", ") + choice;
  }
  text += '.';
  if (option.repeatable) text += " May be repeated.";
  if (!option.default_text.empty()) text += " Default: " + option.default_text + '.';
  return tagged(tag, text);
}

std::string examples_text(const std::vector<Example>& examples) {
  std::string result;
  for (const Example& example : examples) {
    result += ".PP\n" + roff(example.meaning) + "\n.PP\n.RS 4\n.nf\n" + roff(example.command) +
              "\n.fi\n.RE\n";
  }
  return result;
}

std::string command_section(const Program& program, const Command& command) {
  std::string text = ".SS \"" + roff(program.name + ' ' + command.words) + "\"\n";
  text += roff(command.summary) + ".\n";
  if (!command.description.empty()) text += ".PP\n" + paragraphs(command.description);
  for (const Positional& p : command.positionals) {
    text += tagged("\\fI" + roff(p.name) + "\\fR", p.help + '.');
  }
  for (const Option& option : command.options) text += option_row(option);
  text += examples_text(command.examples);
  if (!command.exit_codes.empty()) text += ".PP\nExit codes:\n";
  for (const ExitCode& e : command.exit_codes) {
    text += tagged("\\fB" + std::to_string(e.code) + "\\fR", e.meaning);
  }
  return text;
}

std::string named_section(const std::string& heading, const std::vector<NamedText>& rows) {
  if (rows.empty()) return "";
  std::string text = ".SH " + heading + '\n';
  for (const NamedText& row : rows) text += tagged("\\fB" + roff(row.name) + "\\fR", row.text);
  return text;
}

}  // namespace

std::string man_page(const Program& program, const std::string& date) {
  std::string text = ".TH " + upper(program.name) + " 1 \"" + date + "\" \"" + program.name + ' ' +
                     program.version + "\"\n";
  text += ".SH NAME\n" + roff(program.name) + " \\- " + roff(program.summary) + '\n';
  text += ".SH SYNOPSIS\n\\fB" + roff(program.name) + "\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n";
  if (!program.description.empty()) {
    text += ".SH DESCRIPTION\n" + paragraphs(program.description);
  }
  text += ".SH COMMANDS\n";
  for (const Command& command : program.commands) text += command_section(program, command);
  if (!program.examples.empty()) text += ".SH EXAMPLES\n" + examples_text(program.examples);
  text += named_section("ENVIRONMENT", program.environment);
  return text + named_section("FILES", program.files);
}

}  // namespace portolan::config
