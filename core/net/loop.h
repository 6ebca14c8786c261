#pragma once
/// The one thread that moves bytes: epoll over the sockets of all lanes.
#include <memory>
#include <set>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "net/lane.h"
#include "net/mailbox.h"
#include "net/resolver.h"

namespace portolan::net {

class Loop final : private Reactor {
 public:
  /// Throws std::system_error when there is no thread or descriptor left.
  explicit Loop(Resolve resolve);
  /// Ends every exchange with `cancelled`; waits for the thread, never for a resolver.
  ~Loop() override;

  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

 private:
  void watch(int descriptor, int what, Lane* lane) override;
  void look_up(Lane& lane, const std::string& host) override;
  void ring(const std::shared_ptr<LoopInbox>& inbox) override { rings_.push_back(inbox); }

  void run();
  void obey(Command& command);
  void activate(Lane& lane);
  void settle();
  void plan(Lane& lane, Lane::Time at);
  void ring_all();
  void sleep();
  void end();

  const std::shared_ptr<Mailbox> mailbox_;
  ResolverPool resolvers_;
  const int epoll_;

  // The loop thread's.
  std::unordered_set<std::shared_ptr<Lane>> lanes_;
  std::vector<Lane*> watchers_;  // By descriptor.
  std::vector<Lane*> active_;    // To settle in this turn.
  std::vector<std::shared_ptr<LoopInbox>> rings_;
  std::set<std::pair<Lane::Time, Lane*>> due_;  // Those that have to be settled at a time.

  std::thread thread_;
};

}  // namespace portolan::net
