#include "engine/registries.h"

#include <algorithm>

#include "base/json.h"
#include "base/url.h"
#include "engine/run.h"
#include "model/json.h"
#include "router/call_thread.h"
#include "store/registries.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;

/// Whether a value is written as documents write references: {"env": "NAME"}.
bool is_reference(const Json& value) {
  return value.is_object() && value.members().size() == 1 &&
         (value.find("env") || value.find("file") || value.find("credential") ||
          value.find("stdin"));
}

/// The pointer of the first reference in `json`, or empty.
std::string reference_in(const Json& json, const std::string& at) {
  if (is_reference(json)) return at;
  for (const auto& [key, value] : json.members())
    if (auto found = reference_in(value, base::pointer_below(at, key)); !found.empty())
      return found;
  return {};
}

/// Where a workspace's registry cannot be reached, that is all there is to say: whether a port is
/// closed, filtered or forbidden would map the network for whoever asks.
model::Check veiled(model::Check check) {
  const bool host_step = check.name == "address" || check.name == "dns" || check.name == "tcp";
  if (check.state != model::CheckState::fail || !host_step) return check;
  check.code = Code::unreachable;
  check.message = "the address cannot be reached from here";
  check.hint = "Ask a platform admin whether workspaces may connect there.";
  check.evidence.reset();
  return check;
}

const model::Check* first_failure(const model::Validation& validation) {
  for (const model::Check& check : validation.checks)
    if (check.state == model::CheckState::fail) return &check;
  return nullptr;
}

Error failure_of(const model::Check& check) {
  return {.code = check.code == Code::ok ? Code::internal : check.code,
          .message = "the check " + check.name + " failed: " + check.message,
          .hint = check.hint + (check.hint.empty() ? "" : " ") +
                  "With validate=warn it is kept all the same.",
          .where = check.name,
          .http_status = failed_check_status};
}

/// What the audit and events show of a registry; no secret.
std::string audit_json(const model::RegistryRecord& record) {
  Json out = Json::object();
  out.set("type", Json::string(record.settings.type));
  out.set("address", Json::string(record.settings.address));
  out.set("username", model::text_or_null(record.settings.credentials.username));
  out.set("skip_verify", Json::boolean(record.settings.tls.skip_verify));
  out.set("paused", Json::boolean(record.paused));
  return base::to_text(out);
}

model::Event event_of(const char* kind, const model::RegistryRecord& record) {
  model::Event event;
  event.kind = kind;
  event.registry = record.id;
  event.workspace = record.workspace;
  event.subject = record.identity();
  event.data_json = audit_json(record);
  return event;
}

/// Who has a twin is told only to platform admins.
Error discreet(Error error, const Act& act) {
  if (!act.platform_admin) error.where.clear();
  return error;
}

/// Whether `after` trusts nobody whom `before` did not.
bool only_tightens(const model::Tls& before, const model::Tls& after) {
  const bool pinned = after.pin_sha256 == before.pin_sha256 || before.pin_sha256.empty();
  return before.ca_pem == after.ca_pem && pinned && (before.skip_verify || !after.skip_verify) &&
         after.minimum_version >= before.minimum_version;
}

model::RegistryRecord changed(model::RegistryRecord record, const RegistryChange& change) {
  model::Registry& settings = record.settings;
  if (change.address) settings.address = *change.address;
  if (change.proxy) settings.proxy = *change.proxy;
  if (change.options_json) settings.options_json = *change.options_json;
  if (change.timeouts) settings.timeouts = *change.timeouts;
  if (change.allow_plain_http) settings.allow_plain_http = *change.allow_plain_http;
  if (change.tls) {
    const base::Secret key = settings.tls.client_key_pem;
    settings.tls = *change.tls;
    if (settings.tls.client_key_pem.empty()) settings.tls.client_key_pem = key;
  }
  if (change.credentials) settings.credentials = *change.credentials;
  if (change.trusted_realms) settings.credentials.trusted_realms = *change.trusted_realms;
  if (change.description) record.description = *change.description;
  if (change.pull_host) record.pull_host = *change.pull_host;
  if (change.schedule) record.schedule = *change.schedule;
  if (change.default_visibility) record.default_visibility = *change.default_visibility;
  return record;
}

bool touches_connection(const RegistryChange& change) {
  return change.address || change.proxy || change.options_json || change.tls ||
         change.allow_plain_http || change.credentials || change.trusted_realms;
}

}  // namespace

std::string origin_of(const std::string& address) {
  const auto url = base::parse_address(address);
  return url ? url->origin() : std::string();
}

Registries::Registries(const Daemon& daemon, Fleet& fleet, JobRunner& jobs)
    : daemon_(daemon), fleet_(fleet), jobs_(jobs) {}

base::Result<void> Registries::check_draft(model::RegistryRecord& draft) const {
  model::Registry& settings = draft.settings;
  const auto address = base::parse_address(settings.address);
  if (!address) {
    Error error = address.error();
    error.where = "/address";
    return error;
  }
  settings.address = address->text();
  const auto options = base::parse_json(settings.options_json);
  if (!options) return options.error();
  if (const std::string at = reference_in(*options, "/options"); !at.empty())
    return Error{.code = Code::invalid_config,
                 .message = "a reference stands where the value is needed",
                 .hint = "References are resolved by the client: send the value.",
                 .where = at};
  // What the type's schema and the upstream's own settings say, before anything is contacted.
  auto made = fleet_.draft(draft);
  if (!made) return made.error();
  return {};
}

