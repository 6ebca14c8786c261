#include "engine/registries.h"

#include <algorithm>
#include <thread>

#include "base/crypto.h"
#include "base/json.h"
#include "base/url.h"
#include "config/daemon_settings.h"
#include "engine/fleet.h"
#include "engine/look.h"
#include "engine/run.h"
#include "engine/veil.h"
#include "model/json.h"
#include "router/call_thread.h"
#include "router/router.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;
using base::Result;
using model::RegistryRecord;

/// Checks as they come, until nobody listens any more: a call that was abandoned still makes some.
class Listener {
 public:
  explicit Listener(std::function<void(const model::Check&)> each) : each_(std::move(each)) {}
  void hear(const model::Check& check) {
    const base::Lock lock(mutex_);
    if (each_) each_(check);
  }
  void leave() {
    const base::Lock lock(mutex_);
    each_ = nullptr;
  }

 private:
  base::Mutex mutex_;
  std::function<void(const model::Check&)> each_ GUARDED_BY(mutex_);
};

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

bool trusts_more_realms(const model::Credentials& before, const model::Credentials& after) {
  return std::any_of(
      after.trusted_realms.begin(), after.trusted_realms.end(), [&](const std::string& realm) {
        return std::find(before.trusted_realms.begin(), before.trusted_realms.end(), realm) ==
               before.trusted_realms.end();
      });
}

/// What a change means for the secret and for who trusts the registry.
struct Consequence {
  bool moved = false;       ///< Another origin.
  bool other_path = false;  ///< The same origin, another path.
  bool loosened = false;    ///< TLS trusts somebody new.
  bool led_astray = false;  ///< Others may see the secret: a realm, a proxy.
  bool reconnects = false;  ///< Anything that a validation would notice.
  std::string needs_secret() const {
    if (moved) return "another address needs the password again";
    if (loosened) return "other TLS trust needs the password again";
    return led_astray ? "another place for the password to go needs it again" : "";
  }
};

Consequence consequence_of(const RegistryRecord& before, const RegistryRecord& after,
                           const RegistryChange& change) {
  const model::Registry &was = before.settings, &is = after.settings;
  Consequence out;
  out.moved = origin_of(was.address) != origin_of(is.address);
  out.other_path = !out.moved && was.address != is.address;
  out.loosened = change.tls && !only_tightens(was.tls, is.tls);
  const bool plain = is.address.rfind("http://", 0) == 0;
  out.led_astray = trusts_more_realms(was.credentials, is.credentials) ||
                   (plain && was.proxy != is.proxy && !is.proxy.empty());
  out.reconnects = change.address || change.proxy || change.options_json || change.tls ||
                   change.allow_plain_http || change.credentials || change.trusted_realms;
  return out;
}

RegistryRecord changed(RegistryRecord record, const RegistryChange& change) {
  model::Registry& settings = record.settings;
  if (change.address) settings.address = *change.address;
  if (change.proxy) settings.proxy = *change.proxy;
  if (change.options_json) settings.options_json = *change.options_json;
  if (change.timeouts) settings.timeouts = *change.timeouts;
  if (change.allow_plain_http) settings.allow_plain_http = *change.allow_plain_http;
  if (change.tls) {
    const bool keeps_key =
        change.tls->client_key_pem.empty() &&
        change.tls->client_certificate_pem == settings.tls.client_certificate_pem;
    const base::Secret key = settings.tls.client_key_pem;
    settings.tls = *change.tls;
    if (keeps_key) settings.tls.client_key_pem = key;
  }
  if (change.credentials) {
    settings.credentials.username = change.credentials->username;
    settings.credentials.password = change.credentials->password;
  }
  if (change.trusted_realms) settings.credentials.trusted_realms = *change.trusted_realms;
  if (change.description) record.description = *change.description;
  if (change.pull_host) record.pull_host = *change.pull_host;
  if (change.schedule) record.schedule = *change.schedule;
  if (change.default_visibility) record.default_visibility = *change.default_visibility;
  return record;
}

