#include <algorithm>
#include <set>

#include "config/pages.h"

namespace portolan::config {
namespace {

/// Inside single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + '\'';
}

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const auto& word : words) result += (result.empty() ? "" : " ") + word;
  return result;
}

/// The words that may follow `prefix` ("" or "plugins"), each once, in the order declared.
std::vector<std::string> next_words(const Program& program, const std::string& prefix) {
  std::vector<std::string> words;
  const std::string begin = prefix.empty() ? "" : prefix + ' ';
  for (const Command& command : program.commands) {
    if (command.words.rfind(begin, 0) != 0) continue;
    const std::string rest = command.words.substr(begin.size());
    const std::string word = rest.substr(0, rest.find(' '));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

/// Every proper beginning of a command's words, "" first.
std::set<std::string> prefixes(const Program& program) {
  std::set<std::string> all{""};
  for (const Command& command : program.commands) {
    for (std::size_t at = command.words.find(' '); at != std::string::npos;
         at = command.words.find(' ', at + 1)) {
      all.insert(command.words.substr(0, at));
    }
  }
  return all;
}

std::string bash_values(Value value, const std::vector<std::string>& choices) {
  if (!choices.empty()) {
    return "COMPREPLY=($(compgen -W " + quoted(joined(choices)) + " -- \"$cur\"))";
  }
  if (value == Value::file) return "COMPREPLY=($(compgen -f -- \"$cur\"))";
  if (value == Value::directory) return "COMPREPLY=($(compgen -d -- \"$cur\"))";
  return ":";
}

std::string bash_pattern(const Command& command, const Option& option) {
  std::string pattern = quoted(command.words + " --" + option.name);
  if (option.short_name != 0) pattern += "|" + quoted(command.words + " -" + option.short_name);
  return pattern;
}

std::string bash_options(const Program& program) {
  std::string text;
  for (const Command& command : program.commands) {
    std::vector<std::string> names{"--help"};
    for (const Option& option : command.options) names.push_back("--" + option.name);
    text += "    " + quoted(command.words) + ") words=" + quoted(joined(names)) + " ;;\n";
  }
  return text;
}

std::string bash_option_values(const Program& program) {
  std::string text;
  for (const Command& command : program.commands) {
    for (const Option& option : command.options) {
      if (option.argument.empty()) continue;
      text += "    " + bash_pattern(command, option) + ") " +
              bash_values(option.value, option.choices) + "; return ;;\n";
    }
  }
  return text;
}

std::string bash_positionals(const Program& program) {
  std::string text;
  for (const Command& command : program.commands) {
    if (command.positionals.empty()) continue;
    const Positional& first = command.positionals.front();
    text +=
        "    " + quoted(command.words) + ") " + bash_values(first.value, first.choices) + " ;;\n";
  }
  return text;
}

std::string bash_next_words(const Program& program) {
  std::string text;
  for (const std::string& prefix : prefixes(program)) {
    text += "      " + quoted(prefix) + ") next=" + quoted(joined(next_words(program, prefix))) +
            " ;;\n";
  }
  return text;
}

/// For _arguments and _describe: a colon separates fields, a bracket ends the explanation.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_action(Value value, const std::vector<std::string>& choices) {
  if (!choices.empty()) return "(" + joined(choices) + ")";
  if (value == Value::file) return "_files";
  return value == Value::directory ? "_files -/" : " ";
}

std::string zsh_arguments(const Command& command) {
  std::string text = "_arguments '(- *)'{-h,--help}'[print the help]'";
  for (const Option& option : command.options) {
    std::string rest = "[" + zsh_text(option.help) + "]";
    if (!option.argument.empty()) {
      rest += ":" + zsh_text(option.argument) + ":" + zsh_action(option.value, option.choices);
    }
    const std::string star = option.repeatable ? "*" : "";
    text += " " + quoted(star + "--" + option.name + rest);
    if (option.short_name) text += " " + quoted(star + "-" + option.short_name + rest);
  }
  for (const Positional& p : command.positionals) {
    const std::string place = p.repeatable ? "*:" : p.optional ? "::" : ":";
    text += " " + quoted(place + zsh_text(p.name) + ":" + zsh_action(p.value, p.choices));
  }
  return text;
}

std::string zsh_words(const Program& program, const std::string& prefix) {
  std::string text = "_values 'command'";
  for (const std::string& word : next_words(program, prefix)) {
    const std::string full = prefix.empty() ? word : prefix + ' ' + word;
    const auto command = std::find_if(program.commands.begin(), program.commands.end(),
                                      [&](const Command& c) { return c.words == full; });
    const std::string meaning =
        command == program.commands.end() ? full + " ..." : command->summary;
    text += " " + quoted(word + "[" + zsh_text(meaning) + "]");
  }
  return text;
}

}  // namespace

std::string bash_completion(const Program& program) {
  const std::string function = "_" + program.name;
  return "# bash completion of " + program.name + "\n" + function +
         "() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local at=1 command='' next words=''\n"
         "  COMPREPLY=()\n"
         "  while :; do\n"
         "    case $command in\n" +
         bash_next_words(program) +
         "      *) break ;;\n"
         "    esac\n"
         "    if (( at >= COMP_CWORD )) && [[ $cur != -* ]]; then\n"
         "      COMPREPLY=($(compgen -W \"$next\" -- \"$cur\"))\n"
         "      return\n"
         "    fi\n"
         "    [[ \" $next \" == *\" ${COMP_WORDS[at]} \"* ]] || break\n"
         "    command=${command:+$command }${COMP_WORDS[at]}\n"
         "    (( at++ ))\n"
         "  done\n"
         "  case \"$command $prev\" in\n" +
         bash_option_values(program) +
         "  esac\n"
         "  case $command in\n" +
         bash_options(program) +
         "  esac\n"
         "  if [[ $cur == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "    return\n"
         "  fi\n"
         "  case $command in\n" +
         bash_positionals(program) +
         "  esac\n"
         "}\n"
         "complete -F " +
         function + " " + program.name + "\n";
}

std::string zsh_completion(const Program& program) {
  std::string text = "#compdef " + program.name + "\n_" + program.name +
                     "() {\n"
                     "  local command='' skip=1 next\n"
                     "  while :; do\n"
                     "    case $command in\n";
  for (const std::string& prefix : prefixes(program)) {
    text +=
        "      " + quoted(prefix) + ") next=(" + joined(next_words(program, prefix)) +
        ")\n        if (( CURRENT == skip + 1 )) && [[ $words[CURRENT] != -* ]]; then\n          " +
        zsh_words(program, prefix) + "; return\n        fi ;;\n";
  }
  text +=
      "      *) break ;;\n"
      "    esac\n"
      "    (( CURRENT > skip + 1 && ${next[(Ie)${words[skip+1]}]} )) || break\n"
      "    command=\"${command:+$command }${words[skip+1]}\"\n"
      "    (( skip++ ))\n"
      "  done\n"
      "  words=(\"${words[skip,-1]}\")\n"
      "  (( CURRENT -= skip - 1 ))\n"
      "  case $command in\n";
  for (const Command& command : program.commands) {
    text += "    " + quoted(command.words) + ") " + zsh_arguments(command) + " ;;\n";
  }
  return text + "  esac\n}\nif [ \"$funcstack[1]\" = _" + program.name + " ]; then _" +
         program.name + " \"$@\"; else compdef _" + program.name + " " + program.name + "; fi\n";
}

}  // namespace portolan::config
