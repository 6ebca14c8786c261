#pragma once
/// A daemon without its server: a real store, router and services; a scripted network and scripted
/// registries (sites.h). Everything is safe from any thread.
#include <catch2/catch.hpp>

#include "config/daemon_settings.h"
#include "engine/fleet.h"
#include "engine/jobs.h"
#include "plugin/plugin_set.h"
#include "router/router.h"
#include "services/vault.h"
#include "site_plugins.h"
#include "store/registries.h"
#include "store/store.h"
#include "support/scripted_transport.h"
#include "support/store_world.h"

namespace portolan::test {

using model::Id;

/// The parts in the order of their lives; a test adds a JobRunner and what it tests.
struct EngineWorld {
  EngineWorld() {
    auto opened = store::Store::open({folder / "data", base::SealingKey::generate(),
                                      [this] { return wall_clock() + ahead_ms; }});
    if (!opened) throw std::runtime_error(opened.error().message);
    store = *std::move(opened);
    settings->health.jitter = 0;
    settings->limits.try_floor = std::chrono::milliseconds(0);
    settings->network.allow_private = true;
    daemon = std::make_unique<engine::Daemon>(
        engine::Daemon{*store, plugins, router, [this] { return current(); }, {}});
    fleet = std::make_unique<engine::Fleet>(*daemon);
  }

  static std::int64_t wall_clock() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::shared_ptr<const config::DaemonSettings> current() {
    std::lock_guard lock(mutex);
    return settings;
  }
  /// A reload.
  void change(const std::function<void(config::DaemonSettings&)>& body) {
    auto next = std::make_shared<config::DaemonSettings>(*current());
    body(*next);
    std::lock_guard lock(mutex);
    settings = std::move(next);
  }

  static model::RegistryRecord a_registry(const std::string& name,
                                          const std::string& password = "good") {
    model::RegistryRecord record;
    record.settings.name = name;
    record.settings.type = "site";
    record.settings.address = "https://" + name + ".example";
    if (!password.empty()) {
      record.settings.credentials.username = "ada";
      record.settings.credentials.password = base::Secret(password);
    }
    return record;
  }
  Id add(const model::RegistryRecord& record) {
    return write<model::RegistryRecord>([&](store::Writer& writer) {
             auto made = store::insert_registry(writer, record);
             if (made) tell(writer, "registry.created", made->id);
             return made;
           })
        .id;
  }
  static void tell(store::Writer& writer, std::string kind, Id registry) {
    model::Event event;
    event.kind = std::move(kind);
    event.registry = registry;
    event.data_json = "{}";
    store::add_event(writer, std::move(event));
  }
  std::shared_ptr<Site> site(const std::string& name) {
    return plugins.at("https://" + name + ".example");
  }

  template <class T>
  T read(const std::function<base::Result<T>(store::Reader&)>& body) const {
    auto answer = store->read<T>(body);
    if (!answer) throw std::runtime_error(answer.error().message);
    return *std::move(answer);
  }
  template <class T>
  T write(const std::function<base::Result<T>(store::Writer&)>& body) {
    std::optional<T> value;
    const auto done = store->write([&](store::Writer& writer) -> base::Result<void> {
      auto answer = body(writer);
      if (!answer) return answer.error();
      value = *std::move(answer);
      return {};
    });
    if (!done) throw std::runtime_error(done.error().message);
    return *std::move(value);
  }
  model::Health health(Id registry) const {
    return read<model::Health>(
        [&](store::Reader& reader) { return store::health(reader, registry); });
  }
  std::vector<model::Event> events(const std::string& kind) const {
    return read<std::vector<model::Event>>([&](store::Reader& reader) {
      store::EventFilter filter;
      filter.kind = kind;
      store::PageRequest request;
      request.limit = 500;
      return store::list_events(reader, request, filter).rows;
    });
  }
  /// Waits until `reached` holds of what the store says; fails the test after half a minute.
  void until(const std::function<bool()>& reached) const {
    const auto end = base::Steady::now() + std::chrono::seconds(30);
    for (;;) {
      const auto seen = store->revision();
      if (reached()) return;
      if (base::Steady::now() >= end) FAIL("what was waited for did not come");
      store->wait_for_change(seen, base::Steady::now() + std::chrono::milliseconds(20));
    }
  }

  static int login(Site& site, const net::Request& request) {
    for (const auto& header : request.headers) {
      if (header.name != "Authorization") continue;
      ++site.sent_passwords;
      return header.value == "Basic " + services::base64("ada:" + site.password) ? 200 : 401;
    }
    return 401;
  }

  Folder folder;
  std::atomic<std::int64_t> ahead_ms{0};  ///< Of the clock: a test lets time pass.
  SitePlugins plugins;
  tests::ScriptedTransport transport{[this](const net::Request& request) {
    const auto at = plugins.at(request.url.origin());
    std::lock_guard lock(at->mutex);
    tests::Reply reply;
    reply.held = at->silent;
    if (at->down) {
      reply.status = 0;
      reply.error = base::Error{base::Code::unreachable, "nothing listens there"};
      reply.facts.reached = net::Facts::Stage::tcp;
    } else if (request.url.path == "/login") {
      reply.status = at->database_down ? 500 : login(*at, request);
    }
    return reply;
  }};
  router::Router router{plugins, transport};
  std::mutex mutex;
  std::shared_ptr<config::DaemonSettings> settings = std::make_shared<config::DaemonSettings>();
  std::unique_ptr<store::Store> store;
  std::unique_ptr<engine::Daemon> daemon;
  std::unique_ptr<engine::Fleet> fleet;
};

}  // namespace portolan::test
