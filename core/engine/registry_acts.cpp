/// Small changes of registries, and asking for a look now.
#include "base/json.h"
#include "engine/health.h"
#include "engine/jobs.h"
#include "engine/registries.h"
#include "model/json.h"
#include "model/outcome.h"
#include "store/catalogue.h"
#include "store/measures.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;

/// Younger results are the answer to "now".
constexpr std::int64_t fresh_ms = 30'000;

Error no_registry() {
  return {.code = Code::not_found, .message = "the registry is not there any more"};
}

model::Job look_job(const char* kind, const model::RegistryRecord& record, const char* field,
                    std::string word, const Act& act) {
  Json input = Json::object();
  input.set("registry", Json::integer(record.id));
  model::Job job;
  job.kind = kind;
  job.key = "registry:" + std::to_string(record.id) + (word.empty() ? "" : "/" + word);
  if (!word.empty()) input.set(field, Json::string(std::move(word)));
  job.input_json = base::to_text(input);
  job.registry = record.id;
  job.workspace = record.workspace;
  job.created_by = act.actor;
  return job;
}

std::string user_json(const std::string& username) {
  Json out = Json::object();
  out.set("username", model::text_or_null(username));
  return base::to_text(out);
}

Error refused() {
  return {.code = Code::unauthorized,
          .message =
              "the registry has refused this user name and password, so nothing is sent "
              "with them",
          .hint = "Give new credentials, or check the registry now."};
}

bool is_refused(const model::RegistryRecord& record, const model::Health& health) {
  return health.refused_version != 0 && health.refused_version == record.secret_version;
}

Error paused(const model::RegistryRecord& record) {
  return {.code = Code::conflict,
          .message = "the registry " + record.identity() + " is paused",
          .hint = "Resume it first: portolan registry resume " + record.identity()};
}

}  // namespace

base::Result<model::RegistryRecord> Registries::rename(Id registry, const std::string& name,
                                                       std::int64_t if_revision, const Act& act) {
  if (!is_registry_name(name))
    return Error{.code = Code::invalid_config,
                 .message = "expected small letters, digits, '.', '_' and '-', 63 at most",
                 .hint = "A name begins with a letter or a digit.",
                 .where = "/name"};
  model::RegistryRecord record;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    auto found = store::find_registry(writer, registry);
    if (!found) return no_registry();
    const model::RegistryRecord before = *found;
    found->settings.name = name;
    auto made = store::update_registry(writer, *found, if_revision);
    if (!made) return made.error();
    record = *std::move(made);
    model::Event event = event_of("registry.renamed", record);
    Json data = Json::object();
    data.set("before", Json::string(before.identity()));
    event.data_json = base::to_text(data);
    store::add_event(writer, std::move(event));
    return note(writer, act, "registry.rename", before.identity(), audit_json(before),
                audit_json(record));
  });
  if (!written) return written.error();
  return record;
}

base::Result<void> Registries::pause(Id registry, bool pause, const Act& act) {
  return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto before = store::find_registry(writer, registry);
    if (!before) return no_registry();
    if (before->paused == pause) return {};
    if (auto set = store::set_paused(writer, registry, pause); !set) return set;
    // Nothing is known of it while nobody looks; the first look after decides alone.
    model::Health health = store::health(writer, registry);
    health.state = model::HealthState::unknown;
    health.reason = pause ? "paused" : "";
    health.message = pause ? "paused by " + act.actor : "";
    health.hint.clear();
    health.recent.clear();
    health.since_ms = daemon_.store.now();
    health.next_try_ms = 0;
    if (auto put = store::put_health(writer, registry, health); !put) return put;
    auto told = store::add_transition(
        writer, registry, {health.state, health.reason, health.message, health.since_ms, 0});
    if (!told) return told;
    const auto after = *store::find_registry(writer, registry);
    store::add_event(writer, event_of(pause ? "registry.paused" : "registry.resumed", after));
    return note(writer, act, pause ? "registry.pause" : "registry.resume", after.identity(),
                audit_json(*before), audit_json(after));
  });
}

