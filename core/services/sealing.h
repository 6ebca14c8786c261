#pragma once
/// Takes a secret out of a JSON answer before a plugin sees it.
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace portolan::services {

using Seal = std::function<base::Result<std::string>(base::Secret)>;

/// `json` with the text at `pointer` (RFC 6901) given to `seal` and {"$secret":"<handle>"} in its
/// place. protocol when it is no JSON or has no such text.
base::Result<std::string> seal_in(std::string_view json, std::string_view pointer,
                                  const Seal& seal);

}  // namespace portolan::services
