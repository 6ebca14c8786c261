#include "store/sealed.h"

#include <array>

#include "store/audit.h"

namespace portolan::store {
namespace {

using base::Secret;

constexpr std::array tables{SecretTable::registry, SecretTable::robot, SecretTable::webhook};

std::string name_of(SecretTable table) {
  switch (table) {
    case SecretTable::registry: return "registry_secret";
    case SecretTable::robot: return "robot_secret";
    case SecretTable::webhook: return "webhook_secret";
  }
  return {};
}

/// No part holds a line end.
std::string row_context(SecretTable table, Id owner, std::string_view kind) {
  return name_of(table) + '\n' + std::to_string(owner) + '\n' + std::string(kind);
}

std::string seal_context(const SecretPlace& place) {
  return row_context(place.table, place.owner, place.kind) + '\n' + std::string(place.origin);
}

void keep(Writer& writer, const SecretPlace& place, const Secret& secret,
          const base::SealingKey& key) {
  execute(writer,
          "INSERT INTO " + name_of(place.table) +
              " (owner, kind, origin, sealed, fingerprint) VALUES (?, ?, ?, ?, ?) "
              "ON CONFLICT (owner, kind) DO UPDATE SET origin = excluded.origin, "
              "sealed = excluded.sealed, fingerprint = excluded.fingerprint",
          {place.owner, place.kind, place.origin, Blob{key.seal(secret, seal_context(place))},
           key.fingerprint(secret, row_context(place.table, place.owner, place.kind))});
}

base::Error at(base::Error error, const SecretPlace& place) {
  error.where =
      name_of(place.table) + ' ' + std::to_string(place.owner) + ' ' + std::string(place.kind);
  return error;
}

base::Result<void> each_secret(
    Reader& reader,
    const std::function<void(const SecretPlace& place, const Secret& secret)>& body) {
  for (const SecretTable table : tables) {
    Rows rows = query(reader, "SELECT owner, kind, origin, sealed FROM " + name_of(table));
    while (rows.next()) {
      Id owner = 0;
      std::string kind, origin;
      Blob sealed;
      rows.into(owner, kind, origin, sealed);
      const SecretPlace place{table, owner, kind, origin};
      const auto secret = reader.connection().key().open(sealed.bytes, seal_context(place));
      if (!secret) return at(secret.error(), place);
      body(place, *secret);
    }
  }
  return {};
}

}  // namespace

void put_secret(Writer& writer, const SecretPlace& place, const Secret& secret) {
  if (!secret.empty()) return keep(writer, place, secret, writer.connection().key());
  execute(writer, "DELETE FROM " + name_of(place.table) + " WHERE owner = ? AND kind = ?",
          {place.owner, place.kind});
}

base::Result<Secret> get_secret(Reader& reader, const SecretPlace& place) {
  const auto sealed = scalar<Blob>(
      reader, "SELECT sealed FROM " + name_of(place.table) + " WHERE owner = ? AND kind = ?",
      {place.owner, place.kind});
  if (!sealed) return Secret();
  auto secret = reader.connection().key().open(sealed->bytes, seal_context(place));
  if (!secret) return at(secret.error(), place);
  return secret;
}

void drop_secrets(Writer& writer, SecretTable table, Id owner) {
  execute(writer, "DELETE FROM " + name_of(table) + " WHERE owner = ?", {owner});
}

std::string secret_fingerprint(Reader& reader, SecretTable table, Id owner, std::string_view kind) {
  return scalar<std::string>(
             reader, "SELECT fingerprint FROM " + name_of(table) + " WHERE owner = ? AND kind = ?",
             {owner, kind})
      .value_or("");
}

base::Result<void> verify_seals(Reader& reader) {
  return each_secret(reader, [](const SecretPlace&, const Secret&) {});
}

base::Result<void> reseal(Writer& writer, const base::SealingKey& key) {
  // A row that is written while its table is read may be read again; by then the old key is wrong.
  struct Kept {
    SecretTable table;
    Id owner;
    std::string kind, origin;
    Secret secret;
  };
  std::vector<Kept> all;
  auto opened = each_secret(writer, [&](const SecretPlace& place, const Secret& secret) {
    all.push_back(
        {place.table, place.owner, std::string(place.kind), std::string(place.origin), secret});
  });
  if (!opened) return opened;
  for (const Kept& kept : all) {
    keep(writer, {kept.table, kept.owner, kept.kind, kept.origin}, kept.secret, key);
  }
  execute(writer, "DELETE FROM idempotency");  // Good for a day; sealed with the old key.
  put_audit_head(writer, key);
  put_meta(writer, "key_id", key.id());
  return {};
}

}  // namespace portolan::store
