#pragma once
/// The C tables of a plugin class, made by its member functions.
#include <array>
#include <string_view>

#include "border.hpp"

namespace portolan::inline v1 {
namespace detail {

/// All C tables of one plugin class.
template <class P>
class tables {
  struct holder {
    portolan_instance raw;
    const portolan_http* http;
    P plugin;
    holder(const registry& of, const portolan_http* http_)
        : raw{sizeof(portolan_instance), 0, this, &tables::extension, &tables::destroy},
          http(http_),
          plugin(of) {}
  };
  static holder& self(const portolan_instance* raw) {
    return *static_cast<holder*>(raw->plugin_context);
  }

  /// Runs body(plugin, call, out) and gives what the sink said.
  template <class T, class Body>
  static portolan_status emitting(const portolan_instance* raw, const portolan_call* raw_call,
                                  const portolan_sink* sink, Body&& body) noexcept {
    return guarded(raw_call, [&] {
      call running(raw_call, self(raw).http, default_auth<P>());
      out<T> items(sink);
      try {
        body(self(raw).plugin, running, items);
      } catch (...) {
        items.flush();  // What was found before is kept.
        throw;
      }
      items.flush();
      return items.status();
    });
  }

  static portolan_status integrate(const portolan_instance* raw, const portolan_call* c,
                                   const portolan_sink* s) {
    return emitting<integration>(
        raw, c, s, [](P& p, call& running, auto& o) { o.push(p.integrate(running)); });
  }
  static portolan_status validate(const portolan_instance* raw, const portolan_call* c,
                                  std::uint32_t how, const portolan_sink* s) {
    return emitting<check>(raw, c, s, [&](P& p, call& running, auto& o) {
      p.validate(running, how == PORTOLAN_DEPTH_QUICK ? depth::quick : depth::full, o);
    });
  }
  static portolan_status collect(const portolan_instance* raw, const portolan_call* c,
                                 std::uint32_t how, const portolan_sink* s) {
    return emitting<measure>(raw, c, s, [&](P& p, call& running, auto& o) {
      p.collect(running, static_cast<level>(how > PORTOLAN_LEVEL_DEEP ? PORTOLAN_LEVEL_DEEP : how),
                o);
    });
  }
  static portolan_status list_spaces(const portolan_instance* raw, const portolan_call* c,
                                     const portolan_query* q, const portolan_sink* s) {
    return emitting<space>(
        raw, c, s, [&](P& p, call& running, auto& o) { p.spaces(running, to_query(q), o); });
  }
  static portolan_status repositories(const portolan_instance* raw, const portolan_call* c,
                                      const portolan_query* q, const portolan_sink* s) {
    return emitting<repository>(
        raw, c, s, [&](P& p, call& running, auto& o) { p.repositories(running, to_query(q), o); });
  }
  static portolan_status tags(const portolan_instance* raw, const portolan_call* c,
                              const portolan_query* q, const portolan_sink* s) {
    return emitting<tag>(raw, c, s,
                         [&](P& p, call& running, auto& o) { p.tags(running, to_query(q), o); });
  }
  static portolan_status artifacts(const portolan_instance* raw, const portolan_call* c,
                                   const portolan_query* q, const portolan_sink* s) {
    return emitting<artifact>(
        raw, c, s, [&](P& p, call& running, auto& o) { p.artifacts(running, to_query(q), o); });
  }
  static portolan_status create_space(const portolan_instance* raw, const portolan_call* c,
                                      portolan_str name, std::uint32_t visibility,
                                      const portolan_sink* s) {
    return emitting<space>(raw, c, s, [&](P& p, call& running, auto& o) {
      o.push(p.create_space(running, std::string(view(name)), visibility));
    });
  }
  static portolan_status remove_space(const portolan_instance* raw, const portolan_call* c,
                                      portolan_str name) {
    return guarded(c, [&] {
      call running(c, self(raw).http, default_auth<P>());
      self(raw).plugin.remove_space(running, std::string(view(name)));
      return PORTOLAN_OK;
    });
  }
  static portolan_status set_visibility(const portolan_instance* raw, const portolan_call* c,
                                        portolan_str name, std::uint32_t visibility,
                                        const portolan_sink* s) {
    return emitting<space>(raw, c, s, [&](P& p, call& running, auto& o) {
      o.push(p.set_visibility(running, std::string(view(name)), visibility));
    });
  }
  static portolan_status issue(const portolan_instance* raw, const portolan_call* c,
                               portolan_str name, const portolan_grant* grants, std::uint64_t count,
                               std::uint64_t stride, std::uint32_t days, const portolan_sink* s) {
    return emitting<robot>(raw, c, s, [&](P& p, call& running, auto& o) {
      o.push(
          p.issue_robot(running, std::string(view(name)), to_grants(grants, count, stride), days));
    });
  }
  static portolan_status rewrite(const portolan_instance* raw, const portolan_call* c,
                                 portolan_str id, const portolan_grant* grants, std::uint64_t count,
                                 std::uint64_t stride, const portolan_sink* s) {
    return emitting<robot>(raw, c, s, [&](P& p, call& running, auto& o) {
      o.push(p.rewrite_robot(running, std::string(view(id)), to_grants(grants, count, stride)));
    });
  }
  static portolan_status revoke(const portolan_instance* raw, const portolan_call* c,
                                portolan_str id) {
    return guarded(c, [&] {
      call running(c, self(raw).http, default_auth<P>());
      self(raw).plugin.revoke_robot(running, std::string(view(id)));
      return PORTOLAN_OK;
    });
  }
  static portolan_status list_robots(const portolan_instance* raw, const portolan_call* c,
                                     portolan_str prefix, const portolan_sink* s) {
    return emitting<robot>(raw, c, s, [&](P& p, call& running, auto& o) {
      p.list_robots(running, std::string(view(prefix)), o);
    });
  }

