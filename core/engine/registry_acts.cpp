/// Small changes of registries, and asking for a look now.
#include "base/json.h"
#include "engine/registries.h"
#include "model/words.h"
#include "store/measures.h"
#include "store/registries.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;

/// Younger results are the answer to "now".
constexpr std::int64_t fresh_ms = 30'000;
/// A secret that was refused is tried on request this often.
constexpr std::int64_t blocked_pause_ms = 60'000;

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

Error paused(const model::RegistryRecord& record) {
  return {.code = Code::conflict,
          .message = "the registry " + record.identity() + " is paused",
          .hint = "Resume it first: portolan registry resume " + record.identity()};
}

}  // namespace

base::Result<model::RegistryRecord> Registries::rename(Id registry, const std::string& name,
                                                       std::int64_t if_revision, const Act& act) {
  model::RegistryRecord record;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    auto found = store::find_registry(writer, registry);
    if (!found) return no_registry();
    const std::string before = found->identity();
    found->settings.name = name;
    auto made = store::update_registry(writer, *found, if_revision);
    if (!made) return made.error();
    record = *store::find_registry(writer, registry);
    model::Event event;
    event.kind = "registry.renamed";
    event.registry = registry;
    event.workspace = record.workspace;
    event.subject = record.identity();
    Json data = Json::object();
    data.set("before", Json::string(before));
    event.data_json = base::to_text(data);
    store::add_event(writer, std::move(event));
    return note(writer, act, "registry.rename", before, "", "\"" + record.identity() + "\"");
  });
  if (!written) return written.error();
  return record;
}

base::Result<void> Registries::pause(Id registry, bool pause, const Act& act) {
  return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    const auto record = store::find_registry(writer, registry);
    if (!record) return no_registry();
    if (record->paused == pause) return {};
    if (auto set = store::set_paused(writer, registry, pause); !set) return set;
    model::Event event;
    event.kind = pause ? "registry.paused" : "registry.resumed";
    event.registry = registry;
    event.workspace = record->workspace;
    event.subject = record->identity();
    event.data_json = "{}";
    store::add_event(writer, std::move(event));
    return note(writer, act, pause ? "registry.pause" : "registry.resume", record->identity(), "",
                "");
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
    if (auto set = store::set_pull_credential(writer, registry, credentials); !set) return set;
    return note(writer, act, "registry.pull-credential", record->identity(), "",
                base::to_text(Json::string(credentials.username)));
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
    const std::int64_t last =
        depth == model::Depth::full ? health.last_full_ms : health.last_try_ms;
    const std::int64_t pause = health.blocked ? blocked_pause_ms : fresh_ms;
    if (last != 0 && now - last < pause) return {};
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
    auto made = jobs_.enqueue(writer, look_job("registry.catalogue", *record, "", "", act));
    if (!made) return made.error();
    job = *std::move(made);
    return {};
  });
  if (!written) return written.error();
  return job;
}

}  // namespace portolan::engine
