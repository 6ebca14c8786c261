#pragma once
#include <portolan/abi/abi.h>

#include <functional>
#include <string>
#include <thread>

#include "plugin/abi_read.h"

namespace portolan::plugin {

/// Where one call of a plugin pushes its items: bounds, strides and sizes are checked here, and no
/// exception goes back into the plugin. Used by the thread of the call only.
class Sink {
 public:
  /// Takes one item; what promise it breaks, or empty.
  using Take = std::function<std::string(const void* item)>;
  /// After each batch; false = enough.
  using Flush = std::function<bool()>;

  /// At most `items_max` items, each at least `least_size` bytes.
  Sink(std::uint32_t least_size, std::uint64_t items_max, Take take, Flush flush = {});
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  const portolan_sink* abi() const { return &table_; }
  std::uint64_t taken() const { return taken_; }
  bool stopped() const { return stopped_; }  ///< The receiver had enough.
  const std::string& cursor() const { return cursor_; }
  /// How the plugin broke the contract, or empty. From then on emit() answers PORTOLAN_PROTOCOL.
  const std::string& problem() const { return problem_; }

 private:
  static portolan_status emit(const portolan_sink* self, const void* items, std::uint64_t count,
                              std::uint64_t stride);
  static portolan_status set_cursor(const portolan_sink* self, portolan_str cursor);
  portolan_status take_batch(const void* items, std::uint64_t count, std::uint64_t stride);
  portolan_status broken(std::string problem);

  portolan_sink table_;
  const std::uint32_t least_size_;
  const std::uint64_t items_max_;
  const Take take_;
  const Flush flush_;
  const std::thread::id thread_ = std::this_thread::get_id();
  std::uint64_t taken_ = 0;
  bool stopped_ = false;
  std::string cursor_, problem_;
};

/// The sink of items of type T; `take` gets a copy of each.
template <class T>
Sink::Take each(std::function<std::string(const T&)> take) {
  return [take = std::move(take)](const void* item) -> std::string {
    const auto copy = read_struct<T>(item);
    return copy ? take(*copy) : "an item is smaller than its type";
  };
}

}  // namespace portolan::plugin
