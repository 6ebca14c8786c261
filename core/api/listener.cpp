#include "api/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace portolan::api {
namespace {

using base::Code;
using base::Error;

constexpr int backlog = 4096;
constexpr mode_t unix_mode = 0660;

Error refuse(const std::string& where, const std::string& message, const std::string& hint) {
  return {.code = Code::invalid_config, .message = message, .hint = hint, .where = where};
}

Error refuse(const std::string& where, const std::string& doing) {
  return refuse(where, doing + ": " + std::strerror(errno),
                "Listen on another address or path, or end what holds this one.");
}

bool is_loopback(const sockaddr_in6& six) {
  if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) return six.sin6_addr.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
}

bool is_loopback(const sockaddr_in& four) { return ntohl(four.sin_addr.s_addr) >> 24 == 127; }

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  bool loopback = false;
};

bool read_address(const Listen& listen, Address& address) {
  auto& four = reinterpret_cast<sockaddr_in&>(address.bytes);
  auto& six = reinterpret_cast<sockaddr_in6&>(address.bytes);
  const auto port = htons(static_cast<std::uint16_t>(listen.port));
  if (inet_pton(AF_INET, listen.address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = port;
    address.size = sizeof four;
    address.loopback = is_loopback(four);
    return true;
  }
  if (inet_pton(AF_INET6, listen.address.c_str(), &six.sin6_addr) != 1) return false;
  six.sin6_family = AF_INET6;
  six.sin6_port = port;
  address.size = sizeof six;
  address.loopback = is_loopback(six);
  return true;
}

int port_of(int descriptor) {
  sockaddr_storage bytes{};
  socklen_t size = sizeof bytes;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&bytes), &size);
  return ntohs(bytes.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(bytes).sin_port
                                          : reinterpret_cast<sockaddr_in6&>(bytes).sin6_port);
}

bool somebody_serves(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;
  const int done = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool refused = done != 0 && errno == ECONNREFUSED;
  close(probe);
  return !refused;  // EAGAIN: its queue is full, so somebody is there.
}

bool is_socket(const std::string& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

}  // namespace

base::Result<Listener> Listener::open(const Listen& listen) {
  Listener listener;
  listener.tls_ = listen.tls;
  auto opened =
      listen.unix_path.empty() ? listener.open_tcp(listen) : listener.open_unix(listen.unix_path);
  if (!opened) return opened.error();
  return listener;
}

base::Result<void> Listener::open_tcp(const Listen& listen) {
  Address address;
  if (listen.port < 0 || listen.port > 65535 || !read_address(listen, address))
    return refuse(listen.address, "it is no IP address with a port",
                  "Write an address such as 127.0.0.1 or ::1, and a port from 0 to 65535.");
  if (!address.loopback && !listen.tls && !listen.plain_anywhere)
    return refuse(listen.address, "plain HTTP would leave this machine",
                  "Listen on loopback or a unix socket, or give a certificate and key.");
  family_ = address.bytes.ss_family;
  descriptor_ = socket(family_, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor_ < 0) return refuse(listen.address, "no socket");
  const int on = 1;
  setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family_ == AF_INET6) setsockopt(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(descriptor_, reinterpret_cast<sockaddr*>(&address.bytes), address.size) != 0 ||
      ::listen(descriptor_, backlog) != 0)
    return refuse(listen.address + " port " + std::to_string(listen.port), "cannot listen");
  where_.port = port_of(descriptor_);
  const std::string host = family_ == AF_INET6 ? "[" + listen.address + "]" : listen.address;
  where_.url = (tls_ ? "https://" : "http://") + host + ":" + std::to_string(where_.port);
  return {};
}

base::Result<void> Listener::open_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = family_ = AF_UNIX;
  if (tls_) return refuse(path, "a unix socket has no TLS", "Leave TLS out for this one.");
  if (path.front() != '/' || path.size() >= sizeof address.sun_path)
    return refuse(path, "it is no absolute path of at most 107 bytes", "Write a shorter path.");
  path.copy(address.sun_path, path.size());
  descriptor_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor_ < 0) return refuse(path, "no socket");
  // On Linux the file takes the mode of the socket: at no moment may others connect.
  fchmod(descriptor_, S_IRUSR | S_IWUSR);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (bind(descriptor_, name, sizeof address) != 0) {
    if (errno != EADDRINUSE) return refuse(path, "cannot listen");
    if (!is_socket(path))
      return refuse(path, "something that is no socket is in the way",
                    "Remove it, or listen on another path.");
    if (somebody_serves(address))
      return refuse(path, "somebody serves on it already",
                    "End the other process, or listen on another path.");
    unlink(path.c_str());
    if (bind(descriptor_, name, sizeof address) != 0) return refuse(path, "cannot listen");
  }
  unix_path_ = path;
  struct stat made {};
  if (lstat(path.c_str(), &made) == 0) inode_ = made.st_ino;
  if (chmod(path.c_str(), unix_mode) != 0 || ::listen(descriptor_, backlog) != 0)
    return refuse(path, "cannot listen");
  where_.url = "unix:" + path;
  return {};
}

Listener::Listener(Listener&& other) noexcept { *this = std::move(other); }

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(family_, other.family_);
  std::swap(tls_, other.tls_);
  std::swap(where_, other.where_);
  std::swap(unix_path_, other.unix_path_);
  std::swap(inode_, other.inode_);
  return *this;
}

Listener::~Listener() {
  struct stat now {};
  if (inode_ != 0 && lstat(unix_path_.c_str(), &now) == 0 && now.st_ino == inode_)
    unlink(unix_path_.c_str());
  if (descriptor_ >= 0) close(descriptor_);
}

Peer peer_of(int descriptor) {
  sockaddr_storage bytes{};
  socklen_t size = sizeof bytes;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&bytes), &size) != 0)
    return {.transport = Transport::network};
  if (bytes.ss_family == AF_UNIX) return {.transport = Transport::unix_socket};
  Peer peer;
  if (bytes.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<sockaddr_in&>(bytes);
    inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    peer.transport = is_loopback(four) ? Transport::loopback : Transport::network;
  } else {
    const auto& six = reinterpret_cast<sockaddr_in6&>(bytes);
    inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    peer.transport = is_loopback(six) ? Transport::loopback : Transport::network;
  }
  peer.address = text.data();
  return peer;
}

}  // namespace portolan::api
