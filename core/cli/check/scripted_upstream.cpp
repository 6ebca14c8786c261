#include "cli/check/scripted_upstream.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace portolan::cli::check {
namespace {

std::string with_length(const std::string& head, const std::string& body) {
  return "HTTP/1.1 " + head + "\r\nSet-Cookie: session=" + canary +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

constexpr const char* json_head = "200 OK\r\nContent-Type: application/json";

/// Page `n`, in words that many registries use, and a link to the next.
std::string page(const std::string& request, int n, bool list) {
  const std::size_t begin = request.find(' ') + 1;
  const std::string path = request.substr(begin, request.find_first_of(" ?", begin) - begin);
  const std::string number = std::to_string(n);
  const std::string name = "\"space-" + number + "/name-" + number + "\"";
  const std::string item = "{\"id\":" + number + ",\"project_id\":" + number + ",\"name\":" + name +
                           ",\"repo_count\":1,\"artifact_count\":1,\"token\":\"" + canary + "\"}";
  const std::string object = "{\"name\":" + name + ",\"repositories\":[" + name +
                             "],\"tags\":[\"tag-" + number + "\"],\"token\":\"" + canary + "\"}";
  return with_length(std::string(json_head) +
                         "\r\nDocker-Distribution-Api-Version: registry/2.0"
                         "\r\nX-Total-Count: 1000000\r\nLink: <" +
                         path + "?page=" + std::to_string(n + 1) + "&session=" + canary +
                         ">; rel=\"next\"",
                     list ? "[" + item + "]" : object);
}

/// Bytes of the first request, its body included; 0 while it is not whole.
std::size_t request_size(const std::string& buffer) {
  const std::size_t end = buffer.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  constexpr std::string_view name = "\r\ncontent-length: ";
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  const auto head = std::string_view(buffer).substr(0, end);
  const auto* const at = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
  const std::size_t body = at == head.end() ? 0 : std::strtoul(at + name.size(), nullptr, 10);
  return buffer.size() < end + 4 + body ? 0 : end + 4 + body;
}

}  // namespace

ScriptedUpstream::ScriptedUpstream(Script script) : script_(script) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* at = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, at, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, at, &size) != 0)
    throw std::runtime_error("no loopback port for the scripted upstream");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedUpstream::~ScriptedUpstream() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  for (Peer& peer : peers_) ::shutdown(peer.descriptor, SHUT_RDWR);
  for (Peer& peer : peers_) {
    peer.thread.join();
    ::close(peer.descriptor);
  }
}

void ScriptedUpstream::accept_all() {
  while (!stopping_) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    ++connections_;
    peers_.push_back({descriptor, std::thread([this, descriptor] { serve(descriptor); })});
  }
}

void ScriptedUpstream::serve(int descriptor) {
  std::string buffer;
  while (true) {
    char bytes[8192];
    const ssize_t count = ::recv(descriptor, bytes, sizeof bytes, 0);
    if (count <= 0) return;
    buffer.append(bytes, static_cast<std::size_t>(count));
    const std::size_t size = request_size(buffer);
    if (size == 0 || script_ == Script::hang) continue;
    if (!buffer.starts_with("GET ") && !buffer.starts_with("HEAD ")) ++changes_;
    const std::string reply = answer(buffer);
    buffer.erase(0, size);
    if (::send(descriptor, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return;
    if (script_ == Script::truncated) {
      ::shutdown(descriptor, SHUT_RDWR);
      return;
    }
  }
}

std::string ScriptedUpstream::answer(const std::string& request) {
  switch (script_) {
    case Script::hang: return {};
    case Script::unauthorized:
      return with_length(
          "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"check\"\r\nContent-Type: "
          "application/json",
          R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}],"token":")" +
              std::string(canary) + "\"}");
    case Script::forbidden: return with_length("403 Forbidden", "not for you");
    case Script::missing: return with_length("404 Not Found", "nothing here");
    case Script::to_metadata:
      return with_length("302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/", "");
    case Script::rate_limited:
      return with_length("429 Too Many Requests\r\nRetry-After: 3600", "slow down");
    case Script::broken: return with_length("500 Internal Server Error", "it is broken");
    case Script::busy: return with_length("503 Service Unavailable", "later");
    case Script::garbage: return with_length(json_head, std::string("{\"a\":\x01\xff\xfe[[[", 11));
    case Script::web_page:
      return with_length("200 OK\r\nContent-Type: text/html",
                         "<!doctype html><html><body><form>Log in</form></body></html>");
    case Script::truncated:
      return "HTTP/1.1 " + std::string(json_head) + "\r\nContent-Length: 1000\r\n\r\n{\"a\":";
    case Script::endless_objects: return page(request, ++pages_, false);
    case Script::endless_lists: return page(request, ++pages_, true);
  }
  return {};
}

}  // namespace portolan::cli::check
