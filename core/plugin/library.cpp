#include "plugin/library.h"

#include <dlfcn.h>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include <algorithm>
#include <deque>
#include <exception>

#include "base/mutex.h"
#include "plugin/abi_read.h"

namespace portolan::plugin {
namespace {

struct Library {
  SealedFile file;
  boost::dll::shared_library handle;
};

/// Never destroyed: code of a plugin may run until the process is gone.
const Library& keep_for_ever(Library library) {
  static base::Mutex& mutex = *new base::Mutex;
  static auto& all = *new std::deque<Library>;
  const base::Lock lock(mutex);
  return all.emplace_back(std::move(library));
}

/// `why` begins with the path, which says nothing to anybody.
Refusal load_failed(const std::string& path, const char* why) {
  std::string_view reason = why ? why : "it does not say why";
  if (reason.substr(0, path.size()) == path) reason.remove_prefix(path.size());
  if (reason.substr(0, 2) == ": ") reason.remove_prefix(2);
  return {"load_failed",
          "the dynamic loader refuses it: " + base::clean_text(reason, model::limits::text_bytes),
          "install the library it needs, or build it with -Wl,-z,defs for this system"};
}

std::vector<std::string> texts(const portolan_str* items, std::uint64_t count) {
  std::vector<std::string> all;
  for (std::uint64_t i = 0; items && i < std::min<std::uint64_t>(count, 1000); ++i)
    all.push_back(text(items[i]));
  return all;
}

/// The first thing in which descriptor and note differ; empty when they agree.
std::string difference(const portolan_descriptor& found, const Note& note, const Note::Type& type) {
  const auto differs = [](const char* what, const std::string& in_file,
                          const std::string& in_note) {
    return std::string(what) + " is \"" + in_file + "\" in the descriptor and \"" + in_note +
           "\" in the note";
  };
  const struct {
    const char* what;
    portolan_str in_file;
    const std::string& in_note;
  } pairs[] = {{"id", found.id, note.id},
               {"name", found.name, type.name},
               {"version", found.version, note.version},
               {"vendor", found.vendor, note.vendor},
               {"licence", found.licence, note.licence},
               {"doc_url", found.doc_url, note.doc_url}};
  for (const auto& pair : pairs) {
    if (text(pair.in_file) != pair.in_note)
      return differs(pair.what, text(pair.in_file), pair.in_note);
  }
  if (texts(found.extensions, found.extension_count) != type.extensions) {
    return "the extensions of type " + type.type + " differ";
  }
  if (texts(found.permissions, found.permission_count) != note.permissions)
    return "the permissions differ";
  const auto schema =
      base::parse_json(view(found.config_schema).substr(0, model::limits::plugin_note_bytes));
  if (!schema || base::to_text(*schema) != type.schema_text)
    return "the schema of type " + type.type + " differs";
  return {};
}

std::string difference(const portolan_entry* raw, const Note& note) {
  const auto entry = read_struct<portolan_entry>(raw);
  if (!entry || !entry->descriptor || !entry->create) return "the entry is not complete";
  if (entry->abi_minor != note.abi_minor || entry->min_host_minor != note.min_host_minor) {
    return "the entry and the note name different ABI minors";
  }
  if (entry->descriptor_count != note.types.size()) {
    return "there are " + std::to_string(entry->descriptor_count) + " descriptors and " +
           std::to_string(note.types.size()) + " types in the note";
  }
  for (std::uint32_t i = 0; i < entry->descriptor_count; ++i) {
    const auto found = read_struct<portolan_descriptor>(entry->descriptor(i));
    if (!found) return "descriptor " + std::to_string(i) + " is not complete";
    const std::string name = text(found->type);
    const auto type = std::find_if(note.types.begin(), note.types.end(),
                                   [&](const Note::Type& t) { return t.type == name; });
    if (type == note.types.end()) return "type \"" + name + "\" is not in the note";
    if (std::string problem = difference(*found, note, *type); !problem.empty()) return problem;
  }
  return {};
}

}  // namespace

Checked<EntryFunction> load_library(SealedFile file) {
  // NODELETE: a plugin may have thread-local or unique symbols that an unload would leave dangling.
  constexpr auto mode = static_cast<boost::dll::load_mode::type>(
      boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local | RTLD_NODELETE);
  try {
    Library loaded{std::move(file), {}};
    const std::string path = loaded.file.loader_path();
    std::error_code failed;
    loaded.handle.load(path, mode, failed);
    if (failed) return load_failed(path, ::dlerror());
    const Library& library = keep_for_ever(std::move(loaded));
    if (!library.handle.has("portolan_plugin_v1")) {
      return Refusal{"no_entry_symbol", "the loaded file has no portolan_plugin_v1",
                     "export it from the plugin"};
    }
    return &library.handle.get<const portolan_entry*()>("portolan_plugin_v1");
  } catch (const std::exception& problem) {
    return load_failed("", problem.what());
  } catch (...) {
    return load_failed("", "an unknown exception");
  }
}

std::optional<Refusal> compare(const portolan_entry* entry, const Note& note) {
  std::string problem;
  try {
    problem = difference(entry, note);
  } catch (...) {
    problem = "an exception left the plugin's descriptor";
  }
  if (problem.empty()) return std::nullopt;
  return Refusal{
      "descriptor_mismatch", std::move(problem),
      "build the plugin again with portolan_add_plugin(), which writes both from one source"};
}

}  // namespace portolan::plugin
