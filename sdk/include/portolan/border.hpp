#pragma once
/// Where C++ meets the C contract: what a class can do, and the barrier that no exception passes.
#include <concepts>
#include <new>
#include <string_view>

#include "call.hpp"
#include "out.hpp"

namespace portolan::inline v1 {
namespace detail {

template <class P>
concept has_catalog = requires(P& p, call& c, const query& q, out<repository>& o) {
  p.repositories(c, q, o);
};
template <class P>
concept has_list_spaces = requires(P& p, call& c, const query& q, out<space>& o) {
  p.spaces(c, q, o);
};
template <class P>
concept has_tags = requires(P& p, call& c, const query& q, out<tag>& o) {
  p.tags(c, q, o);
};
template <class P>
concept has_artifacts = requires(P& p, call& c, const query& q, out<artifact>& o) {
  p.artifacts(c, q, o);
};
template <class P>
concept has_spaces = requires(P& p, call& c, const std::string& name) {
  { p.create_space(c, name, 0U) } -> std::same_as<space>;
  p.remove_space(c, name);
  { p.set_visibility(c, name, 0U) } -> std::same_as<space>;
};
template <class P>
concept has_robots = requires(P& p, call& c, const std::string& text,
                              const std::vector<grant>& grants, out<robot>& o) {
  { p.issue_robot(c, text, grants, 0U) } -> std::same_as<robot>;
  { p.rewrite_robot(c, text, grants) } -> std::same_as<robot>;
  p.revoke_robot(c, text);
  p.list_robots(c, text, o);
};
template <class P>
concept has_detect = requires(call& c, const std::string& base) {
  { P::detect(c, base) } -> std::same_as<detection>;
};

template <class P>
constexpr v1::auth default_auth() {
  if constexpr (requires { P::default_auth; })
    return P::default_auth;
  else
    return v1::auth::none;
}
template <class P>
constexpr bool concurrent() {
  if constexpr (requires { P::concurrent; })
    return P::concurrent;
  else
    return false;
}

inline portolan_status tell(const portolan_call* call, const failure& problem) noexcept {
  const portolan_error error{sizeof(portolan_error), problem.code,
                             problem.http_status,    problem.flags,
                             problem.retry_after_ms, to_abi(problem.message),
                             to_abi(problem.hint),   to_abi(problem.pointer),
                             to_abi(problem.url)};
  call->fail(call, &error);
  return problem.code;
}

inline portolan_status tell_internal(const portolan_call* call, std::string_view what) noexcept {
  static constexpr std::string_view hint = "this is a fault of the plugin: report it to its vendor";
  const portolan_error error{sizeof(portolan_error), PORTOLAN_INTERNAL, 0,  0, 0,
                             to_abi(what),           to_abi(hint),      {}, {}};
  call->fail(call, &error);
  return PORTOLAN_INTERNAL;
}

/// The border: whatever the body throws arrives as a status with its text (law L7).
template <class Body>
portolan_status guarded(const portolan_call* call, Body&& body) noexcept {
  try {
    return body();
  } catch (const failure& problem) {
    return tell(call, problem);
  } catch (const std::bad_alloc&) {
    return tell_internal(call, "the plugin ran out of memory");
  } catch (const std::exception& problem) {
    return tell_internal(call, problem.what());
  } catch (...) {
    return tell_internal(call, "the plugin threw something that is no std::exception");
  }
}

inline const portolan_http* http_of(const portolan_host* host) {
  static constexpr std::string_view id = PORTOLAN_SERVICE_HTTP;
  const auto* http = static_cast<const portolan_http*>(host->service(host, to_abi(id)));
  if (!PORTOLAN_HAS(http, portolan_http, abort))
    throw failure(PORTOLAN_UNSUPPORTED, "this host has no portolan.host.http/1",
                  "use a newer portolan");
  return http;
}

inline registry to_registry(const portolan_registry* raw) {
  const json config = json::parse(std::string(view(raw->config_json)));
  registry out;
  out.type = std::string(view(raw->type));
  out.base = std::string(view(raw->base));
  out.username = config["credentials"]["username"].string_or("");
  out.has_password = static_cast<bool>(config["credentials"]["password"]);
  out.options = config["options"];
  if (raw->facts_json.len != 0) out.facts = json::parse(std::string(view(raw->facts_json)));
  return out;
}

inline query to_query(const portolan_query* raw) {
  return {std::string(view(raw->space)), std::string(view(raw->repository)),
          std::string(view(raw->cursor)), raw->limit};
}

inline std::vector<grant> to_grants(const portolan_grant* first, std::uint64_t count,
                                    std::uint64_t stride) {
  std::vector<grant> out;
  const auto* at = reinterpret_cast<const unsigned char*>(first);
  for (std::uint64_t i = 0; i < count; ++i, at += stride) {
    const auto* raw = reinterpret_cast<const portolan_grant*>(at);
    out.push_back({std::string(view(raw->space)), raw->rights});
  }
  return out;
}

}  // namespace detail
}  // namespace portolan::inline v1
