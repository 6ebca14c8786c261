#pragma once
/// The one Upstream there is, open to the other files of this room.
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/url.h"
#include "services/authentication/tokens.h"
#include "services/slots.h"
#include "services/upstream.h"
#include "services/vault.h"

namespace portolan::services {

/// How the registry last challenged a docker-token request.
struct Manner {
  bool basic = false;
  base::Url realm;  ///< Of Bearer.
  std::string service;
};

class LiveUpstream final : public Upstream {
 public:
  LiveUpstream(net::Transport& transport, UpstreamOptions options, base::Url base,
               std::vector<std::string> trusted_realms);

  const model::Registry& registry() const override { return options_.registry; }
  Probe probe(const base::Deadline& deadline) override;

  const base::Url& base() const { return base_; }
  const std::string& origin() const { return origin_; }
  net::Transport& transport() { return transport_; }
  Slots& slots() { return slots_; }
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
