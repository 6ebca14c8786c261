#include "store/paging.h"
#include "store/registries.h"

namespace portolan::store {
namespace {

model::Event read_event(Rows& rows) {
  model::Event event;
  rows.into(event.id, event.at_ms, event.kind, event.workspace, event.registry, event.space,
            event.subject, event.data_json);
  return event;
}

}  // namespace

Id add_event(Writer& writer, model::Event event) {
  return insert(writer,
                "INSERT INTO event (at_ms, kind, workspace, registry, space, subject, data_json) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                {now_ms(writer), event.kind, event.workspace, event.registry, event.space,
                 event.subject, event.data_json});
}

Page<model::Event> list_events(Reader& reader, const PageRequest& request,
                               const EventFilter& filter) {
  List list({.columns = "e.id, e.at_ms, e.kind, e.workspace, e.registry, e.space, e.subject, "
                        "e.data_json",
             .from = "event e",
             .id = "e.id",
             .search = "e.subject",
             .sorts = {{"newest", "e.id", true}, {"oldest", "e.id", false}}});
  if (filter.workspace) list.where("e.workspace = ?", {*filter.workspace});
  if (!filter.removed_as.empty()) {
    list.where(
        "(e.registry = ? OR e.registry IN (SELECT registry FROM event WHERE "
        "kind = 'registry.removed' AND subject = ?))",
        {filter.registry, filter.removed_as});
  } else if (filter.registry) {
    list.where("e.registry = ?", {*filter.registry});
  }
  if (!filter.kind.empty()) list.where("e.kind = ?", {filter.kind});
  if (filter.only) {
    list.where(
        "(e.workspace IN (SELECT value FROM json_each(?)) OR e.workspace IS NULL AND "
        "(e.space IN (SELECT value FROM json_each(?)) OR e.space IS NULL AND "
        "e.registry IN (SELECT value FROM json_each(?))))",
        {id_list(filter.only->workspaces), id_list(filter.only->spaces),
         id_list(filter.only->registries)});
  }
  PageRequest asked = request;
  if (filter.since_id) {
    list.where("e.id > ?", {*filter.since_id});
    asked.sort = "oldest";
  }
  return list.page<model::Event>(reader, asked, read_event);
}

Id last_event(Reader& reader) {
  return scalar<Id>(reader, "SELECT COALESCE(MAX(id), 0) FROM event").value_or(0);
}

base::Result<std::size_t> delete_events_before(Writer& writer, std::int64_t ms) {
  const int events = execute(writer, "DELETE FROM event WHERE at_ms < ?", {ms});
  const int transitions =
      execute(writer, "DELETE FROM transition WHERE until_ms <> 0 AND until_ms < ?", {ms});
  return static_cast<std::size_t>(events + transitions);
}

}  // namespace portolan::store
