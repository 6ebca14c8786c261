#pragma once
/// Events, sent to whoever an admin named: at least once each, in their order, signed. One that
/// does not answer delays no other. Where each goes on is kept: a kill loses nothing.
#include <chrono>
#include <memory>

#include "engine/daemon.h"

namespace portolan::net {
class Transport;
}

namespace portolan::engine {

class Fleet;

/// How long one delivery is tried. Tests give shorter ones.
struct WebhookPauses {
  std::chrono::milliseconds answer = std::chrono::seconds(10);
  std::chrono::milliseconds first = std::chrono::seconds(5);
  std::chrono::milliseconds longest = std::chrono::hours(1);
};

/// A delivery is a POST of {"id","at","kind","subject","data"} ("at" in Unix milliseconds) with
/// the headers X-Portolan-Event (the kind) and, where the webhook has a secret,
/// X-Portolan-Signature
/// ("sha256=" and the HMAC of the body in hex). Any answer of 2xx means taken; after anything else
/// it is sent again, with pauses that double up to `longest`, and given up after that one. A
/// redirect is not followed. Only addresses that the platform's registries may have are reached.
class Webhooks {
 public:
  /// `transport` outlives it.
  Webhooks(const Daemon& daemon, const Fleet& fleet, net::Transport& transport,
           WebhookPauses pauses = {});
  ~Webhooks();  ///< Stops.
  void start();
  void stop();  ///< What was on its way is sent again after the next start.

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace portolan::engine
