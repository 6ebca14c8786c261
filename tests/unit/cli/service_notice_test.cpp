#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <map>

#include "cli/service_notice.h"

using namespace portolan;
using cli::ServiceNotice;

namespace {

config::Environment environment(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

/// What systemd listens on. `name` as NOTIFY_SOCKET has it.
class Listener {
 public:
  explicit Listener(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length) == 0);
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::string heard() const {
    char buffer[4096];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
    return got < 0 ? "" : std::string(buffer, static_cast<std::size_t>(got));
  }

 private:
  int socket_;
};

std::string unique_name() { return "portolan-notice-" + std::to_string(::getpid()); }

}  // namespace

TEST_CASE("systemd hears how the daemon is", "[cli][notice]") {
  const auto file = std::filesystem::temp_directory_path() / unique_name();
  std::filesystem::remove(file);
  for (const std::string& name : {file.string(), "@" + unique_name()}) {
    CAPTURE(name);
    const Listener listener(name);
    const ServiceNotice notice(environment({{"NOTIFY_SOCKET", name}}));
    CHECK(notice.ready("serves 12 registries"));
    CHECK(listener.heard() == "READY=1\nSTATUS=serves 12 registries");
    CHECK(notice.reloading());
    const std::string reloading = listener.heard();
    CHECK(reloading.rfind("RELOADING=1\nMONOTONIC_USEC=", 0) == 0);
    CHECK(std::stoull(reloading.substr(reloading.rfind('=') + 1)) > 0);
    CHECK(notice.stopping("drains"));
    CHECK(listener.heard() == "STOPPING=1\nSTATUS=drains");
    CHECK(notice.alive());
    CHECK(listener.heard() == "WATCHDOG=1");
    // A status cannot say more than a status.
    CHECK(notice.status("fine\nREADY=1\nMAINPID=1"));
    CHECK(listener.heard() == "STATUS=fine READY=1 MAINPID=1");
  }
  std::filesystem::remove(file);
}

TEST_CASE("without somebody who listens nothing is sent", "[cli][notice]") {
  CHECK_FALSE(ServiceNotice(environment({})).ready(""));
  for (const std::string name : {"", "relative", "@", "vsock:2:1", "/nobody/listens/here"})
    CHECK_FALSE(ServiceNotice(environment({{"NOTIFY_SOCKET", name}})).ready(""));
  CHECK_FALSE(ServiceNotice(environment({{"NOTIFY_SOCKET", "/" + std::string(200, 'x')}})).alive());
}

TEST_CASE("a listener that has gone is no mistake", "[cli][notice]") {
  const std::string name = "@" + unique_name() + "-gone";
  auto listener = std::make_unique<Listener>(name);
  const ServiceNotice notice(environment({{"NOTIFY_SOCKET", name}}));
  listener.reset();
  CHECK_FALSE(notice.alive());
}

TEST_CASE("the watchdog is fed twice as often as it asks", "[cli][notice]") {
  using std::chrono::microseconds;
  const auto interval = [](std::map<std::string, std::string> variables) {
    return ServiceNotice(environment(std::move(variables))).alive_interval();
  };
  const std::string self = std::to_string(::getpid());
  CHECK(interval({{"WATCHDOG_USEC", "30000000"}}) == microseconds(15'000'000));
  CHECK(interval({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", self}}).has_value());
  CHECK_FALSE(interval({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "1"}}));
  CHECK_FALSE(interval({}));
  CHECK_FALSE(interval({{"WATCHDOG_USEC", "soon"}}));
}
