#pragma once
/// Writers that come while another one writes share its commit: the disk is waited for once. The
/// room's own.
#include <atomic>
#include <functional>
#include <memory>

#include "base/mutex.h"
#include "store/connection.h"

namespace portolan::store {

/// The one connection that writes. Safe from any thread.
class GroupCommit {
 public:
  using Body = std::function<base::Result<void>(Writer&)>;

  GroupCommit(std::filesystem::path folder, std::unique_ptr<Reader::Connection> connection)
      : folder_(std::move(folder)), connection_(std::move(connection)) {}

  /// Called after each commit, before anybody else writes. Set once, before the first write.
  void on_commit(std::function<void()> told) { committed_ = std::move(told); }

  /// Runs `body` on this thread, one at a time. What it did is durable when this returns without
  /// Error, and undone otherwise, without harm to those who share the commit. What it throws is
  /// passed on.
  base::Result<void> write(const Body& body);
  /// The same with a commit of its own; after it, and before anybody else writes, `then`.
  base::Result<void> write_alone(const Body& body, const std::function<void()>& then);

 private:
  /// Bodies that end together.
  struct Batch {
    std::size_t bodies = 0;
    bool changed = false, ended = false;
    base::Result<void> outcome{};
  };

  base::Result<void> sql(const char* statements);
  base::Result<void> begin() REQUIRES(mutex_);
  /// Runs `body` within the batch, and undoes what it did when it fails.
  base::Result<void> run(const Body& body) REQUIRES(mutex_);
  void undo_body(const base::Result<void>& why) REQUIRES(mutex_);
  void end() REQUIRES(mutex_);
  void close(base::Result<void> outcome) REQUIRES(mutex_);

  const std::filesystem::path folder_;
  std::function<void()> committed_ = [] {};
  std::atomic<std::size_t> coming_ = 0;  // Threads that wait for the mutex to write.

  base::Mutex mutex_;
  const std::unique_ptr<Reader::Connection> connection_;  // Used with mutex_ held.
  std::shared_ptr<Batch> batch_ GUARDED_BY(mutex_);       // Null: no transaction is open.
  base::Condition ended_;
};

}  // namespace portolan::store
