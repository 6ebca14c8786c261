#include "config/configuration.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/schema.h"
#include "config/ini.h"

namespace portolan::config {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

/// One load().
class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {
    table_ = settings_of(out_.settings);
    for (const Setting& setting : table_) {
      names_.push_back(setting.name);
      out_.in_force.push_back({setting.name, {}, "default"});
    }
  }

  Configuration run() {
    for (const auto& file : settings_files(sources_.place, out_.mistakes)) read_file(file);
    read_environment();
    for (const auto& flag : sources_.flags) read_flag(flag);
    fill_paths(out_.settings, sources_.environment, sources_.root);
    check_settings(out_, bad_);
    for (std::size_t i = 0; i < table_.size(); ++i) out_.in_force[i].text = text_of(table_[i]);
    return std::move(out_);
  }

 private:
  std::size_t index_of(std::string_view name) const {
    return static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
  }

  Error unknown(const std::string& name) const {
    std::string nearest = base::nearest_name(name, names_);
    const std::string key = name.substr(name.find('.') + 1);
    for (const Setting& setting : table_) {
      if (nearest.empty() && key_of(setting) == key) nearest = setting.name;
    }
    return {.code = Code::invalid_config,
            .message = "unknown setting " + in_quotes(name),
            .hint = nearest.empty() ? "see `portolan config show` for all settings"
                                    : "did you mean " + in_quotes(nearest) + "?"};
  }

  /// Empty when done.
  std::string put(std::size_t index, const std::string& text, const std::string& origin) {
    const std::string problem = assign(table_[index], text);
    if (!problem.empty()) {
      bad_.insert(names_[index]);
      return names_[index] + ": " + problem;
    }
    out_.in_force[index].origin = origin;
    return {};
  }

  void read_file(const fs::path& file) {
    Ini ini = read_ini(file);
    out_.files.push_back(file);
    std::move(ini.mistakes.begin(), ini.mistakes.end(), std::back_inserter(out_.mistakes));
    std::map<std::string, std::size_t> lines;
    for (const IniValue& value : ini.values) {
      const std::string where = file.string() + ':' + std::to_string(value.line);
      const std::size_t index = index_of(value.name);
      if (index == names_.size()) {
        out_.mistakes.push_back(unknown(value.name));
        out_.mistakes.back().where = where;
        continue;
      }
      const auto [first, fresh] = lines.emplace(value.name, value.line);
      std::string problem =
          fresh ? put(index, value.text, where)
                : value.name + " is set twice, first in line " + std::to_string(first->second);
      if (!problem.empty())
        out_.mistakes.push_back(mistake_at(file, value.line, std::move(problem)));
      else
        root_paths(table_[index], fs::absolute(file).parent_path());
    }
  }

  /// A relative path of a file starts at its folder, wherever the program was started.
  static void root_paths(const Setting& setting, const fs::path& folder) {
    const auto rooted = [&folder](fs::path& path) {
      if (!path.empty()) path = (folder / path).lexically_normal();
    };
    if (auto* const* one = std::get_if<fs::path*>(&setting.field)) rooted(**one);
    if (auto* const* list = std::get_if<std::vector<fs::path>*>(&setting.field))
      std::for_each((*list)->begin(), (*list)->end(), rooted);
  }

  void read_environment() {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < table_.size(); ++i) {
      known.push_back(variable_of(table_[i]));
      const auto text = sources_.environment(known.back());
      if (!text) continue;
      const std::string problem = put(i, *text, "environment " + known.back());
      if (!problem.empty())
        out_.mistakes.push_back({.code = Code::invalid_config,
                                 .message = problem,
                                 .where = "environment " + known.back()});
    }
    // Others may name their variables PORTOLAN_… too (an orchestrator does so for a service of that
    // name), so one that only looks like a setting is no mistake.
    for (const auto& name : sources_.variables) {
      if (name.rfind("PORTOLAN_", 0) != 0 || name == "PORTOLAN_PLUGIN_DIRS") continue;
      const auto nearest = base::nearest_name(name.substr(9), without_prefix(known));
      if (nearest.empty() || "PORTOLAN_" + nearest == name) continue;
      out_.warnings.push_back("environment " + name + " sets nothing; did you mean PORTOLAN_" +
                              nearest + "?");
    }
  }

  static std::vector<std::string> without_prefix(std::vector<std::string> names) {
    for (auto& name : names) name = name.substr(9);
    return names;
  }

  void read_flag(const SettingFlag& flag) {
    const std::size_t index = index_of(flag.name);
    Error error{.code = Code::invalid_argument, .where = flag.origin.substr(5)};
    if (flag.name.empty()) {
      error.message = in_quotes(flag.text) + " is not section.key=value";
    } else if (index == names_.size()) {
      error.message = unknown(flag.name).message;
      error.hint = unknown(flag.name).hint;
    } else {
      error.message = put(index, flag.text, flag.origin);
    }
    if (!error.message.empty()) out_.mistakes.push_back(std::move(error));
  }

  const Sources& sources_;
  Configuration out_;
  std::vector<Setting> table_;  // Its fields are members of out_.settings.
  std::vector<std::string> names_;
  std::set<std::string> bad_;  // Names of settings with a mistake.
};

