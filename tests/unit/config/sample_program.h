#pragma once
#include "config/command.h"

/// A small program with every kind of declaration.
inline portolan::config::Program sample_program() {
  using namespace portolan::config;
  Command run{.words = "run", .summary = "integrate, validate and measure every registry"};
  run.description =
      "Reads the files.\n\nThen it calls each registry, many at once, and prints one report about "
      "all of them.";
  run.options = {
      {.name = "file",
       .short_name = 'f',
       .argument = "FILE",
       .help = "a manifest, a directory, or - for standard input",
       .value = Value::file,
       .repeatable = true},
      {.name = "parallel",
       .argument = "N",
       .help = "registries at once",
       .value = Value::number,
       .default_text = "256"},
      {.name = "timeout",
       .argument = "SPAN",
       .help = "longest time for one registry",
       .value = Value::duration},
      {.name = "fail-on",
       .argument = "WORD",
       .help = "also fail on",
       .choices = {"warn", "unknown", "partial"},
       .repeatable = true,
       .group = "Outcome"},
      {.name = "allow-private", .help = "private addresses may be contacted", .group = "Network"},
      {.name = "output",
       .short_name = 'o',
       .argument = "FORMAT",
       .help = "how the report is written",
       .default_text = "table",
       .choices = {"table", "json", "yaml"},
       .group = "Outcome"},
  };
  run.examples = {{.command = "portolan run -f fleet.yaml", .meaning = "Everything in one file"}};
  run.exit_codes = {{0, "all well"}, {78, "a mistake in a file"}};

  Command detect{.words = "detect", .summary = "find out what answers at an address"};
  detect.positionals = {{.name = "ADDRESS", .help = "host, host:port or URL"}};
  Command list{
      .words = "plugins list", .summary = "every plugin file that was found", .group = "Plugins"};
  Command enable{.words = "plugins enable", .summary = "let a type be used", .group = "Plugins"};
  enable.positionals = {{.name = "TYPE", .help = "registry types", .repeatable = true}};
  Command completion{.words = "completion", .summary = "print a completion script"};
  completion.positionals = {
      {.name = "SHELL", .help = "which shell", .choices = {"bash", "zsh"}, .optional = true}};

  Program program{.name = "portolan",
                  .version = "1.0.0",
                  .summary = "one chart for all your container registries"};
  program.description = "Loads plugins.\n\n.Lines that look like requests stay text.";
  program.commands = {run, detect, list, enable, completion};
  program.examples = {
      {.command = "portolan run -f fleet.yaml", .meaning = "Everything in one file"}};
  program.environment = {{"PORTOLAN_CONFIG", "the settings file"}};
  program.files = {{"/etc/portolan/portolan.conf", "settings"}};
  return program;
}
