#include "plugin/plugin_set.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/mutex.h"
#include "base/schema.h"
#include "base/text.h"
#include "plugin/library.h"
#include "plugin/loaded_type.h"
#include "services/call.h"

namespace portolan::plugin {
namespace {

base::Error refused(const std::string& type, const Plugin& plugin, const Refusal& refusal) {
  return {base::Code::plugin_refused,
          "the plugin of type " + type + " was refused: " + refusal.code + ": " + refusal.message,
          refusal.hint, plugin.file.string()};
}

/// A file of a set. What it is (`plugin`) is settled before other threads see it; that it was
/// loaded, or refused then, comes later.
class File {
 public:
  explicit File(FoundFile found)
      : plugin(std::move(found.plugin)),
        mark(found.mark),
        for_this_call(found.for_this_call),
        sealed_(std::move(found.sealed)) {}

  Plugin plugin;
  const FileMark mark;
  const bool for_this_call;

  bool takes_part() const { return plugin.note && !plugin.refusal; }

  base::Result<std::shared_ptr<Type>> load(const std::string& type) EXCLUDES(mutex_) {
    const base::Lock lock(mutex_);
    if (sealed_) load_file();
    if (refusal_) return refused(type, plugin, *refusal_);
    return loaded_.find(type)->second;
  }

  /// As found, or as it turned out at load.
  std::optional<Refusal> refusal() const EXCLUDES(mutex_) {
    const base::Lock lock(mutex_);
    return plugin.refusal ? plugin.refusal : refusal_;
  }

  /// It will not be loaded.
  void unseal() EXCLUDES(mutex_) {
    const base::Lock lock(mutex_);
    sealed_.reset();
  }

 private:
  void load_file() REQUIRES(mutex_) {
    const Note& note = *plugin.note;
    auto entry = load_library(*std::exchange(sealed_, std::nullopt));
    if (auto* refusal = std::get_if<Refusal>(&entry)) {
      refusal_ = std::move(*refusal);
      return;
    }
    const portolan_entry* raw = std::get<EntryFunction>(entry)();
    refusal_ = compare(raw, note);
    if (refusal_) return;
    for (const Note::Type& type : note.types) {
      loaded_.emplace(
          type.type, make_type(raw, services::host_table(), type, plugin.file.filename().string()));
    }
  }

  mutable base::Mutex mutex_;
  std::optional<SealedFile> sealed_ GUARDED_BY(mutex_);  // Until it is loaded.
  std::map<std::string, std::shared_ptr<Type>, std::less<>> loaded_ GUARDED_BY(mutex_);
  std::optional<Refusal> refusal_ GUARDED_BY(mutex_);  // At load.
};

/// The files and what is ready of them, as they are between two reads of the directories.
struct Table {
  struct Row {
    std::shared_ptr<File> file;
    bool kept = false;  ///< Ready since an earlier read: nothing takes its place.
    std::string needs_restart{};
  };
  struct Place {
    std::shared_ptr<File> file;
    const Note::Type* type;
  };
  std::vector<Row> rows;
  std::map<std::string, Place, std::less<>> ready;
};

/// Makes a table of what is in the directories now, and of what was ready `before`.
class Reading {
 public:
  Reading(const SetOptions& options, const Table& before) : options_(options), before_(before) {}

  Table run() {
    read();
    replace_same_ids();
    refuse_duplicates();
    enable();
    for (const Table::Row& row : table_.rows) {
      if (row.file->plugin.state != State::ready) row.file->unseal();
    }
    return std::move(table_);
  }

 private:
  /// What was refused at load may be mended; it is tried again when its file is another one, or the
  /// loader did not take it (that leaves nothing behind).
  static bool stays(const File& file, const FileMark& now) {
    if (file.plugin.state != State::ready) return false;
    const auto refusal = file.refusal();
    return !refusal || (refusal->code != "load_failed" && file.mark == now);
  }

  void read() {
    std::set<const File*> seen;
    for (FoundFile& found : read_plugin_files(options_)) {
      const auto old =
          std::find_if(before_.rows.begin(), before_.rows.end(), [&](const Table::Row& row) {
            return row.file->plugin.file == found.plugin.file && stays(*row.file, found.mark);
          });
      if (old == before_.rows.end()) {
        table_.rows.push_back({std::make_shared<File>(std::move(found))});
        continue;
      }
      seen.insert(old->file.get());
      const bool same = old->file->mark == found.mark;
      table_.rows.push_back({old->file, true, same ? "" : "the file is another one now"});
    }
    for (const Table::Row& row : before_.rows) {
      const bool in_use = row.file->plugin.state == State::ready && !row.file->refusal();
      if (in_use && seen.count(row.file.get()) == 0)
        table_.rows.push_back({row.file, true, "the file is not there any more"});
    }
  }

  void replace_same_ids() {
    std::map<std::string, const File*> first;
    for (const Table::Row& row : table_.rows) {
      if (row.file->takes_part() && row.file->for_this_call)
        first.emplace(row.file->plugin.note->id, row.file.get());
    }
    for (const Table::Row& row : table_.rows) {
      Plugin& plugin = row.file->plugin;
      if (row.kept || !row.file->takes_part() || row.file->for_this_call) continue;
      const auto other = first.find(plugin.note->id);
      if (other == first.end()) continue;
      plugin.refusal =
          Refusal{"replaced", other->second->plugin.file.string() + " is used in its place",
                  "leave out --plugin-dir to use this one"};
    }
  }

