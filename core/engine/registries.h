#pragma once
/// What people do with registries: try, integrate, change, check, collect.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "engine/daemon.h"
#include "model/records.h"

namespace portolan::engine {

class Fleet;
class JobRunner;

enum class Verify { require, warn, skip };

/// Fields that a change leaves alone are absent.
struct RegistryChange {
  std::optional<std::string> address, proxy, options_json, description, pull_host;
  std::optional<model::Tls> tls;
  std::optional<model::Timeouts> timeouts;
  std::optional<bool> allow_plain_http;
  std::optional<std::vector<std::string>> trusted_realms;
  std::optional<model::Credentials> credentials;  ///< Empty: becomes anonymous.
  std::optional<model::Schedule> schedule;
  std::optional<model::DefaultVisibility> default_visibility;
};

struct Tried {
  model::Validation validation;
  std::optional<model::Integration> integration;
  std::vector<std::string> warnings;
};

/// Error::http_status of an Error that a failed check is, with Verify::require.
inline constexpr std::int32_t failed_check_status = 422;

class Registries {
 public:
  Registries(const Daemon& daemon, Fleet& fleet, JobRunner& jobs);

  /// Name, address, TLS and the rest, options and credentials by the type's schema: every mistake
  /// in one Error, fields as RFC 6901 pointers into the API's document ("/options/page_size"), the
  /// first one in `where`. Normalises addresses. Contacts nobody.
  base::Result<void> check_draft(model::RegistryRecord& draft) const;

  /// Full validation of what is not kept; its secret is never written. Of a workspace, failures do
  /// not tell closed from filtered. `each` sees checks as they are made.
  base::Result<Tried> try_out(model::RegistryRecord draft, const base::CancelToken& cancel,
                              const std::function<void(const model::Check&)>& each);

  struct Integrated {
    model::RegistryRecord record;
    std::optional<Tried> tried;  ///< Absent with Verify::skip.
  };
  /// Keeps it. Verify::require: only when no check failed (the first failed check is the Error);
  /// warn: anyway. limit: too many in the workspace. Its first health, statistics and catalogue are
  /// due at once.
  base::Result<Integrated> integrate(model::RegistryRecord draft, Verify verify, const Act& act,
                                     const base::CancelToken& cancel);

  /// What may lead the secret elsewhere (another origin, TLS trust that is not only tightened, one
  /// more trusted realm, a proxy that reads plain http) needs `credentials` in the same change
  /// (invalid_argument). Another address or trust suspends pull secrets until a full validation
  /// succeeded. A paused registry is not contacted; unauthorized: verifying would send a secret
  /// that rests after a refusal.
  base::Result<Integrated> change(Id registry, const RegistryChange& change, Verify verify,
                                  std::int64_t if_revision, const Act& act,
                                  const base::CancelToken& cancel);
  base::Result<model::RegistryRecord> rename(Id registry, const std::string& name,
                                             std::int64_t if_revision, const Act& act);
  base::Result<void> pause(Id registry, bool paused, const Act& act);
  base::Result<void> set_pull_credential(Id registry, const model::Credentials& credentials,
                                         const Act& act);

  /// A job that validates or collects now ("registry.check", "registry.statistics",
  /// "registry.catalogue"); joins one that is under way. None when the last result of at least that
  /// depth is younger than 30 s. A blocked secret is tried again, at most once a minute.
  base::Result<std::optional<model::Job>> check_now(Id registry, model::Depth depth,
                                                    const Act& act);
  base::Result<std::optional<model::Job>> collect_now(Id registry, model::Level level,
                                                      const Act& act);
  base::Result<model::Job> list_now(Id registry, const Act& act);
  /// The tags of one repository ("repository.tags"); none when they are younger than 30 s.
  base::Result<std::optional<model::Job>> tags_now(Id registry, const std::string& repository,
                                                   const Act& act);

 private:
  base::Result<std::optional<Tried>> verify(const model::RegistryRecord& draft, Verify verify,
                                            const base::CancelToken& cancel);

  const Daemon& daemon_;
  Fleet& fleet_;
  JobRunner& jobs_;
};

/// Small letters, digits, '.', '_', '-'; at most 63; begins with a letter or a digit.
bool is_registry_name(std::string_view text);

/// What the audit and events show of a registry: all of it but secrets.
std::string audit_json(const model::RegistryRecord& record);
/// An event about the registry, with audit_json() as its data.
model::Event event_of(const char* kind, const model::RegistryRecord& record);

/// The origin (scheme, host, port) that secrets of this address are bound to.
std::string origin_of(const std::string& address);

}  // namespace portolan::engine
