#pragma once
/// The OpenSSL side of TLS: what a channel trusts, what it shows, what it saw.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/registry.h"

struct x509_store_st;
struct x509_store_ctx_st;

namespace portolan::net {

/// Checked when a channel is opened, used for each of its connections.
struct Trust {
  std::shared_ptr<x509_store_st> store;
};

/// The store of `tls.ca_pem`, or the system's, which is read once in a process. tls when the CA
/// text, the client certificate or its key is not usable, with the reason in plain words.
base::Result<Trust> read_trust(const model::Tls& tls);

/// Whether `text` is a pin as Tls::pin_sha256 holds it: the Base64 of 32 bytes.
bool is_pin(std::string_view text);

/// What a server showed in its handshake.
struct Shown {
  std::string version;    ///< "TLSv1.3"
  std::int64_t ends = 0;  ///< Unix seconds.
  std::string pin;        ///< Base64 of the SHA-256 of the public key.
};

/// [CURLOPT_SSL_CTX_FUNCTION] Makes `context` (an SSL_CTX*) verify against the trust and note what
/// was shown, also when it is then refused. `shown` must outlive the handshake.
void install(const Trust& trust, void* context, Shown* shown);

/// What an X509_V_ERR_ number means to the person who must mend it.
struct VerifyWords {
  std::string message, hint;
};
VerifyWords verify_words(long verify_result);

}  // namespace portolan::net
