#include "services/call.h"

#include <algorithm>

#include "base/text.h"
#include "services/running_call.h"
#include "services/status.h"

namespace portolan::services {

using base::Code;
using base::Error;

namespace {

constexpr std::uint64_t log_fields_max = 32;
std::atomic<std::uint64_t> last_call{0};

RunningCall& running(const portolan_call* call) {
  return *static_cast<RunningCall*>(call->host_context);
}

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

}  // namespace

std::shared_ptr<Call> Call::make(std::shared_ptr<Upstream> upstream, CallOptions options) {
  return std::make_shared<RunningCall>(std::dynamic_pointer_cast<LiveUpstream>(std::move(upstream)),
                                       std::move(options));
}

RunningCall::RunningCall(std::shared_ptr<LiveUpstream> upstream, CallOptions options)
    : upstream_(std::move(upstream)), options_(std::move(options)) {
  abi_.size = sizeof abi_;
  abi_.host_context = this;
  abi_.id = ++last_call;
  const auto at = options_.deadline.at;
  abi_.deadline_ns = at == base::Steady::time_point::max()
                         ? PORTOLAN_NO_DEADLINE
                         : std::chrono::nanoseconds(at.time_since_epoch()).count();
  abi_.check = abi_check;
  abi_.requests_left = abi_requests_left;
  abi_.fail = abi_fail;
  abi_.log = abi_log;
  abi_.progress = abi_progress;
  random_.seed(static_cast<unsigned>(abi_.id ^ base::Steady::now().time_since_epoch().count()));
}

RunningCall::~RunningCall() {
  for (const auto& [number, operation] : operations_) operation->abandon();
  operations_.clear();
  base::Lock lock(mutex_);
  for (const auto& handle : sealed_) upstream_->vault().take(handle);
}

portolan_status RunningCall::check() const {
  if (options_.deadline.cancel.cancelled()) return PORTOLAN_CANCELLED;
  return options_.deadline.passed() ? PORTOLAN_TIMEOUT : PORTOLAN_OK;
}

portolan_status RunningCall::fail(const portolan_error& error) {
  auto copy = redacted(from_abi(error));
  const auto code = to_abi(copy.code);
  base::Lock lock(mutex_);
  failure_ = std::move(copy);
  return code;
}

std::optional<Error> RunningCall::failure() const {
  base::Lock lock(mutex_);
  return failure_;
}

std::string RunningCall::redact(std::string text) const {
  return upstream_ ? upstream_->vault().redact(std::move(text)) : text;
}

Error RunningCall::redacted(Error error) const {
  for (auto* text : {&error.message, &error.hint, &error.where}) *text = redact(std::move(*text));
  return error;
}

bool RunningCall::may_log() {
  const auto now = base::Steady::now();
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

void RunningCall::log(int level, std::string_view message, const portolan_kv* fields,
                      std::uint64_t count) {
  if (!options_.log || !may_log()) return;
  const auto clean = [&](std::string_view text) {
    return redact(base::clean_text(text, model::limits::text_bytes));
  };
  LogLine line;
  line.level = std::clamp<int>(level, PORTOLAN_LOG_DEBUG, PORTOLAN_LOG_ERROR);
  line.call = abi_.id;
  if (upstream_) line.registry = upstream_->registry().name;
  line.message = clean(message);
  for (std::uint64_t i = 0; fields && i < std::min(count, log_fields_max); ++i) {
    line.fields.emplace_back(clean(view(fields[i].key)), clean(view(fields[i].value)));
  }
  if (const auto dropped = std::exchange(lines_dropped_, 0)) {
    line.fields.emplace_back("lines_dropped", std::to_string(dropped));
  }
  options_.log(line);
}

void RunningCall::progress(std::uint64_t done, std::uint64_t total, std::string_view what) {
  progress_ = std::max(progress_, done);
  if (!options_.progress) return;
  options_.progress(progress_, total, redact(base::clean_text(what, model::limits::text_bytes)));
}

base::Result<std::string> RunningCall::seal(base::Secret secret) {
  auto handle = upstream_->vault().seal(std::move(secret));
  if (!handle) return handle;
  base::Lock lock(mutex_);
  sealed_.insert(*handle);
  return handle;
}

std::optional<base::Secret> RunningCall::take_sealed(const std::string& handle) {
  base::Lock lock(mutex_);
  if (sealed_.erase(handle) == 0) return {};
  return upstream_->vault().take(handle);
}

}  // namespace portolan::services
