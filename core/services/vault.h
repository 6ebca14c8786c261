#pragma once
/// The secrets of one registry: its own, those sealed out of answers, and the search for both in
/// texts.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/secret.h"
#include "model/registry.h"

namespace portolan::services {

/// In keys, for who has no credential: no handle is spelt so.
inline constexpr std::string_view anonymous_handle = "anonymous";

/// Who a request speaks as. Not given: anonymously.
struct Credential {
  std::string handle;  ///< "" = the registry's own.
  std::string username;
  base::Secret secret;
  base::Secret basic;  ///< "Basic dXNlcjpwYXNz" (RFC 7617).
  bool given() const { return !secret.empty(); }
};

/// Safe from any thread.
class Vault {
 public:
  explicit Vault(const model::Registry& registry);

  /// "" and "password" name the registry's own; else a handle that seal() gave, or "user:handle"
  /// where a scheme needs a name. Null: unknown.
  std::shared_ptr<const Credential> find(std::string_view handle) const EXCLUDES(mutex_);

  /// Keeps a secret and gives its handle, which no other secret had or will have. limit when too
  /// many are kept.
  base::Result<std::string> seal(base::Secret secret) EXCLUDES(mutex_);
  /// The secret behind a handle of seal(), which is forgotten with it; nullopt when it is unknown.
  std::optional<base::Secret> take(const std::string& handle) EXCLUDES(mutex_);

  /// `text` with every secret in it (as it is, percent-encoded, in Base64 with its user) replaced
  /// by "***". Secrets of fewer than four characters are not searched for: they are parts of words.
  std::string redact(std::string text) const EXCLUDES(mutex_);

 private:
  struct Sealed {
    base::Secret secret;
    std::vector<base::Secret> spellings;
  };

  const std::shared_ptr<const Credential> own_;
  const std::vector<base::Secret> spellings_;  ///< What its own secrets look like in a text.
  mutable base::Mutex mutex_;
  std::map<std::string, Sealed, std::less<>> sealed_ GUARDED_BY(mutex_);
  std::uint64_t handles_ GUARDED_BY(mutex_) = 0;
};

/// `json` with the text at `pointer` (RFC 6901) given to `seal`, and {"$secret":"<handle>"} in its
/// place: what a plugin may see of it. protocol when it is no JSON or has no such text.
base::Result<std::string> seal_in(
    std::string_view json, std::string_view pointer,
    const std::function<base::Result<std::string>(base::Secret)>& seal);

std::string base64(std::string_view bytes);
/// Everything but RFC 3986's unreserved characters escaped.
std::string percent_encoded(std::string_view text);

}  // namespace portolan::services
