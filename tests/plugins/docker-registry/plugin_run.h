#pragma once
/// The plugin's calls through its C tables, answered by the fake host.
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "docker_registry.h"
#include "support/fake_host.h"

struct Check {
  std::uint32_t state;
  portolan_status code;
  std::string message, hint, method, url;
};

struct Measure {
  std::uint32_t state;
  std::int64_t value;
  std::string hint;
  bool cut;
  std::uint32_t kind;
};

/// One registry at `base`, spoken to by a new instance of the plugin.
class PluginRun {
 public:
  fake::Host host;
  std::string base = "https://registry.example";
  std::string config = R"({"credentials":{},"options":{"pageSize":1000}})";

  void with_password() {
    config =
        R"({"credentials":{"username":"ann","password":{"$secret":"password"}},"options":{"pageSize":1000}})";
  }
  void with_page_size(int size) {
    config = R"({"credentials":{},"options":{"pageSize":)" + std::to_string(size) + "}}";
  }

  /// Name → check; `order` has the names as they came.
  std::map<std::string, Check> validate(bool full = true) {
    order.clear();
    std::map<std::string, Check> out;
    run<portolan_check>(
        [&](const portolan_check& one) {
          const auto name = fake::text(one.name);
          order.push_back(name);
          out[name] = {one.state,
                       one.code,
                       fake::text(one.message),
                       fake::text(one.hint),
                       fake::text(one.method),
                       fake::text(one.url)};
        },
        [&](const portolan_instance* plugin, const portolan_sink* sink) {
          return table<portolan_ext_validation>(plugin, PORTOLAN_EXT_VALIDATION)
              ->validate(plugin, host.call(), full ? PORTOLAN_DEPTH_FULL : PORTOLAN_DEPTH_QUICK,
                         sink);
        });
    return out;
  }

  /// "space/name", or "name" for the registry, → measure.
  std::map<std::string, Measure> collect(std::uint32_t level = PORTOLAN_LEVEL_NORMAL) {
    std::map<std::string, Measure> out;
    run<portolan_measure>(
        [&](const portolan_measure& one) {
          const auto space = fake::text(one.space);
          const auto name = (space.empty() ? "" : space + "/") + fake::text(one.name);
          twice = twice || out.contains(name);
          out[name] = {one.state, one.value, fake::text(one.hint),
                       (one.flags & PORTOLAN_MEASURE_CUT) != 0, one.kind};
        },
        [&](const portolan_instance* plugin, const portolan_sink* sink) {
          return table<portolan_ext_statistics>(plugin, PORTOLAN_EXT_STATISTICS)
              ->collect(plugin, host.call(), level, sink);
        });
    return out;
  }

  struct Integration {
    std::string address, product, api_version, account, privilege, facts;
    std::vector<std::string> capabilities;
  };
  Integration integrate() {
    Integration out;
    run<portolan_integration>(
        [&](const portolan_integration& one) {
          out = {fake::text(one.address),
                 fake::text(one.product),
                 fake::text(one.api_version),
                 fake::text(one.account),
                 fake::text(one.privilege),
                 fake::text(one.facts_json),
                 {}};
          for (std::uint64_t i = 0; i < one.capability_count; ++i)
            out.capabilities.push_back(fake::text(one.capabilities[i]));
        },
        [&](const portolan_instance* plugin, const portolan_sink* sink) {
          return table<portolan_ext_integration>(plugin, PORTOLAN_EXT_INTEGRATION)
              ->integrate(plugin, host.call(), sink);
        });
    return out;
  }

  struct Query {
    std::string space{}, repository{}, cursor{};
    std::uint64_t limit = 0;
  };
  std::vector<std::string> repositories(const Query& of) {
    return list<portolan_repository>(&portolan_ext_catalog::repositories, of);
  }
  std::vector<std::string> tags(const Query& of) {
    return list<portolan_tag>(&portolan_ext_catalog::tags, of);
  }
  std::vector<std::string> spaces(const Query& of) {
    return list<portolan_space>(&portolan_ext_catalog::spaces, of);
  }
  /// "digest type tag,tag"
  std::vector<std::string> artifacts(const Query& of) {
    std::vector<std::string> out;
    ask<portolan_artifact>(&portolan_ext_catalog::artifacts, of, [&](const portolan_artifact& one) {
      std::string line = fake::text(one.digest) + " " + fake::text(one.media_type) + " ";
      for (std::uint64_t i = 0; i < one.tag_count; ++i)
        line += (i ? "," : "") + fake::text(one.tags[i]);
      out.push_back(line);
    });
    return out;
  }

  std::pair<unsigned, std::string> detect() {
    std::pair<unsigned, std::string> out;
    status = host.collect<portolan_detection>(
        [&](const portolan_detection& one) {
          out = {one.score, fake::text(one.reason)};
        },
        [&](const portolan_sink* sink) {
          return tables::detect(host.call(), host.host(), fake::text(base), sink);
        });
    return out;
  }

  portolan_status status = PORTOLAN_OK;  ///< Of the last call.
  std::vector<std::string> order;
  bool twice = false;  ///< A measure came twice.

 private:
  using tables = portolan::detail::tables<docker_registry::DockerRegistry>;

  template <class Table>
  static const Table* table(const portolan_instance* plugin, std::string_view id) {
    return static_cast<const Table*>(plugin->extension(plugin, fake::text(id)));
  }

  template <class Item, class Take, class Run>
  void run(Take take, Run call) {
    const portolan_registry registry{
        sizeof registry,    0, fake::text("docker-registry"), fake::text(base),
        fake::text(config), {}};
    const portolan_instance* plugin = nullptr;
    status = tables::create(host.call(), host.host(), &registry, &plugin);
    if (status != PORTOLAN_OK) return;
    status =
        host.collect<Item>(take, [&](const portolan_sink* sink) { return call(plugin, sink); });
    plugin->destroy(plugin);
  }

  template <class Item, class Member, class Take>
  void ask(Member member, const Query& of, Take take) {
    const portolan_query query{sizeof query,          0,
                               fake::text(of.space),  fake::text(of.repository),
                               fake::text(of.cursor), of.limit};
    run<Item>(take, [&](const portolan_instance* plugin, const portolan_sink* sink) {
      return (table<portolan_ext_catalog>(plugin, PORTOLAN_EXT_CATALOG)->*member)(
          plugin, host.call(), &query, sink);
    });
  }
  template <class Item, class Member>
  std::vector<std::string> list(Member member, const Query& of) {
    std::vector<std::string> out;
    ask<Item>(member, of, [&](const Item& one) { out.push_back(fake::text(one.name)); });
    return out;
  }
};
