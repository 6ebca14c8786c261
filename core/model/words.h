#pragma once
/// The words of outcome.h as JSON, tables and the document spell them.
#include <string_view>

#include "model/outcome.h"

namespace portolan::model {

std::string_view to_string(CheckState state);    ///< ok warn fail skipped unknown
std::string_view to_string(Verdict verdict);     ///< ok warn unknown fail
std::string_view to_string(MeasureState state);  ///< known partial unknown unsupported forbidden
std::string_view to_string(Scope scope);         ///< registry account
std::string_view to_string(MeasureKind kind);    ///< "" logical deduplicated physical
std::string_view to_string(Visibility v);        ///< "" public private
std::string_view to_string(Level level);         ///< quick normal deep
std::string_view to_string(Depth depth);         ///< quick full

/// The worst of fail > unknown > warn > ok; skipped is ignored; nothing at all is unknown.
Verdict verdict_of(const std::vector<Check>& checks);

}  // namespace portolan::model
