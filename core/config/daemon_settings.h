#pragma once
/// What a daemon is told, as plain values. The keys, their kinds and bounds: setting_table.cpp;
/// where the values come from: configuration.h. Holds no secret, only the names of files.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "model/limits.h"
#include "model/outcome.h"

namespace portolan::config {

using std::chrono::milliseconds;
namespace preset = model::limits::daemon;

/// "127.0.0.1:7070" and "http://…" are plain HTTP, "https://…" is TLS, "unix:/path" a socket.
/// Without a scheme loopback is plain and everything else TLS.
struct ListenAddress {
  std::string address{};  ///< An IP address without brackets, or "localhost"; empty = unix.
  int port = 0;           ///< 0: a free one.
  std::filesystem::path unix_path{};
  bool tls = false;

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// A state is believed after `count` of the last `window` checks.
struct Flap {
  std::uint64_t count = preset::flap_count;
  std::uint64_t window = preset::flap_window;

  friend bool operator==(const Flap&, const Flap&) = default;
};

using base::LogFormat;
using base::LogLevel;

/// What proxies write: X-Forwarded-For, or Forwarded (RFC 7239).
enum class ForwardedHeader { x_forwarded_for, forwarded };

/// One member per key: `server.header-limit` is server.header_limit. A duration of 0 and a file
/// that is empty mean what the key's help says.
struct DaemonSettings {
  struct Server {
    std::vector<ListenAddress> listen{};  ///< Never empty once loaded.
    std::filesystem::path tls_certificate{}, tls_key{}, client_ca{};
    bool client_certificate_required = false;
    bool allow_plain_http = false;     ///< Plain HTTP may leave the machine.
    std::string public_url{};          ///< Canonical, without '/' at its end; empty: not known.
    std::vector<std::string> hosts{};  ///< Canonical (base/host_name.h).
    std::vector<std::string> trusted_proxies{};
    ForwardedHeader forwarded_header = ForwardedHeader::x_forwarded_for;
    milliseconds drain = preset::drain;
    std::uint64_t header_limit = preset::header_bytes;
    std::uint64_t body_limit = preset::request_body_bytes;
    milliseconds header_timeout = preset::header_timeout;
    milliseconds body_timeout = preset::body_timeout;
    milliseconds answer_timeout = preset::answer_timeout;
    milliseconds idle_timeout = preset::idle_timeout;
    std::uint64_t connections = preset::connections;
    std::uint64_t connections_per_address = preset::connections_per_address;
    std::uint64_t event_streams = preset::event_streams;
    std::uint64_t waiting = preset::waiting;
    std::uint64_t rate_per_address = preset::rate_per_address;  ///< Per second; 0 = no limit.
    std::uint64_t rate_burst = preset::rate_burst;
    bool count_local = false;  ///< Loopback and unix peers are held to the limits per address too.
  } server{};

  struct Store {
    std::filesystem::path path{};      ///< Never empty once loaded.
    std::filesystem::path key_file{};  ///< Never empty once loaded; may not exist yet.
  } store{};

  struct Auth {
    milliseconds token_life = preset::token_life;
    milliseconds token_life_max = preset::token_life_max;
    milliseconds session_idle = preset::session_idle;
    milliseconds setup_token_life = preset::setup_token_life;
    std::uint64_t login_attempts_per_minute = preset::login_attempts_per_minute;
  } auth{};

  struct Health {
    milliseconds interval = preset::health_interval;
    milliseconds timeout = model::limits::validation;
    std::uint64_t jitter = preset::health_jitter_percent;  ///< Per cent of the interval.
    Flap flap{};
    milliseconds blocked_retry = preset::blocked_retry;  ///< 0 = never.
    std::uint64_t parallel = model::limits::registries_parallel;
  } health{};

  struct Statistics {
    milliseconds interval = preset::statistics_interval;
    model::Level level = model::Level::normal;
    milliseconds deep_interval{0};   ///< 0 = never.
    std::uint64_t max_requests = 0;  ///< Of one collection; 0 = no limit.
    milliseconds timeout = model::limits::statistics;
    milliseconds raw = preset::raw_measures;
    milliseconds hourly = preset::hourly_measures;
    milliseconds daily = preset::daily_measures;
  } statistics{};

  struct Catalogue {
    milliseconds interval = preset::catalogue_interval;
    milliseconds timeout = preset::catalogue_timeout;
  } catalogue{};

  struct Robots {
    milliseconds push_life = preset::push_life;
    milliseconds push_life_max = preset::push_life_max;
    milliseconds grace = preset::robot_grace;
  } robots{};

  struct Events {
    milliseconds keep = preset::events;
  } events{};

  struct Audit {
    milliseconds retention{0};  ///< 0: for ever.
    bool keep_until_exported = true;
  } audit{};

  /// For net::AddressPolicy::make.
  struct Network {
    bool allow_private = false;
    std::vector<std::string> allow{};
    std::vector<std::string> allow_workspaces{};
  } network{};

  struct Limits {
    std::uint64_t registries_per_workspace = preset::registries_per_workspace;
    std::uint64_t queue = preset::queue;
    std::uint64_t page = preset::page;
    std::uint64_t page_max = preset::page_max;
    std::uint64_t try_per_minute = preset::try_per_minute;
    std::chrono::milliseconds try_floor = preset::try_floor;
  } limits{};

  struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
  } log{};

  struct Plugins {
    std::set<std::string> enabled{"docker-registry", "harbor"};
    std::vector<std::filesystem::path> directories{};
  } plugins{};
};

}  // namespace portolan::config
