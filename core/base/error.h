#pragma once
/// One word per kind of failure, everywhere: C ABI, C++, JSON, docs/errors.md.
#include <cstdint>
#include <string>
#include <string_view>

namespace portolan::base {

/// Stable codes. The first group has the numbers of portolan/abi/status.h; the second is the
/// host's own and never crosses the ABI. Texts: to_string() gives the lower-case name.
enum class Code : std::int32_t {
  ok = 0,
  unreachable = 10,
  tls = 11,
  unauthorized = 20,
  forbidden = 21,
  not_found = 22,
  conflict = 23,
  rate_limited = 30,
  timeout = 31,
  cancelled = 32,
  unavailable = 33,
  unsupported = 40,
  invalid_config = 41,
  invalid_argument = 42,
  protocol = 50,
  limit = 51,
  policy = 52,
  internal = 90,

  plugin_refused = 1001,   ///< The file that implements the type was refused at load.
  plugin_disabled = 1002,  ///< It is installed and not enabled.
  plugin_missing = 1003,   ///< Nothing installed implements the type.
};

/// The lower-case name, e.g. "rate_limited". Unknown numbers read "internal".
std::string_view to_string(Code code);

/// What went wrong, where, and what to do. Texts never hold a secret or a query string.
/// Made as Error{.code = …, .message = …}: what is left out has its default.
struct Error {
  Code code = Code::internal;
  std::string message{};         ///< What happened, one sentence.
  std::string hint{};            ///< What to do about it; may be empty.
  std::string where{};           ///< "file:line:column", a field's pointer, or a URL without query.
  std::int32_t http_status = 0;  ///< 0 when no HTTP answer is behind it.
  std::int64_t retry_after_ms = 0;  ///< 0 when the far side did not say.
  bool budget = false;              ///< Code::limit because the call's request budget is spent.
};

}  // namespace portolan::base
