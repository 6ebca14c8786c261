#pragma once
/// Grants with everything behind them but the network: a real store, fleet, job runner and router;
/// registries of the type "harbor" that make spaces and robots, and of the type "plain" that do
/// not. Safe from any thread.
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "base/json.h"
#include "engine/fleet.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "services/vault.h"
#include "store/registries.h"
#include "store/tenants.h"
#include "support/scripted_transport.h"
#include "support/store_world.h"

namespace portolan::test {

using model::Id;

/// What one address holds, and how it answers. A test looks at it under `mutex`.
struct Harbor {
  struct Robot {
    std::string name, secret;
    std::map<std::string, bool> grants;  ///< Space to whether it may push.
  };
  std::mutex mutex;
  std::map<std::string, Robot> robots;  ///< By id.
  std::map<std::string, model::Visibility> spaces;
  std::map<std::string, base::Error> refuses;  ///< By call: "issue", "list", "create", ...
  std::map<std::string, int> calls;
  std::function<void(const std::string& call)> inside;  ///< Before a call changes anything.
  std::int64_t robots_end_ms = -1;
  int next_id = 7;

  int count(const std::string& call) {
    std::lock_guard lock(mutex);
    return calls[call];
  }
  std::map<std::string, Robot> all() {
    std::lock_guard lock(mutex);
    return robots;
  }
  void refuse(const std::string& call, base::Code code) {
    std::lock_guard lock(mutex);
    refuses.erase(call);
    if (code != base::Code::ok) refuses[call] = {.code = code, .message = call + " is refused"};
  }
  std::string plant(const std::string& name) {
    std::lock_guard lock(mutex);
    const std::string id = std::to_string(next_id++);
    robots[id] = {name, "planted", {{"somewhere", false}}};
    return id;
  }
};

class HarborInstance : public plugin::Instance {
 public:
  HarborInstance(std::shared_ptr<Harbor> harbor, std::string base)
      : harbor_(std::move(harbor)), base_(std::move(base)) {}
  bool has(std::string_view) const override { return true; }
  base::Result<model::Integration> integrate(services::Call&) override {
    model::Integration found;
    found.address = base_;
    return found;
  }
  base::Result<void> validate(services::Call&, model::Depth,
                              const std::function<void(model::Check)>&) override {
    return {};
  }
  base::Result<void> collect(services::Call&, model::Level, model::Statistics&) override {
    return {};
  }
  base::Result<void> spaces(services::Call&, const plugin::Query&,
                            const plugin::Receiver<model::Space>&, std::string&) override {
    return {};
  }
  base::Result<void> repositories(services::Call&, const plugin::Query&,
                                  const plugin::Receiver<model::Repository>&,
                                  std::string&) override {
    return {};
  }
  base::Result<void> tags(services::Call&, const plugin::Query&,
                          const plugin::Receiver<model::Tag>&, std::string&) override {
    return {};
  }
  base::Result<void> artifacts(services::Call&, const plugin::Query&,
                               const plugin::Receiver<model::Artifact>&, std::string&) override {
    return {};
  }

  base::Result<model::Space> create_space(services::Call&, const std::string& name,
                                          model::Visibility visibility) override {
    return change<model::Space>("create", [&]() -> base::Result<model::Space> {
      harbor_->spaces[name] = visibility;
      return model::Space{name, "id-" + name, visibility, 0};
    });
  }
  base::Result<void> remove_space(services::Call&, const std::string& name) override {
    auto done = change<int>("remove", [&]() -> base::Result<int> {
      harbor_->spaces.erase(name);
      return 0;
    });
    return done ? base::Result<void>() : done.error();
  }
  base::Result<model::Space> set_visibility(services::Call&, const std::string& name,
                                            model::Visibility visibility) override {
    return change<model::Space>("show", [&]() -> base::Result<model::Space> {
      harbor_->spaces[name] = visibility;
      return model::Space{name, "id-" + name, visibility, -1};
    });
  }
  base::Result<model::Robot> issue_robot(services::Call&, const std::string& name,
                                         const std::vector<model::Grant>& grants,
                                         std::uint32_t) override {
    return change<model::Robot>("issue", [&]() -> base::Result<model::Robot> {
      const std::string id = std::to_string(harbor_->next_id++);
      Harbor::Robot& robot = harbor_->robots[id] = {"robot$" + name, "secret-" + id, {}};
      for (const auto& grant : grants) robot.grants[grant.space] = grant.push;
      return model::Robot{id, robot.name, base::Secret(robot.secret), harbor_->robots_end_ms};
    });
  }
  base::Result<model::Robot> rewrite_robot(services::Call&, const std::string& id,
                                           const std::vector<model::Grant>& grants) override {
    return change<model::Robot>("rewrite", [&]() -> base::Result<model::Robot> {
      const auto robot = harbor_->robots.find(id);
      if (robot == harbor_->robots.end()) return base::Error{base::Code::not_found, "no robot"};
      robot->second.grants.clear();
      for (const auto& grant : grants) robot->second.grants[grant.space] = grant.push;
      return model::Robot{id, robot->second.name, {}, harbor_->robots_end_ms};
    });
  }
  base::Result<void> revoke_robot(services::Call&, const std::string& id) override {
    auto done = change<int>("revoke", [&]() -> base::Result<int> {
      harbor_->robots.erase(id);
      return 0;
    });
    return done ? base::Result<void>() : done.error();
  }
  base::Result<std::vector<model::Robot>> list_robots(services::Call&,
                                                      const std::string& prefix) override {
    return change<std::vector<model::Robot>>("list", [&] {
      std::vector<model::Robot> found;
      for (const auto& [id, robot] : harbor_->robots)
        if (robot.name.rfind("robot$" + prefix, 0) == 0) found.push_back({id, robot.name, {}, -1});
      return base::Result(found);
    });
  }

