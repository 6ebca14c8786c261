#pragma once
/// Enumerations as the words that columns hold. The room's own.
#include <array>

#include "model/records.h"
#include "model/words.h"
#include "store/connection.h"

namespace portolan::store {

template <class Word>
inline constexpr std::array<Word, 0> words{};
template <>
inline constexpr std::array words<model::DefaultVisibility>{model::DefaultVisibility::upstream,
                                                            model::DefaultVisibility::closed,
                                                            model::DefaultVisibility::open};
template <>
inline constexpr std::array words<model::HealthState>{
    model::HealthState::unknown,         model::HealthState::healthy,
    model::HealthState::degraded,        model::HealthState::unhealthy,
    model::HealthState::unauthenticated, model::HealthState::unreachable};
template <>
inline constexpr std::array words<model::Visibility>{
    model::Visibility::unknown, model::Visibility::open, model::Visibility::closed};
template <>
inline constexpr std::array words<model::Enforcement>{model::Enforcement::registry,
                                                      model::Enforcement::catalog};
template <>
inline constexpr std::array words<model::JobState>{
    model::JobState::queued, model::JobState::running, model::JobState::done,
    model::JobState::failed, model::JobState::cancelled};
template <>
inline constexpr std::array words<model::Level>{model::Level::quick, model::Level::normal,
                                                model::Level::deep};
template <>
inline constexpr std::array words<model::MeasureState>{
    model::MeasureState::known, model::MeasureState::partial, model::MeasureState::unknown,
    model::MeasureState::unsupported, model::MeasureState::forbidden};
template <>
inline constexpr std::array words<model::Scope>{model::Scope::registry, model::Scope::account};
template <>
inline constexpr std::array words<model::MeasureKind>{
    model::MeasureKind::none, model::MeasureKind::logical, model::MeasureKind::deduplicated,
    model::MeasureKind::physical};

/// The value that `text` is the word of; ends the body when the database holds another word.
template <class Word>
Word word_from(std::string_view text) {
  for (const Word word : words<Word>)
    if (to_string(word) == text) return word;
  throw Failure{{.message = "the database holds a word that this version does not know",
                 .hint = "Restore a backup with `portolan restore`."}};
}

/// The next column of `rows`.
template <class Word>
Word read_word(Rows& rows) {
  return word_from<Word>(rows.get<std::string>());
}

}  // namespace portolan::store