/// Options with a name of their own, and the setting behind each.
struct Named {
  const char* option;
  char short_name;
  const char* argument;
  const char* setting;
};
constexpr Named named_options[] = {{"listen", 0, "ADDRESS", "server.listen"},
                                   {"public-url", 0, "URL", "server.public-url"},
                                   {"tls-certificate", 0, "FILE", "server.tls-certificate"},
                                   {"tls-key", 0, "FILE", "server.tls-key"},
                                   {"store", 0, "DIR", "store.path"},
                                   {"key-file", 0, "FILE", "store.key-file"},
                                   {"log-level", 0, "LEVEL", "log.level"},
                                   {"log-format", 0, "FORMAT", "log.format"}};

Value value_of(Kind kind) {
  if (kind == Kind::file) return Value::file;
  return kind == Kind::directory ? Value::directory : Value::text;
}

}  // namespace

const InForce& Configuration::at(std::string_view name) const {
  return *std::find_if(in_force.begin(), in_force.end(),
                       [name](const InForce& each) { return each.name == name; });
}

std::vector<std::string> process_variables() {
  std::vector<std::string> names;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text = *each;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

Configuration load(const Sources& sources) { return Loader(sources).run(); }

std::vector<std::string> need_restart(const Configuration& running, const Configuration& next) {
  DaemonSettings plain;
  std::vector<std::string> names;
  for (const Setting& setting : settings_of(plain)) {
    const bool same = running.at(setting.name).text == next.at(setting.name).text;
    if (!same && setting.change == Change::restart) names.push_back(setting.name);
  }
  return names;
}

std::vector<Option> setting_options() {
  const std::string group = "Settings";
  DaemonSettings plain;
  const auto table = settings_of(plain);
  std::vector<Option> options;
  for (const Named& each : named_options) {
    const auto setting = std::find_if(table.begin(), table.end(), [&each](const Setting& one) {
      return one.name == each.setting;
    });
    options.push_back({.name = each.option,
                       .short_name = each.short_name,
                       .argument = each.argument,
                       .help = setting->help,
                       .value = value_of(setting->kind),
                       .choices = setting->choices,
                       .repeatable = setting->kind == Kind::listen,
                       .group = group});
  }
  options.push_back({.name = "set",
                     .argument = "SECTION.KEY=VALUE",
                     .help = "any other setting, see `portolan config show`",
                     .repeatable = true,
                     .group = group});
  return options;
}

std::vector<SettingFlag> setting_flags(const ParsedCommand& arguments) {
  std::vector<SettingFlag> flags;
  const auto takes_settings = [](const Option& option) { return option.name == "set"; };
  const auto& options = arguments.command->options;
  if (std::none_of(options.begin(), options.end(), takes_settings)) return flags;
  for (const std::string& text : arguments.values("set")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      flags.push_back({"", text, "flag --set"});
    else
      flags.push_back({text.substr(0, equals), text.substr(equals + 1), "flag --set"});
  }
  for (const Named& each : named_options) {
    std::string text;
    for (const auto& value : arguments.values(each.option))
      text += (text.empty() ? "" : ", ") + value;
    if (arguments.has(each.option))
      flags.push_back({each.setting, text, std::string("flag --") + each.option});
  }
  return flags;
}

}  // namespace portolan::config
