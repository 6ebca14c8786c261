#pragma once
#include <string>
#include <variant>

namespace portolan::plugin {

/// Why a file is no plugin that this host runs. `code` is stable: docs/errors.md.
struct Refusal {
  std::string code;     ///< "not_elf", "wrong_machine", "no_note", "bad_note", "abi_too_new", ...
  std::string message;  ///< What was found.
  std::string hint;     ///< What to do about it.
};

/// A value, or why the file is refused.
template <class T>
using Checked = std::variant<T, Refusal>;

}  // namespace portolan::plugin
