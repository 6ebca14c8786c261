#pragma once
/// The manifest of a plugin file, from its bytes alone.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "plugin/refusal.h"

namespace portolan::plugin {

/// The manifest in the ELF note (docs/abi.md, "The note").
struct Note {
  std::string id, name, version, vendor, licence, doc_url;
  unsigned abi_major = 0, abi_minor = 0, min_host_minor = 0;
  struct Type {
    std::string type, name, schema_text;
    std::vector<std::string> extensions;
    bool can_detect() const;
  };
  std::vector<Type> types;
  std::vector<std::string> permissions;
  base::Json json;  ///< As read.
};

/// bad_note when it is not that shape. Unknown members are ignored: a newer SDK may say more.
Checked<Note> parse_note(std::string_view json);

/// "1.0": the ABI of this host.
std::string host_abi();

/// [a-z0-9][a-z0-9-]{0,62}
bool is_type_word(std::string_view word);

/// The first reason why this host does not run it: abi_too_new, abi_too_old, no_entry_symbol,
/// missing_extension, bad_schema.
std::optional<Refusal> judge_note(const Note& note, const std::vector<std::string>& exports);

}  // namespace portolan::plugin
