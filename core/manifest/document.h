#pragma once
/// One document of a file as a tree whose every key and value knows where it stands.
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "manifest/mistake.h"

namespace portolan::manifest {

/// What Mistake::file says of "-".
inline constexpr const char* standard_input_name = "standard input";

struct Position {
  int line = 0, column = 0;  ///< From 1.
};

struct Place {
  Position key;  ///< Of a member: where its name begins; else as `value`.
  Position value;
};

struct Document {
  std::string file;    ///< As shown in mistakes.
  std::string folder;  ///< What file references are relative to.
  base::Json value;
  std::unordered_map<std::string, Place> places;  ///< By RFC 6901 pointer.
  std::set<std::string> broken;  ///< Pointers of values that could not be read; told already.

  /// Of `pointer` or, where that is absent, of the nearest value around it.
  Place at(std::string_view pointer) const;
  /// Whether `pointer` is in a value that could not be read.
  bool is_broken(std::string_view pointer) const;
  /// "/spec/registries/2/name" → "spec.registries[2].name"
  std::string path(std::string_view pointer) const;
  /// A mistake at the value, or at the key, of `pointer`. The message may quote the document.
  Mistake mistake(std::string_view pointer, std::string message, bool at_key = false) const;
};

}  // namespace portolan::manifest
