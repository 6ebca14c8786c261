#include <unistd.h>
#include <cerrno>
#include <chrono>

#include "store/database.h"
#include "store/sealed.h"

namespace portolan::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Result;
using Access = Reader::Connection::Access;

/// What SQLite may have left beside a database.
constexpr std::array companions{"-wal", "-shm", "-journal"};

fs::path beside(const fs::path& file, const char* ending) { return file.string() + ending; }

Error broken(std::string what) {
  return {.message = "the database is damaged: " + std::move(what),
          .hint = "Stop the daemon and put a backup in its place with `portolan restore`."};
}

Error no_backup(const fs::path& file, std::string message) {
  return {.code = base::Code::invalid_config,
          .message = std::move(message),
          .hint = "Name a file that `portolan backup` wrote.",
          .where = file.string()};
}

Result<void> check_backup(const fs::path& backup, const Surroundings& surroundings) {
  std::error_code failed;
  if (!fs::is_regular_file(backup, failed)) return no_backup(backup, "the backup is not there");
  Reader::Connection connection(backup, Access::read, surroundings);
  Reader reader(connection);
  const auto version = version_of(connection, migrations());
  if (!version) return version.error();
  if (*version == 0) return no_backup(backup, "the backup is empty");
  if (auto same = check_key(reader, surroundings.key); !same) return same;
  return verify_database(reader);
}

/// The copy at `file` becomes what a daemon may open: today's structure, and nothing that another
/// daemon with the same past could still be using.
Result<void> prepare(const fs::path& file, const Surroundings& surroundings) {
  Reader::Connection connection(file, Access::write, surroundings);
  auto migrated = migrate(connection, migrations(), [](int) { return Result<void>(); });
  if (!migrated) return migrated;
  SQLite::Transaction transaction(connection.database());
  Writer writer(connection);
  put_meta(writer, "installation", new_installation());
  execute(writer, "UPDATE robot SET reconcile = 1");
  execute(writer, "DELETE FROM session");
  execute(writer, "DELETE FROM setup_token");
  transaction.commit();
  return {};
}

Result<void> link_file(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  return Error{.code = base::Code::unavailable,
               .message = "the database that is there cannot be kept: " +
                          std::system_category().message(errno),
               .hint = "Move it away by hand, and restore again.",
               .where = from.string()};
}

/// The database in the folder gets a second name. Its log goes from beside the first one, because
/// SQLite would play it into whatever stands there next.
Result<void> keep_old(const fs::path& file, const Surroundings& surroundings) {
  if (!fs::exists(file)) return {};
  // A damaged one may refuse; then its log is kept beside it.
  const auto ignored = guarded(file, [&]() -> Result<void> {
    Reader::Connection(file, Access::write, surroundings).run("PRAGMA wal_checkpoint(TRUNCATE)");
    return {};
  });
  const fs::path kept = beside(file, (".replaced-" + std::to_string(surroundings.now())).c_str());
  if (auto done = link_file(file, kept); !done) return done;
  for (const char* ending : companions) {
    if (!fs::exists(beside(file, ending))) continue;
    if (auto done = link_file(beside(file, ending), beside(kept, ending)); !done) return done;
    fs::remove(beside(file, ending));
  }
  return make_durable(kept);
}

Result<void> put_in_place(const fs::path& backup, const fs::path& directory,
                          const Surroundings& surroundings) {
  const auto lock = FolderLock::take(directory);
  if (!lock) return lock.error();
  const fs::path file = directory / database_name, fresh = beside(file, ".restored");
  for (const char* ending : companions) fs::remove(beside(fresh, ending));
  if (auto done = copy_database(backup, fresh); !done) return done;
  if (auto done = prepare(fresh, surroundings); !done) return done;
  if (auto done = keep_old(file, surroundings); !done) return done;
  return move_file(fresh, file);
}

}  // namespace

Result<void> copy_database(const fs::path& from, const fs::path& to) {
  const fs::path partial = beside(to, ".partial");
  std::error_code ignored;
  fs::remove(partial, ignored);
  if (auto made = make_private_file(partial); !made) return made;
  auto copied = guarded(to.parent_path(), [&]() -> Result<void> {
    SQLite::Database source(from.string(), SQLite::OPEN_READONLY, 5000);
    SQLite::Statement copy(source, "VACUUM INTO ?");
    copy.bind(1, partial.string());
    copy.exec();
    return {};
  });
  if (copied) copied = move_file(partial, to);
  if (!copied) fs::remove(partial, ignored);
  return copied;
}

Result<void> verify_database(Reader& reader) {
  if (const auto said = scalar<std::string>(reader, "PRAGMA integrity_check(1)"); said != "ok") {
    return broken(said.value_or("its check says nothing"));
  }
  if (const auto table = scalar<std::string>(reader, "PRAGMA foreign_key_check")) {
    return broken("a row of the table " + *table + " refers to one that is gone");
  }
  return verify_seals(reader);
}

Result<void> restore(const fs::path& backup, const fs::path& directory, const base::SealingKey& key,
                     bool verify_only) {
  const Surroundings surroundings{key, wall_clock};
  auto good = guarded(backup, [&] { return check_backup(backup, surroundings); });
  if (!good || verify_only) return good;
  return guarded(directory, [&] { return put_in_place(backup, directory, surroundings); });
}

}  // namespace portolan::store
