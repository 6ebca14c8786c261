#pragma once
/// Why a call cannot go on: thrown in the author's code, turned into a status at the border.
#include <portolan/abi/abi.h>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace portolan::inline v1 {

inline portolan_str to_abi(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(portolan_str text) {
  return text.len == 0 ? std::string_view{} : std::string_view{text.data, text.len};
}

/// Texts are for people: what happened, what to do. No secret, no query string.
struct failure : std::exception {
  portolan_status code = PORTOLAN_INTERNAL;
  std::string message, hint;
  std::string pointer;  ///< RFC 6901 into the configuration, when a field is to blame.
  std::string url;      ///< Without query.
  int http_status = 0;
  std::int64_t retry_after_ms = 0;
  std::uint32_t flags = 0;  ///< PORTOLAN_ERROR_*

  failure(portolan_status code_, std::string message_, std::string hint_ = {})
      : code(code_), message(std::move(message_)), hint(std::move(hint_)) {}

  const char* what() const noexcept override { return message.c_str(); }
  /// The request budget, the deadline or a cancel ended the work: tell what was reached instead.
  bool ended_by_host() const {
    return (flags & PORTOLAN_ERROR_BUDGET) != 0 || code == PORTOLAN_TIMEOUT ||
           code == PORTOLAN_CANCELLED;
  }
};

}  // namespace portolan::inline v1
