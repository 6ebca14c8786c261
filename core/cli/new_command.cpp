#include <cctype>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "cli/commands.h"
#include "cli/program.h"
#include "cli/scaffold.h"
#include "plugin/note.h"

namespace portolan::cli {
namespace {

namespace fs = std::filesystem;

/// A C++ name; the ending keeps it from being a keyword.
std::string class_of(const std::string& type) {
  std::string out = std::isdigit(static_cast<unsigned char>(type.front())) != 0 ? "type_" : "";
  for (const char c : type) out += c == '-' ? '_' : c;
  return out + "_plugin";
}

std::string title_of(std::string type) {
  type.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(type.front())));
  for (char& c : type)
    if (c == '-') c = ' ';
  return type;
}

std::string filled(std::string text, const std::string& word, const std::string& value) {
  for (std::size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + value.size()))
    text.replace(at, word.size(), value);
  return text;
}

base::Result<void> write(const fs::path& file, const std::string& text) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  std::ofstream out(file, std::ios::binary);
  out << text << std::flush;
  if (out) return {};
  return base::Error{base::Code::invalid_argument, file.string() + " cannot be written",
                     "check the directory's permissions and the space on the disk"};
}

}  // namespace

int plugins_new(Session& session) {
  const std::string& type = session.args().positionals().front();
  if (!plugin::is_type_word(type))
    return session.fail({base::Code::invalid_argument, "\"" + type + "\" is no name for a type",
                         "use lower-case letters, digits and hyphens, a letter or digit first, at "
                         "most 63"},
                        exit_failed);
  const fs::path directory =
      session.args().has("directory") ? session.args().value("directory") : type;
  std::error_code error;
  if (fs::exists(directory, error) && !fs::is_empty(directory, error))
    return session.fail(
        {base::Code::conflict, directory.string() + " is there and is not an empty directory",
         "name another with --directory"},
        exit_failed);
  for (const ScaffoldFile& file : scaffold_files()) {
    std::string text(file.text);
    for (const auto& [word, value] :
         {std::pair{"@type@", type}, {"@class@", class_of(type)}, {"@title@", title_of(type)}})
      text = filled(std::move(text), word, value);
    if (const auto done = write(directory / file.path, text); !done)
      return session.fail(done.error(), exit_failed);
  }
  session.terminal().out << "wrote a plugin for the type " << type << " to " << directory.string()
                         << "\n\n  cd " << directory.string()
                         << "\n  cmake -S . -B build && cmake --build build && ctest --test-dir "
                            "build\n";
  return exit_ok;
}

}  // namespace portolan::cli
