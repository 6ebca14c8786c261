#include "store/connection.h"

#include <sqlite3.h>

namespace portolan::store {
namespace {

/// More texts than the room has; a guard, not a tuning.
constexpr std::size_t statements_kept = 256;
/// Only a checkpoint and another program can hold the file: one writer, one process.
constexpr int busy_ms = 5000;

}  // namespace

void Value::bind(SQLite::Statement& statement, int index) const {
  if (const auto* number = std::get_if<std::int64_t>(&value_)) statement.bind(index, *number);
  if (const auto* text = std::get_if<std::string>(&value_)) statement.bind(index, *text);
  if (const auto* blob = std::get_if<Blob>(&value_)) {
    statement.bind(index, blob->bytes.data(), static_cast<int>(blob->bytes.size()));
  }
  if (std::holds_alternative<std::monostate>(value_)) statement.bind(index);
}

Value id_list(const std::vector<Id>& ids) {
  std::string text = "[";
  for (const Id id : ids) text += (text.size() > 1 ? "," : "") + std::to_string(id);
  return text + ']';
}

Rows::Rows(Reader::Connection& connection, std::unique_ptr<SQLite::Statement> statement)
    : connection_(connection), statement_(std::move(statement)) {}

Rows::~Rows() { connection_.give_back(std::move(statement_)); }

bool Rows::next() {
  column_ = 0;
  return statement_->executeStep();
}

int Rows::changed() const { return connection_.database_.getChanges(); }

base::Json Rows::key() {
  const SQLite::Column column = statement_->getColumn(column_++);
  return column.isInteger() ? base::Json::integer(column.getInt64())
                            : base::Json::string(column.getString());
}

base::Json Rows::stored_json(const std::string& text) {
  auto json = base::parse_json(text);
  if (json) return *std::move(json);
  throw Failure{{.message = "the database holds JSON that is none",
                 .hint = "Restore a backup with `portolan restore`."}};
}

Reader::Connection::Connection(const std::filesystem::path& file, Access access,
                               const Surroundings& surroundings)
    : database_(file.string(),
                (access == Access::write ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY) |
                    SQLite::OPEN_NOMUTEX,
                busy_ms),
      surroundings_(surroundings) {
  sqlite3* const handle = database_.getHandle();
  sqlite3_extended_result_codes(handle, 1);
  // What is in the file is data: it can neither load code nor change the file's structure by hand.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  run("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
      // Without it INSERT OR REPLACE would pass by the audit's triggers.
      "PRAGMA recursive_triggers = ON; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = "
      "16777216;");
  // Each of those that read has one; what is not in it the kernel has.
  if (access == Access::read) run("PRAGMA cache_size = -256");
}

Rows Reader::Connection::query(std::string_view sql, std::span<const Value> values) {
  std::unique_ptr<SQLite::Statement> statement;
  if (const auto found = idle_.find(sql); found != idle_.end()) {
    statement = std::move(found->second);
    idle_.erase(found);
  } else {
    statement = std::make_unique<SQLite::Statement>(database_, std::string(sql));
  }
  int index = 0;
  for (const Value& value : values) value.bind(*statement, ++index);
  return Rows(*this, std::move(statement));
}

void Reader::Connection::give_back(std::unique_ptr<SQLite::Statement> statement) {
  statement->tryReset();
  statement->clearBindings();  // A page of text need not stay in memory.
  if (idle_.size() >= statements_kept) idle_.clear();
  std::string sql = statement->getQuery();
  idle_.emplace(std::move(sql), std::move(statement));
}

int execute(Writer& writer, std::string_view sql, std::initializer_list<Value> values) {
  Rows rows = query(writer, sql, values);
  while (rows.next()) continue;
  return rows.changed();
}

Id insert(Writer& writer, std::string_view sql, std::initializer_list<Value> values) {
  execute(writer, sql, values);
  return writer.connection().database().getLastInsertRowid();
}

std::string meta(Reader& reader, std::string_view name) {
  return scalar<std::string>(reader, "SELECT value FROM meta WHERE name = ?", {name}).value_or("");
}

void put_meta(Writer& writer, std::string_view name, std::string_view value) {
  execute(writer,
          "INSERT INTO meta (name, value) VALUES (?, ?) "
          "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          {name, value});
}

void read_provenance(Rows& rows, model::Provenance& provenance) {
  rows.into(provenance.managed_by, provenance.created_by, provenance.created_ms,
            provenance.updated_ms, provenance.revision);
}

void begin_provenance(Reader& reader, model::Provenance& provenance) {
  provenance.created_ms = provenance.updated_ms = now_ms(reader);
  provenance.revision = 1;
}

void advance_provenance(Reader& reader, model::Provenance& stored, const model::Provenance& given) {
  stored.managed_by = given.managed_by;
  stored.updated_ms = now_ms(reader);
  ++stored.revision;
}

}  // namespace portolan::store
