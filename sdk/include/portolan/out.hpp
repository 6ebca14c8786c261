#pragma once
/// How items cross the border: as C structs that point into the C++ ones, in batches.
#include <concepts>
#include <string_view>
#include <vector>

#include "items.hpp"

namespace portolan::inline v1 {
namespace detail {

/// The C view of one item; `texts` keeps arrays of texts alive until the batch is emitted.
inline portolan_integration to_raw(const integration& i, std::vector<portolan_str>& texts) {
  for (const auto& word : i.capabilities) texts.push_back(to_abi(word));
  return {sizeof(portolan_integration),
          0,
          to_abi(i.address),
          to_abi(i.product),
          to_abi(i.version),
          to_abi(i.api_version),
          to_abi(i.account),
          to_abi(i.privilege),
          to_abi(i.pull_host),
          to_abi(i.facts_json),
          texts.data(),
          texts.size()};
}
inline portolan_check to_raw(const check& c, std::vector<portolan_str>&) {
  return {sizeof(portolan_check), c.state,           c.code,         c.http_status,
          to_abi(c.name),         to_abi(c.message), to_abi(c.hint), to_abi(c.method),
          to_abi(c.url),          to_abi(c.detail),  c.elapsed_us};
}
inline portolan_measure to_raw(const measure& m, std::vector<portolan_str>&) {
  return {sizeof(portolan_measure),
          m.state,
          m.scope,
          m.kind,
          m.flags,
          m.space_visibility,
          to_abi(m.name),
          to_abi(m.unit),
          to_abi(m.space),
          to_abi(m.hint),
          m.value,
          m.taken_at_ms};
}
inline portolan_space to_raw(const space& s, std::vector<portolan_str>&) {
  return {sizeof(portolan_space),
          s.visibility,
          to_abi(s.name),
          to_abi(s.upstream_id),
          s.repositories,
          s.flags,
          0};
}
inline portolan_repository to_raw(const repository& r, std::vector<portolan_str>&) {
  return {sizeof(portolan_repository),
          0,
          to_abi(r.name),
          to_abi(r.space),
          r.artifacts,
          r.pulls,
          r.updated_ms};
}
inline portolan_tag to_raw(const tag& t, std::vector<portolan_str>&) {
  return {sizeof(portolan_tag), 0, to_abi(t.repository), to_abi(t.name), to_abi(t.digest)};
}
inline portolan_artifact to_raw(const artifact& a, std::vector<portolan_str>& texts) {
  const std::size_t begin = texts.size();
  for (const auto& name : a.tags) texts.push_back(to_abi(name));
  return {sizeof(portolan_artifact),
          0,
          to_abi(a.repository),
          to_abi(a.digest),
          to_abi(a.media_type),
          texts.data() + begin,
          a.tags.size(),
          a.bytes,
          a.pushed_ms};
}
inline portolan_robot to_raw(const robot& r, std::vector<portolan_str>&) {
  return {sizeof(portolan_robot),  0,           to_abi(r.id), to_abi(r.username),
          to_abi(r.secret_handle), r.expires_ms};
}
inline portolan_detection to_raw(const detection& d, std::vector<portolan_str>&) {
  return {sizeof(portolan_detection), d.score, to_abi(d.reason)};
}

template <class T>
std::size_t texts_of(const T& item) {
  if constexpr (std::same_as<T, artifact>)
    return item.tags.size();
  else if constexpr (std::same_as<T, integration>)
    return item.capabilities.size();
  else
    return 0;
}

}  // namespace detail

/// Pushes items to the host: batches of 64, one at a time for checks and single answers.
template <class T>
class out {
 public:
  explicit out(const portolan_sink* sink) : sink_(sink) {}

  /// False: the host has enough or wants to stop; return soon.
  bool push(T item) {
    if (status_ != PORTOLAN_OK) return false;
    batch_.push_back(std::move(item));
    const bool at_once =
        std::same_as<T, check> || std::same_as<T, detection> || std::same_as<T, integration>;
    return at_once || batch_.size() >= 64 ? flush() : true;
  }
  /// Everything pushed so far is covered by `cursor`.
  bool cursor(std::string_view cursor) {
    if (!flush()) return false;
    return keep(sink_->cursor(sink_, to_abi(cursor)));
  }
  bool flush() {
    if (batch_.empty() || status_ != PORTOLAN_OK) return status_ == PORTOLAN_OK;
    std::size_t count = 0;
    for (const T& item : batch_) count += detail::texts_of(item);
    std::vector<portolan_str> texts;
    texts.reserve(count);  // Never grows: items point into it.
    std::vector<typename T::raw> raw;
    raw.reserve(batch_.size());
    for (const T& item : batch_) raw.push_back(detail::to_raw(item, texts));
    const bool more = keep(sink_->emit(sink_, raw.data(), raw.size(), sizeof(typename T::raw)));
    batch_.clear();
    return more;
  }
  /// PORTOLAN_STOP counts as OK: the host has what it wanted.
  portolan_status status() const { return status_ == PORTOLAN_STOP ? PORTOLAN_OK : status_; }

 private:
  bool keep(portolan_status status) {
    if (status_ == PORTOLAN_OK) status_ = status;
    return status_ == PORTOLAN_OK;
  }

  const portolan_sink* sink_;
  std::vector<T> batch_;
  portolan_status status_ = PORTOLAN_OK;
};

}  // namespace portolan::inline v1
