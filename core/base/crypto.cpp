#include "base/crypto.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file.h"

namespace portolan::base {
namespace {

namespace fs = std::filesystem;

/// Before the first use of libsodium by any thread.
void be_ready() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

constexpr char sealed_version = '\x01';
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
static_assert(key_bytes == crypto_kdf_KEYBYTES);

/// What is derived from a sealing key; a number is never used for anything else.
enum class Derived : std::uint64_t { fingerprints = 1, id = 2 };

Secret derive(const Secret& key, Derived what) {
  std::string derived(32, '\0');
  crypto_kdf_derive_from_key(bytes_of(derived), derived.size(), static_cast<std::uint64_t>(what),
                             "portolan", bytes_of(key.reveal()));
  return Secret(std::move(derived));
}

Error key_error(const fs::path& file, std::string message, std::string hint) {
  return {.code = Code::invalid_config,
          .message = std::move(message),
          .hint = std::move(hint),
          .where = file.string()};
}

Error key_error(const fs::path& file, int number) {
  return key_error(
      file, std::string("the key file cannot be read: ") + std::system_category().message(number),
      "Check --key-file and the owner of the file.");
}

/// systemd keeps the files of $CREDENTIALS_DIRECTORY to one unit by an access list, and such a list
/// shows as permission of the group.
bool kept_by_systemd(const fs::path& file) {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder && *folder && file.lexically_normal().parent_path() == fs::path(folder);
}

}  // namespace

std::string random_bytes(std::size_t count) {
  be_ready();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

Secret random_token(std::string_view prefix) {
  const Secret bytes(random_bytes(32));
  return Secret(std::string(prefix) + base64url(bytes.reveal()));
}

std::string sha256(std::string_view bytes) {
  std::string hash(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(bytes_of(hash), bytes_of(bytes), bytes.size());
  return hash;
}

std::string hmac_sha256(const Secret& key, std::string_view message) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key.reveal()), key.reveal().size());
  crypto_auth_hmacsha256_update(&state, bytes_of(message), message.size());
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, bytes_of(mac));
  sodium_memzero(&state, sizeof state);
  return mac;
}

std::string hex(std::string_view bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes_of(bytes), bytes.size());
  text.pop_back();
  return text;
}

std::string base64url(std::string_view bytes) {
  constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(), variant);
  text.pop_back();
  return text;
}

