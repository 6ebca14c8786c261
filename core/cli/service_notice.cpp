#include "cli/service_notice.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <ctime>

#include "base/text.h"

namespace portolan::cli {
namespace {

constexpr std::size_t status_bytes = 256;
constexpr timeval patience{1, 0};  // For a manager that does not read.

/// A datagram socket that speaks to `name` ("/path", "@abstract"); -1 when that cannot be.
int connected_to(const std::string& name) {
  sockaddr_un address{};
  const bool named = name.size() > 1 && (name[0] == '/' || name[0] == '@');
  if (!named || name.size() >= sizeof address.sun_path) return -1;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const int made = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (made < 0) return -1;
  ::setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(made, reinterpret_cast<const sockaddr*>(&address), length) == 0) return made;
  ::close(made);
  return -1;
}

std::optional<std::uint64_t> number_in(const config::Environment& environment, const char* name) {
  const std::string text = environment(name).value_or("");
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

std::string status_line(std::string_view text) {
  return "STATUS=" + base::clean_text(text, status_bytes);
}

}  // namespace

ServiceNotice::ServiceNotice(const config::Environment& environment)
    : socket_(connected_to(environment("NOTIFY_SOCKET").value_or(""))) {
  const auto allowed = number_in(environment, "WATCHDOG_USEC");
  const auto process = number_in(environment, "WATCHDOG_PID");
  const bool ours = !process || *process == static_cast<std::uint64_t>(::getpid());
  if (allowed && *allowed > 1 && ours)
    alive_interval_ = std::chrono::microseconds(static_cast<std::int64_t>(*allowed / 2));
}

ServiceNotice::~ServiceNotice() {
  if (socket_ >= 0) ::close(socket_);
}

bool ServiceNotice::ready(std::string_view status) const {
  return send("READY=1\n" + status_line(status));
}

bool ServiceNotice::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

bool ServiceNotice::stopping(std::string_view status) const {
  return send("STOPPING=1\n" + status_line(status));
}

bool ServiceNotice::status(std::string_view text) const { return send(status_line(text)); }

bool ServiceNotice::alive() const { return send("WATCHDOG=1"); }

bool ServiceNotice::send(const std::string& state) const {
  if (socket_ < 0) return false;
  const ssize_t sent = ::send(socket_, state.data(), state.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(state.size());
}

}  // namespace portolan::cli
