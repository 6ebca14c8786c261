#include "api/listener.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace portolan::api {
namespace {

// The reason that OpenSSL left, and nothing of it stays for the next call on this thread.
std::string last_reason() {
  const unsigned long number = ERR_get_error();
  const char* reason = ERR_reason_error_string(number);
  ERR_clear_error();
  return reason ? reason : "unknown reason";
}

base::Error refuse(const std::string& file, const std::string& what, const char* hint) {
  return {.code = base::Code::invalid_config,
          .message = what + ": " + last_reason(),
          .hint = hint,
          .where = file};
}

// HTTP/1.1 is all there is; a client that insists on something else learns it here.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned int offered_bytes, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, length, ours, sizeof ours - 1, offered, offered_bytes) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

base::Result<void> read_client_ca(SSL_CTX* context, const TlsFiles& files) {
  const char* file = files.client_ca.c_str();
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file);
  if (!names || SSL_CTX_load_verify_locations(context, file, nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return refuse(files.client_ca, "the authority of clients cannot be read",
                  "Give a PEM file with the certificates of the authority.");
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(
      context, SSL_VERIFY_PEER | (files.client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
      nullptr);
  return {};
}

}  // namespace

base::Result<std::shared_ptr<ssl_ctx_st>> tls_context(const TlsFiles& files) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return refuse("", "TLS cannot be set up", "Report it.");
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(
      raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
  // Ten thousand connections that rest should not each hold two buffers of 16 KiB.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  const unsigned char session_context[] = "portolan";
  SSL_CTX_set_session_id_context(raw, session_context, sizeof session_context - 1);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1)
    return refuse(files.certificate, "the certificate cannot be read",
                  "Give a PEM file with the certificate and its chain.");
  if (SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1)
    return refuse(files.key, "the key cannot be read, or is of another certificate",
                  "Give the PEM file with the key of the certificate, without a password.");
  if (!files.client_ca.empty()) {
    if (auto read = read_client_ca(raw, files); !read) return read.error();
  }
  return context;
}

std::string client_subject(const ssl_st* session) {
  X509* certificate = SSL_get0_peer_certificate(session);
  if (!certificate || SSL_get_verify_result(session) != X509_V_OK) return "";
  BIO* out = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string subject(text, static_cast<std::size_t>(size));
  BIO_free(out);
  return subject;
}

}  // namespace portolan::api
