#include "net/trust.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <string_view>

namespace portolan::net {
namespace {

using base::Code;
using base::Error;

template <auto free_function>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without it OpenSSL asks for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Error tls_error(std::string message, std::string hint) {
  ERR_clear_error();
  return {Code::tls, std::move(message), std::move(hint), ""};
}

std::shared_ptr<X509_STORE> new_store() {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  // A CA file may name an intermediate, or the server's own certificate, and end the chain there.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

const std::shared_ptr<X509_STORE>& system_store() {
  static const std::shared_ptr<X509_STORE> store = [] {
    auto system = new_store();
    X509_STORE_set_default_paths(system.get());
    ERR_clear_error();
    return system;
  }();
  return store;
}

base::Result<Trust> read_ca(const std::string& pem) {
  if (pem.find("PRIVATE KEY-----") != pem.npos) {
    return tls_error("the CA text holds a private key", "give the CA's certificates only");
  }
  Trust trust{new_store()};
  const Bio bio = reader(pem);
  int count = 0;
  for (;; ++count) {
    const Certificate certificate(
        PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
    if (!certificate) break;
    X509_STORE_add_cert(trust.store.get(), certificate.get());
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0) {
    return tls_error("the CA text holds no certificate",
                     "give PEM: blocks that begin with -----BEGIN CERTIFICATE-----");
  }
  if (!at_end) {
    return tls_error("certificate " + std::to_string(count + 1) + " of the CA text is damaged",
                     "copy the file again, whole");
  }
  return trust;
}

base::Result<void> check_client_pair(const model::Tls& tls) {
  const std::string& key_pem = tls.client_key_pem.reveal();
  if (tls.client_certificate_pem.empty() != key_pem.empty()) {
    return tls_error("a client certificate needs its key, and a key its certificate",
                     "give both or neither");
  }
  if (key_pem.empty()) return {};
  const Certificate certificate(
      PEM_read_bio_X509(reader(tls.client_certificate_pem).get(), nullptr, no_passphrase, nullptr));
  if (!certificate) {
    return tls_error("the client certificate cannot be read",
                     "give PEM: a block that begins with -----BEGIN CERTIFICATE-----");
  }
  const Key key(PEM_read_bio_PrivateKey(reader(key_pem).get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    const bool encrypted = key_pem.find("ENCRYPTED") != key_pem.npos;
    return tls_error(
        encrypted ? "the client key is protected by a passphrase" : "the client key cannot be read",
        encrypted ? "give it without one (openssl pkey -in KEY -out NEW)"
                  : "give PEM: a block that begins with -----BEGIN PRIVATE KEY-----");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return tls_error("the client key does not belong to the client certificate",
                     "give the key that the certificate was made for");
  }
  return {};
}

std::int64_t end_of(const X509* certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return 0;
  return timegm(&end);
}

std::string pin_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return {};
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_length = 0;
  EVP_Digest(der, static_cast<std::size_t>(length), digest, &digest_length, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  unsigned char text[4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1];
  const int size = EVP_EncodeBlock(text, digest, static_cast<int>(digest_length));
  return std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

int verify(X509_STORE_CTX* context, void* shown_pointer) {
  Shown& shown = *static_cast<Shown*>(shown_pointer);
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (ssl) shown.version = SSL_get_version(ssl);
  if (const X509* certificate = X509_STORE_CTX_get0_cert(context)) {
    shown.ends = end_of(certificate);
    shown.pin = pin_of(certificate);
  }
  return X509_verify_cert(context);
}

}  // namespace

base::Result<Trust> read_trust(const model::Tls& tls) {
  if (auto pair = check_client_pair(tls); !pair) return std::move(pair).error();
  if (tls.minimum_version != "1.2" && tls.minimum_version != "1.3") {
    return tls_error("the minimum TLS version \"" + tls.minimum_version + "\" is not known",
                     "write \"1.2\" or \"1.3\"");
  }
  if (!tls.ca_pem.empty()) return read_ca(tls.ca_pem);
  return Trust{system_store()};
}

void install(const Trust& trust, void* context, Shown* shown) {
  auto* ssl_context = static_cast<SSL_CTX*>(context);
  SSL_CTX_set1_cert_store(ssl_context, trust.store.get());
  SSL_CTX_set_cert_verify_callback(ssl_context, verify, shown);
}

bool is_pin(std::string_view text) {
  return text.size() == 44 && text.back() == '=' &&
         std::all_of(text.begin(), text.end() - 1,
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '/'; });
}

VerifyWords verify_words(long verify_result) {
  switch (verify_result) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:  // What libcurl leaves there when only the name is wrong.
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {"the certificate is not for this host name",
              "use a name that the certificate lists, or have one made that lists this name"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {"the certificate has expired",
              "renew it on the registry; if it is new, check this machine's clock"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {"the certificate is not valid yet", "check this machine's clock and the registry's"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return {"the certificate is signed by an authority that is not trusted here",
              "give that authority's certificate as the registry's CA (`tls.caFrom`, `--ca`)"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {"the certificate's issuer is not known",
              "give the issuer's certificate as the registry's CA (`tls.caFrom`, `--ca`), or have "
              "the registry send its intermediate certificates"};
    case X509_V_ERR_CERT_REVOKED:
      return {"the certificate was revoked", "renew it on the registry"};
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return {"the certificate uses a key or signature that is too weak",
              "have a new one made (RSA 2048 or more, SHA-256)"};
    default:
      return {std::string("the certificate was refused: ") +
                  X509_verify_cert_error_string(verify_result),
              "check the registry's certificate and the CA that was given for it"};
  }
}

}  // namespace portolan::net
