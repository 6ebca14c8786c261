#include "store/paging.h"
#include "store/tenants.h"

namespace portolan::store {
namespace {

using base::Code;
using base::Error;
using base::Result;
using model::User;

const std::string columns =
    "id, name, display_name, admin, auditor, disabled, " + std::string(provenance_columns);

User user_of(Rows& rows) {
  User user;
  rows.into(user.id, user.name, user.display_name, user.admin, user.auditor, user.disabled);
  read_provenance(rows, user.provenance);
  return user;
}

std::optional<User> first(Rows rows) {
  if (!rows.next()) return std::nullopt;
  return user_of(rows);
}

bool name_is_taken(Reader& reader, const User& user) {
  const auto other = scalar<Id>(reader, "SELECT id FROM users WHERE name = ?", {user.name});
  return other && *other != user.id;
}

bool rules(const User& user) { return user.admin && !user.disabled; }

/// conflict when `user` is the last who may do everything.
Result<void> another_admin(Reader& reader, Id user) {
  const auto others = scalar<Id>(
      reader, "SELECT id FROM users WHERE admin = 1 AND disabled = 0 AND id <> ? LIMIT 1", {user});
  if (others) return {};
  return Error{.code = Code::conflict,
               .message = "no enabled admin would be left",
               .hint = "Make somebody else an admin first."};
}

void end_sessions(Writer& writer, Id user) {
  execute(writer, "DELETE FROM session WHERE user = ?", {user});
}

}  // namespace

Result<User> insert_user(Writer& writer, User user, const std::string& password_hash) {
  user.id = 0;
  if (name_is_taken(writer, user)) return taken("a user", user.name);
  auto& provenance = user.provenance;
  begin_provenance(writer, provenance);
  user.id = insert(writer,
                   "INSERT INTO users (name, display_name, admin, auditor, disabled, "
                   "password_hash, managed_by, created_by, created_ms, updated_ms, revision) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   {user.name, user.display_name, user.admin, user.auditor, user.disabled,
                    password_hash, provenance.managed_by, provenance.created_by,
                    provenance.created_ms, provenance.updated_ms, provenance.revision});
  return user;
}

Result<User> update_user(Writer& writer, const User& user, std::int64_t if_revision) {
  const auto stored = find_user(writer, user.id);
  if (!stored) return missing("the user");
  if (auto same = same_revision(stored->provenance.revision, if_revision); !same) {
    return same.error();
  }
  if (name_is_taken(writer, user)) return taken("a user", user.name);
  if (rules(*stored) && !rules(user)) {
    if (auto left = another_admin(writer, user.id); !left) return left.error();
  }
  User changed = user;
  changed.provenance = stored->provenance;
  auto& provenance = changed.provenance;
  advance_provenance(writer, provenance, user.provenance);
  execute(writer,
          "UPDATE users SET name = ?, display_name = ?, admin = ?, auditor = ?, disabled = ?, "
          "managed_by = ?, updated_ms = ?, revision = ? WHERE id = ?",
          {changed.name, changed.display_name, changed.admin, changed.auditor, changed.disabled,
           provenance.managed_by, provenance.updated_ms, provenance.revision, changed.id});
  if (changed.disabled) {
    end_sessions(writer, user.id);
    execute(writer, "DELETE FROM token WHERE user = ?", {user.id});
  }
  return changed;
}

Result<void> set_password_hash(Writer& writer, Id user, const std::string& hash) {
  const auto stored = find_user(writer, user);
  if (!stored) return missing("the user");
  execute(writer,
          "UPDATE users SET password_hash = ?, updated_ms = ?, revision = revision + 1 "
          "WHERE id = ?",
          {hash, now_ms(writer), user});
  end_sessions(writer, user);
  return {};
}

Result<void> delete_user(Writer& writer, Id id, std::int64_t if_revision) {
  const auto stored = find_user(writer, id);
  if (!stored) return missing("the user");
  if (auto same = same_revision(stored->provenance.revision, if_revision); !same) return same;
  if (rules(*stored)) {
    if (auto left = another_admin(writer, id); !left) return left;
  }
  execute(writer, "DELETE FROM users WHERE id = ?", {id});
  return {};
}

std::optional<User> find_user(Reader& reader, Id id) {
  return first(query(reader, "SELECT " + columns + " FROM users WHERE id = ?", {id}));
}

std::optional<User> find_user(Reader& reader, const std::string& name) {
  return first(query(reader, "SELECT " + columns + " FROM users WHERE name = ?", {name}));
}

std::string password_hash(Reader& reader, Id user) {
  return scalar<std::string>(reader, "SELECT password_hash FROM users WHERE id = ?", {user})
      .value_or("");
}

Page<User> list_users(Reader& reader, const PageRequest& request) {
  List list({.columns = columns,
             .from = "users",
             .id = "id",
             .search = "name",
             .sorts = {{"name", "name"}, {"created", "created_ms"}}});
  return list.page<User>(reader, request, user_of);
}

bool has_users(Reader& reader) {
  return scalar<Id>(reader, "SELECT id FROM users LIMIT 1").has_value();
}

std::optional<model::Principal> principal(Reader& reader, Id user) {
  const auto stored = find_user(reader, user);
  if (!stored || stored->disabled) return std::nullopt;
  model::Principal who;
  who.user = stored->id;
  who.name = stored->name;
  who.admin = stored->admin;
  who.auditor = stored->auditor;
  Rows rows = query(reader, "SELECT workspace, role FROM member WHERE user = ?", {user});
  while (rows.next()) {
    const Id workspace = rows.get<Id>();
    who.workspaces[workspace] = stored_word(model::role_from(rows.get<std::string>()));
  }
  return who;
}

}  // namespace portolan::store
