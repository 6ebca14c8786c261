#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace portolan::base {

/// The canonical form of a URL's host: a lower-case DNS name without the dot at its end, four
/// decimal numbers, or "[…]" without its brackets in RFC 5952 form. Otherwise nullopt, and
/// `problem` says why in words that do not repeat the host.
std::optional<std::string> canonical_host(std::string_view host, std::string& problem);

}  // namespace portolan::base
