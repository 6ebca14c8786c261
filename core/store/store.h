#pragma once
/// What the daemon keeps: the one door to SQL. A Store reads and writes; what there is to read and
/// write is in tenants.h (users, workspaces), registries.h, catalogue.h (spaces, bindings, robots,
/// repositories), measures.h and jobs.h (with audit and webhooks). The other headers are the room's
/// own.
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/crypto.h"
#include "base/mutex.h"
#include "store/reader.h"

namespace portolan::store {

class Database;  // The room's own: database.h.

struct StoreOptions {
  std::filesystem::path directory;  ///< Made with mode 0700 when missing; holds "portolan.db".
  base::SealingKey key;
  /// The wall clock in Unix milliseconds; tests give their own.
  std::function<std::int64_t()> now;
};

/// One writer, many readers; write-ahead log, synchronous=FULL. Safe from any thread.
/// Errors: unavailable with a hint when the disk is full or unreadable; conflict and not_found as
/// the functions of this room say. A change that was acknowledged survives kill -9 and power loss.
class Store {
 public:
  /// Opens or makes the database and brings its schema up to date, after a backup beside it.
  /// invalid_config: made by a newer version, sealed with another key, not writable, or in use by
  /// another process.
  static base::Result<std::unique_ptr<Store>> open(StoreOptions options);
  ~Store();

  /// Runs `body` on a snapshot and answers what it does: T or Result<T>. A database that cannot be
  /// read, a cursor or sort that no list knows (invalid_argument) end `body` at once and are the
  /// Error. `body` makes no call that waits for anything else, and no read() of its own.
  template <class T>
  base::Result<T> read(const std::function<base::Result<T>(Reader&)>& body) const {
    std::optional<base::Result<T>> answer;
    const auto done = run_read([&](Reader& reader) { answer.emplace(body(reader)); });
    if (!done) return done.error();
    return *std::move(answer);
  }

  /// Runs `body` in one transaction: committed and durable when it returns without Error, undone
  /// otherwise. Writers wait for each other; `body` makes no call that waits for anything else.
  base::Result<void> write(const std::function<base::Result<void>(Writer&)>& body);

  /// Grows with every committed write; what was computed at one revision is good while it stays.
  std::uint64_t revision() const { return revision_.load(std::memory_order_acquire); }
  /// Waits until revision() > `seen`, `until`, or wake_all(). The present revision.
  std::uint64_t wait_for_change(std::uint64_t seen, base::Steady::time_point until) const;
  void wake_all();

  /// A whole copy as of now, made while others read and write; durable before return.
  base::Result<void> backup(const std::filesystem::path& file) const;
  /// internal naming what is broken: SQLite's own check, foreign keys, and every seal opened.
  base::Result<void> verify() const;
  /// Seals everything anew with `key` in one transaction.
  base::Result<void> rotate_key(const base::SealingKey& key);
  std::int64_t now() const;
  /// Identifies this installation; part of robot names. Twelve letters and digits; made at first
  /// start, changed by restore.
  std::string installation() const;

 private:
  explicit Store(std::unique_ptr<Database> database);
  base::Result<void> run_read(const std::function<void(Reader&)>& body) const;
  void changed();

  const std::unique_ptr<Database> database_;
  std::atomic<std::uint64_t> revision_{1};
  mutable base::Mutex waiting_;
  mutable base::Condition woken_;
  std::uint64_t wake_calls_ GUARDED_BY(waiting_) = 0;
};

/// A whole copy as of now of the database in `directory`, a daemon using it or not; durable before
/// return. conflict: `file` exists. The key is not in it.
base::Result<void> backup_of(const std::filesystem::path& directory,
                             const std::filesystem::path& file);

/// Checks a backup file and puts it in the place of the database of `directory`, which no process
/// may have open; the old one is kept beside it. Robots are marked for reconciliation.
base::Result<void> restore(const std::filesystem::path& backup,
                           const std::filesystem::path& directory, const base::SealingKey& key,
                           bool verify_only);

}  // namespace portolan::store
