/// The tables that plugins hold: portolan_host and portolan_http. The barrier for exceptions is
/// here.
#include <algorithm>
#include <cstring>

#include "services/call.h"
#include "services/status.h"

namespace portolan::services {
namespace {

Call* running(const portolan_call* call) {
  return call ? static_cast<Call*>(call->host_context) : nullptr;
}

/// A sink of minor 0 or newer; false when it can't be called.
bool copy_sink(const portolan_http_sink* sink, portolan_http_sink& copy) {
  if (!sink || sink->size < sizeof copy) return false;
  copy = *sink;
  return copy.head && copy.body && copy.done;
}

template <class Body>
portolan_status guarded(Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return PORTOLAN_INTERNAL;
  }
}

portolan_status http_send(const portolan_call* call, const portolan_http_request* request,
                          const portolan_http_sink* sink) {
  return guarded([&] {
    portolan_http_sink copy{};
    if (!running(call) || !request || !copy_sink(sink, copy)) return PORTOLAN_INVALID_ARGUMENT;
    return running(call)->send(*request, copy);
  });
}

portolan_status http_start(const portolan_call* call, const portolan_http_request* request,
                           const portolan_http_sink* sink, std::uint64_t* operation) {
  return guarded([&] {
    portolan_http_sink copy{};
    const bool complete = running(call) && request && operation && copy_sink(sink, copy);
    if (!complete) return PORTOLAN_INVALID_ARGUMENT;
    return running(call)->start(*request, copy, *operation);
  });
}

portolan_status http_wait(const portolan_call* call) {
  return guarded([&]() -> portolan_status {
    return running(call) ? running(call)->wait() : PORTOLAN_INVALID_ARGUMENT;
  });
}

void http_abort(const portolan_call* call, std::uint64_t operation) {
  guarded([&] {
    if (running(call)) running(call)->abort(operation);
    return PORTOLAN_OK;
  });
}

constexpr portolan_http http_table{
    sizeof(portolan_http), 0, http_send, http_start, http_wait, http_abort};

const void* host_service(const portolan_host*, portolan_str id) {
  return view(id) == PORTOLAN_SERVICE_HTTP ? &http_table : nullptr;
}

}  // namespace

const portolan_host* host_table() {
  static const portolan_host table{sizeof(portolan_host), PORTOLAN_ABI_MINOR,       nullptr,
                                   to_abi("portolan"),    to_abi(PORTOLAN_VERSION), host_service};
  return &table;
}

}  // namespace portolan::services
