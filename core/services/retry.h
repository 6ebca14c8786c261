#pragma once
/// When a request is tried again, and after how long. Pure: values in, values out.
#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/transport.h"

namespace portolan::services {

/// 429, 502, 503 and 504: the far side is there and says "not now".
bool is_worth_retrying(int http_status);

/// No answer began: unreachable, or a connection that was not made in time.
bool is_worth_retrying(const base::Error& error, net::Facts::Stage reached);

/// `Retry-After` (RFC 9110 §10.2.3): seconds or an HTTP date in any of its three forms. nullopt
/// when it is neither; never negative.
std::optional<std::chrono::milliseconds> parse_retry_after(
    std::string_view value, std::chrono::system_clock::time_point now);

/// What the headers of an answer ask for; zero when they do not.
std::chrono::milliseconds asked_patience(const std::vector<net::Header>& headers);

/// The pause before retry 1, 2, ...: doubling from 200 ms, of which `luck` (0..1) takes up to a
/// half.
std::chrono::milliseconds back_off(int retry, double luck);

}  // namespace portolan::services
