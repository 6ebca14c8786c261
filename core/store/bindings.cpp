#include "store/catalogue.h"
#include "store/paging.h"

namespace portolan::store {
namespace {

using base::Result;
using model::Binding;

constexpr std::string_view columns =
    "b.id, b.space, b.workspace, b.push, s.name, w.name, s.registry, s.gone_ms <> 0, "
    "b.revoke_pending, "
    "b.managed_by, b.created_by, b.created_ms, b.updated_ms, b.revision";
constexpr std::string_view tables =
    "binding b JOIN space s ON s.id = b.space JOIN workspace w ON w.id = b.workspace";

/// In the table meta: the access_revision().
constexpr std::string_view access_word = "access_revision";

base::Error gone() { return missing("the binding"); }

Binding read_binding(Rows& rows) {
  Binding binding;
  rows.into(binding.id, binding.space, binding.workspace, binding.push, binding.space_name,
            binding.workspace_name, binding.registry, binding.broken, binding.revoke_pending);
  read_provenance(rows, binding.provenance);
  return binding;
}

/// All bindings, by the name of their space, unless a request pages and sorts them otherwise.
List bindings_list(const BindingFilter& filter) {
  List list({.columns = columns,
             .from = tables,
             .id = "b.id",
             .search = "s.name",
             .sorts = {{"space", "s.name"}, {"workspace", "w.name"}, {"created", "b.created_ms"}}});
  if (filter.space) list.where("b.space = ?", {*filter.space});
  if (filter.workspace) list.where("b.workspace = ?", {*filter.workspace});
  if (filter.registry) list.where("s.registry = ?", {*filter.registry});
  return list;
}

Result<Binding> bind_again(Writer& writer, const Binding& stored, const Binding& wanted) {
  execute(writer,
          "UPDATE binding SET push = ?, revoke_pending = '', managed_by = ?, created_by = ?, "
          "updated_ms = ?, revision = revision + 1 WHERE id = ?",
          {wanted.push, wanted.provenance.managed_by, wanted.provenance.created_by, now_ms(writer),
           stored.id});
  access_changed(writer);
  return *find_binding(writer, stored.id);
}

model::AccessWorld read_world(Reader& reader) {
  model::AccessWorld world;
  for (Rows rows = query(reader, "SELECT id, workspace FROM registry"); rows.next();) {
    auto& registry = world.registries.emplace_back();
    rows.into(registry.id, registry.workspace);
  }
  for (Rows rows = query(reader,
                         "SELECT id, registry, is_public FROM space WHERE gone_ms = 0 "
                         "ORDER BY id");
       rows.next();) {
    auto& space = world.spaces.emplace_back();
    rows.into(space.id, space.registry, space.is_public);
  }
  for (Rows rows =
           query(reader, "SELECT space, workspace, push FROM binding WHERE revoke_pending = ''");
       rows.next();) {
    auto& binding = world.bindings.emplace_back();
    rows.into(binding.space, binding.workspace, binding.push);
  }
  return world;
}

}  // namespace

Result<Binding> insert_binding(Writer& writer, Binding binding) {
  const auto stored = scalar<Id>(writer, "SELECT id FROM binding WHERE space = ? AND workspace = ?",
                                 {binding.space, binding.workspace});
  if (stored) {
    const Binding there = *find_binding(writer, *stored);
    if (!there.revoke_pending.empty()) return bind_again(writer, there, binding);
    if (there.push == binding.push) return there;
    return base::Error{.code = base::Code::conflict,
                       .message = "the space is bound to the workspace with access " +
                                  std::string(there.push ? "push" : "pull"),
                       .hint = "Unbind it first to change the access."};
  }
  const std::int64_t now = now_ms(writer);
  const Id id =
      insert(writer,
             "INSERT INTO binding (space, workspace, push, revoke_pending, managed_by, created_by, "
             "created_ms, updated_ms, revision) VALUES (?, ?, ?, '', ?, ?, ?, ?, 1)",
             {binding.space, binding.workspace, binding.push, binding.provenance.managed_by,
              binding.provenance.created_by, now, now});
  access_changed(writer);
  return *find_binding(writer, id);
}

Result<void> set_revoke_pending(Writer& writer, Id id, const std::string& why) {
  const int changed = execute(writer,
                              "UPDATE binding SET revoke_pending = ?, updated_ms = ?, "
                              "revision = revision + 1 WHERE id = ?",
                              {why, now_ms(writer), id});
  if (changed == 0) return gone();
  access_changed(writer);
  return {};
}

Result<void> delete_binding(Writer& writer, Id id) {
  if (execute(writer, "DELETE FROM binding WHERE id = ?", {id}) == 0) return gone();
  access_changed(writer);
  return {};
}

std::optional<Binding> find_binding(Reader& reader, Id id) {
  static const std::string sql =
      "SELECT " + std::string(columns) + " FROM " + std::string(tables) + " WHERE b.id = ?";
  Rows rows = query(reader, sql, {id});
  if (!rows.next()) return std::nullopt;
  return read_binding(rows);
}

std::vector<Binding> bindings(Reader& reader, const BindingFilter& filter) {
  std::vector<Binding> all;
  PageRequest request{.limit = model::limits::daemon::page_max};
  do {
    auto page = list_bindings(reader, request, filter);
    std::move(page.rows.begin(), page.rows.end(), std::back_inserter(all));
    request.after = page.next;
  } while (!request.after.empty());
  return all;
}

Page<Binding> list_bindings(Reader& reader, const PageRequest& request,
                            const BindingFilter& filter) {
  return bindings_list(filter).page<Binding>(reader, request, read_binding);
}

std::int64_t access_revision(Reader& reader) {
  return scalar<std::int64_t>(reader, "SELECT CAST(value AS INTEGER) FROM meta WHERE name = ?",
                              {access_word})
      .value_or(0);
}

void access_changed(Writer& writer) {
  put_meta(writer, access_word, std::to_string(access_revision(writer) + 1));
  // A write that is undone gives the number back: another world may have it then.
  writer.connection().known_access().revision = -1;
}

const model::AccessWorld& access_world(Reader& reader) {
  auto& known = reader.connection().known_access();
  const std::int64_t revision = access_revision(reader);
  if (known.revision != revision) {
    known.revision = -1;  // Reading may end in between.
    known.world = read_world(reader);
    known.revision = revision;
  }
  return known.world;
}

}  // namespace portolan::store
