#pragma once
/// Addresses and URLs: normalised once, shown back in canonical form (RFC 3986, RFC 5891 left to
/// DNS).
#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::base {

/// An absolute http or https URL in parts. All parts are valid and canonical.
struct Url {
  std::string scheme;  ///< "http" or "https".
  std::string host;    ///< Lower case; an IPv6 literal without brackets, in RFC 5952 form.
  int port = 0;        ///< Always set.
  std::string
      path;  ///< "" or begins with '/', percent-encoding kept, no trailing '/' in an address.
  std::string query;  ///< Without '?'; empty for addresses.

  std::string authority() const;  ///< "host", "host:5000", "[::1]:5000"; no default port.
  std::string origin()
      const;                 ///< "https://host:5000"; no default port. Credentials are bound to it.
  std::string text() const;  ///< origin + path + query.
  std::string text_without_query() const;
  bool is_loopback_literal() const;  ///< "localhost", 127.0.0.0/8, ::1.
};

/// What a person typed: `host`, `host:5000/prefix`, `https://host/`. Without a scheme it is https.
/// Refused (invalid_config, with what to write): userinfo, query, fragment, control characters,
/// blanks inside, other schemes, port 0 or above 65535, more than limits::url_bytes, odd IPv4 forms
/// (0x7f.1, 2130706433, 127.1), an empty host. Blanks around and trailing slashes are dropped.
Result<Url> parse_address(std::string_view typed);

/// An absolute URL from a registry (Link, Location, realm). protocol when it is none.
Result<Url> parse_url(std::string_view text);

/// RFC 3986 §5.2: `reference` (absolute, //host, /path, relative or ?query) against `base`.
Result<Url> resolve(const Url& base, std::string_view reference);

/// `path_and_query` below the address's prefix: "https://h/reg" + "/v2/?n=1" →
/// "https://h/reg/v2/?n=1". An absolute URL is taken as it is.
Result<Url> below(const Url& address, std::string_view path_and_query);

}  // namespace portolan::base
