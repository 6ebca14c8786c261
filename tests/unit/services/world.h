#pragma once
/// A registry on a scripted transport, and a plugin's view of a call to it.
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include <portolan/abi/abi.h>

#include "services/call.h"
#include "services/upstream.h"
#include "support/scripted_transport.h"

namespace portolan::tests {

/// What a plugin was told about one request.
struct Answer {
  int heads = 0, dones = 0;
  int status = 0;
  portolan_status code = -1, done = -1;
  std::uint32_t attempts = 0, flags = 0;
  std::int64_t retry_after_ms = 0;
  std::string body, url, message, hint, error_url;
  std::map<std::string, std::string> headers;
  portolan_status head_returns = PORTOLAN_OK, body_returns = PORTOLAN_OK;
  std::function<void()> at_done;
  portolan_http_sink sink{sizeof(portolan_http_sink), 0, this, on_head, on_body, on_done};

  Answer() = default;
  Answer(const Answer&) = delete;

 private:
  static std::string text(const portolan_str& str) { return {str.data ? str.data : "", str.len}; }
  static portolan_status on_head(void* self, const portolan_http_response* response) {
    auto& answer = *static_cast<Answer*>(self);
    ++answer.heads;
    answer.status = response->status;
    answer.code = response->code;
    answer.attempts = response->attempts;
    answer.retry_after_ms = response->retry_after_ms;
    answer.url = text(response->url);
    answer.message = text(response->message);
    for (std::uint64_t i = 0; i < response->header_count; ++i) {
      answer.headers[text(response->headers[i].key)] = text(response->headers[i].value);
    }
    return answer.head_returns;
  }
  static portolan_status on_body(void* self, const std::uint8_t* bytes, std::uint64_t count) {
    auto& answer = *static_cast<Answer*>(self);
    answer.body.append(reinterpret_cast<const char*>(bytes), count);
    return answer.body_returns;
  }
  static void on_done(void* self, portolan_status status, const portolan_error* error) {
    auto& answer = *static_cast<Answer*>(self);
    ++answer.dones;
    answer.done = status;
    if (error) {
      answer.flags = error->flags;
      answer.message = text(error->message);
      answer.hint = text(error->hint);
      answer.error_url = text(error->url);
    }
    if (answer.at_done) answer.at_done();
  }
};

inline portolan_str str(std::string_view text) { return {text.data(), text.size()}; }

inline portolan_http_request request(std::string_view url,
                                     std::uint32_t auth = PORTOLAN_AUTH_NONE) {
  portolan_http_request request{};
  request.size = sizeof request;
  request.url = str(url);
  request.auth = auth;
  return request;
}

inline const portolan_http& http() {
  return *static_cast<const portolan_http*>(
      services::host_table()->service(services::host_table(), str(PORTOLAN_SERVICE_HTTP)));
}

inline const std::string canary = "c4nary-p@ss word";
inline const std::string basic_of_canary = "Basic dXNlcjpjNG5hcnktcEBzcyB3b3Jk";

struct World {
  explicit World(ScriptedTransport::Script script) : transport(std::move(script)) {
    options.registry.name = "one";
    options.registry.address = "https://registry.example";
  }

  World& with_password(const std::string& password = canary) {
    options.registry.credentials.username = "user";
    options.registry.credentials.password = base::Secret(password);
    return *this;
  }

  services::Upstream& open() {
    if (!upstream) {
      auto opened = services::Upstream::open(transport, options);
      if (!opened) throw std::runtime_error(opened.error().message);
      upstream = *opened;
    }
    return *upstream;
  }

  std::shared_ptr<services::Call> call(services::CallOptions call_options = {}) {
    open();
    return std::make_shared<services::Call>(upstream, std::move(call_options));
  }

  /// One request in a call of its own.
  portolan_status send(const portolan_http_request& what, Answer& answer) {
    return http().send(call()->abi(), &what, &answer.sink);
  }

  ScriptedTransport transport;
  services::UpstreamOptions options;
  std::shared_ptr<services::Upstream> upstream;
};

inline portolan_status start(services::Call& call, const portolan_http_request& what,
                             Answer& answer) {
  std::uint64_t number = 0;
  return http().start(call.abi(), &what, &answer.sink, &number);
}

inline void wait_for_all(services::Call& call) {
  while (http().wait(call.abi()) == PORTOLAN_OK) {
  }
}

}  // namespace portolan::tests
