#pragma once
/// The OpenSSL side of serving: certificate, key, and who signs clients.
#include <memory>
#include <string>

#include "api/server.h"
#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace portolan::api {

/// TLS 1.2 and 1.3, forward secrecy and AEAD only, HTTP/1.1 by ALPN. invalid_config when a file is
/// not usable or the key is not the certificate's.
base::Result<std::shared_ptr<ssl_ctx_st>> tls_context(const TlsFiles& files);

/// The subject (RFC 2253) of the client's verified certificate, or empty.
std::string client_subject(const ssl_st* session);

}  // namespace portolan::api