/// What `tried` found becomes the registry's first, or newest, health.
Result<void> keep_tried(store::Writer& writer, const Daemon& daemon, const RegistryRecord& record,
                        const Tried& tried) {
  Seen seen;
  seen.look.registry = record.id;
  seen.look.depth = model::Depth::full;
  seen.record = record;
  seen.integration = tried.integration;
  seen.finding.emplace();
  seen.finding->depth = model::Depth::full;
  seen.finding->result = tried.validation;
  seen.finding->secret_version = record.settings.credentials.given() ? record.secret_version : 0;
  seen.finding->at_ms = daemon.store.now();
  const auto kept = keep(writer, daemon, seen, 0.5);
  return kept ? Result<void>() : kept.error();
}

/// What was learnt of another account is not handed to the plugin any more.
Result<void> forget_facts(store::Writer& writer, const RegistryRecord& record) {
  if (!record.integration) return {};
  model::Integration known = *record.integration;
  known.facts_json.clear();
  known.account.clear();
  known.privilege.clear();
  return store::keep_integration(writer, record.id, known);
}

/// The old results are about another place: the next look decides alone, full ones count anew.
Result<void> begin_anew(store::Writer& writer, Id registry) {
  model::Health health = store::health(writer, registry);
  health.recent.clear();
  health.last_full_ms = 0;
  health.next_try_ms = 0;
  return store::put_health(writer, registry, health);
}

/// With another origin update_registry() has taken them.
Result<void> put_secrets(store::Writer& writer, const RegistryRecord& after,
                         const RegistryChange& change) {
  if (change.credentials) {
    auto set = store::set_credentials(writer, after.id, after.settings.credentials, 0);
    if (!set) return set.error();
    if (auto forgot = forget_facts(writer, *set); !forgot) return forgot;
  }
  if (!change.tls) return {};
  return store::set_secret(writer, after.id, store::SecretKind::client_key,
                           after.settings.tls.client_key_pem);
}

Result<void> put_change(store::Writer& writer, const RegistryRecord& after,
                        const RegistryChange& change, const Consequence& follows,
                        std::int64_t if_revision) {
  const auto made = store::update_registry(writer, after, if_revision);
  if (!made) return made.error();
  if (!follows.moved) {
    if (auto put = put_secrets(writer, after, change); !put) return put;
  }
  if (follows.moved || follows.other_path || follows.loosened) {
    if (auto set = store::set_pull_suspended(writer, after.id, true); !set) return set;
  }
  return follows.reconnects ? begin_anew(writer, after.id) : Result<void>();
}

/// What may lead a secret elsewhere needs it in the same change.
Result<void> has_secrets_again(const RegistryRecord& before, const Consequence& follows,
                               const RegistryChange& change) {
  constexpr const char* hint =
      "Send it in the same request: a secret goes only where it was given for.";
  const std::string why = follows.needs_secret();
  if (!why.empty() && before.settings.credentials.given() && !change.credentials)
    return Error{
        .code = Code::invalid_argument, .message = why, .hint = hint, .where = "/credentials"};
  const bool key_again = change.tls && (!change.tls->client_key_pem.empty() ||
                                        change.tls->client_certificate_pem.empty());
  if (follows.moved && !before.settings.tls.client_key_pem.empty() && !key_again)
    return Error{.code = Code::invalid_argument,
                 .message = "another address needs the client key again",
                 .hint = hint,
                 .where = "/tls/client_key"};
  return {};
}

/// A cancel wakes nobody here, so it is looked for.
void hold_until(base::Steady::time_point at, const base::Deadline& deadline) {
  constexpr auto look_again = std::chrono::milliseconds(20);
  while (base::Steady::now() < at && !deadline.passed() && !deadline.cancel.cancelled())
    std::this_thread::sleep_until(std::min(at, base::Steady::now() + look_again));
}

}  // namespace

std::string origin_of(const std::string& address) {
  const auto url = base::parse_address(address);
  return url ? url->origin() : std::string();
}

