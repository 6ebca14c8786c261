#include "store/measures.h"

#include "store/connection.h"

namespace portolan::store {
namespace {

using model::Measure;

bool good(const Measure& measure) {
  return measure.state == model::MeasureState::known ||
         measure.state == model::MeasureState::partial;
}

struct Place {
  Id registry = 0;
  std::size_t space = 0;  // 0: the whole registry.
  std::size_t position = 0;
  bool last_known = false;
};

void put_measure(Writer& writer, const Place& place, const Measure& measure) {
  execute(writer,
          "INSERT INTO measure_now (registry, space, name, kind, last_known, position, value, "
          "state, scope, unit, taken_at_ms, hint, cut) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "?) ON CONFLICT (registry, space, name, kind, last_known) DO UPDATE SET "
          "position = excluded.position, value = excluded.value, state = excluded.state, "
          "scope = excluded.scope, unit = excluded.unit, taken_at_ms = excluded.taken_at_ms, "
          "hint = excluded.hint, cut = excluded.cut",
          {place.registry, place.space, measure.name, to_string(measure.kind), place.last_known,
           place.position, measure.value, to_string(measure.state), to_string(measure.scope),
           measure.unit, measure.taken_at_ms, measure.hint, measure.cut});
}

/// The columns name, kind, value, state, scope, unit, taken_at_ms, hint, cut.
Measure read_measure(Rows& rows) {
  Measure measure;
  rows.into(measure.name);
  measure.kind = read_word<model::MeasureKind>(rows);
  rows.into(measure.value);
  measure.state = read_word<model::MeasureState>(rows);
  measure.scope = read_word<model::Scope>(rows);
  rows.into(measure.unit, measure.taken_at_ms, measure.hint, measure.cut);
  return measure;
}

void replace_spaces(Writer& writer, Id registry, const std::vector<model::SpaceMeasures>& spaces) {
  execute(writer, "DELETE FROM measure_now WHERE registry = ? AND space <> 0", {registry});
  execute(writer, "DELETE FROM statistics_space WHERE registry = ?", {registry});
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    const model::SpaceMeasures& space = spaces[i];
    execute(writer,
            "INSERT INTO statistics_space (registry, position, name, visibility) "
            "VALUES (?, ?, ?, ?)",
            {registry, i + 1, space.name, to_string(space.visibility)});
    for (std::size_t k = 0; k < space.measures.size(); ++k)
      put_measure(writer, {registry, i + 1, k, false}, space.measures[k]);
  }
}

/// Of the registry: those of the newest collection first, in its order.
std::vector<KeptMeasure> read_measures(Reader& reader, Id registry) {
  std::vector<KeptMeasure> measures;
  Rows rows = query(reader,
                    "SELECT last_known, name, kind, value, state, scope, unit, taken_at_ms, hint, "
                    "cut FROM measure_now WHERE registry = ? AND space = 0 "
                    "ORDER BY last_known, position, name, kind",
                    {registry});
  while (rows.next()) {
    const bool last_known = rows.get<bool>();
    Measure measure = read_measure(rows);
    if (!last_known) {
      measures.push_back({std::move(measure), std::nullopt});
      continue;
    }
    for (KeptMeasure& kept : measures)
      if (kept.latest.name == measure.name && kept.latest.kind == measure.kind)
        kept.known = measure;
  }
  return measures;
}

std::vector<model::SpaceMeasures> read_spaces(Reader& reader, Id registry) {
  std::vector<model::SpaceMeasures> spaces;
  for (Rows rows = query(reader,
                         "SELECT name, visibility FROM statistics_space WHERE registry = ? "
                         "ORDER BY position",
                         {registry});
       rows.next();) {
    model::SpaceMeasures& space = spaces.emplace_back();
    rows.into(space.name);
    space.visibility = read_word<model::Visibility>(rows);
  }
  Rows rows = query(reader,
                    "SELECT space, name, kind, value, state, scope, unit, taken_at_ms, hint, cut "
                    "FROM measure_now WHERE registry = ? AND space <> 0 ORDER BY space, position",
                    {registry});
  while (rows.next()) {
    const auto position = rows.get<std::size_t>();
    spaces.at(position - 1).measures.push_back(read_measure(rows));
  }
  return spaces;
}

}  // namespace

base::Result<void> put_statistics(Writer& writer, Id registry,
                                  const model::Statistics& statistics) {
  if (!scalar<Id>(writer, "SELECT id FROM registry WHERE id = ?", {registry}))
    return missing("the registry");
  execute(writer,
          "INSERT INTO statistics (registry, taken_at_ms, level, complete) VALUES (?, ?, ?, ?) "
          "ON CONFLICT (registry) DO UPDATE SET taken_at_ms = excluded.taken_at_ms, "
          "level = excluded.level, complete = excluded.complete",
          {registry, now_ms(writer), to_string(statistics.level), statistics.complete});
  // Those that this collection did not ask for come behind.
  execute(writer, "UPDATE measure_now SET position = ? WHERE registry = ? AND space = 0",
          {statistics.measures.size(), registry});
  for (std::size_t i = 0; i < statistics.measures.size(); ++i) {
    const Measure& measure = statistics.measures[i];
    put_measure(writer, {registry, 0, i, false}, measure);
    if (!good(measure)) continue;
    put_measure(writer, {registry, 0, i, true}, measure);
    append_point(writer, registry, measure);
  }
  if (statistics.level != model::Level::quick || !statistics.spaces.empty())
    replace_spaces(writer, registry, statistics.spaces);
  return {};
}

KeptStatistics statistics(Reader& reader, Id registry) {
  KeptStatistics kept;
  {
    Rows rows =
        query(reader, "SELECT taken_at_ms, level, complete FROM statistics WHERE registry = ?",
              {registry});
    if (!rows.next()) return kept;
    rows.into(kept.taken_at_ms);
    kept.level = read_word<model::Level>(rows);
    rows.into(kept.complete);
  }
  kept.measures = read_measures(reader, registry);
  kept.spaces = read_spaces(reader, registry);
  return kept;
}

}  // namespace portolan::store