  void refuse_duplicates() {
    std::map<std::string, std::vector<const Table::Row*>> owners;
    for (const Table::Row& row : table_.rows) {
      if (!row.file->takes_part()) continue;
      for (const Note::Type& type : row.file->plugin.note->types) owners[type.type].push_back(&row);
    }
    for (const auto& [type, rows] : owners) {
      for (const Table::Row* row : rows) {
        Plugin& plugin = row->file->plugin;
        if (rows.size() < 2 || row->kept || plugin.refusal) continue;
        const Table::Row* other = rows[0] == row ? rows[1] : rows[0];
        plugin.state = State::refused;
        plugin.refusal = Refusal{
            "duplicate_type", "type " + type + " is also in " + other->file->plugin.file.string(),
            other->needs_restart.empty() ? "remove one of the two files"
                                         : "restart the daemon: that one is in use"};
      }
    }
  }

  void enable() {
    for (Table::Row& row : table_.rows) {
      if (!row.file->takes_part()) continue;
      for (const Note::Type& type : row.file->plugin.note->types) {
        const bool enabled =
            row.file->for_this_call || options_.enabled_types.count(type.type) != 0;
        const bool in_use = row.kept && before_.ready.count(type.type) != 0 && !row.file->refusal();
        if (!enabled && !in_use) continue;
        if (!enabled) {
          row.needs_restart += (row.needs_restart.empty() ? "" : "; ") + ("type " + type.type) +
                               " is not enabled any more";
        }
        if (!row.kept) row.file->plugin.state = State::ready;
        table_.ready.emplace(type.type, Table::Place{row.file, &type});
      }
    }
  }

  const SetOptions& options_;
  const Table& before_;
  Table table_;
};

class LoadingSet : public PluginSet {
 public:
  explicit LoadingSet(const SetOptions& options)
      : table_(std::make_shared<const Table>(Reading(options, {}).run())) {}

  std::vector<Plugin> plugins() const override {
    const auto table = now();
    std::vector<Plugin> out;
    for (const Table::Row& row : table->rows) {
      Plugin& plugin = out.emplace_back(row.file->plugin);
      plugin.needs_restart = row.needs_restart;
      if (plugin.state != State::ready) continue;
      plugin.refusal = row.file->refusal();
      if (plugin.refusal) plugin.state = State::refused;
    }
    return out;
  }

  std::vector<std::string> types() const override {
    const auto table = now();
    std::vector<std::string> names;
    for (const auto& [name, place] : table->ready) {
      if (!place.file->refusal()) names.push_back(name);
    }
    return names;
  }

  const Note::Type* type(std::string_view name) const override {
    const auto table = now();
    const auto place = table->ready.find(name);
    return place == table->ready.end() ? nullptr : place->second.type;
  }

  base::Result<std::shared_ptr<Type>> load(std::string_view name) override {
    const auto table = now();
    const auto place = table->ready.find(name);
    if (place == table->ready.end()) return why_not(*table, std::string(name));
    return place->second.file->load(place->first);
  }

  std::vector<std::string> refresh(const SetOptions& options) override {
    const base::Lock one_at_a_time(refreshing_);
    const auto before = now();
    const auto next = std::make_shared<const Table>(Reading(options, *before).run());
    std::vector<std::string> came;
    for (const auto& [name, place] : next->ready) {
      const auto old = before->ready.find(name);
      const bool was_there = old != before->ready.end() && !old->second.file->refusal();
      if (!was_there && place.file->load(name)) came.push_back(name);
    }
    for (const Table::Row& row : before->rows) {
      if (row.file->plugin.state == State::ready) once_ready_.insert(row.file);
    }
    const base::Lock lock(mutex_);
    table_ = next;
    return came;
  }

 private:
  std::shared_ptr<const Table> now() const EXCLUDES(mutex_) {
    const base::Lock lock(mutex_);
    return table_;
  }

  static base::Error why_not(const Table& table, const std::string& name) {
    std::vector<std::string> known;
    for (const Table::Row& row : table.rows) {
      const Plugin& plugin = row.file->plugin;
      if (!plugin.note) continue;
      for (const Note::Type& type : plugin.note->types) {
        known.push_back(type.type);
        if (type.type != name || (plugin.refusal && plugin.refusal->code == "replaced")) continue;
        if (plugin.refusal) return refused(name, plugin, *plugin.refusal);
        return {base::Code::plugin_disabled,
                "the plugin of type " + name + " is installed and not enabled",
                "enable it: portolan plugins enable " + name + "; a daemon then needs a reload",
                plugin.file.string()};
      }
    }
    const std::string nearest = base::nearest_name(name, known);
    return {base::Code::plugin_missing,
            "no plugin implements the type \"" + base::clean_text(name, 64) + "\"",
            nearest.empty() ? "`portolan types` lists the types that are installed"
                            : "did you mean " + nearest + "?"};
  }

  mutable base::Mutex mutex_;
  std::shared_ptr<const Table> table_ GUARDED_BY(mutex_);
  base::Mutex refreshing_;
  /// Whoever asked for a type() may still read it.
  std::set<std::shared_ptr<File>> once_ready_ GUARDED_BY(refreshing_);
};

}  // namespace

std::unique_ptr<PluginSet> PluginSet::scan(const SetOptions& options) {
  return std::make_unique<LoadingSet>(options);
}

}  // namespace portolan::plugin
