#include "services/retry.h"

#include <charconv>
#include <ctime>
#include <string>

#include "services/request.h"

namespace portolan::services {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool is_worth_retrying(int http_status) {
  return http_status == 429 || (http_status >= 502 && http_status <= 504);
}

bool is_worth_retrying(const base::Error& error, net::Facts::Stage reached) {
  if (error.code == base::Code::unreachable) return true;
  return error.code == base::Code::timeout && reached < net::Facts::Stage::http;
}

std::optional<milliseconds> parse_retry_after(std::string_view value,
                                              std::chrono::system_clock::time_point now) {
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  if (value.empty() || value.size() > 64) return {};

  constexpr long year = 366L * 24 * 3600;
  long number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (end == value.data() + value.size()) {
    const bool too_large = problem == std::errc::result_out_of_range;
    if (number < 0) return {};
    return seconds(too_large || number > year ? year : number);
  }

  const std::string text(value);
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* rest = strptime(text.c_str(), form, &parts);
    if (!rest || *rest) continue;
    const auto at = std::chrono::system_clock::from_time_t(timegm(&parts));
    return at <= now ? milliseconds(0) : std::chrono::ceil<milliseconds>(at - now);
  }
  return {};
}

milliseconds asked_patience(const std::vector<net::Header>& headers) {
  const auto value = value_of(headers, "retry-after");
  if (value.empty()) return milliseconds(0);
  return parse_retry_after(value, std::chrono::system_clock::now()).value_or(milliseconds(0));
}

milliseconds back_off(int retry, double luck) {
  const double whole = 200.0 * static_cast<double>(1 << (retry - 1));
  return milliseconds(static_cast<long>(whole * (1.0 - luck / 2)));
}

}  // namespace portolan::services
