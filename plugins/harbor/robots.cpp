/// Robots: one of the system's with a right for each project, so that one login pulls them all.
#include <algorithm>
#include <limits>
#include <map>

#include "harbor.h"

namespace harbor {
namespace {

/// The "permissions" of Harbor's robots.
std::string permissions(const std::vector<portolan::grant>& grants) {
  std::map<std::string, bool> may_push;  // A project named twice gets the greater right.
  for (const auto& grant : grants) {
    if (!is_project_name(grant.space))
      throw portolan::failure(PORTOLAN_INVALID_ARGUMENT,
                              "a robot is to have a project that Harbor cannot have",
                              "name projects as Harbor lists them");
    may_push[grant.space] |= grant.may_push();
  }
  if (may_push.empty())
    throw portolan::failure(PORTOLAN_INVALID_ARGUMENT, "Harbor has no robot without a project",
                            "revoke the robot instead");
  std::string list;
  for (const auto& [project, push] : may_push) {
    list += list.empty() ? "" : ",";
    list += R"({"kind":"project","namespace":)" + portolan::json_quote(project) +
            R"(,"access":[{"resource":"repository","action":"pull"})" +
            (push ? R"(,{"resource":"repository","action":"push"}]})" : "]}");
  }
  return "\"permissions\":[" + list + "]";
}

std::string robot_path(const std::string& id) {
  const bool number =
      !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number)
    throw portolan::failure(PORTOLAN_INVALID_ARGUMENT, "this is no id of a robot of Harbor's",
                            "list the robots, or issue one");
  return "/robots/" + id;
}

portolan::robot to_item(const Robot& robot) {
  return {std::to_string(robot.id), robot.name, {}, robot.expires_ms};
}

std::string text_of(const char* key, const portolan::json& value) {
  return "\"" + std::string(key) + "\":" + portolan::json_quote(value.string_or(""));
}

/// Harbor's prefix of robot names, which an administrator may read.
std::optional<std::string> prefix_of_names(Client& client) {
  const portolan::response settings = client.get("/configurations");
  if (settings.code == PORTOLAN_FORBIDDEN) return std::nullopt;
  if (settings.status != 200)
    throw explain_refusal(client, settings, "Harbor does not show its settings");
  return settings.json()["robot_name_prefix"]["value"].string();
}

}  // namespace

portolan::robot Harbor::issue_robot(portolan::call& call, const std::string& name,
                                    const std::vector<portolan::grant>& grants,
                                    std::uint32_t lifetime_days) {
  const std::string duration = lifetime_days == 0 ? "-1" : std::to_string(lifetime_days);
  const std::string body = "{\"name\":" + portolan::json_quote(name) +
                           R"(,"level":"system","description":"made by Portolan","duration":)" +
                           duration + "," + permissions(grants) + "}";
  Client client(call, base_);
  portolan::request wanted = client.change("POST", "/robots", body);
  wanted.secret_pointer = "/secret";
  const portolan::response made = call.send(wanted);
  if (made.status == 409)
    throw portolan::failure(PORTOLAN_CONFLICT, "Harbor has a robot of that name: " + name,
                            "revoke it, or take another name; its secret is not to be had again");
  if (made.status != 201) throw explain_refusal(client, made, "Harbor does not make the robot");
  const portolan::json answer = made.json();
  portolan::robot robot = to_item(to_robot(answer));
  robot.secret_handle = answer["secret"]["$secret"].string_or("");
  return robot;
}

portolan::robot Harbor::rewrite_robot(portolan::call& call, const std::string& id,
                                      const std::vector<portolan::grant>& grants) {
  const std::string path = robot_path(id), rights = permissions(grants);
  Client client(call, base_);
  const portolan::response found = client.get(path);
  if (found.code == PORTOLAN_NOT_FOUND)
    throw portolan::failure(PORTOLAN_NOT_FOUND, "Harbor has no robot " + id, "issue another one");
  if (found.status != 200) throw explain_refusal(client, found, "Harbor does not show the robot");
  const portolan::json old = found.json();
  const Robot robot = to_robot(old);
  // Harbor takes a robot whole: what is left out would be reset.
  const std::string body =
      "{\"id\":" + id + "," + text_of("name", old["name"]) + "," + text_of("level", old["level"]) +
      "," + text_of("description", old["description"]) +
      ",\"duration\":" + std::to_string(old["duration"].integer_or(-1)) +
      ",\"disable\":" + (old["disable"].boolean().value_or(false) ? "true" : "false") + "," +
      rights + "}";
  portolan::request put = client.change("PUT", path, body);
  put.flags |= PORTOLAN_HTTP_IDEMPOTENT;
  const portolan::response done = call.send(put);
  if (done.status != 200) throw explain_refusal(client, done, "Harbor does not change the robot");
  return to_item(robot);
}

void Harbor::revoke_robot(portolan::call& call, const std::string& id) {
  Client client(call, base_);
  portolan::request gone = client.change("DELETE", robot_path(id));
  gone.flags |= PORTOLAN_HTTP_IDEMPOTENT;
  const portolan::response done = call.send(gone);
  if (done.status != 200 && done.code != PORTOLAN_NOT_FOUND)
    throw explain_refusal(client, done, "Harbor does not remove the robot");
}

void Harbor::list_robots(portolan::call& call, const std::string& prefix,
                         portolan::out<portolan::robot>& out) {
  Client client(call, base_);
  const auto configured = prefix_of_names(client);
  Reader reader(client);
  std::optional<Listed> listed;
  reader.list(
      "/robots?q=Level%3Dsystem&sort=id",
      [&](const portolan::json& row) {
        const Robot robot = to_robot(row);
        if (begins_with(robot.name, configured, prefix)) out.push(to_item(robot));
      },
      [&](const Listed& how) { listed = how; });
  reader.run();
  if (!listed) {
    call.check();
    portolan::failure budget(PORTOLAN_LIMIT, "the request budget is spent", "raise --max-requests");
    budget.flags = PORTOLAN_ERROR_BUDGET;
    throw portolan::failure(budget);
  }
  if (listed->failed) throw portolan::failure(*listed->failed);
  if (listed->short_of_total)
    throw portolan::failure(PORTOLAN_UNAVAILABLE, "robots came or went while they were listed",
                            "list them again");
}

}  // namespace harbor