  static constexpr portolan_ext_catalog make_catalog() {
    portolan_ext_catalog table{sizeof(portolan_ext_catalog), 0, nullptr, nullptr, nullptr, nullptr};
    if constexpr (has_list_spaces<P>) table.spaces = &tables::list_spaces;
    if constexpr (has_catalog<P>) table.repositories = &tables::repositories;
    if constexpr (has_tags<P>) table.tags = &tables::tags;
    if constexpr (has_artifacts<P>) table.artifacts = &tables::artifacts;
    return table;
  }

  static const void* extension(const portolan_instance*, portolan_str raw_id) {
    const std::string_view id = view(raw_id);
    static constexpr portolan_ext_integration integration_table{sizeof(portolan_ext_integration), 0,
                                                                &tables::integrate};
    static constexpr portolan_ext_validation validation_table{sizeof(portolan_ext_validation), 0,
                                                              &tables::validate};
    static constexpr portolan_ext_statistics statistics_table{sizeof(portolan_ext_statistics), 0,
                                                              &tables::collect};
    if (id == PORTOLAN_EXT_INTEGRATION) return &integration_table;
    if (id == PORTOLAN_EXT_VALIDATION) return &validation_table;
    if (id == PORTOLAN_EXT_STATISTICS) return &statistics_table;
    if constexpr (has_catalog<P>) {
      static constexpr portolan_ext_catalog table = make_catalog();
      if (id == PORTOLAN_EXT_CATALOG) return &table;
    }
    if constexpr (has_spaces<P>) {
      static constexpr portolan_ext_spaces table{sizeof(portolan_ext_spaces), 0,
                                                 &tables::create_space, &tables::remove_space,
                                                 &tables::set_visibility};
      if (id == PORTOLAN_EXT_SPACES) return &table;
    }
    if constexpr (has_robots<P>) {
      static constexpr portolan_ext_robots table{
          sizeof(portolan_ext_robots), 0, &tables::issue, &tables::rewrite, &tables::revoke,
          &tables::list_robots};
      if (id == PORTOLAN_EXT_ROBOTS) return &table;
    }
    return nullptr;
  }

  static void destroy(const portolan_instance* raw) { delete &self(raw); }

 public:
  static portolan_status create(const portolan_call* c, const portolan_host* host,
                                const portolan_registry* of, const portolan_instance** out) {
    return guarded(c, [&] {
      auto* made = new holder(to_registry(of), http_of(host));
      *out = &made->raw;
      return PORTOLAN_OK;
    });
  }

  static portolan_status detect(const portolan_call* c, const portolan_host* host,
                                portolan_str base, const portolan_sink* sink) {
    return guarded(c, [&] {
      call running(c, http_of(host), v1::auth::none);
      v1::out<detection> items(sink);
      items.push(P::detect(running, std::string(view(base))));
      return items.status();
    });
  }

  static const void* type_extension([[maybe_unused]] portolan_str type,
                                    [[maybe_unused]] portolan_str id) {
    if constexpr (has_detect<P>) {
      static constexpr portolan_ext_detect table{sizeof(portolan_ext_detect), 0, &tables::detect};
      if (view(id) == PORTOLAN_EXT_DETECT) return &table;
    }
    return nullptr;
  }

  static constexpr std::array<std::string_view, 7> all_ids{
      PORTOLAN_EXT_INTEGRATION, PORTOLAN_EXT_VALIDATION, PORTOLAN_EXT_STATISTICS,
      PORTOLAN_EXT_CATALOG,     PORTOLAN_EXT_SPACES,     PORTOLAN_EXT_ROBOTS,
      PORTOLAN_EXT_DETECT};
  static constexpr std::array<bool, 7> has{
      true, true, true, has_catalog<P>, has_spaces<P>, has_robots<P>, has_detect<P>};
  /// The manifest names exactly the extensions that the class has.
  template <std::size_t N>
  static constexpr bool agrees_with(const std::array<std::string_view, N>& named) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < all_ids.size(); ++i) {
      bool found = false;
      for (const auto id : named) found = found || id == all_ids[i];
      if (found != has[i]) return false;
      count += found ? 1 : 0;
    }
    return count == N;
  }
};

}  // namespace detail
}  // namespace portolan::inline v1
