#include "cli/program.h"

#include "cli/client/api_command.h"
#include "config/configuration.h"
#include "model/limits.h"

namespace portolan::cli {
namespace {

using config::Command;
using config::Option;
using config::Positional;
using config::Value;
using Options = std::vector<Option>;

Options operator+(Options left, const Options& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

const std::vector<config::ExitCode> call_codes = {
    {0, "every registry is well"},
    {1, "all registries failed, or the only one did"},
    {4, "some registries failed"},
    {64, "the command line is wrong"},
    {78, "a file, a reference in it or the settings are wrong; nothing was contacted"},
    {130, "interrupted; what was reached is printed"}};
const std::vector<config::ExitCode> plain_codes = {{0, "done"},
                                                   {1, "failed"},
                                                   {64, "the command line is wrong"},
                                                   {78, "a file or the settings are wrong"}};

Option output(std::vector<std::string> formats) {
  return {.name = "output",
          .short_name = 'o',
          .argument = "FORMAT",
          .help = "how to print the result",
          .default_text = "table",
          .choices = std::move(formats)};
}

Options plugin_options() {
  return {{.name = "plugin-dir",
           .argument = "DIR",
           .help = "also look for plugins here; what is found is enabled for this call",
           .value = Value::directory,
           .repeatable = true,
           .group = "Plugins"},
          {.name = "config",
           .argument = "FILE",
           .help = "settings file instead of the usual place",
           .value = Value::file,
           .group = "Plugins"}};
}

Options file_options() {
  return {
      {.name = "file",
       .short_name = 'f',
       .argument = "FILE",
       .help =
           "document with registries: a YAML or JSON file, a directory, or - for standard input",
       .value = Value::file,
       .repeatable = true,
       .group = "Which registries"},
      {.name = "registry",
       .argument = "NAME",
       .help = "only this registry of the document",
       .repeatable = true,
       .group = "Which registries"}};
}

Options address_options() {
  const std::string group = "One registry without a document";
  return {{.name = "type",
           .short_name = 't',
           .argument = "TYPE",
           .help = "registry type, see `portolan types`",
           .group = group},
          {.name = "address",
           .short_name = 'a',
           .argument = "ADDRESS",
           .help = "host, host:port or URL; without a scheme it is https",
           .group = group},
          {.name = "username",
           .short_name = 'u',
           .argument = "NAME",
           .help = "account",
           .group = group},
          {.name = "password-from",
           .argument = "SOURCE",
           .help = "where the password is: env:NAME, file:PATH, credential:NAME or stdin",
           .group = group},
          {.name = "trusted-realm",
           .argument = "ORIGIN",
           .help = "origin beside the registry's own that may be given the password for a token",
           .repeatable = true,
           .group = group},
          {.name = "option",
           .argument = "KEY=VALUE",
           .help = "option of the type, see `portolan types show TYPE`",
           .repeatable = true,
           .group = group},
          {.name = "ca",
           .argument = "FILE",
           .help = "trust these certificate authorities (PEM) instead of the system's",
           .value = Value::file,
           .group = group},
          {.name = "client-certificate",
           .argument = "FILE",
           .help = "certificate (PEM) to show to the registry",
           .value = Value::file,
           .group = group},
          {.name = "client-key",
           .argument = "FILE",
           .help = "its private key (PEM)",
           .value = Value::file,
           .group = group},
          {.name = "pin",
           .argument = "BASE64",
           .help = "SHA-256 of the server's public key (RFC 7469)",
           .group = group},
          {.name = "tls-minimum",
           .argument = "VERSION",
           .help = "least TLS version",
           .default_text = "1.2",
           .choices = {"1.2", "1.3"},
           .group = group},
          {.name = "skip-verify",
           .help = "accept any certificate (dangerous, and said so in every report)",
           .group = group},
          {.name = "proxy",
           .argument = "URL",
           .help = "HTTP proxy; the environment is not read",
           .group = group},
          {.name = "allow-plain-http", .help = "let a password travel over http", .group = group}};
}

Options network_options() {
  const std::string group = "Network";
  return {
      {.name = "allow-private",
       .help = "private and loopback addresses may be reached, also by redirects and token realms",
       .group = group},
      {.name = "timeout",
       .argument = "TIME",
       .help = "bound of the whole run of a registry",
       .value = Value::duration,
       .group = group},
      {.name = "concurrency",
       .argument = "N",
       .help = "requests in flight per registry",
       .value = Value::count,
       .default_text = std::to_string(model::limits::requests_per_registry),
       .group = group},
      {.name = "max-requests",
       .argument = "N",
       .help = "request budget of one call; what was reached is partial",
       .value = Value::count,
       .group = group}};
}

Options general_options() {
  return {{.name = "log-level",
           .argument = "LEVEL",
           .help = "what is logged on standard error; debug names every request",
           .default_text = "warn",
           .choices = {"debug", "info", "warn", "error"}}};
}

Options fleet_options() {
  return {{.name = "parallel",
           .argument = "N",
           .help = "registries at once",
           .value = Value::count,
           .default_text = std::to_string(model::limits::registries_parallel),
           .group = "Network"},
          {.name = "fail-on",
           .argument = "WHAT",
           .help = "also count these as failed",
           .choices = {"warn", "unknown", "partial"},
           .repeatable = true}};
}

Option depth_option() {
  return {.name = "depth",
          .argument = "DEPTH",
          .help = "quick: the health probe; full: everything",
          .default_text = "full",
          .choices = {"quick", "full"}};
}
Option level_option() {
  return {.name = "level",
          .argument = "LEVEL",
          .help =
              "quick: a handful of requests; normal: repositories and tags; deep: artifacts and "
              "storage",
          .default_text = "normal",
          .choices = {"quick", "normal", "deep"}};
}

Options call_options(std::vector<std::string> formats) {
  return Options{output(std::move(formats))} + file_options() + address_options() +
         network_options() + fleet_options() + plugin_options() + general_options();
}
Options catalog_options() {
  return Options{output({"table", "json", "yaml"})} + file_options() + address_options() +
         network_options() + plugin_options() + general_options() +
         Options{{.name = "limit",
                  .argument = "N",
                  .help = "stop after so many rows",
                  .value = Value::number},
                 {.name = "cursor",
                  .argument = "TEXT",
                  .help = "go on behind this place of an earlier listing"}};
}

std::vector<Command> fleet_commands() {
  const std::string group = "Registries";
  return {
      {.words = "run",
       .summary = "Integrate, validate and take the statistics of every registry of a document",
       .options =
           Options{output({"table", "json", "yaml", "junit"}), depth_option(), level_option()} +
           file_options() + network_options() + fleet_options() + plugin_options() +
           general_options(),
       .examples = {{"portolan run -f fleet.yaml", "everything, as a table"},
                    {"portolan run -f fleet.d -o junit --fail-on warn > report.xml",
                     "for a CI job"}},
       .exit_codes = call_codes,
       .group = group},
      {.words = "lint",
       .summary = "Check documents without contacting anything",
       .options = Options{output({"table", "json", "yaml"})} + Options{file_options().front()} +
                  plugin_options(),
       .examples = {{"portolan lint -f fleet.yaml",
                     "every mistake of the file, with line and column"}},
       .exit_codes = {{0, "no mistake"},
                      {64, "the command line is wrong"},
                      {78, "mistakes were found"}},
       .group = group},
      {.words = "validate",
       .summary = "Diagnose registries step by step",
       .options = Options{depth_option()} + call_options({"table", "json", "yaml", "junit"}),
       .examples = {{"portolan validate -t docker-registry -a http://localhost:5000",
                     "a registry without a document"},
                    {"portolan validate -f fleet.yaml --depth quick", "the health probe of all"}},
       .exit_codes = call_codes,
       .group = group},
      {.words = "stats",
       .summary = "Take the numbers of registries",
       .options = Options{level_option()} + call_options({"table", "json", "yaml"}),
       .examples = {{"portolan stats -f fleet.yaml --registry harbor-eu --level deep -o json",
                     "artifacts and storage of one"}},
       .exit_codes = call_codes,
       .group = group}};
}

std::vector<Command> catalog_commands() {
  const std::string group = "Registries";
  return {{.words = "detect",
           .summary = "Tell which registry type answers at an address",
           .positionals = {{.name = "ADDRESS", .help = "host, host:port or URL"}},
           .options = Options{output({"table", "json", "yaml"})} + network_options() +
                      Options{{.name = "ca",
                               .argument = "FILE",
                               .help = "trust these certificate authorities (PEM)",
                               .value = Value::file},
                              {.name = "skip-verify", .help = "accept any certificate (dangerous)"},
                              {.name = "proxy", .argument = "URL", .help = "HTTP proxy"}} +
                      plugin_options() + general_options(),
           .examples = {{"portolan detect harbor.example.com", "scores of all types, best first"}},
           .exit_codes = {{0, "a type is sure of it"},
                          {1, "no type is"},
                          {64, "the command line is wrong"},
                          {78, "a file that is named or the settings are wrong"},
                          {130, "interrupted"}},
           .group = group},
          {.words = "repos",
           .summary = "List the repositories of a registry",
           .options = Options{{.name = "space", .argument = "NAME", .help = "only of this space"}} +
                      catalog_options(),
           .examples = {{"portolan repos -f fleet.yaml --registry harbor-eu",
                         "as they come, never all in memory"}},
           .exit_codes = call_codes,
           .group = group},
          {.words = "tags",
           .summary = "List the tags of a repository",
           .positionals = {{.name = "REPO", .help = "full name of the repository"}},
           .options = catalog_options(),
           .examples = {{"portolan tags team/app -t docker-registry -a http://localhost:5000",
                         "one row a tag"}},
           .exit_codes = call_codes,
           .group = group}};
}

std::vector<Command> plugin_commands() {
  const std::string group = "Plugins and types";
  const Options list = Options{output({"table", "json", "yaml"})} + plugin_options();
  const Positional file{.name = "FILE", .help = "plugin file", .value = Value::file};
  const Positional type{.name = "TYPE", .help = "registry type"};
  return {{.words = "plugins list",
           .summary = "List the plugins that were found, refused ones too",
           .options = list,
           .examples = {{"portolan plugins list -o json", "for a script"}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "plugins inspect",
           .summary = "Print a plugin's manifest without running any of its code",
           .positionals = {file},
           .options = list,
           .examples = {{"portolan plugins inspect ./my-type.so", "identity, types, ABI, schema"}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "plugins doctor",
           .summary = "Load every enabled plugin and say what is wrong and how to cure it",
           .options = list,
           .examples = {{"portolan plugins doctor", "after an upgrade"}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "plugins enable",
           .summary = "Let plugins of this type be used",
           .positionals = {type},
           .options = plugin_options(),
           .examples = {{"portolan plugins enable my-type", "kept in the settings file"}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "plugins disable",
           .summary = "Keep plugins of this type from being used",
           .positionals = {type},
           .options = plugin_options(),
           .examples = {{"portolan plugins disable my-type", "listed as disabled from then on"}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "types",
           .summary = "List the registry types that can be used",
           .options = list,
           .examples = {{"portolan types", ""}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "types show",
           .summary = "Show the fields of a type's form",
           .positionals = {type},
           .options = list,
           .examples = {{"portolan types show harbor", "names, required, secret, defaults"}},
           .exit_codes = plain_codes,
           .group = group}};
}

/// For those who write plugins.
std::vector<Command> author_commands() {
  const std::string group = "Plugins and types";
  return {{.words = "plugins check",
           .summary =
               "Hold a plugin against the contract: file, entry, and calls to a scripted upstream",
           .description =
               "Runs the plugin's code in a child process. With --address the mandatory calls also "
               "run on that registry; --type may be left out when the file has one type.",
           .positionals = {{.name = "FILE", .help = "plugin file", .value = Value::file}},
           .options = Options{output({"table", "json", "yaml"})} + address_options() +
                      Options{{.name = "allow-private", .help = "the address may be private"},
                              {.name = "timeout",
                               .argument = "TIME",
                               .help = "bound of each call on the address",
                               .value = Value::duration}} +
                      general_options(),
           .examples = {{"portolan plugins check ./my-type.so", "what fails, and the rule"}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "plugins new",
           .summary = "Write a building plugin project with a test",
           .positionals = {{.name = "TYPE", .help = "registry type"}},
           .options = {{.name = "directory",
                        .argument = "DIR",
                        .help = "where to write; default: ./TYPE",
                        .value = Value::directory}},
           .examples = {{"portolan plugins new my-type",
                         "then: cmake -S my-type -B build && cmake --build build"}},
           .exit_codes = plain_codes,
           .group = group}};
}

std::vector<Command> config_commands() {
  const std::string group = "Settings";
  const Options options = Options{output({"table", "json", "yaml"}), plugin_options().back()} +
                          config::setting_options();
  return {
      {.words = "config show",
       .summary = "Show every setting that is in force",
       .options = Options{{.name = "origin", .help = "also where each comes from"}} + options,
       .examples = {{"portolan config show --origin", "file and line, variable or flag"}},
       .exit_codes = plain_codes,
       .group = group},
      {.words = "config check",
       .summary = "Check the settings as a start of the daemon does",
       .description =
           "Reads the files, the environment and the flags, opens the files that they name, and "
           "tells every mistake at once.",
       .options = options,
       .examples = {{"portolan config check --config ./portolan.conf",
                     "every mistake, with file and line"}},
       .exit_codes = {{0, "no mistake"},
                      {64, "the command line is wrong"},
                      {78, "mistakes were found"}},
       .group = group}};
}

std::vector<Command> serving_commands() {
  const Options settings = config::setting_options() + plugin_options();
  auto out = daemon_commands(settings);
  for (Command& command : store_commands(settings)) out.push_back(std::move(command));
  out.push_back({.words = "import",
                 .summary = "Put the registries of documents into a daemon",
                 .options = Options{{.name = "validate",
                                     .argument = "WORD",
                                     .help = "require: keep one only when no check fails",
                                     .default_text = "require",
                                     .choices = {"require", "warn", "skip"}}} +
                            file_options() + plugin_options() + server_options(true),
                 .examples = {{"portolan import -f fleet.yaml", ""}},
                 .exit_codes = call_codes,
                 .group = "Daemon"});
  out.push_back(
      {.words = "audit export",
       .summary = "Write the audit into a file, and mark it as kept",
       .description = "Lines of JSON, whose chain of hashes is proved while they are "
                      "written. When they are on the disk the daemon is told so: only "
                      "then audit.retention may drop them.",
       .options =
           Options{{.name = "to", .argument = "FILE", .help = "a file that does not exist yet"},
                   {.name = "after",
                    .argument = "N",
                    .help = "behind this entry; else what was not exported yet",
                    .value = config::Value::number},
                   {.name = "no-mark", .help = "do not tell the daemon"},
                   output({"table", "json", "yaml"})} +
           server_options(true),
       .examples = {{"portolan audit export --to audit-$(date +%F).ndjson", ""}},
       .exit_codes = call_codes,
       .group = "Daemon"});
  return out;
}

std::vector<Command> other_commands() {
  const std::string group = "Other";
  return {{.words = "completion",
           .summary = "Print a completion script",
           .positionals = {{.name = "SHELL", .help = "which shell", .choices = {"bash", "zsh"}}},
           .examples = {{"source <(portolan completion bash)", ""}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "man",
           .summary = "Print the manual page",
           .examples = {{"portolan man | man -l -", ""}},
           .exit_codes = plain_codes,
           .group = group},
          {.words = "schema",
           .summary = "Print the JSON Schema of the document",
           .examples = {{"portolan schema > manifest.schema.json", "for an editor"}},
           .exit_codes = plain_codes,
           .group = group}};
}

config::Program declare() {
  config::Program out;
  out.name = "portolan";
  out.version = PORTOLAN_PROGRAM_VERSION;
  out.summary = "One chart for all your container registries";
  out.description =
      "Loads registry-type plugins and routes integration, validation and statistics to the plugin "
      "of a registry's type.\n\n"
      "Secrets are given by reference only and appear in no output.";
  for (auto* part : {fleet_commands, catalog_commands, plugin_commands, author_commands,
                     config_commands, serving_commands, api_declarations, other_commands})
    for (Command& command : part()) out.commands.push_back(std::move(command));
  out.examples = {
      {"portolan run -f fleet.yaml", "the whole road for every registry of a document"}};
  out.environment = {
      {"PORTOLAN_PLUGIN_DIRS", "more directories with plugins, separated by colons"},
      {"PORTOLAN_CONFIG", "settings file"},
      {"PORTOLAN_SECTION_KEY", "a setting, such as PORTOLAN_LOG_LEVEL for log.level"},
      {"NO_COLOR", "no colour, whatever the terminal"}};
  out.files = {{"/etc/portolan/portolan.conf", "settings of the program"},
               {"/etc/portolan/conf.d/*.conf", "more of them; later files win"}};
  return out;
}

}  // namespace

const config::Program& program() {
  static const config::Program instance = declare();
  return instance;
}

}  // namespace portolan::cli
