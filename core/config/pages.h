#pragma once
/// What a person or a shell reads about a Program, made from its declarations.
#include <string>

#include "config/command.h"

namespace portolan::config {

/// `portolan -h`: what it is and every command, at most 80 columns.
std::string help_text(const Program& program);
/// `portolan run -h`: usage, options by group, examples, exit codes; at most 80 columns.
std::string help_text(const Program& program, const Command& command);

/// A script for `source` or for the shell's completion directory.
std::string bash_completion(const Program& program);
std::string zsh_completion(const Program& program);

/// man(7) source of section 1; `date` as "2026-11-24".
std::string man_page(const Program& program, const std::string& date);

}  // namespace portolan::config
