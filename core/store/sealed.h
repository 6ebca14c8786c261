#pragma once
/// Secrets at rest. Every table of secrets (registry_secret, robot_secret, webhook_secret) has the
/// same columns, so that rotation and verification walk them without knowing whose they are.
#include "store/connection.h"

namespace portolan::store {

enum class SecretTable { registry, robot, webhook };

/// Where a secret lies; all of it is authenticated. `origin` ("https://host:443") is what it may be
/// sent to: a secret sealed for one origin does not open for another. Empty where there is none.
struct SecretPlace {
  SecretTable table;
  Id owner = 0;
  std::string_view kind, origin;
};

/// Keeps or replaces; an empty secret removes.
void put_secret(Writer& writer, const SecretPlace& place, const base::Secret& secret);
/// Empty when none is kept; internal when the seal does not open here.
base::Result<base::Secret> get_secret(Reader& reader, const SecretPlace& place);
/// Every kind of secret of `owner`.
void drop_secrets(Writer& writer, SecretTable table, Id owner);
/// Tells whether a secret changed without telling it; empty when none is kept.
std::string secret_fingerprint(Reader& reader, SecretTable table, Id owner, std::string_view kind);

/// Opens every seal; internal naming the first that does not open.
base::Result<void> verify_seals(Reader& reader);
/// Seals everything anew with `key`.
base::Result<void> reseal(Writer& writer, const base::SealingKey& key);

}  // namespace portolan::store
