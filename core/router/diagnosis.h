#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "model/outcome.h"

namespace portolan::router {

/// A validation while it is put together: host steps, the plugin's checks, the names that nobody
/// reached.
class Diagnosis {
 public:
  /// `each` sees every check once, in order; it may be empty.
  explicit Diagnosis(const std::function<void(const model::Check&)>& each) : each_(each) {}

  /// From an identity that is not ok on, `each` waits for release(): its hint is still to be found.
  void add(model::Check check);
  /// An integration that ended in `error` is an identity that failed.
  void add_identity(const base::Error& error);
  bool waits() const { return held_from_ != nothing; }
  /// Whether a check of that name (or name.*) was added.
  bool knows(std::string_view name) const;
  /// `hint` replaces that of identity unless it is empty.
  void release(const std::string& hint);

  /// The standard names that are not there yet, as skipped.
  void skip_rest(const std::string& why = "not made: an earlier step failed");
  /// As unknown: `error` ended it.
  void lose_rest(const base::Error& error);
  /// After a plugin that returned content: at quick depth what it left out but identity and
  /// credentials was not asked; else it is unknown.
  void close(model::Depth depth);

  model::Validation take();

 private:
  static constexpr std::size_t nothing = static_cast<std::size_t>(-1);

  void append(model::Check check);
  void add_missing(const std::function<model::Check()>& make);

  const std::function<void(const model::Check&)>& each_;
  std::vector<model::Check> checks_;
  std::size_t held_from_ = nothing;
};

}  // namespace portolan::router
