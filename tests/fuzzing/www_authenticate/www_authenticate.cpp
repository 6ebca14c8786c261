// Two header fields of challenges, a line each: bounded lists with clean names, whatever the bytes.
#include "services/authentication/authentication.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../promise.h"

using portolan::services::Challenge;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = std::min(text.find('\n'), size);
  std::vector<Challenge> challenges;
  portolan::services::parse_challenges(text.substr(0, line), challenges);
  portolan::services::parse_challenges(text.substr(std::min(line + 1, size)), challenges);

  PROMISE(challenges.size() <= 16);
  const auto clean = [](char c) { return c > ' ' && c < 0x7F && !(c >= 'A' && c <= 'Z'); };
  for (const auto& challenge : challenges) {
    PROMISE(!challenge.scheme.empty() && challenge.parameters.size() <= 32);
    PROMISE(std::all_of(challenge.scheme.begin(), challenge.scheme.end(), clean));
    for (const auto& [name, value] : challenge.parameters) {
      PROMISE(!name.empty() && std::all_of(name.begin(), name.end(), clean));
      PROMISE(value.size() <= size);
    }
  }
  return 0;
}
