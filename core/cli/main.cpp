#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

#include "cli/commands.h"
#include "cli/program.h"
#include "cli/signals.h"
#include "config/pages.h"
#include "router/call_thread.h"

namespace portolan::cli {
namespace {

using Handler = int (*)(Session&);

const std::map<std::string, Handler>& handlers() {
  static const std::map<std::string, Handler> table = {{"run", run_fleet},
                                                       {"validate", run_fleet},
                                                       {"stats", run_fleet},
                                                       {"lint", lint},
                                                       {"detect", detect},
                                                       {"repos", list_repositories},
                                                       {"tags", list_tags},
                                                       {"plugins list", plugins_list},
                                                       {"plugins inspect", plugins_inspect},
                                                       {"plugins doctor", plugins_doctor},
                                                       {"plugins check", plugins_check},
                                                       {"plugins new", plugins_new},
                                                       {"plugins enable", plugins_enable},
                                                       {"plugins disable", plugins_disable},
                                                       {"types", types_list},
                                                       {"types show", types_show},
                                                       {"config show", config_show},
                                                       {"config check", config_check},
                                                       {"setup", set_up},
                                                       {"login", log_in},
                                                       {"import", import_registries},
                                                       {"audit export", export_audit},
                                                       {"backup", backup},
                                                       {"restore", restore},
                                                       {"key rotate", rotate_key},
                                                       {"doctor", doctor},
                                                       {"completion", print_completion},
                                                       {"man", print_man_page},
                                                       {"schema", print_schema}};
  return table;
}

/// Hundreds of registries at once need more than the usual 1,024 files.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Terminal terminal() {
  const char* no_color = std::getenv("NO_COLOR");
  const bool plain = no_color != nullptr && *no_color != '\0';  // no-color.org
  return {std::cout, std::cerr, isatty(STDOUT_FILENO) == 1 && !plain, isatty(STDERR_FILENO) == 1};
}

/// The code to leave with: a report that could not be written is no success.
int delivered(int code) {
  std::cout.flush();
  const bool lost = !std::cout;
  if (lost)
    std::cerr << "portolan: the output could not be written\n  hint: is the disk full, or the pipe "
                 "closed?\n";
  std::cerr.flush();
  return lost && code == exit_ok ? exit_failed : code;
}

}  // namespace

int main(int argc, char** argv, const std::vector<MoreCommand>& more) {
  std::ios::sync_with_stdio(false);
  auto parsed = config::parse(program(), {argv + 1, argv + argc});
  if (!parsed) {
    std::cerr << "portolan: " << parsed.error().message << '\n';
    if (!parsed.error().hint.empty()) std::cerr << "  hint: " << parsed.error().hint << '\n';
    return config::usage_exit_code;
  }
  if (parsed->version) {
    std::cout << "portolan " << program().version << '\n';
    return delivered(exit_ok);
  }
  if (parsed->help || parsed->command == nullptr) {
    std::cout << (parsed->command != nullptr ? config::help_text(program(), *parsed->command)
                                             : config::help_text(program()));
    return delivered(parsed->help ? exit_ok : config::usage_exit_code);
  }

  raise_file_limit();
  signal(SIGPIPE, SIG_IGN);
  const base::CancelToken cancel;
  const std::string words = parsed->command->words;
  const auto added = std::find_if(more.begin(), more.end(),
                                  [&](const MoreCommand& one) { return one.words == words; });
  const auto own = handlers().find(words);
  const Handler handler = added != more.end()       ? added->run
                          : own != handlers().end() ? own->second
                                                    : run_api_command;
  const auto wishes = added != more.end() && added->serves ? std::make_shared<Wishes>() : nullptr;
  int code = exit_failed;
  {
    const SignalThread signals(cancel, wishes);
    Session session(terminal(), *std::move(parsed), cancel, wishes);
    code = delivered(handler(session));
    // A call that did not come back still runs: destructors would pull its ground away.
    if (router::any_abandoned()) _exit(code);
  }
  return code;
}

int print_completion(Session& session) {
  const bool bash = session.args().positionals().front() == "bash";
  session.terminal().out << (bash ? config::bash_completion(program())
                                  : config::zsh_completion(program()));
  return exit_ok;
}

int print_man_page(Session& session) {
  session.terminal().out << config::man_page(program(), PORTOLAN_RELEASE_DATE);
  return exit_ok;
}

}  // namespace portolan::cli
