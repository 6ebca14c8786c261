/// Serving, the first admin, signing in.
#include "cli/client/api_command.h"
#include "config/settings.h"

namespace portolan::cli {
namespace {

using config::Command;
using config::Option;
using config::Positional;
using Options = std::vector<Option>;

Options operator+(Options left, const Options& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

const std::vector<config::ExitCode> codes = {{0, "done"},
                                             {1, "the daemon said no"},
                                             {64, "the command line is wrong"},
                                             {69, "the daemon cannot be reached"},
                                             {77, "the password or the set-up token is wrong"},
                                             {78, "a file or a reference is wrong"}};

const std::vector<config::ExitCode> store_codes = {
    {0, "done"},
    {1, "failed"},
    {64, "the command line is wrong"},
    {78, "the settings, the key or the database are wrong, or a daemon uses it"}};

}  // namespace

std::vector<Command> daemon_commands(const std::vector<Option>& settings) {
  const std::string group = "Daemon";
  const Positional name{.name = "NAME", .help = "of the user"};
  const Options password = {
      {.name = "password-from",
       .argument = "SOURCE",
       .help = "where the password is: env:NAME, file:PATH, credential:NAME or stdin",
       .default_text = "stdin"},
      {.name = "token-name",
       .argument = "NAME",
       .help = "what the token is called; without it, by the time"}};
  return {{.words = "serve",
           .summary = "Serve: keep registries, watch their health, answer the API",
           .description = "SIGHUP and `portolan reload` read the configuration anew. "
                          "SIGTERM lets what is in flight end, within server.drain.",
           .options =
               Options{{.name = "check", .help = "check the configuration and leave"}} + settings,
           .examples = {{"portolan serve --set store.path=./state", "from one's own directory"}},
           .exit_codes = {{0, "stopped as asked"},
                          {1, "failed"},
                          {64, "the command line is wrong"},
                          {78, "the settings, the key or the database are wrong"}},
           .group = group},
          {.words = "setup",
           .summary = "Make the first admin; print a token of his",
           .positionals = {name},
           .options = Options{{.name = "setup-token-from",
                               .argument = "SOURCE",
                               .help = "where the one-time token is that serve printed",
                               .default_text = "env:PORTOLAN_SETUP_TOKEN"}} +
                      password + server_options(false),
           .examples = {{"portolan setup admin --password-from file:password > token", ""}},
           .exit_codes = codes,
           .group = group},
          {.words = "login",
           .summary = "Sign in with a password; print a token",
           .positionals = {name},
           .options = password + server_options(false),
           .examples = {{"portolan login alice --password-from file:password > token", ""}},
           .exit_codes = codes,
           .group = group}};
}

std::vector<Command> store_commands(const std::vector<Option>& settings) {
  const std::string group = "Daemon";
  return {{.words = "backup",
           .summary = "Copy the database, a daemon running or not",
           .positionals = {{.name = "FILE", .help = "where the copy goes"}},
           .options = settings,
           .examples = {{"portolan backup /var/backups/portolan-monday.db", ""}},
           .exit_codes = store_codes,
           .group = group},
          {.words = "restore",
           .summary = "Put a backup in the place of the database; the daemon must be stopped",
           .positionals = {{.name = "FILE", .help = "what backup wrote"}},
           .options =
               Options{{.name = "verify", .help = "only check it, with the key; change nothing"}} +
               settings,
           .examples = {{"portolan restore --verify /var/backups/portolan-monday.db", ""}},
           .exit_codes = store_codes,
           .group = group},
          {.words = "key rotate",
           .summary = "Seal every secret with a new key; the daemon must be stopped",
           .options = settings,
           .examples = {{"portolan key rotate", ""}},
           .exit_codes = store_codes,
           .group = group},
          {.words = "doctor",
           .summary = "Check settings, plugins, key, database, audit and disk; the daemon must be "
                      "stopped",
           .options = settings,
           .examples = {{"portolan doctor", ""}},
           .exit_codes = store_codes,
           .group = group}};
}

}  // namespace portolan::cli
