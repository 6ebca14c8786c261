#include <sqlite3.h>

#include "store/connection.h"

namespace portolan::store {
namespace {

using base::Code;
using base::Error;

Error constraint(const SQLite::Exception& exception) {
  int extended = exception.getExtendedErrorCode();
  // A reference with ON DELETE RESTRICT is refused by a trigger of SQLite's own.
  const bool reference = std::string_view(exception.what()).starts_with("FOREIGN KEY");
  if (reference) extended = SQLITE_CONSTRAINT_FOREIGNKEY;
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return {.code = Code::conflict,
              .message = "another one of the same name or identity exists",
              .hint = "Choose another name, or change the one that is there."};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return {.code = Code::conflict,
              .message = "something that belongs to it is still there, or what it names is gone",
              .hint = "Look at what refers to it, and remove that first."};
    default: return {.message = "the database refused a value"};
  }
}

}  // namespace

Error error_of(const SQLite::Exception& exception, const std::filesystem::path& folder) {
  const std::string where = folder.string();
  switch (exception.getErrorCode() & 0xff) {
    case SQLITE_CONSTRAINT: return constraint(exception);
    case SQLITE_FULL:
      return {.code = Code::unavailable,
              .message = "the disk that holds the database is full",
              .hint = "Free some room there; what was acknowledged is kept.",
              .where = where};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {.code = Code::unavailable,
              .message = "another program holds the database",
              .hint = "Close what has the file open, a backup tool or a sqlite3 shell.",
              .where = where,
              .retry_after_ms = 1000};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return {.code = Code::unavailable,
              .message = "the database cannot be opened for writing",
              .hint =
                  "Give the folder and its files to the user that runs the daemon, on a file "
                  "system that can be written.",
              .where = where};
    case SQLITE_IOERR:
      return {.code = Code::unavailable,
              .message = "the disk that holds the database failed",
              .hint = "Look at the system's log for the disk; what was acknowledged is kept.",
              .where = where};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {.message = "the database is damaged",
              .hint = "Stop the daemon and put a backup in its place with `portolan restore`.",
              .where = where};
    case SQLITE_NOMEM: return {.code = Code::unavailable, .message = "there is no memory left"};
    default:
      return {.message = std::string("the database failed: ") + exception.getErrorStr(),
              .where = where};
  }
}

base::Result<void> guarded(const std::filesystem::path& folder,
                           const std::function<base::Result<void>()>& body) {
  try {
    return body();
  } catch (const SQLite::Exception& exception) {
    return error_of(exception, folder);
  } catch (const Failure& failure) {
    return failure.error;
  } catch (const std::filesystem::filesystem_error& error) {
    return base::Error{.code = Code::unavailable,
                       .message = "a file cannot be written or removed: " + error.code().message(),
                       .hint = "Check the room on the disk and who owns the folder.",
                       .where = error.path1().string()};
  }
}

Error taken(std::string_view what, std::string_view name) {
  return {.code = Code::conflict,
          .message = std::string(what) + " \"" + std::string(name) + "\" exists already",
          .hint = "Choose another name, or change the one that is there."};
}

Error missing(std::string_view what) {
  return {.code = Code::not_found, .message = std::string(what) + " does not exist"};
}

base::Result<void> same_revision(std::int64_t stored, std::int64_t wanted) {
  if (wanted == 0 || stored == wanted) return {};
  return Error{.code = Code::conflict,
               .message = "it was changed since it was read",
               .hint = "Read it again, and make the change to what it is now.",
               .where = where_revision};
}

}  // namespace portolan::store