std::string audit_json(const RegistryRecord& record) {
  const model::Registry& settings = record.settings;
  const auto count = [](std::int64_t value) { return Json::integer(value); };
  Json tls = Json::object();
  tls.set("ca", settings.tls.ca_pem.empty()
                    ? Json()
                    : Json::string("sha256:" + base::hex(base::sha256(settings.tls.ca_pem))));
  tls.set("client_certificate", Json::boolean(!settings.tls.client_certificate_pem.empty()));
  tls.set("minimum_version", Json::string(settings.tls.minimum_version));
  tls.set("pin_sha256", model::text_or_null(settings.tls.pin_sha256));
  tls.set("skip_verify", Json::boolean(settings.tls.skip_verify));
  Json schedule = Json::object();
  schedule.set("health_s", count(record.schedule.health_s));
  schedule.set("statistics_s", count(record.schedule.statistics_s));
  schedule.set("deep_s", count(record.schedule.deep_s));
  schedule.set("catalogue_s", count(record.schedule.catalogue_s));
  const auto options = base::parse_json(settings.options_json);
  Json out = Json::object();
  out.set("name", Json::string(settings.name));
  out.set("type", Json::string(settings.type));
  out.set("address", Json::string(settings.address));
  out.set("username", model::text_or_null(settings.credentials.username));
  out.set("secret_version", count(record.secret_version));
  out.set("trusted_realms", model::texts(settings.credentials.trusted_realms));
  out.set("tls", std::move(tls));
  out.set("proxy", model::text_or_null(settings.proxy));
  out.set("allow_plain_http", Json::boolean(settings.allow_plain_http));
  out.set("options", options ? *options : Json());
  out.set("schedule", std::move(schedule));
  out.set("default_visibility",
          Json::string(std::string(model::to_string(record.default_visibility))));
  out.set("pull_host", model::text_or_null(record.pull_host));
  out.set("description", model::text_or_null(record.description));
  out.set("paused", Json::boolean(record.paused));
  return base::to_text(out);
}

model::Event event_of(const char* kind, const RegistryRecord& record) {
  model::Event event;
  event.kind = kind;
  event.registry = record.id;
  event.workspace = record.workspace;
  event.subject = record.identity();
  event.data_json = audit_json(record);
  return event;
}

Registries::Registries(const Daemon& daemon, Fleet& fleet, JobRunner& jobs)
    : daemon_(daemon), fleet_(fleet), jobs_(jobs) {}

Result<Tried> Registries::try_out(RegistryRecord draft, const base::CancelToken& cancel,
                                  const std::function<void(const model::Check&)>& each) {
  if (auto fine = check_draft(draft); !fine) return fine.error();
  draft.integration.reset();
  const auto settings = daemon_.settings();
  const bool veils = draft.workspace.has_value();
  const auto floor = settings->limits.try_floor;
  const auto patience = patience_of(draft.settings.timeouts, Round::health, *settings);
  const bool has_floor = veils && floor.count() > 0;
  // What a token service elsewhere filters is given up before the time is over too.
  if (has_floor) draft.settings.timeouts.connect = std::min(draft.settings.timeouts.connect, floor);
  auto made = fleet_.draft(draft);
  if (!made) return made.error();
  router::CallSettings call;
  call.deadline = base::Deadline::in(patience, cancel);
  call.log = daemon_.current_log();
  const auto began = base::Steady::now();
  // What is filtered or silent is given up a little before what is closed is answered.
  if (has_floor) call.reach_by = began + std::min(floor, patience) * 9 / 10;
  const auto listener = std::make_shared<Listener>(each);
  auto validation = router::answer_in_time<model::Validation>(
      call.deadline,
      [&router = daemon_.router, registry = *made, call, listener, veils,
       not_before = began + floor]() -> Result<model::Validation> {
        model::Validation seen;
        const auto pass = [&](model::Check check) {
          listener->hear(check);
          seen.checks.push_back(std::move(check));
        };
        Veil veil(pass, [&] { hold_until(not_before, call.deadline); });
        auto done = router.validate(
            *registry, model::Depth::full, call,
            [&](const model::Check& check) { veils ? veil.take(check) : pass(check); });
        if (!done) return done;
        if (veils) veil.end();
        seen.verdict = done->verdict;
        return seen;
      });
  listener->leave();
  if (!validation) return validation.error();
  Tried out;
  out.validation = *std::move(validation);
  if (const auto found = daemon_.router.integration(**made); found && *found)
    out.integration = **found;
  out.warnings = warnings_of(draft.settings);
  return out;
}

