#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/json.h"
#include "cli/check/finding.h"

namespace portolan::cli::check {
namespace {

using base::Json;

Finding finding(const Check& check, const Outcome& outcome) {
  const std::string& rule = outcome.rule.empty() ? check.rule : outcome.rule;
  return {check.group, check.name, check.type, rule, outcome};
}

Outcome tried(const Check& check) {
  try {
    return check.run();
  } catch (const std::exception& problem) {
    return {State::fail, std::string("an exception: ") + problem.what()};
  }
}

std::string to_line(const Outcome& outcome) {
  Json out = Json::array();
  out.push(Json::integer(static_cast<int>(outcome.state)));
  out.push(Json::string(outcome.message));
  out.push(Json::string(outcome.rule));
  return base::to_text(out) + "\n";
}

Outcome from_line(const std::string& line) {
  const auto read = base::parse_json(line);
  if (!read || read->items().size() != 3) return {State::fail, "the child wrote something else"};
  return {static_cast<State>(read->items()[0].as_integer().value_or(1)),
          *read->items()[1].as_string(), *read->items()[2].as_string()};
}

[[noreturn]] void be_child(const std::vector<Check>& checks, std::size_t first, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  for (std::size_t i = first; i < checks.size(); ++i) {
    const std::string line = to_line(tried(checks[i]));
    if (write(out, line.data(), line.size()) != static_cast<ssize_t>(line.size())) break;
  }
  _exit(0);  // Destructors would wait for what the plugin left behind.
}

/// The lines of a child, each within its time.
class Child {
 public:
  Child(const std::vector<Check>& checks, std::size_t first) {
    int ends[2];
    if (pipe(ends) != 0) return;
    pid_ = fork();
    if (pid_ == 0) be_child(checks, first, ends[1]);
    close(ends[1]);
    in_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (in_ >= 0) close(in_);
    if (pid_ > 0) end();
  }

  /// What became of `check`, and whether the child lives on.
  std::pair<Outcome, bool> next(const Check& check, const base::CancelToken& cancel) {
    const auto until = base::Steady::now() + check.limit;
    while (true) {
      if (const std::size_t at = buffer_.find('\n'); at != std::string::npos) {
        const std::string line = buffer_.substr(0, at);
        buffer_.erase(0, at + 1);
        return {from_line(line), true};
      }
      if (cancel.cancelled()) return {skipped("interrupted"), false};
      if (base::Steady::now() >= until)
        return {{State::fail,
                 "it did not come back within " + std::to_string(check.limit.count()) + " ms"},
                false};
      pollfd wanted{in_, POLLIN, 0};
      if (poll(&wanted, 1, 100) <= 0) continue;
      char bytes[4096];
      const ssize_t count = read(in_, bytes, sizeof bytes);
      if (count <= 0) return {{State::fail, death()}, false};
      buffer_.append(bytes, static_cast<std::size_t>(count));
    }
  }

 private:
  int end() {
    int status = 0;
    kill(pid_, SIGKILL);
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  std::string death() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    if (WIFSIGNALED(status))
      return std::string("the plugin ended the process: ") + strsignal(WTERMSIG(status));
    return "the plugin ended the process with status " + std::to_string(WEXITSTATUS(status));
  }

  pid_t pid_ = -1;
  int in_ = -1;
  std::string buffer_;
};

}  // namespace

Outcome unless(std::string problem) {
  return {problem.empty() ? State::pass : State::fail, std::move(problem)};
}
Outcome skipped(std::string why) { return {State::skip, std::move(why)}; }

std::vector<Finding> run_here(const std::vector<Check>& checks) {
  std::vector<Finding> out;
  for (const Check& check : checks) out.push_back(finding(check, tried(check)));
  return out;
}

std::vector<Finding> run_apart(const std::vector<Check>& checks, const base::CancelToken& cancel) {
  std::vector<Finding> out;
  std::optional<Child> child;
  for (const Check& check : checks) {
    if (!child) child.emplace(checks, out.size());
    auto [outcome, alive] = child->next(check, cancel);
    if (!alive) child.reset();
    out.push_back(finding(check, outcome));
    if (cancel.cancelled()) break;
  }
  return out;
}

}  // namespace portolan::cli::check
