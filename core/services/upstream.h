#pragma once
/// The host side of one registry: its connections, credential, tokens and caps.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/url.h"
#include "model/outcome.h"
#include "net/transport.h"
#include "services/authentication/tokens.h"
#include "services/log.h"
#include "services/slots.h"
#include "services/traffic.h"
#include "services/vault.h"

namespace portolan::services {

/// One exchange that ended, as the log and the counts tell it.
struct ExchangeNote {
  std::string_view what = "request";  ///< Or "token request", "probe".
  std::uint64_t call = 0;
  std::string_view method;
  const base::Url& url;
  int status = 0;  ///< 0: none came.
  base::Steady::time_point began;
  int attempt = 1;
  std::string_view credential = "none";  ///< Its kind.
  std::optional<base::Code> error{};
};

struct UpstreamOptions {
  model::Registry registry;
  net::AddressPolicy policy;
  int concurrency =
      model::limits::requests_per_registry;  ///< In flight; one more is reserved for validation.
  std::shared_ptr<Traffic> traffic{};        ///< Where exchanges are counted; null: nowhere.
};

/// What the credential-free GET of the base told.
struct Probe {
  std::vector<model::Check>
      checks;            ///< address, dns, tcp, tls, http; after a fail the later ones are skipped.
  bool reached = false;  ///< No host step failed: a plugin may be called.
};

/// How the registry last challenged a docker-token request.
struct Manner {
  bool basic = false;
  base::Url realm;  ///< Of Bearer.
  std::string service;
};

/// Shared by all calls to one registry. Safe from any thread.
class Upstream {
 public:
  /// invalid_config, tls or policy when the registry's own settings cannot work.
  static base::Result<std::shared_ptr<Upstream>> open(net::Transport& transport,
                                                      UpstreamOptions options);
  /// For open(), which has checked all of it.
  Upstream(net::Transport& transport, UpstreamOptions options, base::Url base,
           std::vector<std::string> trusted_realms);

  const model::Registry& registry() const { return options_.registry; }
  /// One GET of the base without credentials; any HTTP status is ok, no redirect followed. Through
  /// a proxy dns and tcp are skipped. Takes the reserved slot. Blocks until `deadline`.
  Probe probe(const base::Deadline& deadline, const Log& log = {});
  /// Counts it, and one line at debug level: no query, no secret.
  void note(const Log& log, const ExchangeNote& note) const;

  const base::Url& base() const { return base_; }
  const std::string& origin() const { return origin_; }
  net::Transport& transport() { return transport_; }
  Slots& slots() { return slots_; }
  const Vault& vault() const { return vault_; }
  Vault& vault() { return vault_; }
  TokenCache& tokens() { return tokens_; }

  /// The connections for a URL: the registry's own with all its settings for its own origin; those
  /// of a trusted realm with the registry's CA; anywhere else TLS defaults. Opened at first use.
  base::Result<std::shared_ptr<net::Channel>> channel(const base::Url& url) EXCLUDES(mutex_);
  /// The registry's own settings, e.g. for connections that are not to be shared.
  net::ChannelOptions own_channel() const;

  bool is_own(const base::Url& url) const { return url.origin() == origin_; }
  bool is_trusted_realm(const base::Url& url) const;

  std::shared_ptr<const Manner> manner() const EXCLUDES(mutex_);
  void remember(Manner manner) EXCLUDES(mutex_);

 private:
  net::Transport& transport_;
  const UpstreamOptions options_;
  const base::Url base_;
  const std::string origin_;
  const std::vector<std::string> trusted_realms_;  // As origins.
  Slots slots_;
  Vault vault_;
  TokenCache tokens_;

  mutable base::Mutex mutex_;
  std::shared_ptr<net::Channel> own_ GUARDED_BY(mutex_), realms_ GUARDED_BY(mutex_),
      elsewhere_ GUARDED_BY(mutex_);
  std::shared_ptr<const Manner> manner_ GUARDED_BY(mutex_);
};

}  // namespace portolan::services
