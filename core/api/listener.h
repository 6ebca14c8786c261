#pragma once
/// Sockets that wait for clients.
#include <string>

#include "api/server.h"

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

}  // namespace portolan::api
