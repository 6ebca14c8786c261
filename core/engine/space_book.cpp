#include <algorithm>

#include "base/json.h"
#include "engine/sweep.h"
#include "store/catalogue.h"
#include "store/registries.h"

namespace portolan::engine {
namespace {

using base::Result;
using model::SpaceRecord;
using model::Visibility;

bool is_there(const SpaceRecord& row) { return row.gone_ms == 0; }

}  // namespace

model::Enforcement enforcement_of(const model::RegistryRecord& record, Visibility upstream) {
  if (!record.integration || upstream != Visibility::closed) return model::Enforcement::catalog;
  const auto& able = record.integration->capabilities;
  const bool issues = std::find(able.begin(), able.end(), "robots") != able.end();
  return issues ? model::Enforcement::registry : model::Enforcement::catalog;
}

SpaceBook::SpaceBook(store::Writer& writer, const model::RegistryRecord& record,
                     std::int64_t started_ms, std::int64_t now_ms)
    : writer_(writer),
      record_(record),
      started_ms_(started_ms),
      now_ms_(now_ms),
      is_first_(store::sweep_cursor(writer, record.id, swept_mark).empty()),
      rows_(store::spaces_of(writer, record.id)) {}

SpaceRecord* SpaceBook::match(const model::Space& upstream) {
  SpaceRecord* gone = nullptr;
  for (SpaceRecord& row : rows_) {
    const bool has_id = !upstream.upstream_id.empty() && !row.upstream_id.empty();
    if (has_id ? row.upstream_id != upstream.upstream_id : row.name != upstream.name) continue;
    if (is_there(row)) return &row;
    // Of those that are gone only the very same one comes back, the newest where there is no id.
    const bool is_same = has_id || (upstream.upstream_id.empty() && row.upstream_id.empty());
    if (is_same && (!gone || row.id > gone->id)) gone = &row;
  }
  return gone;
}

const SpaceRecord* SpaceBook::find(const std::string& name) const {
  for (const SpaceRecord& row : rows_) {
    if (is_there(row) && row.name == name) return &row;
  }
  return nullptr;
}

std::vector<std::string> SpaceBook::declared() const {
  std::vector<std::string> names;
  for (const SpaceRecord& row : rows_) {
    if (is_there(row) && row.declared) names.push_back(row.name);
  }
  return names;
}

Result<SpaceRecord> SpaceBook::take(const model::Space& upstream) {
  SpaceRecord* row = match(upstream);
  // Another one stands under its name: an older space that upstream has replaced.
  for (SpaceRecord& other : rows_) {
    if (&other == row || !is_there(other) || other.name != upstream.name) continue;
    if (auto lost = lose(other, true); !lost) return lost.error();
  }
  return row ? see(*row, upstream) : add(upstream);
}

Result<SpaceRecord> SpaceBook::add(const model::Space& upstream) {
  SpaceRecord row;
  row.registry = record_.id;
  row.name = upstream.name;
  row.upstream_id = upstream.upstream_id;
  row.upstream_visibility = upstream.visibility;
  row.enforcement = enforcement_of(record_, upstream.visibility);
  row.repositories = upstream.repositories;
  row.proxy_cache = upstream.proxy_cache;
  row.first_seen_ms = row.seen_ms = now_ms_;
  row.provenance.managed_by = row.provenance.created_by = "portolan";
  switch (record_.default_visibility) {
    case model::DefaultVisibility::upstream:
      row.is_public = upstream.visibility == Visibility::open;
      break;
    case model::DefaultVisibility::open: row.is_public = true; break;
    case model::DefaultVisibility::closed: break;
  }
  auto added = store::insert_space(writer_, row);
  if (!added) return added;
  rows_.push_back(*added);
  changes_robots_ = changes_robots_ || (row.is_public && upstream.visibility != Visibility::open);
  if (!is_first_) tell("space.found", *added);
  return added;
}

Result<SpaceRecord> SpaceBook::see(SpaceRecord& row, const model::Space& upstream) {
  const SpaceRecord before = row;
  row.name = upstream.name;
  row.gone_ms = 0;
  row.seen_ms = now_ms_;
  if (!upstream.upstream_id.empty()) row.upstream_id = upstream.upstream_id;
  if (upstream.repositories >= 0) row.repositories = upstream.repositories;
  row.proxy_cache = upstream.proxy_cache;
  row.upstream_visibility = upstream.visibility;
  row.enforcement = enforcement_of(record_, upstream.visibility);
  const bool opened =
      upstream.visibility == Visibility::open && before.upstream_visibility != Visibility::open;
  if (opened && !row.is_public) row.confirm_public = true;
  if (upstream.visibility != Visibility::open) row.confirm_public = false;
  auto seen = store::update_space(writer_, row, 0);
  if (!seen) return seen;
  row = *seen;
  const bool was_open = before.upstream_visibility == Visibility::open;
  changes_robots_ =
      changes_robots_ || !is_there(before) || was_open != (upstream.visibility == Visibility::open);
  if (!is_there(before)) tell("space.found", row);
  if (row.confirm_public && !before.confirm_public) {
    tell("space.public_upstream", row);
  } else if (row.upstream_visibility != before.upstream_visibility) {
    tell("space.visibility", row);
  }
  return seen;
}

Result<void> SpaceBook::lose(SpaceRecord& row, bool replaced) {
  row.gone_ms = now_ms_;
  auto lost = store::update_space(writer_, row, 0);
  if (!lost) return lost.error();
  row = *lost;
  changes_robots_ = true;
  tell("space.gone", row, replaced);
  return {};
}

Result<std::vector<std::string>> SpaceBook::close() {
  std::vector<std::string> names;
  for (SpaceRecord& row : rows_) {
    const bool by_declaration = row.declared && row.upstream_id.empty();
    // Never seen: somebody is just making it.
    const bool missing = is_there(row) && row.seen_ms != 0 && row.seen_ms < started_ms_;
    if (!missing || by_declaration) continue;
    if (auto lost = lose(row, false); !lost) return lost.error();
    names.push_back(row.name);
  }
  return names;
}

void SpaceBook::tell(const std::string& kind, const SpaceRecord& space, bool replaced) {
  base::Json data = base::Json::object();
  data.set("name", base::Json::string(space.name));
  data.set("upstream_id", base::Json::string(space.upstream_id));
  data.set("public", base::Json::boolean(space.is_public));
  data.set("upstream_public", base::Json::boolean(space.upstream_visibility == Visibility::open));
  if (replaced) data.set("replaced", base::Json::boolean(true));
  model::Event event;
  event.kind = kind;
  event.workspace = record_.workspace;
  event.registry = record_.id;
  event.space = space.id;
  event.subject = record_.identity() + ": " + space.name;
  event.data_json = base::to_text(data);
  store::add_event(writer_, std::move(event));
}

}  // namespace portolan::engine
