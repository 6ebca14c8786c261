#include "services/running_call.h"

#include <utility>

#include "services/status.h"

namespace portolan::services {

using base::Code;
using base::Error;
using base::Steady;

namespace {

/// done() of a request that never became an operation.
portolan_status tell(const portolan_http_sink& sink, const Error& error) {
  const auto abi = to_abi(error);
  sink.done(sink.plugin_context, abi.code, &abi);
  return abi.code;
}

constexpr int events_at_once = 256;  // Of one wait(), so that an endless answer can't hold it.

}  // namespace

Error ended_early(Code code) {
  const bool cancelled = code == Code::cancelled;
  return {.code = code,
          .message = cancelled ? "The call was cancelled." : "The call's deadline passed.",
          .hint = cancelled ? "" : "Give it more time with `--timeout`."};
}

Error budget_spent() {
  return {.code = Code::limit,
          .message = "The call's budget of requests is spent.",
          .hint = "Allow more with `--max-requests`.",
          .budget = true};
}

std::uint64_t RunningCall::requests_left() const {
  if (options_.max_requests == PORTOLAN_NO_BUDGET) return PORTOLAN_NO_BUDGET;
  return options_.max_requests - std::min(requests(), options_.max_requests);
}

std::optional<Error> RunningCall::refusal() const {
  if (const auto status = check(); status != PORTOLAN_OK) {
    return ended_early(static_cast<Code>(status));
  }
  if (!budget_left()) return budget_spent();
  return {};
}

portolan_status RunningCall::send(const portolan_http_request& request,
                                  const portolan_http_sink& sink) {
  if (!upstream_) {
    return tell(sink, {.code = Code::invalid_argument,
                       .message = "No request may be made here.",
                       .hint = "This is a mistake of the plugin; tell its author."});
  }
  auto order = read_request(request, *upstream_, options_.anonymous);
  if (!order) return tell(sink, redacted(order.error()));
  if (const auto refused = refusal()) return tell(sink, *refused);
  open_inbox();
  if (!take_slot() && !await_slot()) {
    return tell(sink, ended_early(static_cast<Code>(check())));
  }
  const auto operation = add(*std::move(order), sink);
  pump([&] { return operation->ended(); });
  return operation->result();
}

portolan_status RunningCall::start(const portolan_http_request& request,
                                   const portolan_http_sink& sink, std::uint64_t& number) {
  if (!upstream_) return PORTOLAN_INVALID_ARGUMENT;
  if (const auto refused = refusal()) return to_abi(refused->code);
  open_inbox();
  slot_wanted_ = !take_slot() && operations_.empty();
  if (!slot_) return PORTOLAN_STOP;
  auto order = read_request(request, *upstream_, options_.anonymous);
  if (!order) {
    slot_.give_back();
    return to_abi(order.error().code);
  }
  add(*std::move(order), sink);
  number = last_number_;
  return PORTOLAN_OK;
}

portolan_status RunningCall::wait() {
  if (operations_.empty()) {
    const bool wanted = std::exchange(slot_wanted_, false);
    if (wanted) {
      await_slot();
      return PORTOLAN_OK;
    }
    slot_.give_back();
    return PORTOLAN_STOP;
  }
  const auto before = callbacks_;
  pump([&] { return callbacks_ != before || operations_.empty(); });
  for (int i = 1; i < events_at_once; ++i) {
    auto event = inbox_->next(Steady::time_point());
    if (!event) break;
    dispatch(*std::move(event));
  }
  return PORTOLAN_OK;
}

void RunningCall::abort(std::uint64_t number) {
  const auto found = operations_.find(number);
  if (found == operations_.end()) return;
  const auto operation = found->second;  // Its callback may be running further down.
  operations_.erase(found);
  operation->abandon();
}

void RunningCall::open_inbox() {
  if (inbox_) return;
  inbox_ = upstream_->transport().inbox();
  options_.deadline.cancel.on_cancel([weak = std::weak_ptr(inbox_)] {
    if (const auto inbox = weak.lock()) inbox->wake();
  });
}

bool RunningCall::take_slot() {
  if (!slot_) slot_ = upstream_->slots().take(inbox_, options_.reserved_slot);
  return static_cast<bool>(slot_);
}

bool RunningCall::await_slot() {
  upstream_->slots().queue(inbox_);
  pump([&] { return take_slot(); });
  if (!slot_) upstream_->slots().leave(inbox_);
  return static_cast<bool>(slot_);
}

std::shared_ptr<Operation> RunningCall::add(Order order, const portolan_http_sink& sink) {
  const auto number = ++last_number_;
  auto operation =
      std::make_shared<Operation>(*this, number, std::move(order), sink, std::move(slot_));
  operations_.emplace(number, operation);
  operation->begin();
  return operation;
}

/// Runs what comes until `enough()`, or until the call is cancelled or late and all is ended.
template <class Enough>
void RunningCall::pump(Enough enough) {
  for (;;) {
    if (const auto status = check(); status != PORTOLAN_OK) {
      return end_all(ended_early(static_cast<Code>(status)));
    }
    if (sleepers_ > 0) poll_sleepers();
    if (enough()) return;
    if (auto event = inbox_->next(next_due())) dispatch(*std::move(event));
  }
}

void RunningCall::dispatch(net::Event event) {
  const auto found = operations_.find(operation_of(event.exchange));
  if (found == operations_.end()) return;
  const auto operation = found->second;  // Callbacks may abort it, or start others.
  operation->take(std::move(event));
  forget_if_ended(*operation);
}

void RunningCall::poll_sleepers() {
  std::vector<std::shared_ptr<Operation>> sleepers;
  for (const auto& [number, operation] : operations_) {
    if (operation->sleeping()) sleepers.push_back(operation);
  }
  const auto now = Steady::now();
  for (const auto& operation : sleepers) {
    operation->poll(now);
    forget_if_ended(*operation);
  }
}

void RunningCall::end_all(const Error& error) {
  std::vector<std::shared_ptr<Operation>> all;
  for (const auto& [number, operation] : operations_) all.push_back(operation);
  for (const auto& operation : all) {
    operation->end(error);
    forget_if_ended(*operation);
  }
}

void RunningCall::forget_if_ended(const Operation& operation) {
  if (operation.ended()) operations_.erase(operation.number());
}

Steady::time_point RunningCall::next_due() const {
  auto due = options_.deadline.at;
  if (sleepers_ == 0) return due;
  for (const auto& [number, operation] : operations_) {
    if (operation->sleeping()) due = std::min(due, operation->due());
  }
  return due;
}

}  // namespace portolan::services
