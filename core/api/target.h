#pragma once
/// The request target: decoded once, strictly (RFC 3986), so that nobody decodes twice.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"

namespace portolan::api {

inline constexpr std::size_t target_bytes_max = 8 * 1024;
inline constexpr std::size_t query_names_max = 100;

/// The path's segments, decoded after splitting; "/" has none. An error of code invalid_argument
/// for a path that does not begin with '/', a character that must be encoded, a broken escape, what
/// is no UTF-8, a control character, and segments "." and "..", encoded too.
base::Result<std::vector<std::string>> decode_path(std::string_view path);

/// name=value pairs between '&', '+' is a blank. Errors as decode_path; an empty name, and more
/// than query_names_max.
base::Result<Fields> decode_query(std::string_view query);

/// All but unreserved characters (RFC 3986 §2.3) percent-encoded.
std::string percent_encode(std::string_view text);

/// The canonical host (base/host_name.h) of a `Host`: a DNS name, an IPv4 address or [IPv6], and
/// perhaps ":port". Nothing for all else.
std::optional<std::string> host_of(std::string_view authority);

}  // namespace portolan::api
