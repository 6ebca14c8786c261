#pragma once
/// The API takes values. A reference (a variable, a file, a credential) is resolved where it is
/// one: at the client. Here it is only recognised, so that its refusal says so.
#include <optional>

#include "base/json.h"
#include "base/result.h"
#include "base/schema.h"

namespace portolan::api {

inline constexpr const char* reference_hint =
    "References (env, file, credential, paths) are resolved by the client: send the value. "
    "portolan "
    "does so for its flags and documents; the daemon opens nothing that a caller names.";

/// Whether what is wrong in `body` is a reference where a value is expected: {"env": "X"}, or a
/// member like passwordFrom or ca_file.
bool is_reference(const base::SchemaMistake& mistake, const base::Json& body);

/// invalid_config when a certificate or key in the `tls` of a body is no PEM, such as a path.
std::optional<base::Error> refuse_paths(const base::Json& body);

}  // namespace portolan::api
