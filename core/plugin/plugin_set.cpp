#include "plugin/plugin_set.h"

#include <algorithm>
#include <map>

#include "base/mutex.h"
#include "base/schema.h"
#include "base/text.h"
#include "plugin/elf.h"
#include "plugin/library.h"
#include "plugin/loaded_type.h"
#include "plugin/sealed_file.h"
#include "services/call.h"

namespace portolan::plugin {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t files_max = 1000;  // Of one directory; more are no plugin directory.

struct Found {
  Plugin plugin;
  std::optional<SealedFile> file;  // What load() will load; only of a file that is not refused.
};

/// Everything that the bytes tell, the graver reason first; note and exports as far as they are
/// readable.
Found read_file(const fs::path& path) {
  Found found;
  found.plugin.file = path;
  const auto refuse = [&](Refusal refusal) {
    found.plugin.refusal = std::move(refusal);
    return std::move(found);
  };
  auto file = SealedFile::read(path);
  if (auto* refusal = std::get_if<Refusal>(&file)) return refuse(std::move(*refusal));
  found.file.emplace(std::get<SealedFile>(std::move(file)));

  std::optional<Refusal> refusal = found.file->danger();
  auto elf = read_elf(found.file->bytes());
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

Found refused_directory(const fs::path& directory, Refusal refusal) {
  Found found;
  found.plugin.file = directory;
  found.plugin.refusal = std::move(refusal);
  return found;
}

/// The *.so files of a directory by name; one refused entry for a directory that is none.
std::vector<Found> read_directory(const fs::path& directory, bool must_exist) {
  std::vector<Found> all;
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
  for (const fs::path& file : files) all.push_back(read_file(file));
  return all;
}

base::Error refused(const std::string& type, const Plugin& plugin, const Refusal& refusal) {
  return {base::Code::plugin_refused,
          "the plugin of type " + type + " was refused: " + refusal.code + ": " + refusal.message,
          refusal.hint, plugin.file.string()};
}

class LoadingSet : public PluginSet {
 public:
  explicit LoadingSet(const SetOptions& options) : enabled_types_(options.enabled_types) {
    const base::Lock lock(mutex_);
    std::set<fs::path> seen;
    read_all(options.enabled_directories, true, seen);
    read_all(options.directories, false, seen);
    replace_same_ids();
    refuse_duplicates();
    enable();
  }

  const std::vector<Plugin>& plugins() const override { return plugins_; }

  std::vector<std::string> types() const override {
    std::vector<std::string> names;
    for (const auto& [name, place] : ready_) names.push_back(name);
    return names;
  }

  const Note::Type* type(std::string_view name) const override {
    const auto place = ready_.find(name);
    return place == ready_.end() ? nullptr : place->second.type;
  }

  base::Result<std::shared_ptr<Type>> load(std::string_view name) override {
    const auto place = ready_.find(name);
    if (place == ready_.end()) return why_not(std::string(name));
    const std::size_t index = place->second.plugin;
    const base::Lock lock(mutex_);
    if (files_[index]) load_file(index);
    if (const auto refusal = refused_.find(index); refusal != refused_.end()) {
      return refused(place->first, plugins_[index], refusal->second);
    }
    return loaded_.find(name)->second;
  }

 private:
  struct Place {
    std::size_t plugin;
    const Note::Type* type;
  };

  bool takes_part(const Plugin& plugin) const { return plugin.note && !plugin.refusal; }

  void read_all(const std::vector<fs::path>& directories, bool enabled, std::set<fs::path>& seen)
      REQUIRES(mutex_) {
    for (const fs::path& directory : directories) {
      std::error_code error;
      if (!seen.insert(fs::weakly_canonical(directory, error)).second) continue;
      for (Found& found : read_directory(directory, enabled)) {
        files_.push_back(std::move(found.file));
        for_this_call_.push_back(enabled);
        plugins_.push_back(std::move(found.plugin));
      }
    }
  }

  void replace_same_ids() {
    std::map<std::string, fs::path> first;
    for (std::size_t i = 0; i < plugins_.size(); ++i) {
      if (takes_part(plugins_[i]) && for_this_call_[i])
        first.emplace(plugins_[i].note->id, plugins_[i].file);
    }
    for (std::size_t i = 0; i < plugins_.size(); ++i) {
      if (!takes_part(plugins_[i]) || for_this_call_[i]) continue;
      const auto other = first.find(plugins_[i].note->id);
      if (other == first.end()) continue;
      plugins_[i].refusal = Refusal{"replaced", other->second.string() + " is used in its place",
                                    "leave out --plugin-dir to use this one"};
    }
  }

  void refuse_duplicates() {
    std::map<std::string, std::vector<std::size_t>> owners;
    for (std::size_t i = 0; i < plugins_.size(); ++i) {
      if (!takes_part(plugins_[i])) continue;
      for (const Note::Type& type : plugins_[i].note->types) owners[type.type].push_back(i);
    }
    for (const auto& [type, indices] : owners) {
      for (const std::size_t i : indices) {
        if (indices.size() < 2 || plugins_[i].refusal) continue;
        const std::size_t other = indices[0] == i ? indices[1] : indices[0];
        plugins_[i].state = State::refused;
        plugins_[i].refusal = Refusal{
            "duplicate_type", "type " + type + " is also in " + plugins_[other].file.string(),
            "remove one of the two files"};
      }
    }
  }

  void enable() REQUIRES(mutex_) {
    for (std::size_t i = 0; i < plugins_.size(); ++i) {
      if (!takes_part(plugins_[i])) continue;
      for (const Note::Type& type : plugins_[i].note->types) {
        if (!for_this_call_[i] && enabled_types_.count(type.type) == 0) continue;
        plugins_[i].state = State::ready;
        ready_.emplace(type.type, Place{i, &type});
      }
    }
    for (std::size_t i = 0; i < plugins_.size(); ++i) {
      if (plugins_[i].state != State::ready) files_[i].reset();
    }
  }

  void load_file(std::size_t index) REQUIRES(mutex_) {
    const Note& note = *plugins_[index].note;
    auto entry = load_library(*std::exchange(files_[index], std::nullopt));
    auto* refusal = std::get_if<Refusal>(&entry);
    if (refusal) {
      refused_.emplace(index, std::move(*refusal));
      return;
    }
    const portolan_entry* raw = std::get<EntryFunction>(entry)();
    if (auto mismatch = compare(raw, note)) {
      refused_.emplace(index, *std::move(mismatch));
      return;
    }
    for (const Note::Type& type : note.types) {
      loaded_.emplace(type.type, make_type(raw, services::host_table(), type,
                                           plugins_[index].file.filename().string()));
    }
  }

  base::Error why_not(const std::string& name) const {
    std::vector<std::string> known;
    for (const Plugin& plugin : plugins_) {
      if (!plugin.note) continue;
      for (const Note::Type& type : plugin.note->types) {
        known.push_back(type.type);
        if (type.type != name || (plugin.refusal && plugin.refusal->code == "replaced")) continue;
        if (plugin.refusal) return refused(name, plugin, *plugin.refusal);
        return {base::Code::plugin_disabled,
                "the plugin of type " + name + " is installed and not enabled",
                "enable it: portolan plugins enable " + name, plugin.file.string()};
      }
    }
    const std::string nearest = base::nearest_name(name, known);
    return {base::Code::plugin_missing,
            "no plugin implements the type \"" + base::clean_text(name, 64) + "\"",
            nearest.empty() ? "`portolan types` lists the types that are installed"
                            : "did you mean " + nearest + "?"};
  }

  const std::set<std::string> enabled_types_;
  std::vector<Plugin> plugins_;
  std::vector<bool> for_this_call_;  // By index of plugins_: from an enabled directory.
  std::map<std::string, Place, std::less<>> ready_;

  base::Mutex mutex_;
  std::vector<std::optional<SealedFile>> files_ GUARDED_BY(mutex_);  // By index; empty once loaded.
  std::map<std::string, std::shared_ptr<Type>, std::less<>> loaded_ GUARDED_BY(mutex_);
  std::map<std::size_t, Refusal> refused_ GUARDED_BY(mutex_);  // At load.
};

}  // namespace

std::unique_ptr<PluginSet> PluginSet::scan(SetOptions options) {
  return std::make_unique<LoadingSet>(options);
}

Plugin inspect_file(const fs::path& file) {
  Plugin plugin = read_file(file).plugin;
  if (!plugin.refusal) plugin.state = State::ready;
  return plugin;
}

}  // namespace portolan::plugin
