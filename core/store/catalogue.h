#pragma once
/// Spaces, bindings, robots; the cached repositories and tags.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/records.h"
#include "model/usable.h"
#include "store/reader.h"

namespace portolan::store {

// What is not there: not_found.

/// conflict: the registry has a space of that name that is not gone.
base::Result<model::SpaceRecord> insert_space(Writer&, model::SpaceRecord space);
/// Everything but registry. seen_ms and repositories alone, as every sweep writes them, grow no
/// revision. conflict: another revision (0 = whatever it is), or the name.
base::Result<model::SpaceRecord> update_space(Writer&, const model::SpaceRecord& space,
                                              std::int64_t if_revision);
base::Result<void> delete_space(Writer&, Id id);  ///< conflict while bound.
std::optional<model::SpaceRecord> find_space(Reader&, Id id);
/// The one that is there; else the newest of that name that is gone.
std::optional<model::SpaceRecord> find_space(Reader&, Id registry, const std::string& name);
struct SpaceFilter {
  std::optional<Id> registry{};
  const std::vector<Id>* only = nullptr;
  std::optional<bool> is_public{}, bound{};
};
struct SpaceRow {
  model::SpaceRecord record;
  std::vector<std::string> workspaces;  ///< Bound ones, by name; not those being unbound.
};
/// Sorts: name, repositories, created.
Page<SpaceRow> list_spaces(Reader&, const PageRequest&, const SpaceFilter&);
std::vector<model::SpaceRecord> spaces_of(Reader&, Id registry);  ///< By name; gone ones too.

/// Bound already with the same access: that one. conflict: with another access. One that is being
/// unbound is bound again, with the access asked for.
base::Result<model::Binding> insert_binding(Writer&, model::Binding binding);
/// Unbinds at once: access_world() knows it no more, the row tells `why` it is still there.
base::Result<void> set_revoke_pending(Writer&, Id id, const std::string& why);
base::Result<void> delete_binding(Writer&, Id id);
std::optional<model::Binding> find_binding(Reader&, Id id);
struct BindingFilter {
  std::optional<Id> space{}, workspace{}, registry{};
};
std::vector<model::Binding> bindings(Reader&, const BindingFilter&);
Page<model::Binding> list_bindings(Reader&, const PageRequest&, const BindingFilter&);

/// Everything access resolution looks at, in one read: without spaces that are gone and bindings
/// whose revoke is pending. Good as long as the Reader; read anew only when it changed.
const model::AccessWorld& access_world(Reader&);
/// Grows whenever access_world() answers something else than before.
std::int64_t access_revision(Reader&);

base::Result<model::RobotRecord> insert_robot(Writer&, model::RobotRecord robot,
                                              const base::Secret& secret);
base::Result<void> update_robot(Writer&, const model::RobotRecord& robot);
base::Result<void> delete_robot(Writer&, Id id);
/// internal once the registry has another origin: what was issued there is not sent elsewhere.
base::Result<base::Secret> robot_secret(Reader&, Id id);
std::vector<model::RobotRecord> robots(Reader&, std::optional<Id> registry,
                                       std::optional<Id> workspace);

/// A sweep of the catalogue writes batch by batch and ends by dropping what it did not see. Rows
/// are known by their name; ids and tags_seen_ms of the batch are not looked at.
base::Result<void> put_repositories(Writer&, Id registry,
                                    const std::vector<model::RepositoryRecord>& batch);
base::Result<void> put_tags(Writer&, Id repository, const std::vector<model::TagRecord>& batch);
/// Rows of `registry` last seen before `ms` go.
base::Result<std::size_t> drop_repositories_unseen(Writer&, Id registry, std::int64_t ms);
/// The same for tags of `repository`; all its tags are known as of `ms` then (tags_seen_ms).
base::Result<std::size_t> drop_tags_unseen(Writer&, Id repository, std::int64_t ms);
/// Where a sweep that was interrupted goes on; empty = from the start.
std::string sweep_cursor(Reader&, Id registry, const std::string& kind);
base::Result<void> put_sweep_cursor(Writer&, Id registry, const std::string& kind,
                                    const std::string& cursor);

struct RepositoryFilter {
  std::optional<Id> registry{};
  const std::vector<Id>* only_spaces = nullptr;  ///< Null = all.
  /// Groups of registries that are one place: of their rows of one name the oldest alone is listed.
  std::vector<std::vector<Id>> twins{};
};
/// Sorts: name, updated, pulls. Search looks into the whole name.
Page<model::RepositoryRecord> list_repositories(Reader&, const PageRequest&,
                                                const RepositoryFilter&);
std::optional<model::RepositoryRecord> find_repository(Reader&, Id registry,
                                                       const std::string& name);
/// How many repositories each space of `registry` has; none: absent.
std::map<Id, std::int64_t> repositories_by_space(Reader&, Id registry);
Page<model::TagRecord> list_tags(Reader&, const PageRequest&, Id repository);

}  // namespace portolan::store
