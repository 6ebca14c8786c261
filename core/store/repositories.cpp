#include "store/catalogue.h"
#include "store/paging.h"

namespace portolan::store {
namespace {

using base::Result;
using model::RepositoryRecord;
using model::TagRecord;

constexpr std::string_view columns =
    "r.id, r.registry, r.space, r.name, r.artifacts, r.pulls, r.updated_ms, r.seen_ms, "
    "r.tags_seen_ms";

RepositoryRecord read_repository(Rows& rows) {
  RepositoryRecord repository;
  rows.into(repository.id, repository.registry, repository.space, repository.name,
            repository.artifacts, repository.pulls, repository.updated_ms, repository.seen_ms,
            repository.tags_seen_ms);
  return repository;
}

}  // namespace

Result<void> put_repositories(Writer& writer, Id registry,
                              const std::vector<RepositoryRecord>& batch) {
  for (const RepositoryRecord& repository : batch) {
    execute(writer,
            "INSERT INTO repository (registry, space, name, artifacts, pulls, updated_ms, seen_ms, "
            "tags_seen_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (registry, name) DO UPDATE "
            "SET space = excluded.space, artifacts = excluded.artifacts, pulls = excluded.pulls, "
            "updated_ms = excluded.updated_ms, seen_ms = excluded.seen_ms",
            {registry, repository.space, repository.name, repository.artifacts, repository.pulls,
             repository.updated_ms, repository.seen_ms});
  }
  return {};
}

Result<void> put_tags(Writer& writer, Id repository, const std::vector<TagRecord>& batch) {
  for (const TagRecord& tag : batch) {
    execute(writer,
            "INSERT INTO tag (repository, name, digest, seen_ms) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (repository, name) DO UPDATE SET digest = excluded.digest, "
            "seen_ms = excluded.seen_ms",
            {repository, tag.name, tag.digest, tag.seen_ms});
  }
  return {};
}

Result<std::size_t> drop_repositories_unseen(Writer& writer, Id registry, std::int64_t ms) {
  return static_cast<std::size_t>(
      execute(writer, "DELETE FROM repository WHERE registry = ? AND seen_ms < ?", {registry, ms}));
}

Result<std::size_t> drop_tags_unseen(Writer& writer, Id repository, std::int64_t ms) {
  const int gone =
      execute(writer, "DELETE FROM tag WHERE repository = ? AND seen_ms < ?", {repository, ms});
  execute(writer, "UPDATE repository SET tags_seen_ms = ? WHERE id = ?", {ms, repository});
  return static_cast<std::size_t>(gone);
}

std::string sweep_cursor(Reader& reader, Id registry, const std::string& kind) {
  return scalar<std::string>(reader, "SELECT cursor FROM sweep WHERE registry = ? AND kind = ?",
                             {registry, kind})
      .value_or("");
}

Result<void> put_sweep_cursor(Writer& writer, Id registry, const std::string& kind,
                              const std::string& cursor) {
  if (cursor.empty()) {
    execute(writer, "DELETE FROM sweep WHERE registry = ? AND kind = ?", {registry, kind});
    return {};
  }
  execute(writer,
          "INSERT INTO sweep (registry, kind, cursor) VALUES (?, ?, ?) "
          "ON CONFLICT (registry, kind) DO UPDATE SET cursor = excluded.cursor",
          {registry, kind, cursor});
  return {};
}

Page<RepositoryRecord> list_repositories(Reader& reader, const PageRequest& request,
                                         const RepositoryFilter& filter) {
  List list({.columns = columns,
             .from = "repository r",
             .id = "r.id",
             .search = "r.name",
             .sorts = {{"name", "r.name"}, {"updated", "r.updated_ms"}, {"pulls", "r.pulls"}}});
  if (filter.registry) list.where("r.registry = ?", {*filter.registry});
  if (filter.only_spaces)
    list.where("r.space IN (SELECT value FROM json_each(?))", {id_list(*filter.only_spaces)});
  for (const std::vector<Id>& group : filter.twins) {
    const Value registries = id_list(group);
    const Value spaces = filter.only_spaces ? id_list(*filter.only_spaces) : Value(std::nullopt);
    list.where(
        "NOT (r.registry IN (SELECT value FROM json_each(?)) AND EXISTS (SELECT 1 FROM repository "
        "o WHERE o.registry IN (SELECT value FROM json_each(?)) AND o.name = r.name AND o.id < "
        "r.id "
        "AND (? IS NULL OR o.space IN (SELECT value FROM json_each(?)))))",
        {registries, registries, spaces, spaces});
  }
  return list.page<RepositoryRecord>(reader, request, read_repository);
}

std::optional<RepositoryRecord> find_repository(Reader& reader, Id registry,
                                                const std::string& name) {
  static const std::string sql =
      "SELECT " + std::string(columns) + " FROM repository r WHERE r.registry = ? AND r.name = ?";
  Rows rows = query(reader, sql, {registry, name});
  if (!rows.next()) return std::nullopt;
  return read_repository(rows);
}

std::map<Id, std::int64_t> repositories_by_space(Reader& reader, Id registry) {
  std::map<Id, std::int64_t> counts;
  Rows rows =
      query(reader, "SELECT space, COUNT(*) FROM repository WHERE registry = ? GROUP BY space",
            {registry});
  while (rows.next()) {
    Id space = 0;
    std::int64_t count = 0;
    rows.into(space, count);
    counts[space] = count;
  }
  return counts;
}

Page<TagRecord> list_tags(Reader& reader, const PageRequest& request, Id repository) {
  List list({.columns = "t.repository, t.name, t.digest, t.seen_ms",
             .from = "tag t",
             .id = "t.name",
             .search = "t.name",
             .sorts = {{"name", "t.name"}}});
  list.where("t.repository = ?", {repository});
  return list.page<TagRecord>(reader, request, [](Rows& rows) {
    TagRecord tag;
    rows.into(tag.repository, tag.name, tag.digest, tag.seen_ms);
    return tag;
  });
}

}  // namespace portolan::store
