#pragma once
/// The connections of one open store. The room's own.
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "store/connection.h"
#include "store/data_folder.h"
#include "store/group_commit.h"
#include "store/schema.h"

namespace portolan::store {

inline constexpr const char* database_name = "portolan.db";

/// One connection that writes and a few that read. Safe from any thread.
class Store::Database {
 public:
  static base::Result<std::unique_ptr<Database>> open(StoreOptions options,
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
  Database(StoreOptions options, FolderLock lock);
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
