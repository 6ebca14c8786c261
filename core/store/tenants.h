#pragma once
/// Workspaces with members and namespaces; users, tokens, sessions.
#include <optional>
#include <string>
#include <vector>

#include "model/records.h"
#include "store/reader.h"

namespace portolan::store {

// A name that is taken in its scope: conflict. A revision that is not the stored one: conflict with
// hint. Missing: not_found. `if_revision` 0 = whatever it is.

base::Result<model::Workspace> insert_workspace(Writer&, model::Workspace workspace);
base::Result<model::Workspace> update_workspace(Writer&, const model::Workspace& workspace,
                                                std::int64_t if_revision);  ///< Name included.
/// conflict while it owns registries or bindings, or robots of it are not revoked.
base::Result<void> delete_workspace(Writer&, Id id, std::int64_t if_revision);
std::optional<model::Workspace> find_workspace(Reader&, Id id);
std::optional<model::Workspace> find_workspace(Reader&, const std::string& name);
/// `only`: null = all. Sorts: name, created.
Page<model::Workspace> list_workspaces(Reader&, const PageRequest&, const std::vector<Id>* only);

base::Result<void> put_member(Writer&, Id workspace, Id user, model::Role role);
/// Tokens limited to this workspace end with it.
base::Result<void> remove_member(Writer&, Id workspace, Id user);
std::vector<model::Member> members(Reader&, Id workspace);

/// conflict when another workspace has it, unless `move`; `where` holds its name for admins.
base::Result<void> assign_namespace(Writer&, const model::Namespace& name, bool move);
/// not_found when it is not of the workspace that `name` says (0: of any).
base::Result<void> release_namespace(Writer&, const model::Namespace& name);
std::vector<model::Namespace> namespaces(Reader&, Id workspace);
std::optional<model::Namespace> find_namespace(Reader&, const std::string& cluster,
                                               const std::string& name);

base::Result<model::User> insert_user(Writer&, model::User user,
                                      const std::string& password_hash);  ///< "" = cannot log in.
/// conflict when that leaves no enabled admin. Disabling ends tokens and sessions.
base::Result<model::User> update_user(Writer&, const model::User& user, std::int64_t if_revision);
base::Result<void> set_password_hash(Writer&, Id user,
                                     const std::string& hash);  ///< Ends sessions.
/// conflict: the last enabled admin.
base::Result<void> delete_user(Writer&, Id id, std::int64_t if_revision);
std::optional<model::User> find_user(Reader&, Id id);
std::optional<model::User> find_user(Reader&, const std::string& name);
std::string password_hash(Reader&, Id user);
/// Sorts: name, created.
Page<model::User> list_users(Reader&, const PageRequest&);
bool has_users(Reader&);

/// `secret_hash`: base::sha256 of the token.
base::Result<model::Token> insert_token(Writer&, model::Token token,
                                        const std::string& secret_hash);
base::Result<void> delete_token(Writer&, Id id);
std::vector<model::Token> tokens(Reader&, std::optional<Id> user);
/// The token with that hash that has not ended, whose user is enabled.
std::optional<model::Token> find_token(Reader&, const std::string& secret_hash);
/// Written at most once a minute a token.
void touch_token(Writer&, Id id);

struct Session {
  Id user = 0;
  std::int64_t idle_until_ms = 0;
};
base::Result<void> insert_session(Writer&, const std::string& secret_hash, const Session& session);
std::optional<Session> find_session(Reader&, const std::string& secret_hash);
base::Result<void> extend_session(Writer&, const std::string& secret_hash, std::int64_t until_ms);
base::Result<void> delete_session(Writer&, const std::string& secret_hash);

/// The user with his roles and memberships as they are now; nothing for a disabled one.
std::optional<model::Principal> principal(Reader&, Id user);

/// One-time set-up token: stored as a hash with an end; consume is true once.
base::Result<void> put_setup_token(Writer&, const std::string& hash, std::int64_t ends_ms);
bool consume_setup_token(Writer&, const std::string& hash);

}  // namespace portolan::store
