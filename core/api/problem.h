#pragma once
/// Failures as RFC 9457 problems: the one place that knows which status a code is.
#include <cstdint>
#include <string>
#include <vector>

#include "api/http.h"
#include "base/error.h"

namespace portolan::api {

/// One thing that is wrong with a request.
struct Mistake {
  std::string in;         ///< body, query, path or header
  std::string at;         ///< Of the body the RFC 6901 pointer, else the name.
  std::string detail{};   ///< "expected an integer from 1 to 500, found \"x\""
  std::string nearest{};  ///< The known name that may have been meant, or empty.
};

/// What `application/problem+json` says. `code` is stable: a word of docs/errors.md.
struct Problem {
  int status = 500;
  std::string code;
  std::string detail{};  ///< What happened, one sentence; empty: the title says it.
  std::string hint{};    ///< What to do about it.
  std::string where{};   ///< As base::Error has it.
  std::vector<Mistake> errors{};
  std::int64_t retry_after_ms = 0;  ///< Becomes Retry-After, in whole seconds.
  Fields headers{};                 ///< More headers: Allow, WWW-Authenticate.
};

/// The status of a code where it is our own answer: unauthorized is 401.
int http_status(base::Code code);

/// An error as the client may see it. What came from a registry (error.http_status is not 0) is
/// 502, so that a registry's 401 does not sign our user out. The texts of `internal` are dropped.
Problem problem_of(const base::Error& error);

/// The short text of a code that is the same each time: "The request has mistakes".
std::string_view title(std::string_view code, int status);

/// Leaves the code in `request.error`.
Answer to_answer(const Problem& problem, Request& request);

}  // namespace portolan::api
