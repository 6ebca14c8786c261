#include "store/database.h"
#include "store/sealed.h"

namespace portolan::store {
namespace {

namespace fs = std::filesystem;

base::Error broken(std::string what) {
  return {.message = "the database is damaged: " + std::move(what),
          .hint = "Stop the daemon and put a backup in its place with `portolan restore`."};
}

}  // namespace

base::Result<void> copy_database(const fs::path& from, const fs::path& to) {
  const fs::path partial = to.string() + ".partial";
  std::error_code ignored;
  fs::remove(partial, ignored);
  if (auto made = make_private_file(partial); !made) return made;
  try {
    SQLite::Database source(from.string(), SQLite::OPEN_READWRITE, 5000);
    SQLite::Statement copy(source, "VACUUM INTO ?");
    copy.bind(1, partial.string());
    copy.exec();
  } catch (const SQLite::Exception& exception) {
    fs::remove(partial, ignored);
    return error_of(exception, to.parent_path());
  }
  return move_file(partial, to);
}

base::Result<void> verify_database(Reader& reader) {
  if (const auto said = scalar<std::string>(reader, "PRAGMA integrity_check(1)"); said != "ok") {
    return broken(said.value_or("its check says nothing"));
  }
  if (const auto table = scalar<std::string>(reader, "PRAGMA foreign_key_check")) {
    return broken("a row of the table " + *table + " refers to one that is gone");
  }
  return verify_seals(reader);
}

}  // namespace portolan::store
