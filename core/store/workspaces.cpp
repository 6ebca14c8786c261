#include "store/paging.h"
#include "store/tenants.h"

namespace portolan::store {
namespace {

using base::Code;
using base::Error;
using base::Result;
using model::Workspace;

const std::string columns = "id, name, description, " + std::string(provenance_columns);

Workspace workspace_of(Rows& rows) {
  Workspace workspace;
  rows.into(workspace.id, workspace.name, workspace.description);
  read_provenance(rows, workspace.provenance);
  return workspace;
}

std::optional<Workspace> first(Rows rows) {
  if (!rows.next()) return std::nullopt;
  return workspace_of(rows);
}

bool name_is_taken(Reader& reader, const Workspace& workspace) {
  const auto other =
      scalar<Id>(reader, "SELECT id FROM workspace WHERE name = ?", {workspace.name});
  return other && *other != workspace.id;
}

std::int64_t count(Reader& reader, std::string_view sql, Id workspace) {
  return scalar<std::int64_t>(reader, sql, {workspace}).value_or(0);
}

std::string counted(std::int64_t number, std::string_view one, std::string_view many) {
  return std::to_string(number) + ' ' + std::string(number == 1 ? one : many);
}

/// What a workspace must have lost before it goes.
Result<void> owns_nothing(Reader& reader, Id id) {
  const auto registries = count(reader, "SELECT count(*) FROM registry WHERE workspace = ?", id);
  const auto bindings = count(reader, "SELECT count(*) FROM binding WHERE workspace = ?", id);
  const auto robots = count(reader, "SELECT count(*) FROM robot WHERE workspace = ?", id);
  if (registries + bindings + robots == 0) return {};
  return Error{.code = Code::conflict,
               .message = "the workspace still has " +
                          counted(registries, "registry", "registries") + ", " +
                          counted(bindings, "binding", "bindings") + " and " +
                          counted(robots, "robot", "robots"),
               .hint = "Remove its registries and bindings first."};
}

}  // namespace

Result<Workspace> insert_workspace(Writer& writer, Workspace workspace) {
  workspace.id = 0;
  if (name_is_taken(writer, workspace)) return taken("a workspace", workspace.name);
  auto& provenance = workspace.provenance;
  begin_provenance(writer, provenance);
  workspace.id =
      insert(writer,
             "INSERT INTO workspace (name, description, managed_by, created_by, "
             "created_ms, updated_ms, revision) VALUES (?, ?, ?, ?, ?, ?, ?)",
             {workspace.name, workspace.description, provenance.managed_by, provenance.created_by,
              provenance.created_ms, provenance.updated_ms, provenance.revision});
  return workspace;
}

Result<Workspace> update_workspace(Writer& writer, const Workspace& workspace,
                                   std::int64_t if_revision) {
  auto stored = find_workspace(writer, workspace.id);
  if (!stored) return missing("the workspace");
  if (auto same = same_revision(stored->provenance.revision, if_revision); !same) {
    return same.error();
  }
  if (name_is_taken(writer, workspace)) return taken("a workspace", workspace.name);
  stored->name = workspace.name;
  stored->description = workspace.description;
  auto& provenance = stored->provenance;
  advance_provenance(writer, provenance, workspace.provenance);
  execute(writer,
          "UPDATE workspace SET name = ?, description = ?, managed_by = ?, updated_ms = ?, "
          "revision = ? WHERE id = ?",
          {stored->name, stored->description, provenance.managed_by, provenance.updated_ms,
           provenance.revision, stored->id});
  return *std::move(stored);
}

Result<void> delete_workspace(Writer& writer, Id id, std::int64_t if_revision) {
  const auto stored = find_workspace(writer, id);
  if (!stored) return missing("the workspace");
  if (auto same = same_revision(stored->provenance.revision, if_revision); !same) return same;
  if (auto free = owns_nothing(writer, id); !free) return free;
  execute(writer, "DELETE FROM workspace WHERE id = ?", {id});
  return {};
}

std::optional<Workspace> find_workspace(Reader& reader, Id id) {
  return first(query(reader, "SELECT " + columns + " FROM workspace WHERE id = ?", {id}));
}

std::optional<Workspace> find_workspace(Reader& reader, const std::string& name) {
  return first(query(reader, "SELECT " + columns + " FROM workspace WHERE name = ?", {name}));
}

Page<Workspace> list_workspaces(Reader& reader, const PageRequest& request,
                                const std::vector<Id>* only) {
  List list({.columns = columns,
             .from = "workspace",
             .id = "id",
             .search = "name",
             .sorts = {{"name", "name"}, {"created", "created_ms"}}});
  if (only) list.where("id IN (SELECT value FROM json_each(?))", {id_list(*only)});
  return list.page<Workspace>(reader, request, workspace_of);
}

Result<void> put_member(Writer& writer, Id workspace, Id user, model::Role role) {
  if (role == model::Role::admin || role == model::Role::auditor) {
    return Error{.code = Code::invalid_argument,
                 .message = "a member of a workspace is its admin, editor or viewer",
                 .hint = "Roles of the platform belong to the user: change the user."};
  }
  if (!find_workspace(writer, workspace)) return missing("the workspace");
  if (!find_user(writer, user)) return missing("the user");
  execute(writer,
          "INSERT INTO member (workspace, user, role) VALUES (?, ?, ?) "
          "ON CONFLICT (workspace, user) DO UPDATE SET role = excluded.role",
          {workspace, user, to_string(role)});
  return {};
}

Result<void> remove_member(Writer& writer, Id workspace, Id user) {
  const int gone =
      execute(writer, "DELETE FROM member WHERE workspace = ? AND user = ?", {workspace, user});
  if (gone == 0) return missing("the member");
  execute(writer, "DELETE FROM token WHERE user = ? AND only_workspace = ?", {user, workspace});
  return {};
}

std::vector<model::Member> members(Reader& reader, Id workspace) {
  std::vector<model::Member> all;
  Rows rows = query(reader,
                    "SELECT m.user, u.name, m.role FROM member m JOIN users u ON u.id = m.user "
                    "WHERE m.workspace = ? ORDER BY u.name",
                    {workspace});
  while (rows.next()) {
    model::Member member;
    member.workspace = workspace;
    rows.into(member.user, member.user_name);
    member.role = stored_word(model::role_from(rows.get<std::string>()));
    all.push_back(std::move(member));
  }
  return all;
}

Result<void> assign_namespace(Writer& writer, const model::Namespace& name, bool move) {
  const auto stored = find_namespace(writer, name.cluster, name.name);
  if (stored && stored->workspace == name.workspace) return {};
  const auto workspace = find_workspace(writer, name.workspace);
  if (!workspace) return missing("the workspace");
  if (stored && !move) {
    const auto owner = find_workspace(writer, stored->workspace);
    return Error{.code = Code::conflict,
                 .message = "the namespace " + name.text() + " belongs to another workspace",
                 .hint = "A platform admin can move it.",
                 .where = owner ? owner->name : ""};
  }
  execute(writer,
          "INSERT INTO namespace (cluster, name, workspace) VALUES (?, ?, ?) "
          "ON CONFLICT (cluster, name) DO UPDATE SET workspace = excluded.workspace",
          {name.cluster, name.name, name.workspace});
  return {};
}

Result<void> release_namespace(Writer& writer, const model::Namespace& name) {
  const auto stored = find_namespace(writer, name.cluster, name.name);
  if (!stored || (name.workspace != 0 && stored->workspace != name.workspace)) {
    return missing("the namespace");
  }
  execute(writer, "DELETE FROM namespace WHERE cluster = ? AND name = ?",
          {name.cluster, name.name});
  return {};
}

std::vector<model::Namespace> namespaces(Reader& reader, Id workspace) {
  std::vector<model::Namespace> all;
  Rows rows = query(
      reader, "SELECT cluster, name FROM namespace WHERE workspace = ? ORDER BY cluster, name",
      {workspace});
  while (rows.next()) {
    model::Namespace found;
    found.workspace = workspace;
    rows.into(found.cluster, found.name);
    all.push_back(std::move(found));
  }
  return all;
}

std::optional<model::Namespace> find_namespace(Reader& reader, const std::string& cluster,
                                               const std::string& name) {
  const auto workspace = scalar<Id>(
      reader, "SELECT workspace FROM namespace WHERE cluster = ? AND name = ?", {cluster, name});
  if (!workspace) return std::nullopt;
  return model::Namespace{cluster, name, *workspace};
}

}  // namespace portolan::store
