#include "config/ini.h"

#include <boost/program_options.hpp>
#include <fstream>
#include <sstream>

namespace portolan::config {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr std::size_t file_bytes = 1024 * 1024;

/// One line, read below its section: Program_options tells no line numbers, so it gets one at a
/// time.
void read_line(Ini& ini, const std::string& line) {
  ini.lines.push_back(line);
  const std::size_t number = ini.lines.size();
  try {
    std::istringstream one((ini.section.empty() ? "" : "[" + ini.section + "]\n") + line + '\n');
    for (const auto& option : po::parse_config_file(one, po::options_description(), true).options) {
      ini.values.push_back(
          {option.string_key, option.value.empty() ? "" : option.value.front(), number});
    }
  } catch (const po::error&) {
    ini.mistakes.push_back(mistake_at(ini.file, number, "this is no setting",
                                      "write [section], or key = value, or # comment"));
    return;
  }
  const auto open = line.find_first_not_of(" \t");
  const auto close = line.find(']');
  if (open != std::string::npos && line[open] == '[' && close != std::string::npos)
    ini.section = line.substr(open + 1, close - open - 1);
}

}  // namespace

base::Error mistake_at(const fs::path& file, std::size_t line, std::string message,
                       std::string hint) {
  return {.code = base::Code::invalid_config,
          .message = std::move(message),
          .hint = std::move(hint),
          .where = file.string() + (line != 0 ? ":" + std::to_string(line) : "")};
}

Ini read_ini(const fs::path& file) {
  Ini ini;
  ini.file = file;
  std::ifstream in(file);
  std::size_t bytes = 0;
  for (std::string line; in && std::getline(in, line);) {
    bytes += line.size() + 1;
    if (bytes > file_bytes) {
      ini.mistakes.push_back(mistake_at(file, 0, "the settings file is larger than 1 MiB"));
      return ini;
    }
    read_line(ini, line);
  }
  if (!in.eof()) ini.mistakes.push_back(mistake_at(file, 0, "the settings file cannot be read"));
  return ini;
}

}  // namespace portolan::config
