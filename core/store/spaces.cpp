#include "store/catalogue.h"
#include "store/paging.h"

namespace portolan::store {
namespace {

using base::Result;
using model::SpaceRecord;

constexpr std::string_view columns =
    "s.id, s.registry, s.name, s.upstream_id, s.is_public, s.upstream_visibility, s.enforcement, "
    "s.declared, s.proxy_cache, s.confirm_public, s.gone_ms, s.repositories, s.first_seen_ms, "
    "s.seen_ms, s.managed_by, s.created_by, s.created_ms, s.updated_ms, s.revision";

base::Error gone() { return missing("the space"); }

SpaceRecord read_space(Rows& rows) {
  SpaceRecord space;
  rows.into(space.id, space.registry, space.name, space.upstream_id, space.is_public);
  space.upstream_visibility = read_word<model::Visibility>(rows);
  space.enforcement = read_word<model::Enforcement>(rows);
  rows.into(space.declared, space.proxy_cache, space.confirm_public, space.gone_ms,
            space.repositories, space.first_seen_ms, space.seen_ms);
  read_provenance(rows, space.provenance);
  return space;
}

std::string select(std::string_view rest) {
  return "SELECT " + std::string(columns) + " FROM space s WHERE " + std::string(rest);
}

/// conflict when another space that is there has the name.
Result<void> alone(Reader& reader, const SpaceRecord& space) {
  if (space.gone_ms != 0) return {};
  if (scalar<Id>(reader,
                 "SELECT id FROM space WHERE registry = ? AND name = ? AND gone_ms = 0 AND id <> ?",
                 {space.registry, space.name, space.id})) {
    return taken("a space", space.name);
  }
  return {};
}

/// Whether a sweep merely saw the space again.
bool only_seen(const SpaceRecord& before, SpaceRecord after) {
  after.seen_ms = before.seen_ms;
  after.repositories = before.repositories;
  return after == before;
}

}  // namespace

Result<SpaceRecord> insert_space(Writer& writer, SpaceRecord space) {
  space.id = 0;
  if (auto free = alone(writer, space); !free) return free.error();
  const std::int64_t now = now_ms(writer);
  const Id id = insert(
      writer,
      "INSERT INTO space (registry, name, upstream_id, is_public, upstream_visibility, "
      "enforcement, declared, proxy_cache, confirm_public, gone_ms, repositories, first_seen_ms, "
      "seen_ms, managed_by, created_by, created_ms, updated_ms, revision) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
      {space.registry, space.name, space.upstream_id, space.is_public,
       to_string(space.upstream_visibility), to_string(space.enforcement), space.declared,
       space.proxy_cache, space.confirm_public, space.gone_ms, space.repositories,
       space.first_seen_ms, space.seen_ms, space.provenance.managed_by, space.provenance.created_by,
       now, now});
  access_changed(writer);
  return *find_space(writer, id);
}

Result<SpaceRecord> update_space(Writer& writer, const SpaceRecord& wanted,
                                 std::int64_t if_revision) {
  const auto stored = find_space(writer, wanted.id);
  if (!stored) return gone();
  if (auto same = same_revision(stored->provenance.revision, if_revision); !same)
    return same.error();
  SpaceRecord space = wanted;
  space.registry = stored->registry;
  space.provenance = stored->provenance;
  space.provenance.managed_by = wanted.provenance.managed_by;
  if (auto free = alone(writer, space); !free) return free.error();
  if (!only_seen(*stored, space)) {
    ++space.provenance.revision;
    space.provenance.updated_ms = now_ms(writer);
    access_changed(writer);
  }
  execute(writer,
          "UPDATE space SET name = ?, upstream_id = ?, is_public = ?, upstream_visibility = ?, "
          "enforcement = ?, declared = ?, proxy_cache = ?, confirm_public = ?, gone_ms = ?, "
          "repositories = ?, first_seen_ms = ?, seen_ms = ?, managed_by = ?, updated_ms = ?, "
          "revision = ? WHERE id = ?",
          {space.name, space.upstream_id, space.is_public, to_string(space.upstream_visibility),
           to_string(space.enforcement), space.declared, space.proxy_cache, space.confirm_public,
           space.gone_ms, space.repositories, space.first_seen_ms, space.seen_ms,
           space.provenance.managed_by, space.provenance.updated_ms, space.provenance.revision,
           space.id});
  return space;
}

Result<void> delete_space(Writer& writer, Id id) {
  if (scalar<Id>(writer, "SELECT id FROM binding WHERE space = ? LIMIT 1", {id})) {
    return base::Error{.code = base::Code::conflict,
                       .message = "the space is bound to a workspace",
                       .hint = "Unbind it from every workspace first."};
  }
  if (execute(writer, "DELETE FROM space WHERE id = ?", {id}) == 0) return gone();
  access_changed(writer);
  return {};
}

std::optional<SpaceRecord> find_space(Reader& reader, Id id) {
  Rows rows = query(reader, select("s.id = ?"), {id});
  if (!rows.next()) return std::nullopt;
  return read_space(rows);
}

std::optional<SpaceRecord> find_space(Reader& reader, Id registry, const std::string& name) {
  Rows rows =
      query(reader,
            select("s.registry = ? AND s.name = ? ORDER BY s.gone_ms = 0 DESC, s.id DESC LIMIT 1"),
            {registry, name});
  if (!rows.next()) return std::nullopt;
  return read_space(rows);
}

Page<SpaceRow> list_spaces(Reader& reader, const PageRequest& request, const SpaceFilter& filter) {
  const std::string with_workspaces =
      std::string(columns) +
      ", (SELECT json_group_array(name) FROM (SELECT w.name FROM binding b JOIN workspace w "
      "ON w.id = b.workspace WHERE b.space = s.id AND b.revoke_pending = '' ORDER BY w.name))";
  List list(
      {.columns = with_workspaces,
       .from = "space s",
       .id = "s.id",
       .search = "s.name",
       .sorts = {
           {"name", "s.name"}, {"repositories", "s.repositories"}, {"created", "s.created_ms"}}});
  if (filter.registry) list.where("s.registry = ?", {*filter.registry});
  if (filter.only) list.where("s.id IN (SELECT value FROM json_each(?))", {id_list(*filter.only)});
  if (filter.is_public) list.where("s.is_public = ?", {*filter.is_public});
  if (filter.bound) {
    list.where(
        "EXISTS (SELECT 1 FROM binding b WHERE b.space = s.id AND b.revoke_pending = '') = ?",
        {*filter.bound});
  }
  return list.page<SpaceRow>(reader, request, [](Rows& rows) {
    SpaceRow row{read_space(rows), {}};
    const auto names = rows.get<base::Json>();
    for (const base::Json& name : names.items()) row.workspaces.push_back(*name.as_string());
    return row;
  });
}

std::vector<SpaceRecord> spaces_of(Reader& reader, Id registry) {
  std::vector<SpaceRecord> spaces;
  Rows rows = query(reader, select("s.registry = ? ORDER BY s.name, s.id"), {registry});
  while (rows.next()) spaces.push_back(read_space(rows));
  return spaces;
}

}  // namespace portolan::store
