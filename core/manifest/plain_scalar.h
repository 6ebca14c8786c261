#pragma once
#include <string>

#include "base/json.h"

namespace portolan::manifest {

/// What a plain (unquoted) scalar is by the core schema of YAML 1.2 §10.3.2.
struct PlainScalar {
  base::Json value;
  std::string problem;  ///< Why it is refused, with what to write; empty when `value` holds.
};

/// Refused, because readers disagree on them: leading zeros, 0x and 0o, .inf and .nan.
PlainScalar read_plain(const std::string& text);

}  // namespace portolan::manifest