base::Result<Tried> Registries::try_out(model::RegistryRecord draft,
                                        const base::CancelToken& cancel,
                                        const std::function<void(const model::Check&)>& each) {
  if (auto fine = check_draft(draft); !fine) return fine.error();
  const bool veil = draft.workspace.has_value();
  draft.integration.reset();
  auto made = fleet_.draft(draft);
  if (!made) return made.error();
  router::CallSettings call;
  call.deadline = base::Deadline::in(draft.settings.timeouts.validation, cancel);
  auto validation = router::answer_in_time<model::Validation>(
      call.deadline, [&router = daemon_.router, registry = *made, call, each, veil] {
        return router.validate(*registry, model::Depth::full, call, [&](const model::Check& check) {
          if (each) each(veil ? veiled(check) : check);
        });
      });
  if (!validation) return validation.error();
  Tried out;
  out.validation = *std::move(validation);
  if (veil)
    for (model::Check& check : out.validation.checks) check = veiled(std::move(check));
  if (const auto found = daemon_.router.integration(**made); found && *found)
    out.integration = **found;
  out.warnings = warnings_of(draft.settings);
  return out;
}

base::Result<Registries::Integrated> Registries::integrate(model::RegistryRecord draft,
                                                           Verify verify, const Act& act,
                                                           const base::CancelToken& cancel) {
  if (auto fine = check_draft(draft); !fine) return fine.error();
  Integrated out;
  if (verify != Verify::skip) {
    auto tried = try_out(draft, cancel, {});
    if (!tried) return tried.error();
    out.tried = *std::move(tried);
    if (verify == Verify::require)
      if (const model::Check* failed = first_failure(out.tried->validation))
        return failure_of(*failed);
  }
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const std::uint64_t most = daemon_.settings()->limits.registries_per_workspace;
    if (draft.workspace && store::count_registries(writer, draft.workspace) >= most)
      return Error{.code = Code::limit,
                   .message = "the workspace has " + std::to_string(most) + " registries already",
                   .hint = "limits.registries-per-workspace of the daemon says how many."};
    auto made = store::insert_registry(writer, draft);
    if (!made) return discreet(std::move(made).error(), act);
    if (out.tried && out.tried->integration)
      if (auto kept = store::keep_integration(writer, made->id, *out.tried->integration); !kept)
        return kept;
    out.record = *store::find_registry(writer, made->id);
    store::add_event(writer, event_of("registry.created", out.record));
    return note(writer, act, "registry.create", out.record.identity(), "", audit_json(out.record));
  });
  if (!written) return written.error();
  return out;
}

base::Result<Registries::Integrated> Registries::change(Id registry, const RegistryChange& change,
                                                        Verify verify, std::int64_t if_revision,
                                                        const Act& act,
                                                        const base::CancelToken& cancel) {
  auto before = daemon_.store.read<model::RegistryRecord>(
      [&](store::Reader& reader) { return store::open_registry(reader, registry); });
  if (!before) return before.error();
  model::RegistryRecord after = changed(*before, change);
  const bool moved = origin_of(after.settings.address) != origin_of(before->settings.address);
  const bool loosened = change.tls && !only_tightens(before->settings.tls, after.settings.tls);
  if ((moved || loosened) && before->settings.credentials.given() && !change.credentials)
    return Error{.code = Code::invalid_argument,
                 .message = moved ? "another address needs the password again"
                                  : "other TLS trust needs the password again",
                 .hint =
                     "Send credentials in the same request: a secret goes only where it was "
                     "given for.",
                 .where = "/credentials"};
  if (auto fine = check_draft(after); !fine) return fine.error();
  Integrated out;
  if (verify != Verify::skip && touches_connection(change)) {
    auto tried = try_out(after, cancel, {});
    if (!tried) return tried.error();
    out.tried = *std::move(tried);
    if (verify == Verify::require)
      if (const model::Check* failed = first_failure(out.tried->validation))
        return failure_of(*failed);
  }
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    auto made = store::update_registry(writer, after, if_revision);
    if (!made) return discreet(std::move(made).error(), act);
    if (change.credentials && !moved)
      if (auto set = store::set_credentials(writer, registry, after.settings.credentials, 0); !set)
        return discreet(std::move(set).error(), act);
    if (change.tls && !moved)
      if (auto set = store::set_secret(writer, registry, store::SecretKind::client_key,
                                       after.settings.tls.client_key_pem);
          !set)
        return set;
    if (moved || loosened)
      if (auto set = store::set_pull_suspended(writer, registry, true); !set) return set;
    if (out.tried && out.tried->integration)
      if (auto kept = store::keep_integration(writer, registry, *out.tried->integration); !kept)
        return kept;
    out.record = *store::find_registry(writer, registry);
    store::add_event(writer, event_of("registry.updated", out.record));
    return note(writer, act, "registry.update", out.record.identity(), audit_json(*before),
                audit_json(out.record));
  });
  if (!written) return written.error();
  return out;
}

}  // namespace portolan::engine
