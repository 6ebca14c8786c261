#include "store/connection.h"
#include "store/measures.h"

namespace portolan::store {

model::Notes notes(Reader& reader, Id registry, const std::string& good_for) {
  model::Notes found;
  Rows rows = query(reader,
                    "SELECT n.key, n.value FROM memory m JOIN memory_note n USING (registry) "
                    "WHERE m.registry = ? AND m.good_for = ?",
                    {registry, good_for});
  while (rows.next()) {
    auto key = rows.get<std::string>();
    found.emplace(std::move(key), rows.get<std::string>());
  }
  return found;
}

void put_notes(Writer& writer, Id registry, const std::string& good_for,
               const model::Notes& wanted) {
  const auto owner =
      scalar<std::string>(writer, "SELECT good_for FROM memory WHERE registry = ?", {registry});
  if (owner != good_for) {
    execute(writer, "DELETE FROM memory WHERE registry = ?", {registry});
    execute(writer, "INSERT INTO memory (registry, good_for) VALUES (?, ?)", {registry, good_for});
  }
  // Most notes are what they were: only the others are written.
  const model::Notes stored = notes(writer, registry, good_for);
  for (const auto& [key, value] : stored) {
    if (wanted.count(key) == 0)
      execute(writer, "DELETE FROM memory_note WHERE registry = ? AND key = ?", {registry, key});
  }
  for (const auto& [key, value] : wanted) {
    const auto known = stored.find(key);
    if (known != stored.end() && known->second == value) continue;
    execute(writer,
            "INSERT INTO memory_note (registry, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT (registry, key) DO UPDATE SET value = excluded.value",
            {registry, key, value});
  }
}

}  // namespace portolan::store
