#pragma once
/// The doors: sockets that wait for clients, and the OpenSSL side of serving.
#include <memory>
#include <string>

#include "api/serving.h"
#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace portolan::api {

/// A listening socket; closes it, and removes a unix socket that is still its own.
class Listener {
 public:
  /// invalid_config, with what is in the way.
  static base::Result<Listener> open(const Listen& listen);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  int descriptor() const { return descriptor_; }
  int family() const { return family_; }
  bool tls() const { return tls_; }
  const Listening& where() const { return where_; }

 private:
  Listener() = default;
  base::Result<void> open_tcp(const Listen& listen);
  base::Result<void> open_unix(const std::string& path);

  int descriptor_ = -1, family_ = 0;
  bool tls_ = false;
  Listening where_;
  std::string unix_path_;
  unsigned long inode_ = 0;
};

/// Who is at the other end of a connected socket.
Peer peer_of(int descriptor);

/// TLS 1.2 and 1.3, forward secrecy and AEAD only, HTTP/1.1 by ALPN. invalid_config when a file is
/// not usable or the key is not the certificate's.
base::Result<std::shared_ptr<ssl_ctx_st>> tls_context(const TlsFiles& files);

/// The subject (RFC 2253) of the client's verified certificate, or empty.
std::string client_subject(const ssl_st* session);

}  // namespace portolan::api
