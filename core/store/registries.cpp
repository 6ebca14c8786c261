#include "store/registries.h"

#include "base/url.h"
#include "model/json.h"
#include "store/paging.h"
#include "store/registry_rows.h"
#include "store/sealed.h"

namespace portolan::store {
namespace {

using base::Code;
using base::Error;
using base::Json;
using base::Result;
using base::Secret;
using model::RegistryRecord;

Error gone() { return missing("the registry"); }

/// What secrets of this address are bound to.
std::string origin_of(const std::string& address) {
  const auto url = base::parse_address(address);
  if (!url) throw Failure{url.error()};
  return url->origin();
}

std::string_view kind_word(SecretKind kind) {
  switch (kind) {
    case SecretKind::password: return password_word;
    case SecretKind::client_key: return "client_key";
    case SecretKind::pull_password: return "pull_password";
  }
  return password_word;
}

void seal(Writer& writer, Id id, SecretKind kind, const std::string& origin, const Secret& secret) {
  put_secret(writer, {SecretTable::registry, id, kind_word(kind), origin}, secret);
}

void seal_settings(Writer& writer, Id id, const model::Registry& settings) {
  const std::string origin = origin_of(settings.address);
  seal(writer, id, SecretKind::password, origin, settings.credentials.password);
  seal(writer, id, SecretKind::client_key, origin, settings.tls.client_key_pem);
}

/// conflict when another registry of the scope has the name, or the address and account.
Result<void> no_twin(Reader& reader, const RegistryRecord& record) {
  const model::Registry& settings = record.settings;
  if (scalar<Id>(reader, "SELECT id FROM registry WHERE workspace IS ? AND name = ? AND id <> ?",
                 {record.workspace, settings.name, record.id})) {
    return taken("a registry", settings.name);
  }
  const auto twin = scalar<Id>(
      reader,
      "SELECT id FROM registry WHERE workspace IS ? AND address = ? AND username = ? AND id <> ?",
      {record.workspace, settings.address, settings.credentials.username, record.id});
  if (!twin) return {};
  return Error{.code = Code::conflict,
               .message = "this address is integrated already with this account",
               .hint = "Use the registry that is there, or integrate with another account.",
               .where = find_registry(reader, *twin)->identity()};
}

Json trusted_realms(const model::Registry& settings) {
  return model::texts(settings.credentials.trusted_realms);
}

void touch(Writer& writer, Id id) {
  execute(writer, "UPDATE registry SET updated_ms = ?, revision = revision + 1 WHERE id = ?",
          {now_ms(writer), id});
}

/// A new secret: whatever was refused before says nothing of it.
void new_secret(Writer& writer, Id id) {
  execute(writer, "UPDATE registry SET secret_version = secret_version + 1 WHERE id = ?", {id});
  execute(writer,
          "UPDATE health SET blocked = 0, refused_at_ms = 0, refused_version = 0, next_try_ms = 0 "
          "WHERE registry = ?",
          {id});
}

void write_settings(Writer& writer, const RegistryRecord& record) {
  const model::Registry& s = record.settings;
  execute(writer,
          "UPDATE registry SET name = ?, address = ?, trusted_realms = ?, ca_pem = ?, "
          "client_certificate_pem = ?, minimum_version = ?, pin_sha256 = ?, skip_verify = ?, "
          "proxy = ?, allow_plain_http = ?, options_json = ?, connect_ms = ?, request_ms = ?, "
          "validation_ms = ?, statistics_ms = ?, description = ?, pull_host = ?, "
          "default_visibility = ?, health_s = ?, statistics_s = ?, deep_s = ?, catalogue_s = ?, "
          "paused = ?, managed_by = ? WHERE id = ?",
          {s.name,
           s.address,
           trusted_realms(s),
           s.tls.ca_pem,
           s.tls.client_certificate_pem,
           s.tls.minimum_version,
           s.tls.pin_sha256,
           s.tls.skip_verify,
           s.proxy,
           s.allow_plain_http,
           s.options_json,
           s.timeouts.connect.count(),
           s.timeouts.request.count(),
           s.timeouts.validation.count(),
           s.timeouts.statistics.count(),
           record.description,
           record.pull_host,
           to_string(record.default_visibility),
           record.schedule.health_s,
           record.schedule.statistics_s,
           record.schedule.deep_s,
           record.schedule.catalogue_s,
           record.paused,
           record.provenance.managed_by,
           record.id});
}

/// Secrets that were sealed for another origin are of no use, and what robots there are is not
/// known to exist at this one.
void move_origin(Writer& writer, const RegistryRecord& record) {
  drop_secrets(writer, SecretTable::registry, record.id);
  seal_settings(writer, record.id, record.settings);
  execute(writer,
          "UPDATE registry SET username = ?, pull_username = '', pull_suspended = 1 WHERE id = ?",
          {record.settings.credentials.username, record.id});
  execute(writer, "UPDATE robot SET reconcile = 1 WHERE registry = ?", {record.id});
  new_secret(writer, record.id);
}

}  // namespace

Result<RegistryRecord> insert_registry(Writer& writer, RegistryRecord record) {
  record.id = 0;
  if (auto alone = no_twin(writer, record); !alone) return alone.error();
  const std::int64_t now = now_ms(writer);
  const Id id = insert(
      writer,
      "INSERT INTO registry (workspace, name, type, address, username, trusted_realms, ca_pem, "
      "client_certificate_pem, minimum_version, pin_sha256, skip_verify, proxy, allow_plain_http, "
      "options_json, connect_ms, request_ms, validation_ms, statistics_ms, description, pull_host, "
      "default_visibility, health_s, statistics_s, deep_s, catalogue_s, paused, secret_version, "
      "pull_username, pull_suspended, integration_json, managed_by, created_by, created_ms, "
      "updated_ms, revision) VALUES (?, ?, ?, ?, ?, '[]', '', '', '', '', 0, '', 0, '{}', 0, 0, 0, "
      "0, '', '', '', 0, 0, 0, 0, 0, 1, '', 0, NULL, ?, ?, ?, ?, 1)",
      {record.workspace, record.settings.name, record.settings.type, record.settings.address,
       record.settings.credentials.username, record.provenance.managed_by,
       record.provenance.created_by, now, now});
  access_changed(writer);
  record.id = id;
  write_settings(writer, record);
  seal_settings(writer, id, record.settings);
  execute(writer,
          "INSERT INTO health (registry, state, reason, message, hint, since_ms, last_try_ms, "
          "last_success_ms, next_try_ms, blocked, refused_at_ms, refused_version, recent, "
          "last_full_ms) VALUES (?, ?, '', '', '', ?, 0, 0, 0, 0, 0, 0, '[]', 0)",
          {id, to_string(model::HealthState::unknown), now});
  if (record.integration) {
    if (auto kept = keep_integration(writer, id, *record.integration); !kept) return kept.error();
  }
  return *find_registry(writer, id);
}

Result<RegistryRecord> update_registry(Writer& writer, const RegistryRecord& wanted,
                                       std::int64_t if_revision) {
  const auto stored = find_registry(writer, wanted.id);
  if (!stored) return gone();
  if (auto same = same_revision(stored->provenance.revision, if_revision); !same)
    return same.error();
  RegistryRecord record = wanted;
  const bool same_address = record.settings.address == stored->settings.address;
  const bool same_origin =
      same_address || origin_of(record.settings.address) == origin_of(stored->settings.address);
  record.workspace = stored->workspace;
  if (same_origin) record.settings.credentials.username = stored->settings.credentials.username;
  if (auto alone = no_twin(writer, record); !alone) return alone.error();

  write_settings(writer, record);
  if (!same_origin) move_origin(writer, record);
  if (!same_address)
    execute(writer, "UPDATE registry SET integration_json = NULL WHERE id = ?", {record.id});
  touch(writer, record.id);
  return *find_registry(writer, record.id);
}

Result<RegistryRecord> set_credentials(Writer& writer, Id id, const model::Credentials& credentials,
                                       std::int64_t if_revision) {
  auto record = find_registry(writer, id);
  if (!record) return gone();
  if (auto same = same_revision(record->provenance.revision, if_revision); !same)
    return same.error();
  record->settings.credentials.username = credentials.username;
  if (auto alone = no_twin(writer, *record); !alone) return alone.error();
  execute(writer, "UPDATE registry SET username = ? WHERE id = ?", {credentials.username, id});
  seal(writer, id, SecretKind::password, origin_of(record->settings.address), credentials.password);
  new_secret(writer, id);
  touch(writer, id);
  return *find_registry(writer, id);
}

Result<void> set_secret(Writer& writer, Id id, SecretKind kind, const Secret& secret) {
  const auto record = find_registry(writer, id);
  if (!record) return gone();
  seal(writer, id, kind, origin_of(record->settings.address), secret);
  if (kind != SecretKind::pull_password) new_secret(writer, id);
  touch(writer, id);
  return {};
}

Result<Secret> secret(Reader& reader, Id id, SecretKind kind) {
  const auto address =
      scalar<std::string>(reader, "SELECT address FROM registry WHERE id = ?", {id});
  if (!address) return gone();
  return get_secret(reader, {SecretTable::registry, id, kind_word(kind), origin_of(*address)});
}

Result<void> set_pull_credential(Writer& writer, Id id, const model::Credentials& credentials) {
  const bool given = !credentials.username.empty();
  if (execute(writer, "UPDATE registry SET pull_username = ? WHERE id = ?",
              {credentials.username, id}) == 0) {
    return gone();
  }
  return set_secret(writer, id, SecretKind::pull_password, given ? credentials.password : Secret());
}

std::optional<model::Credentials> pull_credential(Reader& reader, Id id) {
  auto username =
      scalar<std::string>(reader, "SELECT pull_username FROM registry WHERE id = ?", {id});
  if (!username || username->empty()) return std::nullopt;
  auto password = secret(reader, id, SecretKind::pull_password);
  if (!password) throw Failure{password.error()};
  return model::Credentials{*std::move(username), *std::move(password), {}};
}

Result<void> keep_integration(Writer& writer, Id id, const model::Integration& integration) {
  const std::string text = base::to_text(stored_form(integration));
  const auto changed = execute(writer,
                               "UPDATE registry SET integration_json = ? "
                               "WHERE id = ? AND integration_json IS NOT ?",
                               {text, id, text});
  if (changed != 0) {
    touch(writer, id);
    return {};
  }
  if (!scalar<Id>(writer, "SELECT id FROM registry WHERE id = ?", {id})) return gone();
  return {};
}

Result<void> set_paused(Writer& writer, Id id, bool paused) {
  if (execute(writer, "UPDATE registry SET paused = ? WHERE id = ?", {paused, id}) == 0)
    return gone();
  touch(writer, id);
  return {};
}

Result<void> set_pull_suspended(Writer& writer, Id id, bool suspended) {
  if (execute(writer, "UPDATE registry SET pull_suspended = ? WHERE id = ?", {suspended, id}) == 0)
    return gone();
  touch(writer, id);
  return {};
}

Result<void> delete_registry(Writer& writer, Id id) {
  execute(writer, "DELETE FROM binding WHERE space IN (SELECT id FROM space WHERE registry = ?)",
          {id});
  execute(writer, "DELETE FROM robot WHERE registry = ?", {id});
  if (execute(writer, "DELETE FROM registry WHERE id = ?", {id}) == 0) return gone();
  access_changed(writer);
  return {};
}

std::optional<RegistryRecord> find_registry(Reader& reader, Id id) {
  Rows rows = query(reader, registry_select("r.id = ?"), {id});
  if (!rows.next()) return std::nullopt;
  return read_registry(rows);
}

std::optional<RegistryRecord> find_registry(Reader& reader, std::optional<Id> workspace,
                                            const std::string& name) {
  Rows rows = query(reader, registry_select("r.workspace IS ? AND r.name = ?"), {workspace, name});
  if (!rows.next()) return std::nullopt;
  return read_registry(rows);
}

Result<RegistryRecord> open_registry(Reader& reader, Id id) {
  auto record = find_registry(reader, id);
  if (!record) return gone();
  auto password = secret(reader, id, SecretKind::password);
  if (!password) return password.error();
  auto key = secret(reader, id, SecretKind::client_key);
  if (!key) return key.error();
  record->settings.credentials.password = *std::move(password);
  record->settings.tls.client_key_pem = *std::move(key);
  return *std::move(record);
}

std::vector<Id> registry_ids(Reader& reader) {
  std::vector<Id> ids;
  Rows rows = query(reader, "SELECT id FROM registry ORDER BY id");
  while (rows.next()) ids.push_back(rows.get<Id>());
  return ids;
}

std::size_t count_registries(Reader& reader, std::optional<Id> workspace) {
  return scalar<std::size_t>(reader, "SELECT COUNT(*) FROM registry WHERE workspace IS ?",
                             {workspace})
      .value_or(0);
}

Page<RegistryRow> list_registries(Reader& reader, const PageRequest& request,
                                  const RegistryFilter& filter) {
  const std::string columns = std::string(registry_columns) + ", " + std::string(health_columns);
  // The index on states goes on with health's own column.
  const bool by_state = request.sort.ends_with("state");
  List list({.columns = columns,
             .from = registry_tables,
             .id = by_state ? "h.registry" : "r.id",
             .search = "r.name",
             .sorts = {{"name", "r.name"},
                       {"type", "r.type"},
                       {"state", "h.state"},
                       {"created", "r.created_ms"}}});
  if (filter.only) list.where("r.id IN (SELECT value FROM json_each(?))", {id_list(*filter.only)});
  if (filter.workspace) list.where("r.workspace = ?", {*filter.workspace});
  if (filter.platform) list.where("r.workspace IS NULL");
  if (!filter.type.empty()) list.where("r.type = ?", {filter.type});
  if (filter.state) list.where("h.state = ?", {to_string(*filter.state)});
  return list.page<RegistryRow>(reader, request, [](Rows& rows) {
    RegistryRow row;
    row.record = read_registry(rows);
    row.health = read_health(rows);
    return row;
  });
}

}  // namespace portolan::store
