#include <cctype>

#include "config/setting.h"

namespace portolan::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;
using Settings = std::vector<Setting>;

constexpr auto restart = Change::restart;
constexpr auto reload = Change::reload;

constexpr Bounds between(milliseconds least, milliseconds most) {
  return {static_cast<std::uint64_t>(least.count()), static_cast<std::uint64_t>(most.count())};
}
constexpr Bounds never_or(milliseconds least, milliseconds most) {
  Bounds bounds = between(least, most);
  bounds.or_zero = true;
  return bounds;
}
constexpr Bounds between(std::uint64_t least, std::uint64_t most) { return {least, most}; }

constexpr milliseconds year = hours(24 * 365);
constexpr std::uint64_t many = 1'000'000;

Settings server_doors(DaemonSettings::Server& to) {
  return {{"server.listen",
           Kind::listen,
           &to.listen,
           "where to listen: host:port, http://host:port, https://host:port or unix:/path; the "
           "host is an IP address or localhost; without a scheme loopback is plain HTTP and "
           "everything else TLS; for users other than root the socket is in $RUNTIME_DIRECTORY or "
           "$XDG_RUNTIME_DIR/portolan, if there is one",
           restart,
           {},
           {},
           "127.0.0.1:7070, unix:/run/portolan/portolan.sock"},
          {"server.tls-certificate", Kind::file, &to.tls_certificate,
           "certificate (PEM) with its chain; its content is read again at a reload", restart},
          {"server.tls-key", Kind::file, &to.tls_key, "its private key (PEM)", restart},
          {"server.client-ca", Kind::file, &to.client_ca,
           "who signs the certificates of clients (PEM); empty: none is asked for", restart},
          {"server.client-certificate-required", Kind::boolean, &to.client_certificate_required,
           "refuse clients that show no certificate", restart},
          {"server.allow-plain-http", Kind::boolean, &to.allow_plain_http,
           "plain HTTP may leave this machine, say behind a proxy that ends TLS", restart},
          {"server.public-url", Kind::url, &to.public_url,
           "how clients reach the daemon: what links and cookies are made for; empty: as asked"},
          {"server.hosts", Kind::hosts, &to.hosts,
           "names that clients may use for the daemon by plain HTTP; IP addresses, localhost and "
           "the host of server.public-url always work; another name in Host is answered 421, so "
           "that no foreign page reaches the daemon by DNS rebinding"},
          {"server.drain", Kind::duration, &to.drain,
           "how long requests in flight may go on after SIGTERM", reload, between(0ms, 10min)}};
}

Settings server_proxies(DaemonSettings::Server& to) {
  return {{"server.trusted-proxies", Kind::networks, &to.trusted_proxies,
           "reverse proxies in front of the daemon: addresses, networks (CIDR), and unix for "
           "whoever connects by the unix socket; of their connections the client is the last "
           "address in server.forwarded-header that is none of them; name the proxies alone, for "
           "whatever connects from there is believed",
           restart},
          {"server.forwarded-header",
           Kind::choice,
           &to.forwarded_header,
           "the header in which the trusted proxies name the client: x-forwarded-for, with "
           "x-forwarded-proto for TLS, or forwarded (RFC 7239); the other one is not looked at, "
           "because a proxy that does not write it hands it on",
           restart,
           {},
           {"x-forwarded-for", "forwarded"}}};
}

Settings server_limits(DaemonSettings::Server& to) {
  return {{"server.header-limit", Kind::bytes, &to.header_limit, "the longest head of a request",
           restart, between(std::uint64_t{1024}, 1024 * 1024)},
          {"server.body-limit", Kind::bytes, &to.body_limit, "the longest body of a request",
           restart, between(std::uint64_t{1024}, 64 * 1024 * 1024)},
          {"server.header-timeout", Kind::duration, &to.header_timeout,
           "the longest time for the head of a request", restart, between(100ms, 1h)},
          {"server.body-timeout", Kind::duration, &to.body_timeout,
           "the longest time for the body of a request", restart, between(100ms, 1h)},
          {"server.answer-timeout", Kind::duration, &to.answer_timeout,
           "the longest time for an answer", restart, between(100ms, 1h)},
          {"server.idle-timeout", Kind::duration, &to.idle_timeout,
           "how long a connection may stay open between requests", restart, between(100ms, 1h)},
          {"server.connections", Kind::number, &to.connections, "connections at once", restart,
           between(std::uint64_t{1}, many)},
          {"server.connections-per-address", Kind::number, &to.connections_per_address,
           "connections of one address at once", restart, between(std::uint64_t{1}, many)},
          {"server.event-streams", Kind::number, &to.event_streams, "event streams at once",
           restart, between(std::uint64_t{0}, many)},
          {"server.waiting", Kind::number, &to.waiting,
           "requests that may wait for registries at once (try, integrate, push); as many more "
           "queue, others are answered 503",
           restart, between(std::uint64_t{1}, 256)},
          {"server.rate-per-address", Kind::number, &to.rate_per_address,
           "requests per second of one address on average; 0: no limit", restart,
           between(std::uint64_t{0}, many)},
          {"server.rate-burst", Kind::number, &to.rate_burst,
           "requests that an address may have saved", restart, between(std::uint64_t{1}, many)},
          {"server.count-local", Kind::boolean, &to.count_local,
           "hold loopback and the unix socket to the limits per address too", restart}};
}

