#include "store/database.h"

#include <chrono>

namespace portolan::store {
namespace {

/// Enough for two processors with room for one that waits for the disk; each costs a page cache.
constexpr std::size_t readers = 8;

constexpr std::string_view alphabet =
    "abcdefghijkmnpqrstuvwxyz23456789";  // 32: no bias, no l o 0 1.

}  // namespace

std::string new_installation() {
  std::string name = base::random_bytes(12);
  for (char& letter : name) letter = alphabet[static_cast<unsigned char>(letter) % alphabet.size()];
  return name;
}

std::int64_t wall_clock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

namespace {

/// An Error of opening: what is in the way is how the daemon was set up.
base::Error setup_error(base::Error error) {
  if (error.code == base::Code::unavailable) error.code = base::Code::invalid_config;
  return error;
}

}  // namespace

base::Result<void> check_key(Reader& reader, const base::SealingKey& key) {
  const std::string stored = meta(reader, "key_id");
  if (stored == key.id()) return {};
  return base::Error{.code = base::Code::invalid_config,
                     .message = "the database was sealed with another key (" + stored +
                                "; the one given is " + key.id() + ")",
                     .hint = "Name the key file that belongs to this database with --key-file."};
}

Database::Database(std::filesystem::path folder, Surroundings surroundings, FolderLock lock)
    : lock_(std::move(lock)),
      folder_(std::move(folder)),
      file_(folder_ / database_name),
      surroundings_(std::move(surroundings)) {}

base::Result<std::unique_ptr<Database>> Database::open(std::filesystem::path folder,
                                                       Surroundings surroundings,
                                                       std::span<const Migration> list) {
  auto lock = FolderLock::take(folder);
  if (!lock) return lock.error();
  std::unique_ptr<Database> database(
      new Database(std::move(folder), std::move(surroundings), *std::move(lock)));
  auto begun = guarded(database->folder_, [&] { return database->begin(list); });
  if (!begun) return setup_error(begun.error());
  return database;
}

base::Result<void> Database::begin(std::span<const Migration> list) {
  if (auto made = make_private_file(file_); !made) return made;
  auto connection =
      std::make_unique<Reader::Connection>(file_, Reader::Connection::Access::write, surroundings_);
  auto migrated = migrate(*connection, list, [&](int to) {
    return copy_database(file_, file_.string() + ".before-v" + std::to_string(to));
  });
  if (!migrated) return migrated;
  connection->run("PRAGMA journal_mode = WAL");
  writes_.emplace(folder_, std::move(connection));
  return writes_->write([&](Writer& writer) -> base::Result<void> {
    if (meta(writer, "key_id").empty()) {
      put_meta(writer, "key_id", surroundings_.key.id());
      put_meta(writer, "installation", new_installation());
    }
    installation_ = meta(writer, "installation");
    return check_key(writer, surroundings_.key);
  });
}

base::Result<void> Database::write_and_change_key(const GroupCommit::Body& body,
                                                  const base::SealingKey& key) {
  {
    base::Lock pool(pool_);
    closed_ = true;
    while (lent_ > 0) returned_.wait(pool_);
  }
  auto done = writes_->write_alone(body, [&] { surroundings_.key = key; });
  base::Lock pool(pool_);
  closed_ = false;
  returned_.notify_all();
  return done;
}

/// A connection of the pool, until it goes. Opened at its first use.
class Database::Loan {
 public:
  explicit Loan(Database& database) : database_(database) {
    base::Lock lock(database_.pool_);
    while (database_.closed_ || database_.lent_ >= readers)
      database_.returned_.wait(database_.pool_);
    ++database_.lent_;
    if (database_.idle_.empty()) return;
    connection_ = std::move(database_.idle_.back());
    database_.idle_.pop_back();
  }
  ~Loan() {
    base::Lock lock(database_.pool_);
    --database_.lent_;
    if (connection_) database_.idle_.push_back(std::move(connection_));
    // A change of the key waits for all of them, a reader for one.
    database_.closed_ ? database_.returned_.notify_all() : database_.returned_.notify_one();
  }
  Loan(const Loan&) = delete;

  Reader::Connection& connection() {
    if (!connection_) {
      connection_ = std::make_unique<Reader::Connection>(
          database_.file_, Reader::Connection::Access::read, database_.surroundings_);
    }
    return *connection_;
  }

 private:
  Database& database_;
  std::unique_ptr<Reader::Connection> connection_;
};

namespace {

/// A read transaction. By kept statements: the words alone would cost as much as a small read.
class Snapshot {
 public:
  explicit Snapshot(Reader::Connection& connection) : connection_(connection) {
    connection_.query("BEGIN DEFERRED", {}).next();
  }
  ~Snapshot() {
    try {
      connection_.query("ROLLBACK", {}).next();
    } catch (const SQLite::Exception&) {
      // What went wrong in the read has ended it already.
    }
  }
  Snapshot(const Snapshot&) = delete;

 private:
  Reader::Connection& connection_;
};

}  // namespace

base::Result<void> Database::read(const std::function<void(Reader&)>& body) {
  Loan loan(*this);
  return guarded(folder_, [&]() -> base::Result<void> {
    // Ended by its destructor: there is nothing to commit.
    const Snapshot snapshot(loan.connection());
    Reader reader(loan.connection());
    body(reader);
    return {};
  });
}

base::Result<void> Database::backup(const std::filesystem::path& file) {
  return guarded(folder_, [&] { return copy_database(file_, file); });
}

}  // namespace portolan::store
