#pragma once
/// How points of a series come and are folded. The room's own.
#include <vector>

#include "store/measures.h"

namespace portolan::store {

inline constexpr std::int64_t hour_ms = 3'600'000, day_ms = 24 * hour_ms;

/// The begin of the stretch of `width` milliseconds that `at_ms` lies in.
constexpr std::int64_t begin_of(std::int64_t at_ms, std::int64_t width) {
  return at_ms - at_ms % width;
}

/// One point for each stretch of `width` that has points, at its begin; `points` and the answer are
/// oldest first.
std::vector<model::SeriesPoint> fold(const std::vector<model::SeriesPoint>& points,
                                     std::int64_t width);

/// Appends a known or partial measure. One that is said to be from elsewhere than the last hour is
/// taken as of now.
void append_point(Writer& writer, Id registry, const model::Measure& measure);

}  // namespace portolan::store