Settings keeping(DaemonSettings& to) {
  return {
      {"store.path",
       Kind::directory,
       &to.store.path,
       "where the database is; for users other than root $STATE_DIRECTORY or "
       "$XDG_STATE_HOME/portolan",
       restart,
       {},
       {},
       "/var/lib/portolan"},
      {"store.key-file", Kind::file, &to.store.key_file,
       "the key that seals secrets; made when missing; empty: the systemd credential "
       "portolan-key if there is one, else the file `key` in store.path",
       restart},
      {"auth.token-life", Kind::duration, &to.auth.token_life,
       "how long a token is good for when nothing else is asked", reload, between(1min, 10 * year)},
      {"auth.token-life-max", Kind::duration, &to.auth.token_life_max,
       "the longest that can be asked", reload, between(1min, 10 * year)},
      {"auth.session-idle", Kind::duration, &to.auth.session_idle,
       "a session that is not used ends after this", reload, between(1min, year)},
      {"auth.setup-token-life", Kind::duration, &to.auth.setup_token_life,
       "how long the set-up token of the first start is good for", reload,
       between(1min, hours(24 * 7))},
      {"auth.login-attempts-per-minute", Kind::number, &to.auth.login_attempts_per_minute,
       "sign-ins to one user from one address before they have to wait; three times as many to "
       "the user, and three times as many from the address",
       reload, between(std::uint64_t{1}, 10'000)}};
}

Settings watching(DaemonSettings& to) {
  return {
      {"health.interval", Kind::duration, &to.health.interval, "between two checks of a registry",
       reload, between(1s, hours(24 * 7))},
      {"health.timeout", Kind::duration, &to.health.timeout, "the longest time for a check", reload,
       between(100ms, 10min)},
      {"health.jitter", Kind::percent, &to.health.jitter,
       "how far the interval is varied, so that registries are not checked in step", reload,
       between(std::uint64_t{0}, 50)},
      {"health.flap", Kind::fraction, &to.health.flap,
       "a state is believed after so many of the last so many checks", reload,
       between(std::uint64_t{1}, 20)},
      {"health.blocked-retry", Kind::duration, &to.health.blocked_retry,
       "how often a refused credential is tried again; 0s: never", reload,
       never_or(1min, hours(24 * 7))},
      {"health.parallel", Kind::number, &to.health.parallel, "registries at once", restart,
       between(std::uint64_t{1}, 4096)},
      {"statistics.interval", Kind::duration, &to.statistics.interval,
       "between two collections of a registry; 0s: only when asked", reload,
       never_or(10s, hours(24 * 30))},
      {"statistics.level",
       Kind::choice,
       &to.statistics.level,
       "how deep they go",
       reload,
       {},
       {"quick", "normal", "deep"}},
      {"statistics.deep-interval", Kind::duration, &to.statistics.deep_interval,
       "between two collections of level deep; 0s: only when asked", reload, never_or(10min, year)},
      {"statistics.max-requests", Kind::number, &to.statistics.max_requests,
       "request budget of one collection; 0: no limit", reload,
       between(std::uint64_t{0}, 100 * many)},
      {"statistics.timeout", Kind::duration, &to.statistics.timeout,
       "the longest time for one collection", reload, between(1s, 24h)},
      {"statistics.raw", Kind::duration, &to.statistics.raw, "how long every measure is kept",
       reload, between(1h, 10 * year)},
      {"statistics.hourly", Kind::duration, &to.statistics.hourly,
       "how long one measure an hour is kept", reload, between(1h, 10 * year)},
      {"statistics.daily", Kind::duration, &to.statistics.daily,
       "how long one measure a day is kept", reload, between(24h, 10 * year)},
      {"catalogue.interval", Kind::duration, &to.catalogue.interval,
       "between two readings of a registry's catalogue; 0s: only when asked", reload,
       never_or(10s, hours(24 * 30))},
      {"catalogue.timeout", Kind::duration, &to.catalogue.timeout,
       "the longest time for one reading", reload, between(1s, 24h)}};
}

Settings policy(DaemonSettings& to) {
  return {
      {"robots.push-life", Kind::duration, &to.robots.push_life,
       "how long a push credential is good for when nothing else is asked", reload,
       between(1min, 24h)},
      {"robots.push-life-max", Kind::duration, &to.robots.push_life_max,
       "the longest that can be asked", reload, between(1min, 24h)},
      {"robots.grace", Kind::duration, &to.robots.grace,
       "how long the old pull credential goes on after a rotation", reload,
       between(0ms, hours(24 * 30))},
      {"events.keep", Kind::duration, &to.events.keep, "how long events are kept", reload,
       between(1h, 10 * year)},
      {"audit.retention", Kind::duration, &to.audit.retention,
       "how long entries of the audit are kept; 0s: for ever", reload, never_or(24h, 10 * year)},
      {"audit.keep-until-exported", Kind::boolean, &to.audit.keep_until_exported,
       "no audit entry is dropped before it was exported"},
      {"network.allow-private", Kind::boolean, &to.network.allow_private,
       "private and loopback addresses may be contacted for platform registries"},
      {"network.allow", Kind::networks, &to.network.allow,
       "networks (CIDR) or host:port that may be contacted for platform registries although "
       "they are private, loopback or link-local"},
      {"network.allow-workspaces", Kind::networks, &to.network.allow_workspaces,
       "the same for the registries of workspaces; nothing of network.allow holds for them"},
      {"limits.registries-per-workspace", Kind::number, &to.limits.registries_per_workspace,
       "registries that a workspace may integrate", reload, between(std::uint64_t{0}, many)},
      {"limits.queue", Kind::number, &to.limits.queue, "jobs that may wait", reload,
       between(std::uint64_t{1}, 10 * many)},
      {"limits.page", Kind::number, &to.limits.page, "entries of a page of the API", restart,
       between(std::uint64_t{1}, 10'000)},
      {"limits.page-max", Kind::number, &to.limits.page_max,
       "the most entries of a page that can be asked for", restart,
       between(std::uint64_t{1}, 10'000)},
      {"limits.try-per-minute", Kind::number, &to.limits.try_per_minute,
       "dry calls (\"try this\") of one user", reload, between(std::uint64_t{0}, 10'000)},
      {"limits.try-floor", Kind::duration, &to.limits.try_floor,
       "for registries of workspaces: the longest wait for a first answer when one is tried, and "
       "the soonest answer when it is not reached, so that closed, filtered, silent and forbidden "
       "take as long; 0: as it comes",
       reload, never_or(100ms, 20s)}};
}

Settings program(DaemonSettings& to) {
  return {
      {"log.level",
       Kind::choice,
       &to.log.level,
       "what is logged on standard error",
       reload,
       {},
       {"debug", "info", "warn", "error"}},
      {"log.format",
       Kind::choice,
       &to.log.format,
       "text for people, json for machines: one line a record",
       reload,
       {},
       {"text", "json"}},
      {"plugins.enabled", Kind::types, &to.plugins.enabled,
       "types whose plugins may be used, see `portolan plugins enable`; a reload loads those that "
       "came, and those that went stay in use until a restart"},
      {"plugins.directories", Kind::directories, &to.plugins.directories,
       "more directories with plugins"}};
}

Settings declared(DaemonSettings& settings) {
  Settings all;
  for (const auto& part : {server_doors(settings.server), server_proxies(settings.server),
                           server_limits(settings.server), keeping(settings), watching(settings),
                           policy(settings), program(settings)})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

std::vector<Setting> settings_of(DaemonSettings& settings) {
  DaemonSettings plain;
  const Settings defaults = declared(plain);
  Settings all = declared(settings);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].default_text.empty()) all[i].default_text = text_of(defaults[i]);
  }
  return all;
}

std::string variable_of(const Setting& setting) {
  std::string name = "PORTOLAN_";
  for (const char c : setting.name) {
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
    name += letter ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
  }
  return name;
}

std::string section_of(const Setting& setting) {
  return setting.name.substr(0, setting.name.find('.'));
}

std::string key_of(const Setting& setting) {
  return setting.name.substr(setting.name.find('.') + 1);
}

}  // namespace portolan::config
