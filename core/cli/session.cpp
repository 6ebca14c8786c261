#include "cli/session.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

#include "base/mutex.h"
#include "base/text.h"
#include "cli/program.h"
#include "cli/render.h"

namespace portolan::cli {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warn", "error"};

int level_of(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name) return static_cast<int>(i);
  return 2;
}

}  // namespace

Session::Session(Terminal terminal, config::ParsedCommand arguments, base::CancelToken cancel,
                 std::shared_ptr<Wishes> wishes)
    : terminal_(terminal),
      arguments_(std::move(arguments)),
      cancel_(std::move(cancel)),
      wishes_(std::move(wishes)) {}

config::SettingsPlace Session::settings_place() const {
  return config::settings_place(arguments_.value("config"), config::process_environment(),
                                geteuid() == 0);
}

config::Configuration Session::load_configuration() const {
  return config::load({.place = settings_place(),
                       .environment = config::process_environment(),
                       .variables = config::process_variables(),
                       .flags = config::setting_flags(arguments_),
                       .root = geteuid() == 0});
}

const config::Configuration& Session::configuration() {
  if (!configuration_) configuration_ = load_configuration();
  return *configuration_;
}

base::Result<const config::DaemonSettings*> Session::settings() {
  const auto& mistakes = configuration().mistakes;
  if (mistakes.empty()) return &configuration().settings;
  base::Error first = mistakes.front();
  if (mistakes.size() > 1) {
    first.hint += (first.hint.empty() ? "" : " ") + std::to_string(mistakes.size() - 1) +
                  " more: see `portolan config check`";
  }
  return first;
}

plugin::SetOptions Session::plugin_options(const config::DaemonSettings& settings) const {
  plugin::SetOptions options;
  options.directories = {config::installed_plugin_directory()};
  for (auto& directory : config::plugin_directories(config::process_environment()))
    options.directories.push_back(std::move(directory));
  for (const auto& directory : settings.plugins.directories)
    options.directories.push_back(directory);
  for (const auto& directory : arguments_.values("plugin-dir"))
    options.enabled_directories.emplace_back(directory);
  options.enabled_types = settings.plugins.enabled;
  return options;
}

base::Result<plugin::PluginSet*> Session::plugins() {
  if (!plugins_) {
    const auto known = settings();
    if (!known) return known.error();
    for (const auto& directory : arguments_.values("plugin-dir"))
      if (std::error_code error; !std::filesystem::is_directory(directory, error))
        return base::Error{base::Code::invalid_argument,
                           "there is no folder " + base::clean_text(directory, 256),
                           "give the folder that holds the plugin's .so file", "--plugin-dir"};
    plugins_ = plugin::PluginSet::scan(plugin_options(**known));
  }
  return plugins_.get();
}

net::Transport& Session::transport() {
  if (!transport_) transport_ = net::make_curl_transport();
  return *transport_;
}

base::Result<router::Router*> Session::router() {
  if (!router_) {
    const auto set = plugins();
    if (!set) return set.error();
    router_ = std::make_unique<router::Router>(**set, transport());
  }
  return router_.get();
}

bool Session::print(const base::Json& value) {
  const std::string format = arguments_.value("output");
  if (format == "json") {
    terminal_.out << base::to_text(value, true) << '\n';
  } else if (format == "yaml") {
    terminal_.out << to_yaml(value);
  } else {
    return false;
  }
  return true;
}

int Session::fail(const base::Error& error, int exit_code) {
  terminal_.err << "portolan: " << (error.where.empty() ? "" : error.where + ": ") << error.message
                << '\n';
  if (!error.hint.empty()) terminal_.err << "  hint: " << error.hint << '\n';
  return exit_code;
}

void Session::warn(const std::string& registry, const std::vector<std::string>& warnings) {
  for (const auto& text : warnings)
    terminal_.err << "portolan: warning: " << registry << ": " << text << '\n';
}

services::Log Session::logger() {
  const int least = level_of(arguments_.value("log-level"));
  auto mutex = std::make_shared<base::Mutex>();
  const auto take = [&err = terminal_.err, mutex](const services::LogLine& line) {
    const auto name = level_names[static_cast<std::size_t>(std::clamp(line.level, 0, 3))];
    std::string text = std::string(name) + " " + line.registry +
                       " call=" + std::to_string(line.call) + " " + line.message;
    for (const auto& [key, value] : line.fields)
      text += " " + key + "=" + base::to_text(base::Json::string(value));
    base::Lock lock(*mutex);
    err << text << std::endl;
  };
  return {take, least};
}

int exit_code_of(const base::Error& error) {
  switch (error.code) {
    case base::Code::invalid_argument: return config::usage_exit_code;
    case base::Code::invalid_config:
    case base::Code::plugin_missing: return exit_config;
    default: return exit_failed;
  }
}

}  // namespace portolan::cli
