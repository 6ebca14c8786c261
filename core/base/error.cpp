#include "base/error.h"

namespace portolan::base {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::ok: return "ok";
    case Code::unreachable: return "unreachable";
    case Code::tls: return "tls";
    case Code::unauthorized: return "unauthorized";
    case Code::forbidden: return "forbidden";
    case Code::not_found: return "not_found";
    case Code::conflict: return "conflict";
    case Code::rate_limited: return "rate_limited";
    case Code::timeout: return "timeout";
    case Code::cancelled: return "cancelled";
    case Code::unavailable: return "unavailable";
    case Code::unsupported: return "unsupported";
    case Code::invalid_config: return "invalid_config";
    case Code::invalid_argument: return "invalid_argument";
    case Code::protocol: return "protocol";
    case Code::limit: return "limit";
    case Code::policy: return "policy";
    case Code::internal: return "internal";
    case Code::plugin_refused: return "plugin_refused";
    case Code::plugin_disabled: return "plugin_disabled";
    case Code::plugin_missing: return "plugin_missing";
  }
  return "internal";  // A number from a newer peer; -Wswitch keeps the list complete.
}

}  // namespace portolan::base
