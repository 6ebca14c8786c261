#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace portolan::cli {

/// Tells systemd how the daemon is (sd_notify(3)), without its library. Every call is a datagram
/// that either arrives or is lost: true when it was sent. Without NOTIFY_SOCKET nothing is sent.
/// Safe from any thread.
class ServiceNotice {
 public:
  explicit ServiceNotice(const config::Environment& environment);
  ~ServiceNotice();
  ServiceNotice(const ServiceNotice&) = delete;
  ServiceNotice& operator=(const ServiceNotice&) = delete;

  bool ready(std::string_view status) const;  ///< At the end of a start and of a reload.
  bool reloading() const;                     ///< ready() follows, whatever the reload made of it.
  bool stopping(std::string_view status) const;
  bool status(std::string_view text) const;  ///< One line for `systemctl status`.
  bool alive() const;                        ///< WATCHDOG=1

  /// How often alive() is due: half of what the unit's WatchdogSec allows; nothing when it has none
  /// or means another process.
  std::optional<std::chrono::microseconds> alive_interval() const { return alive_interval_; }

 private:
  bool send(const std::string& state) const;

  int socket_ = -1;
  std::optional<std::chrono::microseconds> alive_interval_;
};

}  // namespace portolan::cli
