#pragma once
/// Addresses and URLs: normalised once, shown back in canonical form (RFC 3986). International
/// names are taken in their xn-- form only, so that what is shown is what is connected to.
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::base {

/// The longest URL that is read or made.
inline constexpr std::size_t url_bytes_max = 8 * 1024;

/// An absolute http or https URL in parts. All parts are valid and canonical.
struct Url {
  std::string scheme{};  ///< "http" or "https".
  std::string host{};    ///< Lower case; an IPv6 literal without brackets, in RFC 5952 form.
  int port = 0;          ///< Always set.
  std::string path{};    ///< "" or begins with '/', percent-encoding kept; no '/' ends an address.
  std::string query{};   ///< Without '?'; empty for addresses.

  std::string authority() const;  ///< "host", "host:5000", "[::1]:5000"; no default port.
  std::string origin() const;     ///< "https://host:5000"; what credentials are bound to.
  std::string text() const;       ///< origin + path + query.
  std::string text_without_query() const;
  bool is_loopback_literal() const;  ///< "localhost", 127.0.0.0/8, ::1.

  friend bool operator==(const Url&, const Url&) = default;
};

/// What a person typed: `host`, `host:5000/prefix`, `https://host/`. Without a scheme it is https.
/// Refused (invalid_config, with what to write): userinfo, query, fragment, control characters,
/// blanks inside, whatever is not ASCII, other schemes, port 0 or above 65535, more than
/// url_bytes_max, odd IPv4 forms (0x7f.1, 2130706433, 127.1), an empty or impossible host. Blanks
/// around, the dot behind a host name, needless slashes and dot segments are dropped. No error text
/// repeats what was typed: it may hold a password.
Result<Url> parse_address(std::string_view typed);

/// Whether `text` is scheme, host and port, as a trusted realm is written.
bool is_origin(std::string_view text);

/// A proxy's address, "http://host:port"; invalid_config for anything else.
Result<Url> parse_proxy(std::string_view typed);

/// An absolute URL from a registry (Link, Location, realm), its fragment dropped and what may not
/// stand in a URL percent-encoded. protocol when it is none, has userinfo or control characters.
Result<Url> parse_url(std::string_view text);

/// RFC 3986 §5.2: `reference` (absolute, //host, /path, relative or ?query) against `base`. Errors
/// as parse_url.
Result<Url> resolve(const Url& base, std::string_view reference);

/// `path_and_query` below the address's prefix: "https://h/reg" + "/v2/?n=1" →
/// "https://h/reg/v2/?n=1". An absolute URL is taken as it is. invalid_argument when the path does
/// not begin with '/' or climbs by dot segments: a repository named ".." must not lead out of the
/// prefix.
Result<Url> below(const Url& address, std::string_view path_and_query);

}  // namespace portolan::base
