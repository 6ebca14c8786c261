#pragma once
/// Grants with everything behind them but the network: a real store, fleet, job runner and router.
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "base/json.h"
#include "config/daemon_settings.h"
#include "engine/fleet.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "engine/jobs.h"
#include "engine/sweep.h"
#include "fake_harbor.h"
#include "plugin/plugin_set.h"
#include "services/vault.h"
#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "store/store.h"
#include "store/tenants.h"
#include "support/scripted_transport.h"
#include "support/store_world.h"

namespace portolan::test {

struct GrantWorld {
  GrantWorld() {
    auto opened = store::Store::open(
        {folder / "data", base::SealingKey::generate(), [this] { return clock_ms.load(); }});
    if (!opened) throw std::runtime_error(opened.error().message);
    store = *std::move(opened);
    settings->network.allow_private = true;
    daemon = std::make_unique<engine::Daemon>(
        engine::Daemon{*store, plugins, router, [this] { return settings; }, {}});
    fleet = std::make_unique<engine::Fleet>(*daemon);
    jobs = std::make_unique<engine::JobRunner>(*daemon);
    grants = std::make_unique<engine::Grants>(*daemon, *fleet, *jobs);
  }
  ~GrantWorld() { jobs->stop(std::chrono::seconds(10)); }

  static model::RegistryRecord a_registry(const std::string& name,
                                          std::optional<Id> workspace = {}) {
    model::RegistryRecord record;
    record.workspace = workspace;
    record.settings.name = name;
    record.settings.type = "harbor";
    record.settings.address = "https://" + name + ".example";
    record.settings.credentials.username = "ada-" + name + std::to_string(workspace.value_or(0));
    record.settings.credentials.password = base::Secret("integrating password");
    return record;
  }
  Id add(const model::RegistryRecord& record) {
    return write<model::RegistryRecord>(
               [&](store::Writer& writer) { return store::insert_registry(writer, record); })
        .id;
  }
  Id registry(const std::string& name, std::optional<Id> workspace = {}) {
    return add(a_registry(name, workspace));
  }
  Id workspace(const std::string& name) {
    return write<model::Workspace>([&](store::Writer& writer) {
             model::Workspace workspace;
             workspace.name = name;
             return store::insert_workspace(writer, workspace);
           })
        .id;
  }
  /// One that a sweep of the catalogue found.
  Id space(Id registry, const std::string& name,
           const std::function<void(model::SpaceRecord&)>& more = {}) {
    model::SpaceRecord space;
    space.registry = registry;
    space.name = name;
    space.upstream_visibility = model::Visibility::closed;
    space.seen_ms = clock_ms;
    if (more) more(space);
    return write<model::SpaceRecord>(
               [&](store::Writer& writer) { return store::insert_space(writer, space); })
        .id;
  }
  Id bind(Id space, Id workspace, bool push = false) {
    return got(grants->bind(space, workspace, push, act)).id;
  }
  std::shared_ptr<Harbor> harbor(const std::string& name) {
    return plugins.at("https://" + name + ".example");
  }

  /// The value; an Error fails the test.
  template <class T>
  static T got(base::Result<T> result) {
    if (!result) FAIL(result.error().message);
    return *std::move(result);
  }
  static void done(const base::Result<void>& result) {
    if (!result) FAIL(result.error().message);
  }
  template <class T>
  T read(const std::function<base::Result<T>(store::Reader&)>& body) const {
    return got(store->read<T>(body));
  }
  template <class T>
  T write(const std::function<base::Result<T>(store::Writer&)>& body) {
    std::optional<T> value;
    done(store->write([&](store::Writer& writer) -> base::Result<void> {
      auto answer = body(writer);
      if (!answer) return answer.error();
      value = *std::move(answer);
      return {};
    }));
    return *std::move(value);
  }

  std::vector<model::RobotRecord> robots() const {
    return read<std::vector<model::RobotRecord>>(
        [](store::Reader& reader) { return base::Result(store::robots(reader, {}, {})); });
  }
  std::vector<model::Binding> bindings() const {
    return read<std::vector<model::Binding>>(
        [](store::Reader& reader) { return base::Result(store::bindings(reader, {})); });
  }
  std::optional<model::SpaceRecord> found(Id space) const {
    return read<std::optional<model::SpaceRecord>>(
        [&](store::Reader& reader) { return base::Result(store::find_space(reader, space)); });
  }
  std::vector<model::Job> jobs_of(const std::string& kind) const {
    return read<std::vector<model::Job>>([&](store::Reader& reader) {
      store::JobFilter filter;
      filter.kind = kind;
      return base::Result(store::list_jobs(reader, {.limit = 500}, filter).rows);
    });
  }
  engine::Grants::PullSecret secret(std::optional<Id> workspace) {
    return got(grants->pull_secret(workspace, {}));
  }
  /// "user:password" in base64 of each host.
  static std::map<std::string, std::string> auths(const engine::Grants::PullSecret& secret) {
    std::map<std::string, std::string> out;
    const auto config = base::parse_json(secret.docker_config_json);
    REQUIRE(config);
    for (const auto& [host, entry] : config->find("auths")->members())
      out[host] = *entry.find("auth")->as_string();
    return out;
  }
  static std::string auth(const std::string& username, const std::string& password) {
    return services::base64(username + ":" + password);
  }

  /// Runs jobs until none is due or runs.
  void settle() {
    if (!started) jobs->start();
    started = true;
    const auto end = base::Steady::now() + std::chrono::seconds(30);
    const auto busy = [&] {
      return read<bool>([&](store::Reader& reader) {
        store::JobFilter filter;
        filter.state = model::JobState::running;
        const auto at = store::next_job_at(reader);
        return base::Result((at != 0 && at <= clock_ms) ||
                            !store::list_jobs(reader, {.limit = 1}, filter).rows.empty());
      });
    };
    while (busy()) {
      if (base::Steady::now() >= end) FAIL("jobs do not come to rest");
      const auto seen = store->revision();
      store->wake_all();
      store->wait_for_change(seen, base::Steady::now() + std::chrono::milliseconds(2));
    }
  }
  /// Reads the catalogue of a registry, as the keeper does.
  void sweep(Id registry) {
    pass(std::chrono::seconds(1));  // Sweeps never begin in one millisecond.
    engine::SweepBounds bounds;
    bounds.settings.deadline = base::Deadline::in(std::chrono::seconds(30));
    got(engine::sweep(*daemon, *jobs, got(fleet->live(registry)), bounds));
  }
  void pass(std::chrono::milliseconds time) { clock_ms += time.count(); }

  const engine::Act act{"alice", "", "", true};
  Folder folder;
  std::atomic<std::int64_t> clock_ms{1'800'000'000'000};
  HarborPlugins plugins;
  tests::ScriptedTransport transport{[](const net::Request&) { return tests::Reply(); }};
  router::Router router{plugins, transport};
  std::shared_ptr<config::DaemonSettings> settings = std::make_shared<config::DaemonSettings>();
  std::unique_ptr<store::Store> store;
  std::unique_ptr<engine::Daemon> daemon;
  std::unique_ptr<engine::Fleet> fleet;
  std::unique_ptr<engine::JobRunner> jobs;
  std::unique_ptr<engine::Grants> grants;
  bool started = false;
};

}  // namespace portolan::test
