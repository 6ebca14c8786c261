#include "model/outcome.h"

#include <algorithm>

namespace portolan::model {

std::string_view to_string(CheckState state) {
  switch (state) {
    case CheckState::ok: return "ok";
    case CheckState::warn: return "warn";
    case CheckState::fail: return "fail";
    case CheckState::skipped: return "skipped";
    case CheckState::unknown: return "unknown";
  }
  return "unknown";
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::warn: return "warn";
    case Verdict::unknown: return "unknown";
    case Verdict::fail: return "fail";
  }
  return "unknown";
}

std::string_view to_string(MeasureState state) {
  switch (state) {
    case MeasureState::known: return "known";
    case MeasureState::partial: return "partial";
    case MeasureState::unknown: return "unknown";
    case MeasureState::unsupported: return "unsupported";
    case MeasureState::forbidden: return "forbidden";
  }
  return "unknown";
}

std::string_view to_string(Scope scope) {
  return scope == Scope::registry ? "registry" : "account";
}

std::string_view to_string(MeasureKind kind) {
  switch (kind) {
    case MeasureKind::none: return "";
    case MeasureKind::logical: return "logical";
    case MeasureKind::deduplicated: return "deduplicated";
    case MeasureKind::physical: return "physical";
  }
  return "";
}

std::string_view to_string(Visibility v) {
  switch (v) {
    case Visibility::unknown: return "";
    case Visibility::open: return "public";
    case Visibility::closed: return "private";
  }
  return "";
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::quick: return "quick";
    case Level::normal: return "normal";
    case Level::deep: return "deep";
  }
  return "normal";
}

std::string_view to_string(Depth depth) { return depth == Depth::quick ? "quick" : "full"; }

Verdict verdict_of(const std::vector<Check>& checks) {
  const auto has = [&](CheckState state) {
    return std::any_of(checks.begin(), checks.end(),
                       [&](const Check& c) { return c.state == state; });
  };
  if (has(CheckState::fail)) return Verdict::fail;
  if (has(CheckState::unknown)) return Verdict::unknown;
  if (has(CheckState::warn)) return Verdict::warn;
  return has(CheckState::ok) ? Verdict::ok : Verdict::unknown;
}

}  // namespace portolan::model
