#include "plugin/plugin_files.h"

#include <sys/stat.h>

#include <algorithm>

#include "plugin/elf.h"

namespace portolan::plugin {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t files_max = 1000;  // Of one directory; more are no plugin directory.

FileMark mark_of(const fs::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return {};
  constexpr std::int64_t second = 1'000'000'000;
  return {facts.st_dev, facts.st_ino, facts.st_size,
          facts.st_mtim.tv_sec * second + facts.st_mtim.tv_nsec};
}

FoundFile refused_directory(const fs::path& directory, Refusal refusal) {
  FoundFile found;
  found.plugin.file = directory;
  found.plugin.refusal = std::move(refusal);
  return found;
}

void read_directory(const fs::path& directory, bool must_exist, std::vector<FoundFile>& all) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".so") files.push_back(at->path());
  }
  if (error && (must_exist || error != std::errc::no_such_file_or_directory)) {
    all.push_back(
        refused_directory(directory, {"unreadable", "the plugin directory: " + error.message(),
                                      "check that it exists and that this user may read it"}));
  }
  std::sort(files.begin(), files.end());
  if (files.size() > files_max) {
    all.push_back(refused_directory(
        directory, {"too_large",
                    "the directory holds " + std::to_string(files.size()) + " files, the first " +
                        std::to_string(files_max) + " are read",
                    "give a directory that holds plugins only"}));
    files.resize(files_max);
  }
  for (const fs::path& file : files) {
    all.push_back(read_plugin_file(file));
    all.back().for_this_call = must_exist;
  }
}

}  // namespace

FoundFile read_plugin_file(const fs::path& path) {
  FoundFile found;
  found.plugin.file = path;
  const auto refuse = [&](Refusal refusal) {
    found.plugin.refusal = std::move(refusal);
    found.sealed.reset();
    return std::move(found);
  };
  found.mark = mark_of(path);  // Before the bytes: what is written meanwhile is another file.
  auto file = SealedFile::read(path);
  if (auto* refusal = std::get_if<Refusal>(&file)) return refuse(std::move(*refusal));
  found.sealed.emplace(std::get<SealedFile>(std::move(file)));

  std::optional<Refusal> refusal = found.sealed->danger();
  auto elf = read_elf(found.sealed->bytes());
  if (auto* facts = std::get_if<ElfFacts>(&elf)) {
    found.plugin.exports = std::move(facts->exports);
    auto note = parse_note(facts->note);
    if (auto* good = std::get_if<Note>(&note)) {
      if (!refusal) refusal = judge_note(*good, found.plugin.exports);
      found.plugin.note = std::move(*good);
    } else if (!refusal) {
      refusal = std::get<Refusal>(std::move(note));
    }
  } else if (!refusal) {
    refusal = std::get<Refusal>(std::move(elf));
  }
  if (refusal) return refuse(*std::move(refusal));
  found.plugin.state = State::disabled;
  return found;
}

std::vector<FoundFile> read_plugin_files(const SetOptions& options) {
  std::vector<FoundFile> all;
  std::set<fs::path> seen;
  const auto read = [&](const std::vector<fs::path>& directories, bool enabled) {
    for (const fs::path& directory : directories) {
      std::error_code error;
      if (seen.insert(fs::weakly_canonical(directory, error)).second)
        read_directory(directory, enabled, all);
    }
  };
  read(options.enabled_directories, true);
  read(options.directories, false);
  return all;
}

Plugin inspect_file(const std::filesystem::path& file) {
  Plugin plugin = read_plugin_file(file).plugin;
  if (!plugin.refusal) plugin.state = State::ready;
  return plugin;
}

}  // namespace portolan::plugin
