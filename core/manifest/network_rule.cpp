#include "manifest/checks.h"

#include <arpa/inet.h>

#include <charconv>
#include <string_view>

#include "base/url.h"

namespace portolan::manifest {
namespace {

bool is_number_to(std::string_view text, int most) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 0 && number <= most;
}

bool is_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  unsigned char bytes[16];
  const bool four = ::inet_pton(AF_INET, address.c_str(), bytes) == 1;
  const bool six = !four && ::inet_pton(AF_INET6, address.c_str(), bytes) == 1;
  return (four || six) && is_number_to(std::string_view(text).substr(slash + 1), four ? 32 : 128);
}

}  // namespace

bool is_network_rule(const std::string& text) {
  if (text.find("://") != std::string::npos) return false;
  if (text.find('/') != std::string::npos) return is_network(text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  return is_number_to(std::string_view(text).substr(colon + 1), 65535) &&
         base::parse_address(text).has_value();
}

}  // namespace portolan::manifest
