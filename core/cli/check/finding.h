#pragma once
/// What `plugins check` asks of a plugin and what came of it.
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"

namespace portolan::cli::check {

enum class State { pass, fail, skip };

struct Outcome {
  State state = State::pass;
  std::string message;  ///< What was seen, when it is not a pass.
  std::string rule{};   ///< The rule that is broken, where it is another than the check's own.
};
/// A pass for an empty text.
Outcome unless(std::string problem);
Outcome skipped(std::string why);

/// One rule and how it is tried.
struct Check {
  std::string group;  ///< file, schema, entry, lifecycle, calls, manners or registry.
  std::string name;
  std::string type;  ///< Registry type; empty: of the whole file.
  std::string rule;  ///< The promise, as one sentence.
  std::function<Outcome()> run;
  std::chrono::milliseconds limit = std::chrono::seconds(15);
};

struct Finding {
  std::string group, name, type, rule;
  Outcome outcome;
};

/// Runs here: for checks that run no code of the plugin.
std::vector<Finding> run_here(const std::vector<Check>& checks);

/// Runs in a child process, so that a crash or a hang is a finding and not the end; after one, the
/// rest go on in a new child. The child's standard output is standard error. Must be called before
/// this process has threads that hold locks.
std::vector<Finding> run_apart(const std::vector<Check>& checks, const base::CancelToken& cancel);

}  // namespace portolan::cli::check
