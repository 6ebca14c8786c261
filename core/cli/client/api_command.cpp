#include <algorithm>

#include "cli/client/api_command.h"

namespace portolan::cli {

using config::Option;
using config::Value;

ApiField text(std::string name, std::string argument, std::string help, std::string at) {
  return {{.name = std::move(name), .argument = std::move(argument), .help = std::move(help)},
          std::move(at)};
}

ApiField file(std::string name, std::string help, std::string at) {
  return {
      {.name = std::move(name), .argument = "FILE", .help = std::move(help), .value = Value::file},
      std::move(at),
      As::file};
}

ApiField secret(std::string name, std::string help, std::string at) {
  return {{.name = std::move(name), .argument = "SOURCE", .help = std::move(help)},
          std::move(at),
          As::secret};
}

ApiField truth(std::string name, std::string help, std::string at) {
  return {{.name = std::move(name), .help = std::move(help)}, std::move(at), As::truth};
}

ApiField chosen(std::string name, std::string help, std::string at,
                std::vector<std::string> choices) {
  return {{.name = std::move(name),
           .argument = "WORD",
           .help = std::move(help),
           .choices = std::move(choices)},
          std::move(at)};
}

ApiField needed(ApiField field) {
  field.required = true;
  return field;
}

const std::vector<ApiCommand>& api_commands() {
  static const std::vector<ApiCommand> all = [] {
    std::vector<ApiCommand> out;
    for (auto* part : {registry_commands, space_commands, tenant_commands, operation_commands})
      for (ApiCommand& command : part()) out.push_back(std::move(command));
    return out;
  }();
  return all;
}

std::vector<Option> server_options(bool with_token) {
  std::vector<Option> out = {
      {.name = "server",
       .argument = "URL",
       .help = "the daemon: http://HOST:PORT, https://HOST or unix:/path; else PORTOLAN_SERVER",
       .default_text = "",
       .group = "Daemon"},
      {.name = "token-from",
       .argument = "SOURCE",
       .help = "where the token is: env:NAME, file:PATH, credential:NAME or stdin; else "
               "PORTOLAN_TOKEN, else PORTOLAN_TOKEN_FILE",
       .group = "Daemon"},
      {.name = "daemon-ca",
       .argument = "FILE",
       .help = "trust these certificate authorities (PEM) for the daemon",
       .value = Value::file,
       .group = "Daemon"}};
  if (!with_token) out.erase(out.begin() + 1);
  return out;
}

namespace {

/// How the command is typed at the least.
config::Example plain_example(const ApiCommand& command) {
  std::string typed = "portolan " + command.words;
  for (const config::Positional& one : command.positionals)
    typed += " " + (one.choices.empty() ? one.name : one.choices.front());
  for (const ApiField& field : command.fields)
    if (field.required) typed += " --" + field.option.name + " " + field.option.argument;
  return {typed, ""};
}

}  // namespace

std::vector<config::Command> api_declarations() {
  const std::vector<config::ExitCode> codes = {{0, "done"},
                                               {1, "the daemon said no, or the job failed"},
                                               {64, "the command line is wrong"},
                                               {69, "the daemon cannot be reached"},
                                               {77, "the token is missing, wrong, or not enough"},
                                               {78, "a file or a reference is wrong"}};
  std::vector<config::Command> out;
  for (const ApiCommand& command : api_commands()) {
    config::Command one;
    one.words = command.words;
    one.summary = command.summary;
    one.positionals = command.positionals;
    one.options = {{.name = "output",
                    .short_name = 'o',
                    .argument = "FORMAT",
                    .help = "how to print the result",
                    .default_text = "table",
                    .choices = {"table", "json", "yaml"}}};
    for (const ApiField& field : command.fields) one.options.push_back(field.option);
    if (command.rows == "items")
      one.options.push_back({.name = "limit",
                             .argument = "N",
                             .help = "stop after so many rows",
                             .value = Value::number});
    if (command.jobs)
      one.options.push_back({.name = "watch", .help = "follow the job that it starts to its end"});
    for (Option& option : server_options(true)) one.options.push_back(std::move(option));
    one.examples = command.examples;
    if (one.examples.empty()) one.examples.push_back(plain_example(command));
    one.exit_codes = codes;
    one.group = "Daemon";
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace portolan::cli