Result<std::string> from_base64url(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t length = 0;
  // Without a place for the end, libsodium takes nothing but the whole text.
  if (sodium_base642bin(bytes_of(bytes), bytes.size(), text.data(), text.size(), nullptr, &length,
                        nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
    return Error{.code = Code::invalid_argument, .message = "the text is not base64url"};
  }
  bytes.resize(length);
  return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

SealingKey SealingKey::generate() { return SealingKey(Secret(random_bytes(key_bytes))); }

Result<SealingKey> SealingKey::read(const fs::path& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) return key_error(file, errno);
  const mode_t forbidden = kept_by_systemd(file) ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG;
  if ((status.st_mode & forbidden) != 0) {
    return key_error(file, "the key file can be read by others than its owner",
                     "Make it private: chmod 600 " + file.string());
  }
  std::array<char, 2 * key_bytes + 3> text{};
  ssize_t length = 0;
  for (ssize_t got = 1; got > 0 && static_cast<std::size_t>(length) < text.size();) {
    got = ::read(opened.get(), text.data() + length, text.size() - std::size_t(length));
    if (got < 0 && errno == EINTR)
      got = 1;
    else if (got < 0)
      return key_error(file, errno);
    else
      length += got;
  }
  std::string_view digits(text.data(), static_cast<std::size_t>(length));
  for (const char end : {'\n', '\r'}) {
    if (digits.ends_with(end)) digits.remove_suffix(1);
  }
  std::string bytes(key_bytes, '\0');
  std::size_t decoded = 0;
  const bool good = digits.size() == 2 * key_bytes &&
                    sodium_hex2bin(bytes_of(bytes), bytes.size(), digits.data(), digits.size(),
                                   nullptr, &decoded, nullptr) == 0 &&
                    decoded == key_bytes;
  sodium_memzero(text.data(), text.size());
  Secret key(std::move(bytes));
  if (good) return SealingKey(std::move(key));
  return key_error(file, "the key file does not hold 64 hexadecimal digits and nothing else",
                   "Name the key file that the database was made with, or restore it.");
}

Result<void> SealingKey::write_new(const fs::path& file) const {
  const Descriptor made(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made.get() < 0 && errno == EEXIST) {
    return Error{.code = Code::conflict,
                 .message = "the key file exists already",
                 .hint = "Remove it only when no database and no backup was sealed with it.",
                 .where = file.string()};
  }
  const Secret text(hex(bytes_.reveal()) + '\n');
  if (made.get() >= 0 && write_all(made.get(), text.reveal()) && ::fsync(made.get()) == 0 &&
      sync_folder(folder_of(file))) {
    return {};
  }
  const int number = errno;
  if (made.get() >= 0) ::unlink(file.c_str());
  return key_error(
      file,
      std::string("the key file cannot be written: ") + std::system_category().message(number),
      "Name a file in a folder that the daemon may write to.");
}

std::string SealingKey::seal(const Secret& plain, std::string_view context) const {
  const std::string nonce = random_bytes(nonce_bytes);
  std::string sealed = sealed_version + nonce;
  sealed.resize(1 + nonce_bytes + plain.reveal().size() + tag_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      bytes_of(sealed) + 1 + nonce_bytes, nullptr, bytes_of(plain.reveal()), plain.reveal().size(),
      bytes_of(context), context.size(), nullptr, bytes_of(nonce), bytes_of(bytes_.reveal()));
  return sealed;
}

Result<Secret> SealingKey::open(std::string_view sealed, std::string_view context) const {
  be_ready();
  const Error refused{.message =
                          "a sealed secret does not open: it was changed, moved, or sealed "
                          "with another key",
                      .hint = "Give the secret again, or restore a backup with its key."};
  constexpr std::size_t least = 1 + nonce_bytes + tag_bytes;
  if (sealed.size() < least || sealed.front() != sealed_version) return refused;
  std::string plain(sealed.size() - least, '\0');
  const std::string_view nonce = sealed.substr(1, nonce_bytes);
  const std::string_view body = sealed.substr(1 + nonce_bytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(plain), nullptr, nullptr, bytes_of(body),
                                                 body.size(), bytes_of(context), context.size(),
                                                 bytes_of(nonce), bytes_of(bytes_.reveal())) != 0) {
    return refused;
  }
  return Secret(std::move(plain));
}

std::string SealingKey::fingerprint(const Secret& secret, std::string_view context) const {
  // The length parts context and secret: ("ab", "c") and ("a", "bc") differ.
  const Secret message(std::to_string(context.size()) + ':' + std::string(context) +
                       secret.reveal());
  return hex(hmac_sha256(derive(bytes_, Derived::fingerprints), message.reveal()));
}

std::string SealingKey::id() const {
  return hex(std::string_view(derive(bytes_, Derived::id).reveal()).substr(0, 8));
}

std::string hash_password(const Secret& password) {
  be_ready();
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str_alg(hash.data(), password.reveal().data(), password.reveal().size(), 2,
                            std::size_t{64} * 1024 * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    std::abort();  // No memory.
  }
  hash.resize(std::strlen(hash.c_str()));
  return hash;
}

bool verify_password(const std::string& hash, const Secret& password) {
  be_ready();
  return hash.size() < crypto_pwhash_STRBYTES &&
         crypto_pwhash_str_verify(hash.c_str(), password.reveal().data(),
                                  password.reveal().size()) == 0;
}

}  // namespace portolan::base
