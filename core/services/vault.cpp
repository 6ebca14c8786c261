#include "services/vault.h"

#include <algorithm>

#include "model/limits.h"

namespace portolan::services {
namespace {

constexpr std::size_t searchable_bytes = 4;
constexpr std::string_view basic_scheme = "Basic ";

std::shared_ptr<const Credential> make(std::string_view handle, const std::string& username,
                                       const base::Secret& secret) {
  auto basic = std::string(basic_scheme) + base64(username + ":" + secret.reveal());
  return std::make_shared<const Credential>(
      Credential{std::string(handle), username, secret, base::Secret(std::move(basic))});
}

void replace_all(std::string& text, const std::string& what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 3)) {
    text.replace(at, what.size(), "***");
  }
}

void add_spellings(const base::Secret& secret, std::vector<base::Secret>& spellings) {
  if (secret.reveal().size() < searchable_bytes) return;
  spellings.push_back(secret);
  auto encoded = percent_encoded(secret.reveal());
  if (encoded != secret.reveal()) spellings.emplace_back(std::move(encoded));
}

std::vector<base::Secret> spellings_of(const Credential& own, const base::Secret& client_key) {
  std::vector<base::Secret> spellings;
  add_spellings(own.secret, spellings);
  add_spellings(client_key, spellings);
  if (own.given()) spellings.emplace_back(own.basic.reveal().substr(basic_scheme.size()));
  return spellings;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(i + j <= bytes.size() ? digits[(group >> (18 - 6 * j)) & 63] : '=');
    }
  }
  return text;
}

std::string percent_encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded.push_back(static_cast<char>(c));
    } else {
      encoded += {'%', digits[c >> 4], digits[c & 15]};
    }
  }
  return encoded;
}

Vault::Vault(const model::Registry& registry)
    : own_(make("", registry.credentials.username, registry.credentials.password)),
      spellings_(spellings_of(*own_, registry.tls.client_key_pem)) {}

std::shared_ptr<const Credential> Vault::find(std::string_view handle) const {
  if (handle.empty() || handle == "password") return own_;
  const auto colon = handle.rfind(':');
  const auto name = colon == handle.npos ? handle : handle.substr(colon + 1);
  base::Lock lock(mutex_);
  const auto found = sealed_.find(name);
  if (found == sealed_.end()) return {};
  const auto user = colon == handle.npos ? own_->username : std::string(handle.substr(0, colon));
  return make(handle, user, found->second.secret);
}

base::Result<std::string> Vault::seal(base::Secret secret) {
  base::Lock lock(mutex_);
  if (sealed_.size() >= model::limits::sealed_secrets) {
    return base::Error{.code = base::Code::limit,
                       .message = "too many secrets of this registry are kept already"};
  }
  auto handle = "sealed-" + std::to_string(++handles_);
  Sealed& kept = sealed_[handle];
  add_spellings(secret, kept.spellings);
  kept.secret = std::move(secret);
  return handle;
}

std::optional<base::Secret> Vault::take(const std::string& handle) {
  base::Lock lock(mutex_);
  auto taken = sealed_.extract(handle);
  if (taken.empty()) return {};
  return std::move(taken.mapped().secret);
}

std::string Vault::redact(std::string text) const {
  for (const auto& spelling : spellings_) replace_all(text, spelling.reveal());
  base::Lock lock(mutex_);
  for (const auto& [handle, sealed] : sealed_)
    for (const auto& spelling : sealed.spellings) replace_all(text, spelling.reveal());
  return text;
}

}  // namespace portolan::services
