#pragma once
/// The raw side of one plugin file, for `plugins check`: what a loader has no reason to ask.
#include <portolan/abi/abi.h>

#include <filesystem>
#include <memory>
#include <string>

#include "plugin/instance.h"
#include "plugin/library.h"
#include "plugin/note.h"

namespace portolan::plugin {

/// A loaded plugin whose promises about entry and instances are tried one by one. A function with
/// the answer `std::string` says what breaks the rule, or nothing. Runs the plugin's code on the
/// caller's thread.
class Contract {
 public:
  /// As PluginSet::load(), but a descriptor that disagrees with the note is no refusal.
  static Checked<std::unique_ptr<Contract>> load(const std::filesystem::path& file);

  const Note& note() const { return note_; }
  /// For typed calls.
  std::shared_ptr<Type> type(const Note::Type& type) const;

  std::string same_entry() const;
  std::string descriptor_agrees() const;
  std::string nothing_past_the_end() const;
  std::string unknown_type_extension(const std::string& type) const;

  /// What create() gets; all of one type.
  struct Settings {
    std::string type, base, config_json;
  };
  std::string create_and_destroy(const Settings& settings, int times) const;
  std::string unknown_extension(const Settings& settings) const;
  std::string extensions_as_declared(const Note::Type& type, const Settings& settings) const;
  std::string instances_independent(const Settings& settings) const;

 private:
  Contract(Note note, EntryFunction function)
      : note_(std::move(note)), function_(function), entry_(*function()) {}

  /// An instance, or `problem` says why there is none.
  const portolan_instance* create(const Settings& settings, std::string& problem) const;

  const Note note_;
  const EntryFunction function_;
  const portolan_entry& entry_;
};

}  // namespace portolan::plugin
