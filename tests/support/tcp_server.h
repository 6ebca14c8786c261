#pragma once
/// A server on a free loopback port whose every connection runs a function of the test's, in a
/// thread of its own. Destruction ends all connections and joins.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace portolan::test {

class Connection {
 public:
  Connection(int descriptor, SSL* ssl) : descriptor_(descriptor), ssl_(ssl) {}

  /// The next request with its body (Content-Length only); empty when the peer has closed.
  std::string request() {
    for (;;) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != buffer_.npos) {
        const std::size_t whole = end + 4 + body_length(buffer_.substr(0, end));
        if (buffer_.size() >= whole) {
          std::string text = buffer_.substr(0, whole);
          buffer_.erase(0, whole);
          return text;
        }
      }
      if (!fill()) return {};
    }
  }

  /// False when the peer is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// Status 200 with a length; keeps the connection.
  bool answer(std::string_view body, std::string_view more_headers = "") {
    return send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                std::string(more_headers) + "\r\n" + std::string(body));
  }

  /// Blocks until the peer closes or the server ends; what arrives is kept for request().
  void hang() {
    while (fill()) {
    }
  }

  /// A TCP reset instead of an orderly end.
  void reset() {
    const linger now{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

  int descriptor() const { return descriptor_; }

  /// Takes what was received and not yet parsed.
  std::string rest() { return std::exchange(buffer_, {}); }

 private:
  static std::size_t body_length(std::string head) {
    std::transform(head.begin(), head.end(), head.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t at = head.find("content-length:");
    return at == head.npos ? 0 : std::stoul(head.substr(at + 15));
  }
  bool fill() {
    char bytes[16 * 1024];
    const auto count =
        ssl_ ? SSL_read(ssl_, bytes, sizeof bytes) : ::recv(descriptor_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  const int descriptor_;
  SSL* const ssl_;
  std::string buffer_;
};

class TcpServer {
 public:
  using Handler = std::function<void(Connection&)>;

  /// With `tls`, a connection whose handshake fails is closed and its handler does not run.
  explicit TcpServer(Handler handler, std::shared_ptr<SSL_CTX> tls = nullptr)
      : handler_(std::move(handler)), tls_(std::move(tls)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 512) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no loopback port");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
      sigset_t
          pipe;  // OpenSSL writes without MSG_NOSIGNAL; the threads of connections inherit this.
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      accept_all();
    });
  }

  ~TcpServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (Served& served : served_) {
        if (!served.ended) ::shutdown(served.descriptor, SHUT_RDWR);
      }
    }
    for (Served& served : served_) served.thread.join();
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

 private:
  struct Served {
    int descriptor;
    bool ended = false;
    std::thread thread;
  };

  void accept_all() {
    while (!stopping_) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) continue;
      ++connections_;
      std::lock_guard lock(mutex_);
      Served& served = served_.emplace_back(Served{descriptor, false, {}});
      served.thread = std::thread([this, &served] { serve(served); });
    }
  }

  void serve(Served& served) {
    SSL* ssl = nullptr;
    if (tls_) {
      ssl = SSL_new(tls_.get());
      SSL_set_fd(ssl, served.descriptor);
    }
    if (!ssl || SSL_accept(ssl) == 1) {
      Connection connection(served.descriptor, ssl);
      handler_(connection);
      if (ssl) SSL_shutdown(ssl);
    } else {
      // Unread bytes would turn the close into a reset, which may overtake the alert.
      ::shutdown(served.descriptor, SHUT_WR);
      Connection(served.descriptor, nullptr).hang();
    }
    SSL_free(ssl);
    std::lock_guard lock(mutex_);
    ::close(served.descriptor);
    served.ended = true;
  }

  const Handler handler_;
  const std::shared_ptr<SSL_CTX> tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::list<Served> served_;
  std::thread acceptor_;
};

/// Answers every request on every connection with `body`.
inline TcpServer::Handler always(std::string body) {
  return [body = std::move(body)](Connection& connection) {
    while (!connection.request().empty()) {
      if (!connection.answer(body)) return;
    }
  };
}

}  // namespace portolan::test
