#pragma once
/// What the daemon says while it runs: one line a record, for people or for machines.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/mutex.h"

namespace portolan::base {

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { text, json };

/// key=value of a record. The key is a name like `took_ms`, not `time`, `level` or `message`. There
/// is no field of a Secret: it does not compile. Values live as long as the call.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, const Error*> value;

  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const std::string& text)
      : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, double number) : key(name), value(number) {}
  /// Whole numbers and bool; a template, so that no pointer passes as a bool.
  template <class Integer>
  requires std::is_integral_v<Integer> LogField(std::string_view name, Integer number) : key(name) {
    if constexpr (std::is_same_v<Integer, bool>)
      value = number;
    else if constexpr (std::is_signed_v<Integer>)
      value = static_cast<std::int64_t>(number);
    else
      value = static_cast<std::uint64_t>(number);
  }
  /// In milliseconds.
  template <class Count, class Period>
  LogField(std::string_view name, std::chrono::duration<Count, Period> span)
      : LogField(name, std::int64_t{
                           std::chrono::duration_cast<std::chrono::milliseconds>(span).count()}) {}
  /// `code`, `error`, `hint` and `where`, those that are not empty.
  LogField(const Error& error) : value(&error) {}
};
using LogFields = std::initializer_list<LogField>;

/// The longest line, with its end: what a pipe takes in one piece (PIPE_BUF).
inline constexpr std::size_t log_line_bytes = 4096;

/// One record with its line end. JSON: {"time","level","message",fields…}; text: time, level,
/// message, key=value with JSON's quotes where needed. What others wrote cannot break the line or
/// add a field. Long values are cut, then fields left out (`cut`), so that it fits.
std::string log_line(LogFormat format, std::chrono::system_clock::time_point time, LogLevel level,
                     std::string_view message, LogFields fields);

/// Writes records to a descriptor, whole lines in the order of the calls. Safe from any thread. A
/// reader that does not read costs at most one wait of a quarter of a second; then records are
/// dropped and counted until it reads again, and the next record says how many.
class Log {
 public:
  /// `descriptor` stays the caller's and must outlive it.
  Log(int descriptor, LogLevel least, LogFormat format);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// From the next record on: for a reload.
  void set(LogLevel least, LogFormat format);

  LogLevel least() const { return least_.load(std::memory_order_relaxed); }
  bool wants(LogLevel level) const { return level >= least_.load(std::memory_order_relaxed); }
  void write(LogLevel level, std::string_view message, LogFields fields = {}) EXCLUDES(mutex_);

  void debug(std::string_view message, LogFields fields = {}) {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, LogFields fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warn(std::string_view message, LogFields fields = {}) {
    write(LogLevel::warn, message, fields);
  }
  void error(std::string_view message, LogFields fields = {}) {
    write(LogLevel::error, message, fields);
  }

  /// Records that were dropped since the start.
  std::uint64_t dropped() const EXCLUDES(mutex_);

 private:
  bool put(std::string_view line, std::chrono::milliseconds patient) REQUIRES(mutex_);

  std::atomic<LogLevel> least_;
  std::atomic<LogFormat> format_;
  int descriptor_;
  bool ours_ = false;  // Opened by us, to have it non-blocking without changing the caller's.
  bool socket_ = false;

  mutable Mutex mutex_;
  bool stuck_ GUARDED_BY(mutex_) = false;
  bool torn_ GUARDED_BY(mutex_) = false;  // The last line lacks its end.
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;
  std::uint64_t untold_ GUARDED_BY(mutex_) = 0;
};

}  // namespace portolan::base