base::Result<void> Registries::set_pull_credential(Id registry,
                                                   const model::Credentials& credentials,
                                                   const Act& act) {
  return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_registry(writer, registry);
    if (!record) return no_registry();
    if (!credentials.username.empty() &&
        credentials.username == record->settings.credentials.username)
      return Error{.code = Code::invalid_argument,
                   .message = "the integrating account is never handed out",
                   .hint = "Make an account in the registry that may only pull.",
                   .where = "/username"};
    if (credentials.username.empty() != credentials.password.empty())
      return Error{.code = Code::invalid_argument,
                   .message = "a user name and a password belong together",
                   .hint = "Give both, or neither to remove the pull credential.",
                   .where = credentials.username.empty() ? "/username" : "/password"};
    const auto before = store::pull_credential(writer, registry);
    if (auto set = store::set_pull_credential(writer, registry, credentials); !set) return set;
    model::Event event = event_of("registry.pull_credential", *record);
    event.data_json = user_json(credentials.username);
    store::add_event(writer, std::move(event));
    return note(writer, act, "registry.pull-credential", record->identity(),
                user_json(before ? before->username : ""), user_json(credentials.username));
  });
}

base::Result<std::optional<model::Job>> Registries::check_now(Id registry, model::Depth depth,
                                                              const Act& act) {
  std::optional<model::Job> job;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_registry(writer, registry);
    if (!record) return no_registry();
    if (record->paused) return paused(*record);
    const model::Health health = store::health(writer, registry);
    const std::int64_t now = daemon_.store.now();
    const bool full = depth == model::Depth::full;
    // What was seen while a refused secret rests is no answer to who wants it tried.
    const bool fresh = is_refused(*record, health)
                           ? !may_send_secret(health, record->secret_version, {}, now, true)
                           : now - (full ? health.last_full_ms : health.last_try_ms) < fresh_ms;
    if (fresh) return {};
    auto made = jobs_.enqueue(
        writer, look_job("registry.check", *record, "depth", std::string(to_string(depth)), act));
    if (!made) return made.error();
    job = *std::move(made);
    return {};
  });
  if (!written) return written.error();
  return job;
}

base::Result<std::optional<model::Job>> Registries::collect_now(Id registry, model::Level level,
                                                                const Act& act) {
  std::optional<model::Job> job;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_registry(writer, registry);
    if (!record) return no_registry();
    if (record->paused) return paused(*record);
    if (is_refused(*record, store::health(writer, registry))) return refused();
    const auto kept = store::statistics(writer, registry);
    if (kept.level >= level && daemon_.store.now() - kept.taken_at_ms < fresh_ms) return {};
    auto made = jobs_.enqueue(writer, look_job("registry.statistics", *record, "level",
                                               std::string(to_string(level)), act));
    if (!made) return made.error();
    job = *std::move(made);
    return {};
  });
  if (!written) return written.error();
  return job;
}

base::Result<model::Job> Registries::list_now(Id registry, const Act& act) {
  model::Job job;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_registry(writer, registry);
    if (!record) return no_registry();
    if (record->paused) return paused(*record);
    if (is_refused(*record, store::health(writer, registry))) return refused();
    auto made = jobs_.enqueue(writer, look_job("registry.catalogue", *record, "", "", act));
    if (!made) return made.error();
    job = *std::move(made);
    return {};
  });
  if (!written) return written.error();
  return job;
}

base::Result<std::optional<model::Job>> Registries::tags_now(Id registry,
                                                             const std::string& repository,
                                                             const Act& act) {
  std::optional<model::Job> job;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_registry(writer, registry);
    if (!record) return no_registry();
    const auto row = store::find_repository(writer, registry, repository);
    if (!row) return Error{.code = Code::not_found, .message = "there is no such repository"};
    if (record->paused) return paused(*record);
    if (is_refused(*record, store::health(writer, registry))) return refused();
    if (daemon_.store.now() - row->tags_seen_ms < fresh_ms) return {};
    auto made =
        jobs_.enqueue(writer, look_job("repository.tags", *record, "repository", repository, act));
    if (!made) return made.error();
    job = *std::move(made);
    return {};
  });
  if (!written) return written.error();
  return job;
}

}  // namespace portolan::engine
