#pragma once
#include "services/call.h"

/// A call without a registry behind it: keeps what the plugin explains.
class FakeCall : public portolan::services::Call {
 public:
  explicit FakeCall(portolan::base::Deadline deadline = {}) : deadline_(std::move(deadline)) {
    table_ = {sizeof table_, 0,    this, 1,       PORTOLAN_NO_DEADLINE, check,
              requests_left, fail, log,  progress};
  }
  const portolan_call* abi() const override { return &table_; }
  std::optional<portolan::base::Error> failure() const override { return failure_; }
  std::uint64_t requests() const override { return 0; }
  std::optional<portolan::base::Secret> sealed(const std::string&) const override { return {}; }
  const portolan::base::Deadline& deadline() const override { return deadline_; }

 private:
  static FakeCall& of(const portolan_call* self) {
    return *static_cast<FakeCall*>(self->host_context);
  }
  static portolan_status check(const portolan_call* self) {
    if (of(self).deadline_.cancel.cancelled()) return PORTOLAN_CANCELLED;
    return of(self).deadline_.passed() ? PORTOLAN_TIMEOUT : PORTOLAN_OK;
  }
  static uint64_t requests_left(const portolan_call*) { return PORTOLAN_NO_BUDGET; }
  static portolan_status fail(const portolan_call* self, const portolan_error* error) {
    const auto text = [](portolan_str from) { return std::string(from.data, from.len); };
    of(self).failure_ = portolan::base::Error{portolan::base::Code(error->code),
                                              text(error->message), text(error->hint)};
    return error->code;
  }
  static void log(const portolan_call*, int32_t, portolan_str, const portolan_kv*, uint64_t) {}
  static void progress(const portolan_call*, uint64_t, uint64_t, portolan_str) {}

  portolan_call table_;
  portolan::base::Deadline deadline_;
  std::optional<portolan::base::Error> failure_;
};
