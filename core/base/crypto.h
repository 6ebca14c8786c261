#pragma once
/// Cryptography, as libsodium does it; its one door. Every function is safe from any thread and
/// never fails for want of randomness: the process ends instead.
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace portolan::base {

std::string random_bytes(std::size_t count);
/// `prefix` and 32 random bytes in base64url without padding: "ptk_Yx3...".
Secret random_token(std::string_view prefix);

std::string sha256(std::string_view bytes);                            ///< 32 bytes.
std::string hmac_sha256(const Secret& key, std::string_view message);  ///< 32 bytes (RFC 2104).
std::string hex(std::string_view bytes);
std::string base64url(std::string_view bytes);              ///< RFC 4648 §5, no padding.
Result<std::string> from_base64url(std::string_view text);  ///< invalid_argument.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// 32 bytes that seal what is kept: XChaCha20-Poly1305 with random nonces. A second key, for
/// fingerprints, is derived from it.
class SealingKey {
 public:
  static SealingKey generate();
  /// 64 hexadecimal digits and a line end. invalid_config when it is anything else, or the file is
  /// readable by group or others.
  static Result<SealingKey> read(const std::filesystem::path& file);
  /// Makes `file` with mode 0600, durable before return; conflict when it exists.
  Result<void> write_new(const std::filesystem::path& file) const;

  /// `context` (table, row, origin) is authenticated, not stored: what was sealed for one row does
  /// not open in another.
  std::string seal(const Secret& plain, std::string_view context) const;
  /// internal when the bytes, the key or the context are not those of seal().
  Result<Secret> open(std::string_view sealed, std::string_view context) const;
  /// Equal secrets in one context have equal fingerprints; nothing else follows from one. Hex.
  std::string fingerprint(const Secret& secret, std::string_view context) const;
  /// Names the key without telling it; kept beside what it sealed. Hex, 16 digits.
  std::string id() const;

 private:
  explicit SealingKey(Secret bytes) : bytes_(std::move(bytes)) {}
  Secret bytes_;
};

/// Argon2id (RFC 9106), 64 MiB and two passes: about 80 ms of one processor. The caller bounds how
/// many run at once.
std::string hash_password(const Secret& password);
bool verify_password(const std::string& hash, const Secret& password);

}  // namespace portolan::base
