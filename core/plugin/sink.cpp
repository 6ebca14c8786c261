#include "plugin/sink.h"

#include <exception>
#include <utility>

namespace portolan::plugin {

constexpr std::uint64_t stride_max = 64 * 1024;

Sink::Sink(std::uint32_t least_size, std::uint64_t items_max, Take take, Flush flush)
    : table_{sizeof(portolan_sink), 0, this, &Sink::emit, &Sink::set_cursor},
      least_size_(least_size),
      items_max_(items_max),
      take_(std::move(take)),
      flush_(std::move(flush)) {}

portolan_status Sink::broken(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
  return PORTOLAN_PROTOCOL;
}

portolan_status Sink::take_batch(const void* items, std::uint64_t count, std::uint64_t stride) {
  if (!problem_.empty()) return PORTOLAN_PROTOCOL;
  if (stopped_) return PORTOLAN_STOP;
  if (count == 0) return PORTOLAN_OK;
  if (count > model::limits::batch_items) {
    return broken("it emits " + std::to_string(count) + " items at once, at most " +
                  std::to_string(model::limits::batch_items) + " are allowed");
  }
  if (!items) return broken("it emits items at a null pointer");
  if (stride < least_size_ || stride > stride_max)
    return broken("its stride is " + std::to_string(stride));
  if (count > items_max_ - taken_) {
    return broken("it emits more than " + std::to_string(items_max_) + " items in one call");
  }
  const char* at = static_cast<const char*>(items);
  for (std::uint64_t i = 0; i < count; ++i, at += stride) {
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    if (size > stride) return broken("an item says it is larger than the stride");
    if (std::string problem = take_(at); !problem.empty()) return broken(std::move(problem));
    ++taken_;
  }
  if (flush_ && !flush_()) stopped_ = true;
  return stopped_ ? PORTOLAN_STOP : PORTOLAN_OK;
}

portolan_status Sink::emit(const portolan_sink* self, const void* items, std::uint64_t count,
                           std::uint64_t stride) {
  auto& sink = *static_cast<Sink*>(self->host_context);
  // Tag [in-call]; nothing is written, so that even a plugin with threads makes no race here.
  if (std::this_thread::get_id() != sink.thread_) return PORTOLAN_INVALID_ARGUMENT;
  try {
    return sink.take_batch(items, count, stride);
  } catch (const std::exception& problem) {
    return sink.broken(std::string("its items cannot be kept: ") + problem.what());
  }
}

portolan_status Sink::set_cursor(const portolan_sink* self, portolan_str cursor) {
  auto& sink = *static_cast<Sink*>(self->host_context);
  if (std::this_thread::get_id() != sink.thread_) return PORTOLAN_INVALID_ARGUMENT;
  if (cursor.len > model::limits::cursor_bytes || !base::is_utf8(view(cursor))) {
    return sink.broken("its cursor is no UTF-8 text of at most " +
                       std::to_string(model::limits::cursor_bytes) + " bytes");
  }
  sink.cursor_ = view(cursor);
  return PORTOLAN_OK;
}

}  // namespace portolan::plugin
