#pragma once
#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace portolan::cli::check {

/// What a registry may do to a plugin.
enum class Script {
  hang,
  unauthorized,     ///< 401, Basic.
  forbidden,        ///< 403
  missing,          ///< 404
  to_metadata,      ///< 302 to the address where clouds keep their secrets.
  rate_limited,     ///< 429, an hour.
  broken,           ///< 500
  busy,             ///< 503: who may, tries again.
  garbage,          ///< 200, no JSON.
  web_page,         ///< 200, HTML.
  truncated,        ///< The body ends before its length.
  endless_objects,  ///< Each page names a next one.
  endless_lists,
};

/// What every answer holds where registries have secrets: a cookie, a link, a token.
inline constexpr const char* canary = "kit-canary-5e0d41c7";

/// A server on a loopback port that does one thing to every request. Destruction ends it.
class ScriptedUpstream {
 public:
  explicit ScriptedUpstream(Script script);
  ~ScriptedUpstream();
  ScriptedUpstream(const ScriptedUpstream&) = delete;
  ScriptedUpstream& operator=(const ScriptedUpstream&) = delete;

  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }
  /// Requests that are neither GET nor HEAD.
  int changes() const { return changes_; }

 private:
  struct Peer {
    int descriptor;
    std::thread thread;
  };
  void accept_all();
  void serve(int descriptor);
  std::string answer(const std::string& request);

  const Script script_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0}, changes_{0}, pages_{0};
  std::mutex mutex_;
  std::list<Peer> peers_;
  std::thread acceptor_;
};

}  // namespace portolan::cli::check
