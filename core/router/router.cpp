#include "router/router.h"

#include "base/url.h"
#include "plugin/plugin_set.h"
#include "router/config_json.h"
#include "router/harvest.h"
#include "router/session.h"

namespace portolan::router {
namespace {

bool same_origin(const std::string& one, const std::string& other) {
  const auto a = base::parse_url(one), b = base::parse_url(other);
  return a && b && a->origin() == b->origin();
}

}  // namespace

Router::Router(plugin::PluginSet& plugins, net::Transport& transport)
    : plugins_(plugins), transport_(transport), traffic_(std::make_shared<services::Traffic>()) {}

base::Result<std::shared_ptr<Registry>> Router::add(services::UpstreamOptions options,
                                                    std::optional<model::Integration> known) {
  auto type = plugins_.load(options.registry.type);
  if (!type) return type.error();
  auto config = make_config_json(*plugins_.type(options.registry.type), options.registry);
  if (!config) return config.error();
  options.traffic = traffic_;
  auto upstream = services::Upstream::open(transport_, options);
  if (!upstream) return upstream.error();
  auto registry = std::make_shared<Registry>(std::move(options), *std::move(type),
                                             *std::move(upstream), *std::move(config));
  if (known && same_origin(known->address, registry->options().registry.address)) {
    if (auto adopted = registry->adopt(transport_, *std::move(known)); !adopted)
      return adopted.error();
  }
  return registry;
}

base::Result<model::Integration> Router::integrate(Registry& registry,
                                                   const CallSettings& settings) {
  return Session(plugins_, transport_, registry, settings).integrate();
}

std::optional<base::Result<model::Integration>> Router::integration(
    const Registry& registry) const {
  return registry.integration();
}

base::Result<model::Statistics> Router::statistics(Registry& registry, model::Level level,
                                                   const CallSettings& settings) {
  Harvest harvest(level);
  return statistics(registry, level, settings, harvest);
}

base::Result<model::Statistics> Router::statistics(Registry& registry, model::Level level,
                                                   const CallSettings& settings, Harvest& harvest) {
  const auto pass = registry.gate().enter(Kind::statistics, settings.deadline);
  if (!pass) return pass.error();
  Session session(plugins_, transport_, registry, settings);
  auto done = session.integrate_once();
  if (!done && !done.error().budget) return done.error();  // Nothing was begun yet.
  if (done) {
    done = session.ask<void>(*pass, [&](plugin::Instance& instance, services::Call& call) {
      if (settings.memory) call.lend(*settings.memory);
      return instance.collect(call, level, [&](std::vector<model::FoundMeasure>&& batch) {
        return harvest.add(std::move(batch));
      });
    });
    if (!done && settings.memory) settings.memory->remembered.clear();
    if (!done && !session.ended_early(done.error())) return done.error();
  }
  return harvest.end(done ? nullptr : &done.error());
}

base::Result<void> Router::spaces(Registry& registry, const plugin::Query& query,
                                  const CallSettings& settings,
                                  const plugin::Receiver<model::Space>& receive,
                                  std::string& cursor) {
  return list(registry, settings, [&](plugin::Instance& instance, services::Call& call) {
    return instance.spaces(call, query, receive, cursor);
  });
}

base::Result<void> Router::repositories(Registry& registry, const plugin::Query& query,
                                        const CallSettings& settings,
                                        const plugin::Receiver<model::Repository>& receive,
                                        std::string& cursor) {
  return list(registry, settings, [&](plugin::Instance& instance, services::Call& call) {
    return instance.repositories(call, query, receive, cursor);
  });
}

base::Result<void> Router::tags(Registry& registry, const plugin::Query& query,
                                const CallSettings& settings,
                                const plugin::Receiver<model::Tag>& receive, std::string& cursor) {
  return list(registry, settings, [&](plugin::Instance& instance, services::Call& call) {
    return instance.tags(call, query, receive, cursor);
  });
}

base::Result<void> Router::artifacts(Registry& registry, const plugin::Query& query,
                                     const CallSettings& settings,
                                     const plugin::Receiver<model::Artifact>& receive,
                                     std::string& cursor) {
  return list(registry, settings, [&](plugin::Instance& instance, services::Call& call) {
    return instance.artifacts(call, query, receive, cursor);
  });
}

base::Result<void> Router::list(
    Registry& registry, const CallSettings& settings,
    const std::function<base::Result<void>(plugin::Instance&, services::Call&)>& body) {
  const auto pass = registry.gate().enter(Kind::catalog, settings.deadline);
  if (!pass) return pass.error();
  Session session(plugins_, transport_, registry, settings);
  if (auto done = session.integrate_once(); !done) return done;
  return session.ask<void>(*pass, body);
}

template <class T, class Body>
base::Result<T> Router::change(Registry& registry, const CallSettings& settings, Body&& body) {
  const auto pass = registry.gate().enter(Kind::change, settings.deadline);
  if (!pass) return pass.error();
  Session session(plugins_, transport_, registry, settings);
  if (const auto done = session.integrate_once(); !done) return done.error();
  return session.ask<T>(*pass, std::forward<Body>(body));
}

base::Result<model::Space> Router::create_space(Registry& registry, const std::string& name,
                                                model::Visibility visibility,
                                                const CallSettings& settings) {
  return change<model::Space>(registry, settings, [&](plugin::Instance& instance, auto& call) {
    return instance.create_space(call, name, visibility);
  });
}

base::Result<void> Router::remove_space(Registry& registry, const std::string& name,
                                        const CallSettings& settings) {
  return change<void>(registry, settings, [&](plugin::Instance& instance, auto& call) {
    return instance.remove_space(call, name);
  });
}

base::Result<model::Space> Router::set_visibility(Registry& registry, const std::string& name,
                                                  model::Visibility visibility,
                                                  const CallSettings& settings) {
  return change<model::Space>(registry, settings, [&](plugin::Instance& instance, auto& call) {
    return instance.set_visibility(call, name, visibility);
  });
}

base::Result<model::Robot> Router::issue_robot(Registry& registry, const std::string& name,
                                               const std::vector<model::Grant>& grants,
                                               std::uint32_t lifetime_days,
                                               const CallSettings& settings) {
  return change<model::Robot>(registry, settings, [&](plugin::Instance& instance, auto& call) {
    return instance.issue_robot(call, name, grants, lifetime_days);
  });
}

base::Result<model::Robot> Router::rewrite_robot(Registry& registry, const std::string& id,
                                                 const std::vector<model::Grant>& grants,
                                                 const CallSettings& settings) {
  return change<model::Robot>(registry, settings, [&](plugin::Instance& instance, auto& call) {
    return instance.rewrite_robot(call, id, grants);
  });
}

base::Result<void> Router::revoke_robot(Registry& registry, const std::string& id,
                                        const CallSettings& settings) {
  return change<void>(registry, settings, [&](plugin::Instance& instance, auto& call) {
    return instance.revoke_robot(call, id);
  });
}

base::Result<std::vector<model::Robot>> Router::list_robots(Registry& registry,
                                                            const std::string& prefix,
                                                            const CallSettings& settings) {
  return change<std::vector<model::Robot>>(
      registry, settings,
      [&](plugin::Instance& instance, auto& call) { return instance.list_robots(call, prefix); });
}

std::vector<model::Detection> Router::detect(const services::UpstreamOptions& address,
                                             const CallSettings& settings) {
  services::UpstreamOptions options = address;
  options.registry.credentials = {};
  options.registry.type.clear();  // It is what is asked for.
  options.traffic = traffic_;
  auto upstream = services::Upstream::open(transport_, std::move(options));
  return upstream ? detect_at(plugins_, *upstream, settings) : std::vector<model::Detection>();
}

}  // namespace portolan::router
