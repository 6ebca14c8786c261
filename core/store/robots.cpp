#include "base/url.h"
#include "store/catalogue.h"
#include "store/sealed.h"

namespace portolan::store {
namespace {

using base::Result;
using model::RobotRecord;

constexpr std::string_view secret_word = "password";

base::Error gone() { return missing("the robot"); }

/// Where the registry of a robot is now.
Result<std::string> origin_of_registry(Reader& reader, Id registry) {
  const auto address =
      scalar<std::string>(reader, "SELECT address FROM registry WHERE id = ?", {registry});
  if (!address) return missing("the registry");
  const auto url = base::parse_address(*address);
  if (!url) return url.error();
  return url->origin();
}

void write_spaces(Writer& writer, const RobotRecord& robot) {
  execute(writer, "DELETE FROM robot_space WHERE robot = ?", {robot.id});
  for (const Id space : robot.spaces)
    execute(writer, "INSERT INTO robot_space (robot, space) VALUES (?, ?)", {robot.id, space});
}

RobotRecord read_robot(Rows& rows) {
  RobotRecord robot;
  base::Json spaces;
  rows.into(robot.id, robot.registry, robot.workspace, robot.upstream_id, robot.username,
            robot.push, robot.created_ms, robot.expires_ms, robot.retire_ms, robot.reconcile,
            spaces);
  for (const base::Json& space : spaces.items()) robot.spaces.push_back(*space.as_integer());
  return robot;
}

}  // namespace

Result<RobotRecord> insert_robot(Writer& writer, RobotRecord robot, const base::Secret& secret) {
  const auto origin = origin_of_registry(writer, robot.registry);
  if (!origin) return origin.error();
  robot.created_ms = now_ms(writer);
  robot.id =
      insert(writer,
             "INSERT INTO robot (registry, workspace, upstream_id, username, push, created_ms, "
             "expires_ms, retire_ms, reconcile) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {robot.registry, robot.workspace, robot.upstream_id, robot.username, robot.push,
              robot.created_ms, robot.expires_ms, robot.retire_ms, robot.reconcile});
  write_spaces(writer, robot);
  put_secret(writer, {SecretTable::robot, robot.id, secret_word, *origin}, secret);
  return robot;
}

Result<void> update_robot(Writer& writer, const RobotRecord& robot) {
  const int changed = execute(writer,
                              "UPDATE robot SET upstream_id = ?, username = ?, push = ?, "
                              "expires_ms = ?, retire_ms = ?, reconcile = ? WHERE id = ?",
                              {robot.upstream_id, robot.username, robot.push, robot.expires_ms,
                               robot.retire_ms, robot.reconcile, robot.id});
  if (changed == 0) return gone();
  write_spaces(writer, robot);
  return {};
}

Result<void> delete_robot(Writer& writer, Id id) {
  if (execute(writer, "DELETE FROM robot WHERE id = ?", {id}) == 0) return gone();
  return {};
}

Result<base::Secret> robot_secret(Reader& reader, Id id) {
  const auto registry = scalar<Id>(reader, "SELECT registry FROM robot WHERE id = ?", {id});
  if (!registry) return gone();
  const auto origin = origin_of_registry(reader, *registry);
  if (!origin) return origin.error();
  return get_secret(reader, {SecretTable::robot, id, secret_word, *origin});
}

std::vector<RobotRecord> robots(Reader& reader, std::optional<Id> registry,
                                std::optional<Id> workspace) {
  std::string sql =
      "SELECT r.id, r.registry, r.workspace, r.upstream_id, r.username, r.push, r.created_ms, "
      "r.expires_ms, r.retire_ms, r.reconcile, (SELECT json_group_array(space) FROM "
      "(SELECT space FROM robot_space WHERE robot = r.id ORDER BY space)) FROM robot r WHERE TRUE";
  std::vector<Value> values;
  const auto only = [&](const char* condition, std::optional<Id> id) {
    if (!id) return;
    sql += condition;
    values.emplace_back(*id);
  };
  only(" AND r.registry = ?", registry);
  only(" AND r.workspace = ?", workspace);
  Rows rows = reader.connection().query(sql + " ORDER BY r.id", values);
  std::vector<RobotRecord> found;
  while (rows.next()) found.push_back(read_robot(rows));
  return found;
}

}  // namespace portolan::store
