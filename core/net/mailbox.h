#pragma once
/// What other threads ask of the loop.
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "net/inbox.h"

namespace portolan::net {

class Lane;

struct Command {
  enum class Kind { start, abort, resume, resolved, close } kind;
  std::shared_ptr<Lane> lane;          // start, resolved, close
  std::unique_ptr<Transfer> transfer;  // start
  std::shared_ptr<Flow> flow;          // abort, resume
  std::string host;                    // resolved
  std::vector<std::string> addresses;  // resolved
  std::optional<base::Error> error;    // resolved

  explicit Command(Kind what);
  Command(Command&&) noexcept;
  Command& operator=(Command&&) noexcept;
  ~Command();
};

/// Safe from any thread; outlives the loop in the hands of those who may still post.
class Mailbox {
 public:
  Mailbox();  ///< Throws std::system_error when the process has no descriptor left.
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// False when the loop has ended: the command is left as it was.
  bool post(Command& command);
  void stop();

  /// [loop] Ready to read after a post() or stop() that found the loop asleep. Watch it
  /// edge-triggered: it is never read.
  int descriptor() const { return descriptor_; }
  /// [loop] Swaps what is there into `commands`. False after stop().
  bool take(std::vector<Command>& commands);
  /// [loop] Whether the loop may sleep: from here to take() each post writes the descriptor.
  bool fall_asleep();
  /// [loop] No post() succeeds from now on; what was posted comes in `rest`.
  void close(std::vector<Command>& rest);

 private:
  void ring();
  const int descriptor_;
  base::Mutex mutex_;
  std::vector<Command> commands_ GUARDED_BY(mutex_);
  bool asleep_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace portolan::net
