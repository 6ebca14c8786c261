#pragma once
/// A registry given by flags instead of a file: its options, checked by the type's own schema.
#include <string>
#include <vector>

#include "base/result.h"
#include "base/schema.h"

namespace portolan::config {

/// What the command line says of a registry as far as its type is concerned.
struct TypeFlags {
  std::string type;
  std::string username;
  bool password = false;             ///< --password-from was given.
  std::vector<std::string> options;  ///< "pageSize=50", from --option KEY=VALUE.
};

/// The `options` object as JSON text, defaults filled in. `key` is a field's name, "a.b" where it
/// is nested; a list is given by repeating it. Values have the type that the schema says.
/// invalid_argument for what is no KEY=VALUE; invalid_config, naming the flags that mend it, when
/// the schema refuses the whole, or a user name stands without a password or the reverse.
base::Result<std::string> options_from_flags(const TypeFlags& flags, const base::Schema& schema);

/// The key of a field of `options`: "/options/a/b" → "a.b"; empty for a field of `credentials`.
std::string option_key(const base::SchemaField& field);

}  // namespace portolan::config
