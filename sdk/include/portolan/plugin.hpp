#pragma once
/// A class is a plugin: the member functions it has decide which extensions exist.
///
///   struct my_type {
///     explicit my_type(const portolan::registry& registry);                       // no I/O
///     portolan::integration integrate(portolan::call& call);
///     void validate(portolan::call& call, portolan::depth depth, portolan::out<portolan::check>&
///     out); void collect(portolan::call& call, portolan::level level,
///     portolan::out<portolan::measure>& out);
///   };
///   PORTOLAN_PLUGIN(my_type)
///
/// Optional members, same manner (docs/plugin-guide.md): spaces, repositories, tags, artifacts
/// (catalog); create_space, remove_space, set_visibility (spaces); issue_robot, rewrite_robot,
/// revoke_robot, list_robots (robots); `static detection detect(call&, const std::string& base)`;
/// `static constexpr portolan::auth default_auth`; `static constexpr bool concurrent`.
/// Throw portolan::failure to end a call; other exceptions become PORTOLAN_INTERNAL at the border.
#include "pager.hpp"
#include "tables.hpp"

#ifdef PORTOLAN_MANIFEST_HEADER
// Written by portolan_add_plugin() from the same facts as the ELF note: PORTOLAN_MANIFEST_*.
#include PORTOLAN_MANIFEST_HEADER

/// The plugin's one exported symbol, for a file with one registry type.
#define PORTOLAN_PLUGIN(Class)                                                                    \
  static_assert(::portolan::detail::tables<Class>::agrees_with(::portolan::manifest::extensions), \
                "EXTENSIONS of portolan_add_plugin() and the member functions of " #Class         \
                " differ");                                                                       \
  extern "C" PORTOLAN_EXPORT const portolan_entry* portolan_plugin_v1(void) {                     \
    using tables = ::portolan::detail::tables<Class>;                                             \
    static constexpr portolan_entry entry{                                                        \
        sizeof(portolan_entry),                                                                   \
        PORTOLAN_ABI_MINOR,                                                                       \
        0,                                                                                        \
        1,                                                                                        \
        [](std::uint32_t index) -> const portolan_descriptor* {                                   \
          static const portolan_descriptor descriptor =                                           \
              ::portolan::manifest::describe(::portolan::detail::concurrent<Class>());            \
          return index == 0 ? &descriptor : nullptr;                                              \
        },                                                                                        \
        &tables::type_extension,                                                                  \
        &tables::create};                                                                         \
    return &entry;                                                                                \
  }
#endif
