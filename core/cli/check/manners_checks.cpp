#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/text.h"
#include "cli/check/checks.h"
#include "cli/check/functions.h"

namespace portolan::cli::check {
namespace {

/// What a plugin writes to standard output and error while this lives; of it the beginning.
class Output {
 public:
  Output() : file_(::memfd_create("output", MFD_CLOEXEC)) {
    std::fflush(nullptr);
    for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
      kept_.at(static_cast<std::size_t>(descriptor - 1)) = ::dup(descriptor);
      ::dup2(file_, descriptor);
    }
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    restore();
    ::close(file_);
  }

  std::string take() {
    restore();
    std::array<char, 200> bytes{};
    const ssize_t count = ::pread(file_, bytes.data(), bytes.size(), 0);
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }

 private:
  void restore() {
    std::fflush(nullptr);  // What its printf() holds back is no better.
    for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
      int& kept = kept_.at(static_cast<std::size_t>(descriptor - 1));
      if (kept < 0) continue;
      ::dup2(kept, descriptor);
      ::close(std::exchange(kept, -1));
    }
  }

  const int file_;
  std::array<int, 2> kept_{-1, -1};
};

/// What was seen of every function at every kind of registry: the first of each fault.
struct Seen {
  std::string written, logged_secret, told_secret, unexplained, left_files, left_threads;
};

void note(std::string& first, const std::string& where, const std::string& what) {
  if (first.empty()) first = where + ": " + what;
}

bool has_secret(const std::string& text) { return text.find(canary) != std::string::npos; }

/// Who is cut short by the host need not say what to do.
bool needs_hint(base::Code code) {
  return code != base::Code::cancelled && code != base::Code::timeout;
}

void look_at(const Function& function, const Trial& trial, const plugin::Contract& contract,
             const plugin::Note::Type& type, Means means, Seen& seen) {
  const std::string where = std::string(function.name) + " at a registry " + trial.says;
  const ScriptedUpstream upstream(trial.script);
  auto registry = made_up_registry(type, upstream.address(), canary);
  if (!registry) throw std::runtime_error(no_registry);
  means.log = services::Log([&](const services::LogLine& line) {
    bool secret = has_secret(line.message);
    for (const auto& [key, value] : line.fields) secret |= has_secret(key + " " + value);
    if (secret) note(seen.logged_secret, where, "a log line holds a secret");
  });
  Given given;
  Output output;
  const Ending ending = run(
      trial, contract, type, *registry,
      [&](const Stage& stage) { return function.call(stage, given); }, means);
  if (const std::string text = output.take(); !text.empty())
    note(seen.written, where, "it wrote \"" + base::clean_text(text, 80) + "\"");

  if (ending.error && ending.error->code != base::Code::unsupported) {
    const base::Error& error = *ending.error;
    given.texts.insert(given.texts.end(), {error.message, error.hint, error.where});
    if (error.message.empty()) given.unexplained = "an error without a message";
    if (error.hint.empty() && needs_hint(error.code))
      given.unexplained = "an error without a hint: " + error.message;
  }
  if (!given.unexplained.empty()) note(seen.unexplained, where, given.unexplained);
  for (const std::string& text : given.texts)
    if (has_secret(text)) note(seen.told_secret, where, "a text or the facts hold a secret");
}

std::size_t entries(const char* directory) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(directory), {}));
}

/// A thread that was joined may be listed for a moment more.
std::size_t threads_above(std::size_t usual) {
  std::size_t count = entries("/proc/self/task");
  for (int i = 0; i < 200 && count > usual; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    count = entries("/proc/self/task");
  }
  return count;
}

/// What is open and runs after a call, compared with the call before.
class Left {
 public:
  void compare(const std::string& where, Seen& seen) {
    const std::size_t files = entries("/proc/self/fd"), threads = threads_above(threads_);
    if (files > files_) note(seen.left_files, where, "a file descriptor is left open");
    if (threads > threads_) note(seen.left_threads, where, "a thread is left");
    files_ = files;
    threads_ = threads;
  }

 private:
  std::size_t files_ = SIZE_MAX, threads_ = SIZE_MAX;  // The host's own are there after one call.
};

Seen look(const plugin::Contract& contract, const plugin::Note::Type& type) {
  Seen seen;
  Left left;
  std::vector<Extension> all = extensions_of(type);
  all.push_back(mandatory());
  for (const Extension& extension : all)
    for (const Function& function : extension.functions)
      for (const Trial& trial : trials())
        if (trial.script != Script::hang) {
          look_at(function, trial, contract, type, means_of(extension), seen);
          left.compare(std::string(function.name) + " at a registry " + trial.says, seen);
        }
  return seen;
}

}  // namespace

std::vector<Check> manners_checks(const std::shared_ptr<Loaded>& loaded,
                                  const plugin::Note::Type& type) {
  const auto seen = std::make_shared<std::optional<Seen>>();  // One look tells all.
  std::vector<Check> out;
  const auto add = [&](std::string name, std::string rule, std::string Seen::*fault,
                       const char* section = "Errors") {
    out.push_back({"manners", std::move(name), type.type,
                   std::move(rule) + " (docs/plugin-guide.md, " + section + ")",
                   [loaded, type, seen, fault]() -> Outcome {
                     if (!made_up_registry(type, "https://registry.invalid"))
                       return skipped(no_registry);
                     if (!*seen) *seen = look(loaded->contract(), type);
                     return unless(**seen.*fault);
                   },
                   std::chrono::seconds(120)});
  };
  add("call-no-stdout-stderr",
      "no call writes to standard output or standard error: what is worth saying is logged",
      &Seen::written);
  add("call-log-no-secrets",
      "no log line holds a cookie, a token of a link, a secret of an answer or an option with "
      "x-secret",
      &Seen::logged_secret);
  add("err-no-secret-in-text",
      "no error, hint, evidence or fact holds a cookie, a token of a link, a secret of an answer "
      "or an option with x-secret",
      &Seen::told_secret);
  add("err-message-and-hint-present",
      "whatever fails or is not known says what happened and what to do", &Seen::unexplained);
  add("life-no-fds-left", "when a call is over and its instance is gone, no file of it is open",
      &Seen::left_files, "Threads");
  add("life-no-threads-left", "when a call is over and its instance is gone, no thread of it runs",
      &Seen::left_threads, "Threads");
  return out;
}

}  // namespace portolan::cli::check
