#pragma once
/// One open database: its folder, the commits that writers share, and its connections. The room's
/// own.
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/connection.h"

namespace portolan::store {

// The structure, version by version.

/// `sql` leads from version N-1 to N, N being its place in the list, counted from 1.
struct Migration {
  std::string_view sql;
};

/// Every version there was, oldest first. A released one is never changed again.
std::span<const Migration> migrations();

/// "PtlN" in the file's header: tells our databases from others.
inline constexpr int application_id = 0x50746c4e;

/// The version of a database that is ours or empty (0). invalid_config: made by a newer version, or
/// of another program.
base::Result<std::int64_t> version_of(Reader::Connection& connection,
                                      std::span<const Migration> list);

/// Brings `connection` to the last version of `list`, in one transaction; `before` is called first
/// when there is something to lose. invalid_config: made by a newer version, or no database of
/// ours.
base::Result<void> migrate(Reader::Connection& connection, std::span<const Migration> list,
                           const std::function<base::Result<void>(int to)>& before);

// The folder: private, and of one process at a time.

/// Held while a process uses a folder; the kernel lets go of it however the process ends.
class FolderLock {
 public:
  /// Makes the folder (0700) when it is missing. invalid_config: cannot be made or written to, or
  /// another process holds it.
  static base::Result<FolderLock> take(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// An empty file with mode 0600 when there is none; its companions get the same mode from SQLite.
base::Result<void> make_private_file(const std::filesystem::path& file);
/// Its bytes and its name are on the disk. unavailable.
base::Result<void> make_durable(const std::filesystem::path& file);
/// `from` takes the name `to`, durably. unavailable.
base::Result<void> move_file(const std::filesystem::path& from, const std::filesystem::path& to);

// Writers that come while another one writes share its commit: the disk is waited for once.

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

// All of it.

inline constexpr const char* database_name = "portolan.db";

/// One connection that writes and a few that read. Safe from any thread.
class Database {
 public:
  /// In `folder`, brought to the last version of `list`. Errors as Store::open().
  static base::Result<std::unique_ptr<Database>> open(std::filesystem::path folder,
                                                      Surroundings surroundings,
                                                      std::span<const Migration> list);

  base::Result<void> read(const std::function<void(Reader&)>& body);
  GroupCommit& writes() { return *writes_; }
  /// Writes and then has `key` for all connections, with no read in between.
  base::Result<void> write_and_change_key(const GroupCommit::Body& body,
                                          const base::SealingKey& key);
  base::Result<void> backup(const std::filesystem::path& file);

  std::int64_t now() const { return surroundings_.now(); }
  const std::string& installation() const { return installation_; }

 private:
  Database(std::filesystem::path folder, Surroundings surroundings, FolderLock lock);
  base::Result<void> begin(std::span<const Migration> list);
  class Loan;

  const FolderLock lock_;
  const std::filesystem::path folder_, file_;
  std::string installation_;   // As it was at begin().
  Surroundings surroundings_;  // Its key changes while `closed_` and nobody reads or writes.

  std::optional<GroupCommit> writes_;  // Made by begin().

  base::Mutex pool_;
  base::Condition returned_;
  std::vector<std::unique_ptr<Reader::Connection>> idle_ GUARDED_BY(pool_);
  std::size_t lent_ GUARDED_BY(pool_) = 0;
  bool closed_ GUARDED_BY(pool_) = false;  // No connection is lent.
};

std::string new_installation();
std::int64_t wall_clock();  ///< Unix milliseconds.
/// invalid_config when the database was sealed with another key.
base::Result<void> check_key(Reader& reader, const base::SealingKey& key);
/// internal naming what is broken: SQLite's own check, foreign keys, every seal.
base::Result<void> verify_database(Reader& reader);

/// A copy of the database at `from` as of now, compact and without a log beside it, under the name
/// `to`, which it replaces; durable before return.
base::Result<void> copy_database(const std::filesystem::path& from,
                                 const std::filesystem::path& to);

}  // namespace portolan::store
