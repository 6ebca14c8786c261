#pragma once
/// What a plugin keeps from one collection of a registry for the next.
#include <cstdint>
#include <map>
#include <string>

namespace portolan::model {

/// By key; opaque to everybody but the plugin.
using Notes = std::map<std::string, std::string, std::less<>>;

/// Of one collection: what it may recall, and what it remembers in the place of that. Nothing
/// remembered leaves everything as it was.
struct Memory {
  Notes recalled, remembered;
};

namespace limits {
inline constexpr std::size_t note_key_bytes = 512, note_bytes = 1024;  ///< Of one note.
inline constexpr std::size_t notes = 100'000;                          ///< Of one registry,
inline constexpr std::size_t notes_bytes = 8 * 1024 * 1024;  ///< and keys and values of all.
}  // namespace limits

}  // namespace portolan::model
