#include "services/status.h"

#include <cstddef>

#include "base/text.h"
#include "model/limits.h"

namespace portolan::services {

using base::Code;

namespace {

Meaning meaning_of_401(Proof proof) {
  switch (proof) {
    case Proof::nothing:
      return {Code::unauthorized, "the registry wants credentials",
              "Give a user name and a password."};
    case Proof::secret:
      return {Code::unauthorized, "the registry refuses the user name or the password",
              "Check both; a robot's name has a prefix that belongs to it."};
    case Proof::token: break;
  }
  return {Code::unauthorized, "the registry refuses this to the token that it had issued for it",
          "Give the account the right, or use another account."};
}

/// May the same request succeed later?
bool is_retryable(Code code) {
  return code == Code::unreachable || code == Code::rate_limited || code == Code::timeout ||
         code == Code::unavailable;
}

}  // namespace

Meaning meaning_of(int http_status, Proof proof) {
  switch (http_status) {
    case 401: return meaning_of_401(proof);
    case 402:
    case 451:
      return {Code::forbidden, "the registry refuses this for a reason that is not technical",
              "Ask whoever runs the registry; the account may be out of quota."};
    case 403:
      return {Code::forbidden, "the account may not do this",
              "Give the account the right, or use another account."};
    case 404:
    case 410:
      return {Code::not_found, "the registry has nothing there",
              "Check the address and the registry's type."};
    case 405:
    case 501: return {Code::unsupported, "the registry does not offer this", ""};
    case 407:
      return {Code::unreachable, "the proxy wants credentials",
              "Check the registry's `proxy` (`--proxy`)."};
    case 408:
      return {Code::timeout, "the registry gave up waiting for the request", "Try again later."};
    case 409:
    case 412:
    case 423:
      return {Code::conflict, "the registry holds something that is in the way",
              "Look at what is there already."};
    case 429:
      return {Code::rate_limited, "the registry asks for fewer requests",
              "Wait, or lower `--concurrency`."};
    case 502:
    case 503:
    case 504:
      return {Code::unavailable, "the registry, or what stands before it, is not available",
              "Look at the registry's health; try again later."};
    default: break;
  }
  if (http_status >= 200 && http_status < 400) return {};
  if (http_status >= 500 && http_status < 600) {
    return {Code::unavailable, "the registry failed at this request",
            "Look at the registry's own log."};
  }
  return {Code::protocol, "the registry answered with a status that does not belong here",
          "Check that the address belongs to a registry of this type."};
}

portolan_error to_abi(const base::Error& error) {
  portolan_error abi{};
  abi.size = sizeof abi;
  abi.code = to_abi(error.code);
  abi.http_status = error.http_status;
  if (is_retryable(error.code)) abi.flags |= PORTOLAN_ERROR_RETRYABLE;
  if (error.budget) abi.flags |= PORTOLAN_ERROR_BUDGET;
  abi.retry_after_ms = error.retry_after_ms;
  abi.message = to_abi(std::string_view(error.message));
  abi.hint = to_abi(std::string_view(error.hint));
  abi.url = to_abi(std::string_view(error.where));
  return abi;
}

base::Error from_abi(const portolan_error& error) {
  // Only what the sender's minor knew may be read (L8).
  const auto text = [&](std::size_t end, const portolan_str& value) {
    return error.size >= end ? base::clean_text(view(value), model::limits::text_bytes)
                             : std::string();
  };
#define PORTOLAN_TEXT(field) \
  text(offsetof(portolan_error, field) + sizeof(portolan_str), error.field)
  base::Error result;
  result.code = static_cast<Code>(error.code);
  // The host's own codes never cross the ABI, and what is no code at all reads as internal.
  if (error.code == PORTOLAN_OK || error.code > PORTOLAN_INTERNAL ||
      base::to_string(result.code) == "internal") {
    result.code = Code::internal;
  }
  result.http_status = error.http_status;
  result.retry_after_ms = error.retry_after_ms;
  result.budget = (error.flags & PORTOLAN_ERROR_BUDGET) != 0;
  result.message = PORTOLAN_TEXT(message);
  result.hint = PORTOLAN_TEXT(hint);
  result.where = PORTOLAN_TEXT(pointer);
  if (result.where.empty()) result.where = PORTOLAN_TEXT(url);
#undef PORTOLAN_TEXT
  if (result.message.empty()) result.message = "the plugin gave no reason";
  return result;
}

}  // namespace portolan::services