Result<std::optional<Tried>> Registries::verify(const RegistryRecord& draft, Verify verify,
                                                const base::CancelToken& cancel) {
  if (verify == Verify::skip) return std::optional<Tried>();
  auto tried = try_out(draft, cancel, {});
  if (!tried) return tried.error();
  const model::Check* failed = first_failure(tried->validation);
  if (verify == Verify::require && failed) return failure_of(*failed);
  return std::optional<Tried>(*std::move(tried));
}

Result<Registries::Integrated> Registries::integrate(RegistryRecord draft, Verify verify_how,
                                                     const Act& act,
                                                     const base::CancelToken& cancel) {
  if (auto fine = check_draft(draft); !fine) return fine.error();
  const auto within_limit = [&](store::Reader& reader) -> Result<void> {
    const std::uint64_t most = daemon_.settings()->limits.registries_per_workspace;
    if (!draft.workspace || store::count_registries(reader, draft.workspace) < most) return {};
    return Error{.code = Code::limit,
                 .message = "the workspace has " + std::to_string(most) + " registries already",
                 .hint = "limits.registries-per-workspace of the daemon says how many."};
  };
  auto room = daemon_.store.read<bool>([&](store::Reader& reader) -> Result<bool> {
    auto fine = within_limit(reader);
    return fine ? Result<bool>(true) : fine.error();
  });
  if (!room) return room.error();  // Before anything is contacted.
  auto tried = verify(draft, verify_how, cancel);
  if (!tried) return tried.error();
  Integrated out;
  out.tried = *std::move(tried);
  auto written = daemon_.store.write([&](store::Writer& writer) -> Result<void> {
    if (auto fine = within_limit(writer); !fine) return fine;
    auto made = store::insert_registry(writer, draft);
    if (!made) return discreet(std::move(made).error(), act);
    if (out.tried) {
      if (auto kept = keep_tried(writer, daemon_, *made, *out.tried); !kept) return kept;
    }
    out.record = *store::find_registry(writer, made->id);
    store::add_event(writer, event_of("registry.created", out.record));
    return note(writer, act, "registry.create", out.record.identity(), "", audit_json(out.record));
  });
  if (!written) return written.error();
  return out;
}

Result<Registries::Integrated> Registries::change(Id registry, const RegistryChange& change,
                                                  Verify verify_how, std::int64_t if_revision,
                                                  const Act& act, const base::CancelToken& cancel) {
  auto before = daemon_.store.read<RegistryRecord>(
      [&](store::Reader& reader) { return store::open_registry(reader, registry); });
  if (!before) return before.error();
  RegistryRecord after = changed(*before, change);
  if (auto fine = check_draft(after); !fine) return fine.error();
  const Consequence follows = consequence_of(*before, after, change);
  if (auto fine = has_secrets_again(*before, follows, change); !fine) return fine.error();
  Integrated out;
  if (follows.reconnects && !before->paused) {
    if (!change.credentials) {
      const auto rests = fleet_.trusted(registry);
      const bool is_refused = !rests && rests.error().code == Code::unauthorized;
      if (is_refused && verify_how == Verify::require) return rests.error();
      if (is_refused) verify_how = Verify::skip;
    }
    auto tried = verify(after, verify_how, cancel);
    if (!tried) return tried.error();
    out.tried = *std::move(tried);
  }
  auto written = daemon_.store.write([&](store::Writer& writer) -> Result<void> {
    if (auto done = put_change(writer, after, change, follows, if_revision); !done)
      return discreet(std::move(done).error(), act);
    out.record = *store::find_registry(writer, registry);
    if (out.tried) {
      if (auto kept = keep_tried(writer, daemon_, out.record, *out.tried); !kept) return kept;
      out.record = *store::find_registry(writer, registry);
    }
    store::add_event(writer, event_of("registry.updated", out.record));
    return note(writer, act, "registry.update", out.record.identity(), audit_json(*before),
                audit_json(out.record));
  });
  if (!written) return written.error();
  return out;
}

}  // namespace portolan::engine
