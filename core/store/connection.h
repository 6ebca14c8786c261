#pragma once
/// One connection to SQLite and its prepared statements. The room's own: what a function of this
/// room writes SQL with.
///
///     auto rows = query(reader, "SELECT id, name FROM workspace WHERE name = ?", {name});
///     while (rows.next()) rows.into(workspace.id, workspace.name);
///
/// Whatever goes wrong in the database is thrown (SQLite::Exception, Failure) and becomes the Error
/// of Store::read and Store::write; nobody else catches it.
#include <SQLiteCpp/SQLiteCpp.h>

#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/crypto.h"
#include "base/json.h"
#include "model/usable.h"
#include "model/words.h"
#include "store/reader.h"

namespace portolan::store {

/// Ends a read or write body with this Error.
struct Failure {
  base::Error error;
};

struct Blob {
  std::string bytes;
};

/// What is bound to a `?`: NULL, an integer, text or bytes.
class Value {
 public:
  Value(std::nullopt_t) {}
  template <std::integral T>
  Value(T number) : value_(static_cast<std::int64_t>(number)) {}
  Value(std::string text) : value_(std::move(text)) {}
  Value(std::string_view text) : value_(std::string(text)) {}
  Value(const char* text) : value_(std::string(text)) {}
  Value(Blob bytes) : value_(std::move(bytes)) {}
  Value(const base::Json& json) : value_(base::to_text(json)) {}
  template <class T>
  Value(const std::optional<T>& maybe) {
    if (maybe) *this = Value(*maybe);
  }

  void bind(SQLite::Statement& statement, int index) const;

 private:
  std::variant<std::monostate, std::int64_t, std::string, Blob> value_;
};

/// The ids for `IN (SELECT value FROM json_each(?))`.
Value id_list(const std::vector<Id>& ids);

/// The rows of one statement, one after another. Columns are read from left to right. The statement
/// goes back to its connection with it.
class Rows {
 public:
  ~Rows();
  Rows(const Rows&) = delete;

  bool next();  ///< Steps to the next row; false after the last.
  int changed() const;

  /// The next column: integral types, std::string, Blob, base::Json, std::optional of them.
  template <class T>
  T get() {
    const SQLite::Column column = statement_->getColumn(column_++);
    return read<T>(column);
  }
  /// The next columns, into these.
  template <class... T>
  void into(T&... values) {
    ((values = get<T>()), ...);
  }
  base::Json key();  ///< The next column, integer or text, as a JSON value of that type.

 private:
  friend class Reader::Connection;
  Rows(Reader::Connection& connection, std::unique_ptr<SQLite::Statement> statement);

  template <class T>
  static T read(const SQLite::Column& column) {
    if constexpr (std::same_as<T, bool>) {
      return column.getInt64() != 0;
    } else if constexpr (std::integral<T>) {
      return static_cast<T>(column.getInt64());
    } else if constexpr (std::same_as<T, std::string>) {
      return column.getString();
    } else if constexpr (std::same_as<T, Blob>) {
      return Blob{column.getString()};
    } else if constexpr (std::same_as<T, base::Json>) {
      return stored_json(column.getString());
    } else {
      if (column.isNull()) return std::nullopt;
      return read<typename T::value_type>(column);
    }
  }
  static base::Json stored_json(const std::string& text);

  Reader::Connection& connection_;
  std::unique_ptr<SQLite::Statement> statement_;
  int column_ = 0;
};

/// What all connections of one database share. Changed only while no connection is in use.
struct Surroundings {
  base::SealingKey key;
  std::function<std::int64_t()> now;
};

/// Used by one thread at a time.
class Reader::Connection {
 public:
  enum class Access { read, write };
  Connection(const std::filesystem::path& file, Access access, const Surroundings& surroundings);

  Rows query(std::string_view sql, std::span<const Value> values);
  void run(const char* sql) { database_.exec(sql); }  ///< Several statements; nothing bound.
  SQLite::Database& database() { return database_; }
  const base::SealingKey& key() const { return surroundings_.key; }
  /// What access_world() read last here, and the access_revision() that it is good for.
  struct KnownAccess {
    std::int64_t revision = -1;
    model::AccessWorld world;
  };
  KnownAccess& known_access() { return known_access_; }
  std::int64_t now() const { return surroundings_.now(); }

 private:
  friend class Rows;
  void give_back(std::unique_ptr<SQLite::Statement> statement);

  SQLite::Database database_;
  const Surroundings& surroundings_;
  /// Prepared and not running, by their text. Two of one text when a query runs inside itself.
  std::multimap<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> idle_;
  KnownAccess known_access_;
};

inline Rows query(Reader& reader, std::string_view sql, std::initializer_list<Value> values = {}) {
  return reader.connection().query(sql, std::span(values.begin(), values.size()));
}

/// Runs a statement that answers no rows; how many rows it changed.
int execute(Writer& writer, std::string_view sql, std::initializer_list<Value> values = {});
/// The same for one INSERT; the id of its row.
Id insert(Writer& writer, std::string_view sql, std::initializer_list<Value> values);

/// The one column of the one row; nothing when there is no row.
template <class T>
std::optional<T> scalar(Reader& reader, std::string_view sql,
                        std::initializer_list<Value> values = {}) {
  Rows rows = query(reader, sql, values);
  if (!rows.next()) return std::nullopt;
  return rows.get<T>();
}

/// Unix milliseconds, of the clock that the store was opened with.
inline std::int64_t now_ms(Reader& reader) { return reader.connection().now(); }

/// A value of the table `meta`; empty when it is not there.
std::string meta(Reader& reader, std::string_view name);
void put_meta(Writer& writer, std::string_view name, std::string_view value);

/// Called by whatever changes the answer of access_world().
void access_changed(Writer& writer);

/// What happened in the words of people. `folder` is named in hints.
base::Error error_of(const SQLite::Exception& exception, const std::filesystem::path& folder);
/// Runs `body`; what the database throws becomes the Error.
base::Result<void> guarded(const std::filesystem::path& folder,
                           const std::function<base::Result<void>()>& body);

/// Every column of the table that belongs to provenance, in the order of the members.
inline constexpr std::string_view provenance_columns =
    "managed_by, created_by, created_ms, updated_ms, revision";
void read_provenance(Rows& rows, model::Provenance& provenance);
/// Of a new row: made and changed now, revision 1.
void begin_provenance(Reader& reader, model::Provenance& provenance);
/// Of a row that is written again: changed now, the next revision, managed by who `given` says.
void advance_provenance(Reader& reader, model::Provenance& stored, const model::Provenance& given);

/// The value of a word that this room wrote; a word that means nothing ends the body.
template <class T>
T stored_word(std::optional<T> value) {
  if (!value)
    throw Failure{{.message = "the database holds a word that this version does not know",
                   .hint = "Restore a backup with `portolan restore`."}};
  return *std::move(value);
}

/// The next column of `rows`, as the word it holds.
template <class Word>
Word read_word(Rows& rows) {
  return stored_word(model::word_from<Word>(rows.get<std::string>()));
}

// The answers that most functions of the room share.
base::Error taken(std::string_view what, std::string_view name);  ///< conflict: 'a workspace …'
base::Error missing(std::string_view what);                       ///< not_found

}  // namespace portolan::store
