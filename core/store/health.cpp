#include "model/json.h"
#include "store/registries.h"
#include "store/registry_rows.h"

namespace portolan::store {
namespace {

using base::Json;

std::optional<model::Validation> validation_of(const std::optional<Json>& json) {
  if (!json) return std::nullopt;
  return model::validation_from(*json);
}

std::optional<Json> json_of(const std::optional<model::Validation>& validation) {
  if (!validation) return std::nullopt;
  return model::to_json(*validation);
}

Json words_of(const std::vector<model::HealthState>& states) {
  Json words = Json::array();
  for (const model::HealthState state : states)
    words.push(Json::string(std::string(to_string(state))));
  return words;
}

}  // namespace

model::Health health(Reader& reader, Id registry) {
  static const std::string sql = "SELECT " + std::string(health_columns) +
                                 ", h.last_json, h.last_full_json FROM health h "
                                 "WHERE h.registry = ?";
  Rows rows = query(reader, sql, {registry});
  if (!rows.next()) return {};
  model::Health health = read_health(rows);
  health.last = validation_of(rows.get<std::optional<Json>>());
  health.last_full = validation_of(rows.get<std::optional<Json>>());
  return health;
}

base::Result<void> put_health(Writer& writer, Id registry, const model::Health& health) {
  const int changed = execute(
      writer,
      "UPDATE health SET state = ?, reason = ?, message = ?, hint = ?, since_ms = ?, "
      "last_try_ms = ?, last_success_ms = ?, next_try_ms = ?, blocked = ?, refused_at_ms = ?, "
      "refused_version = ?, recent = ?, last_json = COALESCE(?, last_json), "
      "last_full_json = COALESCE(?, last_full_json), last_full_ms = ? WHERE registry = ?",
      {to_string(health.state), health.reason, health.message, health.hint, health.since_ms,
       health.last_try_ms, health.last_success_ms, health.next_try_ms, health.blocked,
       health.refused_at_ms, health.refused_version, words_of(health.recent), json_of(health.last),
       json_of(health.last_full), health.last_full_ms, registry});
  if (changed == 0) return missing("the registry");
  return {};
}

base::Result<void> add_transition(Writer& writer, Id registry, const Transition& transition) {
  execute(writer, "UPDATE transition SET until_ms = ? WHERE registry = ? AND until_ms = 0",
          {transition.since_ms, registry});
  execute(writer,
          "INSERT INTO transition (registry, state, reason, message, since_ms, until_ms) "
          "VALUES (?, ?, ?, ?, ?, ?)",
          {registry, to_string(transition.state), transition.reason, transition.message,
           transition.since_ms, transition.until_ms});
  return {};
}

std::vector<Transition> transitions(Reader& reader, Id registry, std::size_t limit) {
  std::vector<Transition> found;
  Rows rows = query(reader,
                    "SELECT state, reason, message, since_ms, until_ms FROM transition "
                    "WHERE registry = ? ORDER BY id DESC LIMIT ?",
                    {registry, limit});
  while (rows.next()) {
    Transition transition;
    transition.state = read_word<model::HealthState>(rows);
    rows.into(transition.reason, transition.message, transition.since_ms, transition.until_ms);
    found.push_back(std::move(transition));
  }
  return found;
}

}  // namespace portolan::store