 private:
  template <class T, class Body>
  base::Result<T> change(const std::string& name, Body&& body) {
    std::function<void(const std::string&)> inside;
    {
      std::lock_guard lock(harbor_->mutex);
      inside = harbor_->inside;
    }
    if (inside) inside(name);
    std::lock_guard lock(harbor_->mutex);
    ++harbor_->calls[name];
    const auto refused = harbor_->refuses.find(name);
    if (refused != harbor_->refuses.end()) return refused->second;
    return body();
  }

  const std::shared_ptr<Harbor> harbor_;
  const std::string base_;
};

class HarborPlugins : public plugin::PluginSet {
 public:
  HarborPlugins() {
    const char* schema = R"({"type":"object","additionalProperties":false,"properties":{
      "credentials":{"type":"object","additionalProperties":false,"properties":{
        "username":{"type":"string"},"password":{"type":"string"}}},
      "options":{"type":"object","additionalProperties":false,"properties":{}}}})";
    notes_["harbor"] = {
        "harbor",
        "Harbor",
        schema,
        {std::string(engine::spaces_extension), std::string(engine::robots_extension)}};
    notes_["plain"] = {"plain", "Plain", schema, {}};
  }
  std::shared_ptr<Harbor> at(const std::string& address) {
    std::lock_guard lock(mutex_);
    auto& harbor = harbors_[address];
    if (!harbor) harbor = std::make_shared<Harbor>();
    return harbor;
  }
  const std::vector<plugin::Plugin>& plugins() const override { return none_; }
  std::vector<std::string> types() const override { return {"harbor", "plain"}; }
  const plugin::Note::Type* type(std::string_view name) const override {
    const auto found = notes_.find(std::string(name));
    return found == notes_.end() ? nullptr : &found->second;
  }
  base::Result<std::shared_ptr<plugin::Type>> load(std::string_view name) override {
    return std::shared_ptr<plugin::Type>(new HarborType(*this, std::string(name)));
  }

 private:
  class HarborType : public plugin::Type {
   public:
    HarborType(HarborPlugins& plugins, std::string name)
        : plugins_(plugins), name_(std::move(name)) {}
    const std::string& name() const override { return name_; }
    bool concurrent() const override { return false; }
    base::Result<std::unique_ptr<plugin::Instance>> create(services::Call&, const std::string& base,
                                                           const std::string&,
                                                           const std::string&) override {
      return std::unique_ptr<plugin::Instance>(
          std::make_unique<HarborInstance>(plugins_.at(base), base));
    }
    bool can_detect() const override { return false; }
    base::Result<model::Detection> detect(services::Call&, const std::string&) override {
      return base::Error{base::Code::unsupported, "no"};
    }

   private:
    HarborPlugins& plugins_;
    const std::string name_;
  };

  std::map<std::string, plugin::Note::Type> notes_;
  const std::vector<plugin::Plugin> none_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Harbor>> harbors_;
};

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
      const auto at = read<std::int64_t>(
          [](store::Reader& reader) { return base::Result(store::next_job_at(reader)); });
      return (at != 0 && at <= clock_ms) || running();
    };
    while (busy()) {
      if (base::Steady::now() >= end) FAIL("jobs do not come to rest");
      const auto seen = store->revision();
      store->wake_all();
      store->wait_for_change(seen, base::Steady::now() + std::chrono::milliseconds(2));
    }
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

 private:
  bool running() const {
    return read<bool>([](store::Reader& reader) {
      store::JobFilter filter;
      filter.state = model::JobState::running;
      return base::Result(!store::list_jobs(reader, {.limit = 1}, filter).rows.empty());
    });
  }
};

}  // namespace portolan::test
