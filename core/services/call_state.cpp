#include "services/call_state.h"

#include <algorithm>
#include <atomic>

#include "services/upstream.h"

namespace portolan::services {

using base::Code;
using base::Error;

namespace {

std::atomic<std::uint64_t> last_call{0};

}  // namespace

Error ended_early(Code code) {
  const bool cancelled = code == Code::cancelled;
  return {.code = code,
          .message = cancelled ? "the call was cancelled" : "the call's deadline passed",
          .hint = cancelled ? "" : "Give it more time with `--timeout`."};
}

Error budget_spent() {
  return {.code = Code::limit,
          .message = "the call's budget of requests is spent",
          .hint = "Allow more with `--max-requests`.",
          .budget = true};
}

CallState::CallState(std::shared_ptr<Upstream> upstream, CallOptions options)
    : id_(last_call.fetch_add(1, std::memory_order_relaxed) + 1),
      options_(std::move(options)),
      upstream_(std::move(upstream)) {}

CallState::~CallState() {
  for (const auto& handle : sealed_) upstream_->vault().take(handle);
}

portolan_status CallState::check() const {
  if (options_.deadline.cancel.cancelled()) return PORTOLAN_CANCELLED;
  return options_.deadline.passed() ? PORTOLAN_TIMEOUT : PORTOLAN_OK;
}

std::uint64_t CallState::requests_left() const {
  if (options_.max_requests == PORTOLAN_NO_BUDGET) return PORTOLAN_NO_BUDGET;
  return options_.max_requests - std::min(requests_, options_.max_requests);
}

std::optional<Error> CallState::refusal() const {
  if (const auto status = check(); status != PORTOLAN_OK) {
    return ended_early(static_cast<Code>(status));
  }
  if (requests_left() == 0) return budget_spent();
  return {};
}

const std::shared_ptr<net::Inbox>& CallState::inbox() {
  if (inbox_) return inbox_;
  inbox_ = upstream_->transport().inbox();
  options_.deadline.cancel.on_cancel([weak = std::weak_ptr(inbox_)] {
    if (const auto inbox = weak.lock()) inbox->wake();
  });
  return inbox_;
}

std::string CallState::redact(std::string text) const {
  return upstream_ ? upstream_->vault().redact(std::move(text)) : text;
}

Error CallState::redacted(Error error) const {
  for (auto* text : {&error.message, &error.hint, &error.where}) *text = redact(std::move(*text));
  return error;
}

base::Result<std::string> CallState::seal(base::Secret secret) {
  auto handle = upstream_->vault().seal(std::move(secret));
  if (handle) sealed_.insert(*handle);
  return handle;
}

std::optional<base::Secret> CallState::take_sealed(const std::string& handle) {
  if (sealed_.erase(handle) == 0) return {};
  return upstream_->vault().take(handle);
}

}  // namespace portolan::services
