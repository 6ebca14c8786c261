#pragma once
/// One running operation, as an author sees it. Use it on its own thread, until it returns.
#include <algorithm>
#include <optional>
#include <ranges>
#include <span>

#include "in_flight.hpp"

namespace portolan::inline v1 {

class call {
 public:
  call(const portolan_call* raw, const portolan_http* http, v1::auth default_auth)
      : line_{raw, http, default_auth} {}

  /// GET below the base; an answer of any status. Throws failure when no whole answer came.
  response get(std::string url) { return send(request(std::move(url))); }

  response send(const request& wanted) {
    const detail::abi_request raw(wanted, line_.default_auth);
    detail::collector collected;
    collected.answer.method = wanted.method;
    const auto sink = collected.sink();
    const portolan_status status = line_.http->send(line_.call, &raw.raw, &sink);
    if (collected.answer.lost) throw *collected.answer.lost;
    if (status != PORTOLAN_OK) throw detail::refused(status, wanted);
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
  bool goes_on() const { return line_.goes_on(); }
  /// Throws the failure that stands for a cancel or the deadline, if either is there.
  void check() const {
    if (const auto status = raw()->check(raw()); status != PORTOLAN_OK)
      throw failure(status, status == PORTOLAN_CANCELLED ? "cancelled" : "the deadline has passed");
  }
  std::uint64_t requests_left() const { return raw()->requests_left(raw()); }

  void log(int level, std::string_view message,
           const std::vector<std::pair<std::string, std::string>>& fields = {}) const {
    std::vector<portolan_kv> pairs;
    for (const auto& [key, value] : fields) pairs.push_back({to_abi(key), to_abi(value)});
    raw()->log(raw(), level, to_abi(message), pairs.data(), pairs.size());
  }
  void progress(std::uint64_t done, std::uint64_t total, std::string_view what) const {
    raw()->progress(raw(), done, total, to_abi(what));
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
  std::span<const portolan_kv> recalled() const { return {raw()->notes, raw()->note_count}; }
  /// Keeps a note (key up to 512 bytes, value up to 1 kB) for the next collection. What is not
  /// remembered again is forgotten, unless nothing is remembered at all.
  void remember(std::string_view key, std::string_view value) const {
    raw()->remember(raw(), to_abi(key), to_abi(value));
  }

  const portolan_call* raw() const { return line_.call; }

 private:
  friend class fan;
  detail::line line_;
};

inline fan::fan(call& of, source more) : line_(of.line_), more_(std::move(more)) {}

template <std::ranges::input_range Range, class Each>
ended call::each(Range&& wanted, Each&& each) {
  auto next = std::ranges::begin(wanted);
  std::size_t index = 0;
  fan out(*this, [&] {
    if (next == std::ranges::end(wanted)) return;
    out.add(request(*next),
            [&each, at = index++](response&& answer) { each(std::move(answer), at); });
    ++next;
  });
  return out.run();
}

}  // namespace portolan::inline v1
