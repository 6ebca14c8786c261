#pragma once
/// The commands. Each reads its Session, prints, and returns the exit code of the process.
#include <string>
#include <vector>

#include "cli/session.h"

namespace portolan::cli {

int run_fleet(Session& session);  ///< run, validate, stats
int lint(Session& session);
int detect(Session& session);
int list_repositories(Session& session);
int list_tags(Session& session);

int plugins_list(Session& session);
int plugins_inspect(Session& session);
int plugins_doctor(Session& session);
int plugins_check(Session& session);
int plugins_new(Session& session);
int plugins_enable(Session& session);
int plugins_disable(Session& session);
int types_list(Session& session);
int types_show(Session& session);

int config_show(Session& session);
int config_check(Session& session);

int run_api_command(Session& session);  ///< Every command of cli/client/api_command.h.
int set_up(Session& session);
int log_in(Session& session);
int import_registries(Session& session);
int export_audit(Session& session);
int backup(Session& session);
int restore(Session& session);
int rotate_key(Session& session);
int doctor(Session& session);

int print_completion(Session& session);
int print_man_page(Session& session);
int print_schema(Session& session);

/// A command that is not of this room: what the daemon's room adds.
struct MoreCommand {
  std::string words;
  int (*run)(Session&) = nullptr;
  bool serves = false;  ///< SIGHUP and SIGTERM become wishes of its Session.
};

/// Parses, answers -h and --version, installs the handlers of SIGINT and SIGTERM, runs the command.
/// With an abandoned call it leaves by _exit, everything flushed.
int main(int argc, char** argv, const std::vector<MoreCommand>& more);

}  // namespace portolan::cli
