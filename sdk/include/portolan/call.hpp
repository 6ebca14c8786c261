#pragma once
/// One running operation, as an author sees it. Use it on its own thread, until it returns.
#include <algorithm>
#include <optional>
#include <ranges>
#include <span>

#include "http.hpp"

namespace portolan::inline v1 {

class fan;

class call {
 public:
  call(const portolan_call* raw, const portolan_http* http, v1::auth default_auth)
      : raw_(raw), http_(http), default_auth_(default_auth) {}

  /// GET below the base; an answer of any status. Throws failure when no whole answer came.
  response get(std::string url) { return send(request(std::move(url))); }

  response send(const request& wanted) {
    const detail::abi_request raw(wanted, default_auth_);
    detail::collector collected;
    collected.answer.method = wanted.method;
    const auto sink = collected.sink();
    const portolan_status status = http_->send(raw_, &raw.raw, &sink);
    if (collected.answer.lost) throw *collected.answer.lost;
    if (status != PORTOLAN_OK) throw refused(status, wanted);
    return std::move(collected.answer);
  }

  /// Sends every request of `wanted` (a range of request, std::string or const char*; may be lazy),
  /// as many at once as the host permits, and calls `each(response&&, index)` as answers come, in
  /// any order.
  template <std::ranges::input_range Range, class Each>
  ended each(Range&& wanted, Each&& each);

  /// Gets `first` and what its Link headers name as next (see pager), one page after the other, and
  /// calls `each(const response&)` with every 2xx. Throws the failure of any other answer.
  template <class Each>
  ended each_page(std::string first, Each&& each);

  /// Like send(), but a lost answer is given back with `lost` set, as in a fan-out. Throws only
  /// when the call itself is at its end: budget, deadline, cancel.
  response attempt(const request& wanted) try {
    return send(wanted);
  } catch (const failure& problem) {
    if ((problem.flags & PORTOLAN_ERROR_BUDGET) != 0 || !goes_on()) throw;
    response answer;
    answer.method = wanted.method;
    answer.url = problem.url;
    answer.lost = problem;
    return answer;
  }

  /// False once cancelled or late: emit what was reached and return.
  bool goes_on() const { return raw_->check(raw_) == PORTOLAN_OK; }
  /// Throws the failure that stands for a cancel or the deadline, if either is there.
  void check() const {
    if (const auto status = raw_->check(raw_); status != PORTOLAN_OK)
      throw failure(status, status == PORTOLAN_CANCELLED ? "cancelled" : "the deadline has passed");
  }
  std::uint64_t requests_left() const { return raw_->requests_left(raw_); }

  void log(int level, std::string_view message,
           const std::vector<std::pair<std::string, std::string>>& fields = {}) const {
    std::vector<portolan_kv> raw;
    for (const auto& [key, value] : fields) raw.push_back({to_abi(key), to_abi(value)});
    raw_->log(raw_, level, to_abi(message), raw.data(), raw.size());
  }
  void progress(std::uint64_t done, std::uint64_t total, std::string_view what) const {
    raw_->progress(raw_, done, total, to_abi(what));
  }

  /// In collect(): what the collection before remembered under `key`; nothing more often than one
  /// thinks. Compare what belongs to it with what the registry says now, then spare the request.
  std::optional<std::string_view> recall(std::string_view key) const {
    const auto before = [](const portolan_kv& note, std::string_view wanted) {
      return view(note.key) < wanted;
    };
    const auto found = std::lower_bound(recalled().begin(), recalled().end(), key, before);
    if (found == recalled().end() || view(found->key) != key) return std::nullopt;
    return view(found->value);
  }
  /// Everything that can be recalled, by key.
  std::span<const portolan_kv> recalled() const { return {raw_->notes, raw_->note_count}; }
  /// Keeps a note (key up to 512 bytes, value up to 1 kB) for the next collection. What is not
  /// remembered again is forgotten, unless nothing is remembered at all.
  void remember(std::string_view key, std::string_view value) const {
    raw_->remember(raw_, to_abi(key), to_abi(value));
  }

  const portolan_call* raw() const { return raw_; }

 private:
  friend class fan;

  static failure refused(portolan_status status, const request& wanted) {
    switch (status) {
      case PORTOLAN_LIMIT: {
        failure problem(status, "the request budget of this call is spent", "raise --max-requests");
        problem.flags = PORTOLAN_ERROR_BUDGET;
        return problem;
      }
      case PORTOLAN_TIMEOUT: return {status, "the deadline has passed", "raise the timeout"};
      case PORTOLAN_CANCELLED: return {status, "cancelled"};
      default:
        return {status, "the host refused the request " + wanted.method + " " +
                            wanted.url.substr(0, wanted.url.find('?'))};
    }
  }

  const portolan_call* raw_;
  const portolan_http* http_;
  v1::auth default_auth_;
};

}  // namespace portolan::inline v1

#include "fan.hpp"  // IWYU pragma: keep
