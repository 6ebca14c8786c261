#pragma once
/// The commands that speak to a daemon, declared once: what is typed, which request it becomes, and
/// which columns its table shows.
#include <string>
#include <vector>

#include "config/command.h"

namespace portolan::cli {

/// How an option's text becomes a value of the request.
enum class As {
  text,
  number,
  truth,    ///< A switch.
  list,     ///< Repeatable.
  file,     ///< The content of the file that is named.
  secret,   ///< What env:NAME, file:PATH, credential:NAME or stdin refers to.
  pairs,    ///< Repeatable KEY=VALUE, an object; a value that is JSON is taken as such.
  seconds,  ///< A duration, as whole seconds.
};

/// An option and where it goes.
struct ApiField {
  config::Option option;
  std::string at;  ///< RFC 6901 pointer into the body, or "?name" of the query.
  As as = As::text;
  bool required = false;
};

ApiField text(std::string name, std::string argument, std::string help, std::string at);
ApiField file(std::string name, std::string help, std::string at);
ApiField secret(std::string name, std::string help, std::string at);
ApiField truth(std::string name, std::string help, std::string at);
ApiField chosen(std::string name, std::string help, std::string at,
                std::vector<std::string> choices);
ApiField needed(ApiField field);  ///< The same, and it must be given.

struct Column {
  std::string heading;
  std::string at;  ///< Pointer into the row.
};

struct ApiCommand {
  std::string words;  ///< "registry list"
  std::string summary;
  std::string method = "GET";
  /// Below /api/v1. "{REGISTRY}" and "{WORKSPACE}" stand for positionals; a registry that is
  /// "workspace/name" is looked for below its workspace.
  std::string path;
  std::vector<config::Positional> positionals{};
  std::vector<ApiField> fields{};
  std::vector<Column> columns{};  ///< Of the table; none: key and value of each member.
  std::string rows = "items";     ///< Where the rows are; empty: the answer is one object.
  std::string done{};             ///< What is said when there is no body: "the token is revoked".
  /// A positional that goes into the body: pointer, or "?name".
  std::vector<std::pair<std::string, std::string>> positional_fields{};
  bool stream = false;  ///< Server-sent events, printed as they come.
  bool jobs = false;    ///< Its answer may be a job: --watch follows it.
  std::vector<config::Example> examples{};
};

/// Every one of them.
const std::vector<ApiCommand>& api_commands();

/// --server, --daemon-ca and, for who has one, --token-from.
std::vector<config::Option> server_options(bool with_token);

// Its parts, a file each.
std::vector<ApiCommand> registry_commands();
std::vector<ApiCommand> space_commands();
std::vector<ApiCommand> tenant_commands();
std::vector<ApiCommand> operation_commands();

/// serve (with `settings`), setup, login; backup, restore, key rotate, doctor.
std::vector<config::Command> daemon_commands(const std::vector<config::Option>& settings);
std::vector<config::Command> store_commands(const std::vector<config::Option>& settings);

/// As config::Program declares them.
std::vector<config::Command> api_declarations();

}  // namespace portolan::cli
