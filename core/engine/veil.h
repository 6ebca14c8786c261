#pragma once
#include <functional>
#include <vector>

#include "model/outcome.h"

namespace portolan::engine {

/// What a member of a workspace may learn from trying an address: that it cannot be reached, but
/// not whether its name is unknown, its port closed or filtered, or Portolan forbidden to connect:
/// that would map the operator's network. Then the host steps read alike, and nothing tells how
/// long any of it took. Used by one thread; `pass` gets every check once, in order.
class Veil {
 public:
  /// `hold` is called once, before host steps that read alike are passed; may be empty.
  explicit Veil(std::function<void(model::Check)> pass, std::function<void()> hold = {})
      : pass_(std::move(pass)), hold_(std::move(hold)) {}

  /// Host steps are held back until it is known whether one of them failed.
  void take(model::Check check);
  /// No more checks come.
  void end();

 private:
  std::function<void(model::Check)> pass_;
  std::function<void()> hold_;
  std::vector<model::Check> held_;
  bool over_ = false;  // The host steps are through.
};

/// A check of a workspace's registry as it is kept: that Portolan may not connect is said, where
/// the name leads to and what would permit it is the platform's business.
model::Check without_policy(model::Check check);

}  // namespace portolan::engine
