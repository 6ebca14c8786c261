#pragma once
/// The HTTP/1.1 server: sockets, TLS, limits, time. It knows no route. The only door to Asio; the
/// parser of Beast is behind wire.h.
#include <chrono>
#include <memory>
#include <vector>

#include "api/serving.h"
#include "base/result.h"

namespace portolan::api {

/// Serves from start() until stop(). Every method is safe from any thread.
class Server {
 public:
  /// Listens and serves. invalid_config when an address cannot be had, a live socket is in the way,
  /// TLS files do not serve, plain HTTP would leave the machine, or a proxy is none.
  static base::Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler,
                                                     Observer observer = {});
  /// Stops at once what stop() has not, then waits for handlers that still run.
  ~Server();

  const std::vector<Listening>& listening() const;
  ServerLoad load() const;

  /// Reads the files again; new connections use them. On an error the old ones stay.
  base::Result<void> reload_tls();

  /// Closes the doors, ends event streams, lets what is in flight finish, then closes. False when
  /// something was still running after `patience`; it was cancelled and its connection closed.
  bool stop(std::chrono::milliseconds patience);

 private:
  class State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace portolan::api
