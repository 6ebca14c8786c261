#pragma once
/// `WWW-Authenticate` as registries really send it (RFC 9110 §11.6.1): several header fields,
/// several challenges in one, quoted strings with commas and escapes, names in any case.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portolan::services {

struct Challenge {
  std::string scheme;                                           ///< Lower case: "bearer", "basic".
  std::vector<std::pair<std::string, std::string>> parameters;  ///< Names in lower case, unquoted.

  /// The first of that name; empty when absent.
  std::string_view get(std::string_view name) const;
};

/// Appends the challenges of one header value, in order. What cannot be read is passed over; at
/// most 16 challenges of 32 parameters are kept. Pure, never fails.
void parse_challenges(std::string_view value, std::vector<Challenge>& challenges);

}  // namespace portolan::services
