#pragma once
#include <portolan/abi/abi.h>

#include <optional>

#include "plugin/note.h"
#include "plugin/sealed_file.h"

namespace portolan::plugin {

using EntryFunction = const portolan_entry* (*)();

/// Loads checked bytes and returns the plugin's one exported function: load_failed (missing symbol
/// or library, with the loader's text) or no_entry_symbol. The library and its descriptor stay for
/// the life of the process: glibc knows loaded objects by name, and the name is the descriptor's
/// number.
Checked<EntryFunction> load_library(SealedFile file);

/// descriptor_mismatch when the entry says anything else than the note that was checked.
std::optional<Refusal> compare(const portolan_entry* entry, const Note& note);

}  // namespace portolan::plugin
