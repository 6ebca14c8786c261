#pragma once
/// Reading what a plugin filled: structs of an older, equal or newer minor, texts of any bytes.
#include <portolan/abi/abi.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "model/limits.h"

namespace portolan::plugin {

/// What a struct had in minor 0: the least that any plugin may hand over (law L2). Frozen.
template <class T>
inline constexpr std::uint32_t minor_0_size = 0;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_entry> = 40;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_descriptor> = 168;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_instance> = 32;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_ext_integration> = 16;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_ext_validation> = 16;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_ext_statistics> = 16;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_ext_catalog> = 40;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_ext_spaces> = 32;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_ext_robots> = 40;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_ext_detect> = 16;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_integration> = 152;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_check> = 120;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_measure> = 104;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_detection> = 24;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_space> = 56;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_repository> = 64;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_tag> = 56;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_artifact> = 88;
template <>
inline constexpr std::uint32_t minor_0_size<portolan_robot> = 64;

/// A copy of the struct at `from`: members that an older plugin does not know read as zero, members
/// that we do not know are left where they are (laws L1, L2, L8). nullopt for null and for a struct
/// smaller than minor 0's; nothing behind its own size is touched.
template <class T>
std::optional<T> read_struct(const void* from) {
  static_assert(minor_0_size<T> != 0, "say what it had in minor 0");
  if (!from) return std::nullopt;
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size < minor_0_size<T>) return std::nullopt;
  T copy{};
  std::memcpy(&copy, from, size < sizeof(T) ? size : sizeof(T));
  return copy;
}

inline portolan_str to_abi(std::string_view text) { return {text.data(), text.size()}; }

/// The bytes as they are; a null pointer reads as empty.
inline std::string_view view(portolan_str text) {
  return text.data ? std::string_view(text.data, text.len) : std::string_view();
}

/// For people: one line of valid UTF-8, at most `limit` bytes. Bytes beyond are not looked at.
inline std::string text(portolan_str from, std::size_t limit = model::limits::text_bytes) {
  return base::clean_text(view(from).substr(0, 2 * limit), limit);
}

}  // namespace portolan::plugin
