#include "base/url.h"

#include <charconv>
#include <optional>
#include <vector>

#include "base/host_name.h"

namespace portolan::base {
namespace {

using std::string_view;

/// Who wrote the text decides how much is mended and which code a mistake has.
enum class Source { person, registry };

Error refused(Source source, std::string message, std::string hint) {
  const bool person = source == Source::person;
  return Error{
      .code = person ? Code::invalid_config : Code::protocol,
      .message = (person ? "not usable as an address: " : "not usable as a URL: ") + message,
      .hint = person ? std::move(hint) : std::string()};
}

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// RFC 3986: what may stand unencoded in path and query.
bool is_url_char(char c) {
  return is_alpha(c) || is_digit(c) ||
         string_view("-._~!$&'()*+,;=:@/?").find(c) != string_view::npos;
}

bool is_escape(string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2]);
}

std::string percent_encoded(string_view text) {
  constexpr string_view hex = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_url_char(text[i]) || is_escape(text, i)) {
      out += text[i];
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    out += {'%', hex[byte >> 4], hex[byte & 0xF]};
  }
  return out;
}

bool is_all_url_chars(string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_url_char(text[i]) && !is_escape(text, i)) return false;
  }
  return true;
}

// 1 for ".", 2 for "..", else 0. Servers decode first, so "%2e" is a dot as well (WHATWG URL).
int dots(string_view segment) {
  int count = 0;
  while (!segment.empty()) {
    const bool encoded = segment.substr(0, 3) == "%2e" || segment.substr(0, 3) == "%2E";
    if (!encoded && segment.front() != '.') return 0;
    segment.remove_prefix(encoded ? 3 : 1);
    ++count;
  }
  return count <= 2 ? count : 0;
}

/// Calls `each(segment)` for what stands between the slashes of a path that begins with one.
template <class Each>
void for_segments(string_view path, Each each) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    each(segment);
  }
}

// RFC 3986 §5.2.4 for a path that is empty or begins with '/'.
std::string without_dot_segments(string_view path) {
  std::vector<string_view> kept;
  bool ends_in_directory = false;
  for_segments(path, [&](string_view segment) {
    const int count = dots(segment);
    if (count == 0) kept.push_back(segment);
    if (count == 2 && !kept.empty()) kept.pop_back();
    ends_in_directory = count > 0;
  });
  std::string out;
  for (const string_view segment : kept) out.append("/").append(segment);
  if (ends_in_directory) out += '/';
  return out;
}

std::string without_needless_slashes(string_view path) {
  std::string out;
  for_segments(path, [&](string_view segment) {
    if (!segment.empty()) out.append("/").append(segment);
  });
  return out;
}

int default_port(string_view scheme) { return scheme == "https" ? 443 : 80; }

// The scheme in lower case when `text` begins with one.
std::optional<std::string> scheme_of(string_view text) {
  std::string scheme;
  for (const char c : text) {
    if (c == ':') return scheme.empty() ? std::nullopt : std::optional(scheme);
    const bool allowed =
        is_alpha(c) || (!scheme.empty() && (is_digit(c) || c == '+' || c == '-' || c == '.'));
    if (!allowed) return {};
    scheme += is_alpha(c) ? static_cast<char>(c | 0x20) : c;
  }
  return {};
}

Result<void> read_authority(Url& url, string_view authority, Source source) {
  if (authority.find('@') != string_view::npos) {
    return refused(
        source, "it holds a user name or password",
        "Write the address without them, and the user name and password in `credentials`.");
  }
  // The colons of an IPv6 literal are no port's.
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == string_view::npos ? 0 : bracket);
  const bool literal = authority.substr(0, 1) == "[";
  if (!literal && bracket == string_view::npos && authority.rfind(':') != colon) {
    return refused(source, "it has several colons",
                   "Write an IPv6 address in brackets: [2001:db8::7]:5000.");
  }
  std::string problem;
  const auto host = canonical_host(authority.substr(0, colon), problem);
  if (!host) {
    return refused(source, problem,
                   "Write e.g. registry.example.com, 192.0.2.7:5000 or [2001:db8::7]:5000; an "
                   "international name in its xn-- form.");
  }
  url.host = *host;
  url.port = default_port(url.scheme);
  if (colon == string_view::npos) return {};
  const string_view digits = authority.substr(colon + 1);
  if (digits.empty() && source == Source::registry) return {};
  const auto [end, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
  const bool number =
      failure == std::errc() && end == digits.data() + digits.size() && is_digit(digits.front());
  if (!number || url.port < 1 || url.port > 65535) {
    return refused(source, "the port is no number from 1 to 65535",
                   "Write e.g. registry.example.com:5000.");
  }
  return {};
}

