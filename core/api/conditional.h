#pragma once
/// Revisions of what is served: ETag, If-Match, If-None-Match (RFC 9110 §13), Idempotency-Key.
#include <optional>
#include <string>
#include <string_view>

#include "api/problem.h"

namespace portolan::api {

/// A strong ETag of a revision number or word: "\"42\"". Other characters than [A-Za-z0-9._-] are
/// percent-encoded.
std::string etag_of(std::string_view revision);

/// The same revision as it is shown now: "\"42:9f86d081884c7d65\"" changes with `body` too, for a
/// body that shows more than its row. It names the revision 42 in If-Match.
std::string etag_of(std::string_view revision, std::string_view body);

/// Whether a list of entity tags (or "*") names the revision `etag`, with whatever body it was
/// shown; strong comparison, as If-Match asks.
bool matches_strongly(std::string_view list, std::string_view etag);
/// Weak comparison, as If-None-Match asks.
bool matches_weakly(std::string_view list, std::string_view etag);

/// For writes: nothing when the client's If-Match names the current `etag`, else 412 with the ETag
/// of now; 428 when it sent none and `required`. If-None-Match: * on what exists is 412 too.
std::optional<Problem> check_if_match(const Request& request, std::string_view etag,
                                      bool required = false);

/// The Idempotency-Key, when there is one: 1 to 128 printable ASCII characters. 400 for another.
/// An optional pair of quotes (a structured field's string) is taken off.
struct IdempotencyKey {
  std::string key;  ///< Empty: the client sent none.
  std::optional<Problem> wrong{};
};
IdempotencyKey idempotency_key(const Request& request);

}  // namespace portolan::api
