#include "services/upstream.h"

#include <algorithm>
#include <utility>

namespace portolan::services {
namespace {

using base::Code;
using base::Error;
using base::Result;

Result<void> check_credentials(const model::Registry& registry, const base::Url& base) {
  const auto& credentials = registry.credentials;
  if (credentials.username.empty() != credentials.password.empty()) {
    const bool no_name = credentials.username.empty();
    return Error{.code = Code::invalid_config,
                 .message = no_name ? "a password is given without a user name"
                                    : "a user name is given without a password",
                 .hint = "Give both, or neither to go anonymously.",
                 .where = no_name ? "/credentials/username" : "/credentials/password"};
  }
  const bool in_clear = credentials.given() && base.scheme == "http" && !base.is_loopback_literal();
  if (in_clear && !registry.allow_plain_http) {
    return Error{.code = Code::policy,
                 .message = "the password would travel over plain http to " + base.authority(),
                 .hint =
                     "Use https; or accept it with `allowPlainHttp: true` in the file or "
                     "`--allow-plain-http` on the command line.",
                 .where = base.text()};
  }
  return {};
}

Result<std::vector<std::string>> origins_of(const std::vector<std::string>& realms) {
  std::vector<std::string> origins;
  for (const auto& realm : realms) {
    auto url = base::parse_address(realm);
    if (!url) {
      auto error = std::move(url).error();
      error.message = "a trusted realm is no address: " + error.message;
      error.where = "/credentials/trustedRealms";
      return error;
    }
    origins.push_back(url->origin());
  }
  return origins;
}

}  // namespace

Result<std::shared_ptr<Upstream>> Upstream::open(net::Transport& transport,
                                                 UpstreamOptions options) {
  auto base = base::parse_address(options.registry.address);
  if (!base) return std::move(base).error();
  if (auto fine = check_credentials(options.registry, *base); !fine) return std::move(fine).error();
  auto realms = origins_of(options.registry.credentials.trusted_realms);
  if (!realms) return std::move(realms).error();

  auto upstream = std::make_shared<Upstream>(transport, std::move(options), *std::move(base),
                                             *std::move(realms));
  // Opened now, so that a CA or key that cannot be read is told before anything is contacted.
  if (auto own = upstream->channel(upstream->base()); !own) return std::move(own).error();
  return upstream;
}

Upstream::Upstream(net::Transport& transport, UpstreamOptions options, base::Url base,
                   std::vector<std::string> trusted_realms)
    : transport_(transport),
      options_(std::move(options)),
      base_(std::move(base)),
      origin_(base_.origin()),
      trusted_realms_(std::move(trusted_realms)),
      slots_(std::max(1, options_.concurrency)),
      vault_(options_.registry) {}

void Upstream::note(const Log& log, const ExchangeNote& note) const {
  const auto took = base::Steady::now() - note.began;
  if (options_.traffic) options_.traffic->count(registry().type, note.status, note.error, took);
  if (!log.wants(PORTOLAN_LOG_DEBUG)) return;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(took);
  LogLine line;
  line.level = PORTOLAN_LOG_DEBUG;
  line.call = note.call;
  line.registry = registry().name;
  line.message = note.what;
  line.fields = {{"method", std::string(note.method)},
                 {"url", vault_.redact(note.url.text_without_query())},
                 {"status", std::to_string(note.status)},
                 {"ms", std::to_string(elapsed.count())},
                 {"attempt", std::to_string(note.attempt)},
                 {"credential", std::string(note.credential)}};
  if (note.error) line.fields.emplace_back("error", base::to_string(*note.error));
  log.take(line);
}

net::ChannelOptions Upstream::own_channel() const {
  const auto& registry = options_.registry;
  return {.tls = registry.tls,
          .proxy = registry.proxy,
          .connect_timeout = registry.timeouts.connect,
          .policy = options_.policy,
          .max_connections = std::max(1, options_.concurrency) + 1};
}

Result<std::shared_ptr<net::Channel>> Upstream::channel(const base::Url& url) {
  const bool own = is_own(url);
  const bool trusted = !own && is_trusted_realm(url);
  base::Lock lock(mutex_);
  auto& channel = own ? own_ : trusted ? realms_ : elsewhere_;
  if (channel) return channel;

  auto options = own_channel();
  if (!own) options.tls = {};
  if (trusted) options.tls.ca_pem = options_.registry.tls.ca_pem;
  auto opened = transport_.open(std::move(options));
  if (opened) channel = *opened;
  return opened;
}

bool Upstream::is_trusted_realm(const base::Url& url) const {
  return std::find(trusted_realms_.begin(), trusted_realms_.end(), url.origin()) !=
         trusted_realms_.end();
}

std::shared_ptr<const Manner> Upstream::manner() const {
  base::Lock lock(mutex_);
  return manner_;
}

void Upstream::remember(Manner manner) {
  auto remembered = std::make_shared<const Manner>(std::move(manner));
  base::Lock lock(mutex_);
  manner_ = std::move(remembered);
}

}  // namespace portolan::services
