#include "store/database.h"

namespace portolan::store {
namespace {

using base::Error;

std::int64_t number(Reader::Connection& connection, const char* pragma) {
  Rows rows = connection.query(pragma, {});
  return rows.next() ? rows.get<std::int64_t>() : 0;
}

base::Result<void> run_all(Reader::Connection& connection, std::span<const Migration> list,
                           std::int64_t from) {
  for (std::size_t i = static_cast<std::size_t>(from); i < list.size(); ++i) {
    connection.run(std::string(list[i].sql).c_str());
  }
  Rows broken = connection.query("PRAGMA foreign_key_check", {});
  if (!broken.next()) return {};
  return Error{.message =
                   "the new structure of the database left a reference without its row in "
                   "the table " +
                   broken.get<std::string>(),
               .hint = "Run the version before, and report this."};
}

bool used(Reader::Connection& connection) {
  return number(connection, "SELECT count(*) FROM sqlite_schema") > 0;
}

}  // namespace

base::Result<std::int64_t> version_of(Reader::Connection& connection,
                                      std::span<const Migration> list) {
  const std::int64_t version = number(connection, "PRAGMA user_version");
  if (used(connection) && number(connection, "PRAGMA application_id") != application_id) {
    return Error{.code = base::Code::invalid_config,
                 .message = "the file is a database of another program",
                 .hint = "Name another folder with --store."};
  }
  if (version <= static_cast<std::int64_t>(list.size())) return version;
  return Error{.code = base::Code::invalid_config,
               .message = "the database was made by a newer version of portolan (structure " +
                          std::to_string(version) + "; this program knows " +
                          std::to_string(list.size()) + ")",
               .hint =
                   "Run that version, or restore the backup that it made before it changed "
                   "the database."};
}

base::Result<void> migrate(Reader::Connection& connection, std::span<const Migration> list,
                           const std::function<base::Result<void>(int to)>& before) {
  const auto version = version_of(connection, list);
  if (!version) return version.error();
  const int newest = static_cast<int>(list.size());
  if (*version == newest) return {};
  if (used(connection)) {
    if (auto kept = before(newest); !kept) return kept;
  }
  // Tables that are made anew would drop their children on the way; checked before the commit. The
  // pragma is ignored inside a transaction.
  connection.run("PRAGMA foreign_keys = OFF");
  SQLite::Transaction transaction(connection.database(), SQLite::TransactionBehavior::IMMEDIATE);
  if (auto done = run_all(connection, list, *version); !done) return done;
  connection.run(("PRAGMA user_version = " + std::to_string(newest) +
                  "; PRAGMA application_id = " + std::to_string(application_id))
                     .c_str());
  transaction.commit();
  connection.run("PRAGMA foreign_keys = ON");
  return {};
}

}  // namespace portolan::store