// `text` after "scheme://".
Result<Url> read_after_scheme(std::string scheme, string_view text, Source source) {
  Url url{.scheme = std::move(scheme)};
  if (url.scheme != "http" && url.scheme != "https") {
    return refused(source, "its scheme is neither http nor https",
                   "Begin it with https:// (or http://).");
  }
  const string_view authority = text.substr(0, text.find_first_of("/?#"));
  if (auto done = read_authority(url, authority, source); !done) return std::move(done).error();
  text.remove_prefix(authority.size());
  text = text.substr(0, text.find('#'));
  const std::size_t mark = text.find('?');
  url.path = without_dot_segments(percent_encoded(text.substr(0, mark)));
  if (mark != string_view::npos) url.query = percent_encoded(text.substr(mark + 1));
  if (url.text().size() > url_bytes_max) return refused(source, "it is too long", "");
  return url;
}

Result<void> check_bytes(string_view text, Source source) {
  if (text.size() > url_bytes_max) {
    return refused(source, "it has more than " + std::to_string(url_bytes_max) + " bytes",
                   "Write the registry's address alone.");
  }
  for (const char c : text) {
    if (is_control(c)) return refused(source, "it contains a control character", "Type it anew.");
  }
  return {};
}

string_view trimmed(string_view text) {
  constexpr string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const { return scheme + "://" + authority(); }

std::string Url::text() const {
  return query.empty() ? origin() + path : origin() + path + "?" + query;
}

std::string Url::text_without_query() const { return origin() + path; }

bool Url::is_loopback_literal() const {
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (is_ipv4 && host.compare(0, 4, "127.") == 0);
}

Result<Url> parse_address(string_view typed) {
  constexpr Source source = Source::person;
  string_view text = trimmed(typed);
  if (auto done = check_bytes(text, source); !done) return std::move(done).error();
  std::string scheme = "https";
  if (const std::size_t mark = text.find("://"); mark != string_view::npos && scheme_of(text)) {
    if (scheme_of(text)->size() == mark) {
      scheme = *scheme_of(text);
      text.remove_prefix(mark + 3);
    }
  }
  if (text.find_first_of("?#") != string_view::npos) {
    return refused(source, "it has a query or a fragment", "Leave out what begins with ? or #.");
  }
  Result<Url> url = read_after_scheme(std::move(scheme), text, source);
  if (!url) return url;
  if (const std::size_t slash = text.find('/'); slash != string_view::npos) {
    if (!is_all_url_chars(text.substr(slash))) {
      return refused(source, "its path has a blank or another character that no URL may hold",
                     "Write such a character percent-encoded, a blank as %20.");
    }
  }
  url->path = without_needless_slashes(url->path);
  return url;
}

Result<Url> parse_url(string_view text) {
  constexpr Source source = Source::registry;
  if (auto done = check_bytes(text, source); !done) return std::move(done).error();
  const auto scheme = scheme_of(text);
  if (!scheme || text.substr(scheme->size(), 3) != "://")
    return refused(source, "it is not absolute", "");
  return read_after_scheme(*scheme, text.substr(scheme->size() + 3), source);
}

bool is_origin(string_view text) {
  const auto url = parse_url(text);
  return url && (url->path.empty() || url->path == "/") && url->query.empty();
}

Result<Url> parse_proxy(string_view typed) {
  const Error other{.code = Code::invalid_config, .message = "a proxy is written http://host:port"};
  if (typed.substr(0, 7) != "http://") return other;
  Result<Url> url = parse_address(typed);
  if (url && !url->path.empty()) return other;
  return url;
}

Result<Url> resolve(const Url& base, string_view reference) {
  if (scheme_of(reference)) return parse_url(reference);
  if (reference.substr(0, 2) == "//") return parse_url(base.scheme + ":" + std::string(reference));
  reference = reference.substr(0, reference.find('#'));
  const std::string origin = base.origin();
  if (reference.empty()) return base;
  if (reference.front() == '/') return parse_url(origin + std::string(reference));
  if (reference.front() == '?')
    return parse_url(base.text_without_query() + std::string(reference));
  const std::string directory =
      base.path.empty() ? "/" : base.path.substr(0, base.path.rfind('/') + 1);
  return parse_url(origin + directory + std::string(reference));
}

Result<Url> below(const Url& address, string_view path_and_query) {
  const auto scheme = scheme_of(path_and_query);
  if (scheme && path_and_query.substr(scheme->size(), 3) == "://") return parse_url(path_and_query);
  if (path_and_query.empty()) return address;
  if (path_and_query.front() != '/') {
    return Error{.code = Code::invalid_argument,
                 .message = "a path below the address begins with '/'"};
  }
  bool climbs = false;
  for_segments(path_and_query.substr(0, path_and_query.find_first_of("?#")),
               [&](string_view segment) { climbs = climbs || dots(segment) > 0; });
  if (climbs) {
    return Error{.code = Code::invalid_argument,
                 .message = "a path below the address has a dot segment"};
  }
  return parse_url(address.text_without_query() + std::string(path_and_query));
}

}  // namespace portolan::base
