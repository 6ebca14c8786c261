#include "store/connection.h"
#include "store/jobs.h"

namespace portolan::store {
namespace {

constexpr std::int64_t kept_ms = 24 * 60 * 60 * 1000;

std::string context(Id user, const std::string& key) {
  return "idempotency\n" + std::to_string(user) + '\n' + key;
}

}  // namespace

std::optional<Remembered> recall(Reader& reader, Id user, const std::string& key) {
  Rows rows = query(reader,
                    "SELECT request_hash, status, location, body FROM idempotency "
                    "WHERE user = ? AND key = ? AND at_ms > ?",
                    {user, key, now_ms(reader) - kept_ms});
  if (!rows.next()) return std::nullopt;
  Remembered answer;
  Blob sealed;
  rows.into(answer.request_hash, answer.status, answer.location, sealed);
  const auto body = reader.connection().key().open(sealed.bytes, context(user, key));
  if (!body) throw Failure{body.error()};
  answer.body = body->reveal();
  return answer;
}

base::Result<void> remember(Writer& writer, Id user, const std::string& key,
                            const Remembered& answer) {
  const std::int64_t now = now_ms(writer);
  execute(writer, "DELETE FROM idempotency WHERE at_ms <= ?", {now - kept_ms});
  execute(writer,
          "INSERT INTO idempotency (user, key, at_ms, request_hash, status, location, body) "
          "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user, key) DO UPDATE SET "
          "at_ms = excluded.at_ms, request_hash = excluded.request_hash, "
          "status = excluded.status, location = excluded.location, body = excluded.body",
          {user, key, now, answer.request_hash, answer.status, answer.location,
           Blob{writer.connection().key().seal(base::Secret(answer.body), context(user, key))}});
  return {};
}

}  // namespace portolan::store
