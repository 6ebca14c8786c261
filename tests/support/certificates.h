#pragma once
/// Certificates made on the spot (P-256), and TLS servers that show them.
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace portolan::test {

/// A certificate and its key, as PEM.
struct Identity {
  std::string certificate, key;
};

struct CertificateOptions {
  std::string name = "IP:127.0.0.1";       ///< subjectAltName as openssl.cnf spells it.
  long begins = -3600, ends = 30 * 86400;  ///< Seconds from now.
  const Identity* issuer = nullptr;        ///< Null: signs itself.
  bool authority = false;
};

namespace detail {

inline std::shared_ptr<BIO> memory(const std::string& text = "") {
  return {text.empty() ? BIO_new(BIO_s_mem())
                       : BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
          BIO_free};
}
inline std::string text_of(const std::shared_ptr<BIO>& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}
inline std::shared_ptr<X509> read_certificate(const std::string& pem) {
  return {PEM_read_bio_X509(memory(pem).get(), nullptr, nullptr, nullptr), X509_free};
}
inline std::shared_ptr<EVP_PKEY> read_key(const std::string& pem) {
  return {PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}
inline void extend(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace detail

inline Identity make_identity(const CertificateOptions& options = {}) {
  static long serial = 1;
  const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.ends);
  X509_set_pubkey(certificate.get(), key.get());
  const std::string subject = options.authority ? "test authority" : "test server";
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  if (options.authority) {
    detail::extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  } else {
    detail::extend(certificate.get(), NID_subject_alt_name, options.name);
  }
  const auto issuer =
      options.issuer ? detail::read_certificate(options.issuer->certificate) : certificate;
  const auto issuer_key = options.issuer ? detail::read_key(options.issuer->key) : key;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
  X509_sign(certificate.get(), issuer_key.get(), EVP_sha256());

  Identity identity;
  auto out = detail::memory();
  PEM_write_bio_X509(out.get(), certificate.get());
  identity.certificate = detail::text_of(out);
  out = detail::memory();
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  identity.key = detail::text_of(out);
  return identity;
}

/// For TcpServer. `client_ca`: a client certificate of that authority is required.
inline std::shared_ptr<SSL_CTX> tls_server(const Identity& identity,
                                           const Identity* client_ca = nullptr) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), detail::read_certificate(identity.certificate).get());
  SSL_CTX_use_PrivateKey(context.get(), detail::read_key(identity.key).get());
  if (client_ca) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()),
                        detail::read_certificate(client_ca->certificate).get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace portolan::test
