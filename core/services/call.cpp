#include "services/call.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "model/outcome.h"
#include "services/operation.h"
#include "services/status.h"
#include "services/upstream.h"

namespace portolan::services {

using base::Code;
using base::Error;
using base::Steady;

namespace {

constexpr std::uint64_t log_fields_max = 32;

Call& running(const portolan_call* call) { return *static_cast<Call*>(call->host_context); }

portolan_status abi_check(const portolan_call* self) { return running(self).check(); }

std::uint64_t abi_requests_left(const portolan_call* self) { return running(self).requests_left(); }

portolan_status abi_fail(const portolan_call* self, const portolan_error* error) {
  if (!error || error->size < offsetof(portolan_error, message)) return PORTOLAN_INTERNAL;
  try {
    return running(self).fail(*error);
  } catch (...) {
    return PORTOLAN_INTERNAL;
  }
}

void abi_log(const portolan_call* self, std::int32_t level, portolan_str message,
             const portolan_kv* fields, std::uint64_t count) {
  try {
    running(self).log(level, view(message), fields, count);
  } catch (...) {  // A line that can't be kept is not worth a call.
  }
}

void abi_progress(const portolan_call* self, std::uint64_t done, std::uint64_t total,
                  portolan_str what) {
  try {
    running(self).progress(done, total, view(what));
  } catch (...) {  // As above.
  }
}

void abi_remember(const portolan_call* self, portolan_str key, portolan_str value) {
  try {
    running(self).remember(view(key), view(value));
  } catch (...) {  // As above: the next collection asks again.
  }
}

/// done() of a request that never became an operation.
portolan_status tell(const portolan_http_sink& sink, const Error& error) {
  const auto abi = to_abi(error);
  sink.done(sink.plugin_context, abi.code, &abi);
  return abi.code;
}

constexpr int events_at_once = 256;  // Of one wait(), so that an endless answer can't hold it.

}  // namespace

Call::Call(std::shared_ptr<Upstream> upstream, CallOptions options)
    : state_(std::move(upstream), std::move(options)) {
  abi_.size = sizeof abi_;
  abi_.host_context = this;
  abi_.id = state_.id();
  const auto at = deadline().at;
  abi_.deadline_ns = at == Steady::time_point::max()
                         ? PORTOLAN_NO_DEADLINE
                         : std::chrono::nanoseconds(at.time_since_epoch()).count();
  abi_.check = abi_check;
  abi_.requests_left = abi_requests_left;
  abi_.fail = abi_fail;
  abi_.log = abi_log;
  abi_.progress = abi_progress;
  abi_.remember = abi_remember;
}

Call::~Call() {
  for (const auto& [number, operation] : operations_) operation->abandon();
  operations_.clear();
}

portolan_status Call::fail(const portolan_error& error) {
  failure_ = state_.redacted(from_abi(error));
  return to_abi(failure_->code);
}

bool Call::may_log() {
  const auto now = Steady::now();
  const std::chrono::duration<double> passed = now - std::exchange(logged_at_, now);
  log_credit_ =
      std::min<double>(model::limits::log_lines_burst,
                       log_credit_ + passed.count() * model::limits::log_lines_per_second);
  if (log_credit_ < 1) {
    ++lines_dropped_;
    return false;
  }
  log_credit_ -= 1;
  return true;
}

void Call::log(int level, std::string_view message, const portolan_kv* fields,
               std::uint64_t count) {
  level = std::clamp<int>(level, PORTOLAN_LOG_DEBUG, PORTOLAN_LOG_ERROR);
  if (!state_.options().log.wants(level) || !may_log()) return;
  const auto clean = [&](std::string_view text) {
    return redact(base::clean_text(text, model::limits::text_bytes));
  };
  LogLine line;
  line.level = level;
  line.call = abi_.id;
  if (state_.has_upstream()) line.registry = state_.upstream().registry().name;
  line.message = clean(message);
  for (std::uint64_t i = 0; fields && i < std::min(count, log_fields_max); ++i) {
    line.fields.emplace_back(clean(view(fields[i].key)), clean(view(fields[i].value)));
  }
  if (const auto dropped = std::exchange(lines_dropped_, 0)) {
    line.fields.emplace_back("lines_dropped", std::to_string(dropped));
  }
  state_.options().log.take(line);
}

void Call::progress(std::uint64_t done, std::uint64_t total, std::string_view what) {
  progress_ = std::max(progress_, done);
  if (!state_.options().progress) return;
  state_.options().progress(progress_, total,
                            redact(base::clean_text(what, model::limits::text_bytes)));
}

void Call::lend(model::Memory& memory) {
  memory_ = &memory;
  for (const auto& [key, value] : memory.recalled)
    recalled_.push_back({to_abi(key), to_abi(value)});
  abi_.notes = recalled_.data();
  abi_.note_count = recalled_.size();
}

void Call::remember(std::string_view key, std::string_view value) {
  namespace limits = model::limits;
  if (!memory_ || key.empty() || key.size() > limits::note_key_bytes ||
      value.size() > limits::note_bytes)
    return;
  // Notes are kept in the open. A plugin sees no secret, but an upstream may have sent it one back.
  std::string own_key(key), own_value(value);
  if (redact(own_key) != key || redact(own_value) != value) return;
  model::Notes& notes = memory_->remembered;
  const auto known = notes.find(own_key);
  const std::size_t before = known == notes.end() ? 0 : key.size() + known->second.size();
  const std::size_t bytes = remembered_bytes_ - before + key.size() + value.size();
  if (bytes > limits::notes_bytes || (known == notes.end() && notes.size() == limits::notes))
    return;
  remembered_bytes_ = bytes;
  notes.insert_or_assign(std::move(own_key), std::move(own_value));
}

// Requests.

portolan_status Call::send(const portolan_http_request& request, const portolan_http_sink& sink) {
  if (!state_.has_upstream()) {
    return tell(sink, {.code = Code::invalid_argument,
                       .message = "no request may be made here",
                       .hint = "This is a mistake of the plugin; tell its author."});
  }
  auto order = read_request(request, state_.upstream(), state_.options().anonymous);
  if (!order) return tell(sink, state_.redacted(order.error()));
  if (const auto refused = state_.refusal()) return tell(sink, *refused);
  if (!take_slot() && !await_slot()) {
    return tell(sink, ended_early(static_cast<Code>(check())));
  }
  const auto operation = add(*std::move(order), sink);
  pump([&] { return operation->ended(); });
  return operation->result();
}

portolan_status Call::start(const portolan_http_request& request, const portolan_http_sink& sink,
                            std::uint64_t& number) {
  if (!state_.has_upstream()) return PORTOLAN_INVALID_ARGUMENT;
  if (const auto refused = state_.refusal()) return to_abi(refused->code);
  slot_wanted_ = !take_slot() && operations_.empty();
  if (!slot_) return PORTOLAN_STOP;
  auto order = read_request(request, state_.upstream(), state_.options().anonymous);
  if (!order) {
    slot_.give_back();
    return to_abi(order.error().code);
  }
  add(*std::move(order), sink);
  number = last_number_;
  return PORTOLAN_OK;
}

portolan_status Call::wait() {
  if (operations_.empty()) {
    const bool wanted = std::exchange(slot_wanted_, false);
    if (wanted) {
      await_slot();
      return PORTOLAN_OK;
    }
    slot_.give_back();
    return PORTOLAN_STOP;
  }
  const auto before = state_.callbacks();
  pump([&] { return state_.callbacks() != before || operations_.empty(); });
  for (int i = 1; i < events_at_once; ++i) {
    auto event = state_.inbox()->next(Steady::time_point());
    if (!event) break;
    dispatch(*std::move(event));
  }
  return PORTOLAN_OK;
}

void Call::abort(std::uint64_t number) {
  const auto found = operations_.find(number);
  if (found == operations_.end()) return;
  const auto operation = found->second;  // Its callback may be running further down.
  operations_.erase(found);
  operation->abandon();
}

bool Call::take_slot() {
  if (!slot_)
    slot_ = state_.upstream().slots().take(state_.inbox(), state_.options().reserved_slot);
  return static_cast<bool>(slot_);
}

bool Call::await_slot() {
  state_.upstream().slots().queue(state_.inbox());
  pump([&] { return take_slot(); });
  if (!slot_) state_.upstream().slots().leave(state_.inbox());
  return static_cast<bool>(slot_);
}

std::shared_ptr<Operation> Call::add(Order order, const portolan_http_sink& sink) {
  const auto number = ++last_number_;
  auto operation =
      std::make_shared<Operation>(state_, number, std::move(order), sink, std::move(slot_));
  operations_.emplace(number, operation);
  operation->begin();
  return operation;
}

/// Runs what comes until `enough()`, or until the call is cancelled or late and all is ended.
template <class Enough>
void Call::pump(Enough enough) {
  for (;;) {
    if (const auto status = check(); status != PORTOLAN_OK) {
      return end_all(ended_early(static_cast<Code>(status)));
    }
    if (state_.sleepers() > 0) poll_sleepers();
    if (enough()) return;
    if (auto event = state_.inbox()->next(next_due())) dispatch(*std::move(event));
  }
}

void Call::dispatch(net::Event event) {
  const auto found = operations_.find(operation_of(event.exchange));
  if (found == operations_.end()) return;
  const auto operation = found->second;  // Callbacks may abort it, or start others.
  operation->take(std::move(event));
  forget_if_ended(*operation);
}

void Call::poll_sleepers() {
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

void Call::end_all(const Error& error) {
  std::vector<std::shared_ptr<Operation>> all;
  for (const auto& [number, operation] : operations_) all.push_back(operation);
  for (const auto& operation : all) {
    operation->end(error);
    forget_if_ended(*operation);
  }
}

void Call::forget_if_ended(const Operation& operation) {
  if (operation.ended()) operations_.erase(operation.number());
}

Steady::time_point Call::next_due() const {
  auto due = deadline().at;
  if (state_.sleepers() == 0) return due;
  for (const auto& [number, operation] : operations_) {
    if (operation->sleeping()) due = std::min(due, operation->due());
  }
  return due;
}

}  // namespace portolan::services
