#include "model/json.h"
#include "store/connection.h"
#include "store/tenants.h"

namespace portolan::store {
namespace {

using base::Result;
using model::Token;

constexpr std::int64_t touch_every_ms = 60'000;

const std::string select =
    "SELECT t.id, t.user, u.name, t.name, t.only_actions, t.only_workspace, t.created_ms, "
    "t.expires_ms, t.last_used_ms FROM token t JOIN users u ON u.id = t.user ";

Token token_of(Rows& rows) {
  Token token;
  std::optional<base::Json> only;
  rows.into(token.id, token.user, token.user_name, token.name, only, token.only_workspace,
            token.created_ms, token.expires_ms, token.last_used_ms);
  if (!only) return token;
  // A word that is not understood must not be dropped: no word at all would be no limit.
  for (const base::Json& word : only->items()) {
    token.only.push_back(stored_word(model::action_from(*word.as_string())));
  }
  return token;
}

std::optional<base::Json> stored_actions(const std::vector<model::Action>& only) {
  if (only.empty()) return std::nullopt;
  std::vector<std::string> words;
  for (const model::Action action : only) words.emplace_back(to_string(action));
  return model::texts(words);
}

}  // namespace

Result<Token> insert_token(Writer& writer, Token token, const std::string& secret_hash) {
  const auto user = find_user(writer, token.user);
  if (!user) return missing("the user");
  if (token.only_workspace && !find_workspace(writer, *token.only_workspace)) {
    return missing("the workspace");
  }
  if (scalar<Id>(writer, "SELECT id FROM token WHERE user = ? AND name = ?",
                 {token.user, token.name})) {
    return taken("a token", token.name);
  }
  token.user_name = user->name;
  token.created_ms = now_ms(writer);
  token.last_used_ms = 0;
  token.id = insert(writer,
                    "INSERT INTO token (user, name, secret_hash, only_actions, only_workspace, "
                    "created_ms, expires_ms, last_used_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                    {token.user, token.name, Blob{secret_hash}, stored_actions(token.only),
                     token.only_workspace, token.created_ms, token.expires_ms});
  return token;
}

Result<void> delete_token(Writer& writer, Id id) {
  if (execute(writer, "DELETE FROM token WHERE id = ?", {id}) == 0) return missing("the token");
  return {};
}

std::vector<Token> tokens(Reader& reader, std::optional<Id> user) {
  std::vector<Token> all;
  Rows rows = query(reader, select + "WHERE ?1 IS NULL OR t.user = ?1 ORDER BY t.id", {user});
  while (rows.next()) all.push_back(token_of(rows));
  return all;
}

std::optional<Token> find_token(Reader& reader, const std::string& secret_hash) {
  Rows rows = query(reader,
                    select +
                        "WHERE t.secret_hash = ? AND u.disabled = 0 "
                        "AND (t.expires_ms = 0 OR t.expires_ms > ?)",
                    {Blob{secret_hash}, now_ms(reader)});
  if (!rows.next()) return std::nullopt;
  return token_of(rows);
}

void touch_token(Writer& writer, Id id) {
  const std::int64_t now = now_ms(writer);
  execute(writer, "UPDATE token SET last_used_ms = ? WHERE id = ? AND last_used_ms <= ?",
          {now, id, now - touch_every_ms});
}

Result<void> insert_session(Writer& writer, const std::string& secret_hash,
                            const Session& session) {
  if (!find_user(writer, session.user)) return missing("the user");
  execute(writer, "DELETE FROM session WHERE idle_until_ms <= ?", {now_ms(writer)});
  execute(writer, "INSERT INTO session (secret_hash, user, idle_until_ms) VALUES (?, ?, ?)",
          {Blob{secret_hash}, session.user, session.idle_until_ms});
  return {};
}

std::optional<Session> find_session(Reader& reader, const std::string& secret_hash) {
  Rows rows = query(reader,
                    "SELECT s.user, s.idle_until_ms FROM session s JOIN users u ON u.id = s.user "
                    "WHERE s.secret_hash = ? AND s.idle_until_ms > ? AND u.disabled = 0",
                    {Blob{secret_hash}, now_ms(reader)});
  if (!rows.next()) return std::nullopt;
  Session session;
  rows.into(session.user, session.idle_until_ms);
  return session;
}

Result<void> extend_session(Writer& writer, const std::string& secret_hash, std::int64_t until_ms) {
  const int found = execute(
      writer, "UPDATE session SET idle_until_ms = ? WHERE secret_hash = ? AND idle_until_ms > ?",
      {until_ms, Blob{secret_hash}, now_ms(writer)});
  if (found == 0) return missing("the session");
  return {};
}

Result<void> delete_session(Writer& writer, const std::string& secret_hash) {
  const int found =
      execute(writer, "DELETE FROM session WHERE secret_hash = ?", {Blob{secret_hash}});
  if (found == 0) return missing("the session");
  return {};
}

Result<void> put_setup_token(Writer& writer, const std::string& hash, std::int64_t ends_ms) {
  execute(writer, "DELETE FROM setup_token");
  execute(writer, "INSERT INTO setup_token (secret_hash, ends_ms) VALUES (?, ?)",
          {Blob{hash}, ends_ms});
  return {};
}

bool consume_setup_token(Writer& writer, const std::string& hash) {
  return execute(writer, "DELETE FROM setup_token WHERE secret_hash = ? AND ends_ms > ?",
                 {Blob{hash}, now_ms(writer)}) == 1;
}

}  // namespace portolan::store
