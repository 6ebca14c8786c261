#pragma once
/// Enumerations from their words: the reverse of to_string().
#include <optional>
#include <string_view>

#include "model/records.h"

namespace portolan::model {

/// The greatest value of `Word`, whose values are numbered from 0.
template <class Word>
inline constexpr Word last_of{};
template <>
inline constexpr auto last_of<CheckState> = CheckState::unknown;
template <>
inline constexpr auto last_of<Verdict> = Verdict::fail;
template <>
inline constexpr auto last_of<MeasureState> = MeasureState::forbidden;
template <>
inline constexpr auto last_of<Scope> = Scope::account;
template <>
inline constexpr auto last_of<MeasureKind> = MeasureKind::physical;
template <>
inline constexpr auto last_of<Visibility> = Visibility::closed;
template <>
inline constexpr auto last_of<Level> = Level::deep;
template <>
inline constexpr auto last_of<DefaultVisibility> = DefaultVisibility::open;
template <>
inline constexpr auto last_of<HealthState> = HealthState::unreachable;
template <>
inline constexpr auto last_of<Enforcement> = Enforcement::catalog;
template <>
inline constexpr auto last_of<JobState> = JobState::cancelled;

/// The value that `text` is the word of.
template <class Word>
std::optional<Word> word_from(std::string_view text) {
  static_assert(last_of<Word> != Word{}, "say which is its last");
  for (int number = 0; number <= static_cast<int>(last_of<Word>); ++number)
    if (const auto word = static_cast<Word>(number); to_string(word) == text) return word;
  return std::nullopt;
}

}  // namespace portolan::model
