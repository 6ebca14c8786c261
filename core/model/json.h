#pragma once
/// Outcomes as JSON: the one spelling of docs/output.md, for the command line, the API, the store
/// and jobs. What is absent is null.
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/result.h"
#include "model/outcome.h"

namespace portolan::model {

base::Json to_json(const Integration& integration);  ///< Without facts.
base::Json to_json(const Check& check);
base::Json to_json(const Validation& validation);
base::Json to_json(const Measure& measure);
base::Json to_json(const Statistics& statistics);
base::Json to_json(const base::Error& error);

/// The reverse. What is not understood is left at its default: the text was written by to_json().
Integration integration_from(const base::Json& json);
Validation validation_from(const base::Json& json);
base::Error error_from(const base::Json& json);

/// RFC 3339, UTC, seconds; empty for 0.
std::string utc_time(std::int64_t unix_ms);
/// Unix milliseconds of what utc_time() wrote; 0 for anything else.
std::int64_t unix_ms_from(std::string_view utc);

/// Null for an empty text: what docs/output.md says of absent information.
base::Json text_or_null(std::string_view text);
base::Json texts(const std::vector<std::string>& words);

}  // namespace portolan::model
