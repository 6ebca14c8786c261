#pragma once
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "manifest/manifest.h"

namespace portolan::manifest {

/// Who may read the file behind a reference.
enum class Privacy { secret, open };

/// What {env|file|credential|stdin: ...} refers to, one newline at its end dropped. `folder` is
/// what a relative file is relative to. invalid_config, without a value, when it cannot be read, is
/// empty, is larger than 1 MiB, or when a secret's file may be read by group or others.
base::Result<base::Secret> read_reference(const base::Json& reference, const std::string& folder,
                                          Privacy privacy, const References& references);

}  // namespace portolan::manifest
