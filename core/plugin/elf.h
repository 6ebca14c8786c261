#pragma once
/// A shared object read as bytes (System V gABI chapters 4 and 5; ELF-64 little endian), bounded
/// and without loading it. Boost's library_info is no choice: it sizes a buffer from the file
/// before it checks it (plugin-abi.md §3).
#include <string>
#include <string_view>
#include <vector>

#include "plugin/refusal.h"

namespace portolan::plugin {

/// How a file was linked, as far as it matters to who loads it.
struct Linking {
  bool unique_symbols = false;  ///< A GNU_UNIQUE symbol: shared with other files, never unloaded.
  bool static_tls = false;      ///< Thread-local data that only a program itself surely gets.
  bool text_relocations = false, executable_stack = false;
  bool search_path = false;  ///< RPATH or RUNPATH.
  bool relro = false, now = false;
};

/// What a plugin's file tells.
struct ElfFacts {
  std::string note;                  ///< The note's JSON text, at most limits::plugin_note_bytes.
  std::vector<std::string> exports;  ///< Defined dynamic symbols that others may bind to, sorted.
  Linking linking;
};

/// not_elf, wrong_machine, no_note or bad_note. Any bytes at all are safe.
Checked<ElfFacts> read_elf(std::string_view file);

}  // namespace portolan::plugin
