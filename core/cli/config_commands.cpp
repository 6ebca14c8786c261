#include <algorithm>
#include <ostream>

#include "cli/check_configuration.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/render.h"

namespace portolan::cli {
namespace {

using base::Json;
using config::Configuration;

Json strings(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push(Json::string(text));
  return list;
}

Json files_of(const Configuration& configuration) {
  Json list = Json::array();
  for (const auto& file : configuration.files) list.push(Json::string(file.string()));
  return list;
}

void warn(Session& session, const Configuration& configuration) {
  for (const auto& text : configuration.warnings)
    session.terminal().err << "portolan: warning: " << text << '\n';
}

/// All of them on standard error; the exit code.
int fail_all(Session& session, const std::vector<base::Error>& mistakes) {
  int code = config::usage_exit_code;
  for (const auto& each : mistakes) {
    session.fail(each, exit_config);
    if (each.code != base::Code::invalid_argument) code = exit_config;
  }
  return code;
}

}  // namespace

int config_show(Session& session) {
  const Configuration& known = session.configuration();
  warn(session, known);
  if (!known.mistakes.empty()) return fail_all(session, known.mistakes);
  config::DaemonSettings plain;
  const auto table = config::settings_of(plain);
  const bool origin = session.args().has("origin");
  Json settings = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const config::Setting& setting = table[i];
    const config::InForce& is = known.in_force[i];
    Json one = Json::object();
    one.set("name", Json::string(setting.name));
    one.set("value", Json::string(is.text));
    one.set("origin", Json::string(is.origin));
    one.set("default", Json::string(setting.default_text));
    one.set("kind", Json::string(config::kind_text(setting)));
    one.set("change",
            Json::string(setting.change == config::Change::reload ? "reload" : "restart"));
    one.set("variable", Json::string(config::variable_of(setting)));
    one.set("help", Json::string(setting.help));
    settings.push(std::move(one));
    rows.push_back({setting.name, is.text});
    if (origin) rows.back().push_back(is.origin);
  }
  Json all = Json::object();
  all.set("settings", std::move(settings));
  all.set("files", files_of(known));
  std::vector<std::string> header{"SETTING", "VALUE"};
  if (origin) header.push_back("ORIGIN");
  if (!session.print(all)) session.terminal().out << text_table(header, rows);
  return exit_ok;
}

int config_check(Session& session) {
  const Configuration& known = session.configuration();
  const auto mistakes = check_configuration(known);
  Json list = Json::array();
  for (const auto& each : mistakes) {
    Json one = Json::object();
    one.set("where", Json::string(each.where));
    one.set("message", Json::string(each.message));
    one.set("hint", Json::string(each.hint));
    list.push(std::move(one));
  }
  Json all = Json::object();
  all.set("mistakes", std::move(list));
  all.set("warnings", strings(known.warnings));
  all.set("files", files_of(known));
  const bool printed = session.print(all);
  if (!printed) warn(session, known);
  if (mistakes.empty() && !printed) {
    std::string files;
    for (const auto& file : known.files) files += (files.empty() ? "" : ", ") + file.string();
    session.terminal().out << "the settings are well: "
                           << (files.empty() ? "no file, defaults hold" : files) << '\n';
  }
  if (mistakes.empty()) return exit_ok;
  if (!printed) return fail_all(session, mistakes);
  const bool flags = std::all_of(mistakes.begin(), mistakes.end(), [](const base::Error& each) {
    return each.code == base::Code::invalid_argument;
  });
  return flags ? config::usage_exit_code : exit_config;
}

}  // namespace portolan::cli
