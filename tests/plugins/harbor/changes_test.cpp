#include <catch2/catch.hpp>

#include "scripted_harbor.h"

namespace {

constexpr std::uint32_t open = PORTOLAN_VISIBILITY_PUBLIC, closed = PORTOLAN_VISIBILITY_PRIVATE;
using Grants = std::vector<std::pair<std::string, std::uint32_t>>;

fake::Reply complaint(int status, const std::string& code, const std::string& message) {
  return {status, R"({"errors":[{"code":")" + code + R"(","message":")" + message + "\"}]}"};
}

fake::Reply project(const char* is_public, int repositories = 0) {
  return {200, R"({"project_id":7,"name":"team","repo_count":)" + std::to_string(repositories) +
                   R"(,"metadata":{"public":")" + is_public + "\"}}"};
}

struct Changes : ScriptedHarbor {
  std::string space(portolan_status (*portolan_ext_spaces::*function)(const portolan_instance*,
                                                                      const portolan_call*,
                                                                      portolan_str, std::uint32_t,
                                                                      const portolan_sink*),
                    const std::string& name, std::uint32_t visibility) {
    std::string out;
    run<portolan_space>(
        [&](const portolan_space& one) {
          out = fake::text(one.name) + " " + fake::text(one.upstream_id) + " " +
                (one.visibility == open ? "public" : "private");
        },
        [&](const portolan_instance* plugin, const portolan_sink* sink) {
          return (table<portolan_ext_spaces>(plugin, PORTOLAN_EXT_SPACES)->*function)(
              plugin, host.call(), fake::text(name), visibility, sink);
        });
    return out;
  }
  std::string create(const std::string& name, std::uint32_t visibility) {
    return space(&portolan_ext_spaces::create, name, visibility);
  }
  std::string set(const std::string& name, std::uint32_t visibility) {
    return space(&portolan_ext_spaces::set_visibility, name, visibility);
  }
  portolan_status remove(const std::string& name) {
    run<portolan_space>([](const portolan_space&) {},
                        [&](const portolan_instance* plugin, const portolan_sink*) {
                          return table<portolan_ext_spaces>(plugin, PORTOLAN_EXT_SPACES)
                              ->remove(plugin, host.call(), fake::text(name));
                        });
    return status;
  }

  /// "id username handle expires" of each.
  template <class Run>
  std::vector<std::string> robots(Run run_one) {
    std::vector<std::string> out;
    run<portolan_robot>(
        [&](const portolan_robot& one) {
          out.push_back(fake::text(one.id) + " " + fake::text(one.username) + " " +
                        fake::text(one.secret_handle) + " " + std::to_string(one.expires_ms));
        },
        [&](const portolan_instance* plugin, const portolan_sink* sink) {
          return run_one(*table<portolan_ext_robots>(plugin, PORTOLAN_EXT_ROBOTS), plugin, sink);
        });
    return out;
  }
  static std::vector<portolan_grant> raw(const Grants& grants) {
    std::vector<portolan_grant> out;
    for (const auto& [name, rights] : grants)
      out.push_back({sizeof(portolan_grant), rights, fake::text(name)});
    return out;
  }
  std::vector<std::string> issue(const std::string& name, const Grants& grants,
                                 std::uint32_t days = 0) {
    const auto list = raw(grants);
    return robots([&](const auto& table, const auto* plugin, const auto* sink) {
      return table.issue(plugin, host.call(), fake::text(name), list.data(), list.size(),
                         sizeof(portolan_grant), days, sink);
    });
  }
  std::vector<std::string> rewrite(const std::string& id, const Grants& grants) {
    const auto list = raw(grants);
    return robots([&](const auto& table, const auto* plugin, const auto* sink) {
      return table.rewrite(plugin, host.call(), fake::text(id), list.data(), list.size(),
                           sizeof(portolan_grant), sink);
    });
  }
  portolan_status revoke(const std::string& id) {
    robots([&](const auto& table, const auto* plugin, const auto*) {
      return table.revoke(plugin, host.call(), fake::text(id));
    });
    return status;
  }
  std::vector<std::string> list(const std::string& prefix) {
    return robots([&](const auto& table, const auto* plugin, const auto* sink) {
      return table.list(plugin, host.call(), fake::text(prefix), sink);
    });
  }
  fake::Request& request(std::size_t index) { return host.requests.at(index); }
};

}  // namespace

TEST_CASE("a project is created as it was asked for, and read back", "[harbor][spaces]") {
  Changes harbor;
  harbor.instead["POST /projects"] = {201};
  harbor.instead["GET /projects/team"] = project("false");
  CHECK(harbor.create("team", closed) == "team 7 private");
  CHECK(harbor.request(0).body == R"({"project_name":"team","metadata":{"public":"false"}})");
  CHECK(harbor.request(0).headers["content-type"] == "application/json");
  CHECK((harbor.request(0).flags & PORTOLAN_HTTP_IDEMPOTENT) != 0);
  CHECK((harbor.request(0).flags & PORTOLAN_HTTP_NO_REDIRECT) != 0);
  CHECK(harbor.request(1).headers["x-is-resource-name"] == "true");

  harbor.instead["POST /projects"] = complaint(409, "CONFLICT", "it exists");
  CHECK(harbor.create("team", closed) == "team 7 private");
  CHECK(harbor.create("team", open).empty());
  CHECK(harbor.status == PORTOLAN_CONFLICT);
  CHECK(harbor.host.failure->message == "the project team is private");
  harbor.instead["GET /projects/team"] = project("true", 3);
  CHECK(harbor.create("team", open) == "team 7 public");
}

TEST_CASE("a name or a visibility that Harbor cannot have is not asked for",
          "[harbor][spaces][robots]") {
  Changes harbor;
  for (const char* name : {"*", "/", "..", "Team", "a/b", "a b", ""}) {
    INFO(name);
    harbor.create(name, closed);
    CHECK(harbor.status == PORTOLAN_INVALID_ARGUMENT);
    CHECK(harbor.remove(name) == PORTOLAN_INVALID_ARGUMENT);
    harbor.issue("ci", {{name, PORTOLAN_ROBOT_PULL}});
    CHECK(harbor.status == PORTOLAN_INVALID_ARGUMENT);
  }
  harbor.set("team", PORTOLAN_VISIBILITY_UNKNOWN);
  CHECK(harbor.status == PORTOLAN_INVALID_ARGUMENT);
  harbor.issue("ci", {});
  CHECK(harbor.status == PORTOLAN_INVALID_ARGUMENT);
  harbor.rewrite("7", {});
  CHECK(harbor.status == PORTOLAN_INVALID_ARGUMENT);
  for (const char* id : {"", "x", "7/..", "-1"})
    CHECK(harbor.revoke(id) == PORTOLAN_INVALID_ARGUMENT);
  CHECK(harbor.host.requests.empty());
}

TEST_CASE("what Harbor refuses is told in its words, with the code that fits", "[harbor][spaces]") {
  Changes harbor;
  const struct {
    fake::Reply reply;
    portolan_status status;
    const char* message;
  } cases[] = {
      {complaint(400, "BAD_REQUEST", "not in lower case"), PORTOLAN_INVALID_ARGUMENT, "lower case"},
      {complaint(422, "UNPROCESSABLE_ENTITY", "too long"), PORTOLAN_INVALID_ARGUMENT, "too long"},
      {complaint(403, "FORBIDDEN", "Only system admin can create project"), PORTOLAN_FORBIDDEN,
       "Only system admin"},
      {complaint(403, "DENIED", "The system is in read only mode. Any modification is prohibited."),
       PORTOLAN_UNAVAILABLE, "read-only mode"},
      {{500, "<html>"}, PORTOLAN_UNAVAILABLE, "does not create the project team"},
      {{308, "", {{"location", "https://other/x"}}}, PORTOLAN_POLICY, "POST"}};
  for (const auto& one : cases) {
    INFO(one.reply.status);
    harbor.instead["POST /projects"] = one.reply;
    harbor.create("team", closed);
    CHECK(harbor.status == one.status);
    CHECK_THAT(harbor.host.failure->message, Catch::Contains(one.message));
  }
  harbor.instead["POST /projects"] = {401};
  harbor.instead["/health"] = {
      200, R"({"status":"unhealthy","components":[{"name":"database","status":"unhealthy"}]})"};
  harbor.create("team", closed);
  CHECK(harbor.status == PORTOLAN_UNAVAILABLE);
}

TEST_CASE("a project that holds something stays, and how much it holds is said",
          "[harbor][spaces]") {
  Changes harbor;
  harbor.instead["DELETE /projects/team"] = {200};
  CHECK(harbor.remove("team") == PORTOLAN_OK);
  harbor.instead["DELETE /projects/team"] = complaint(412, "PRECONDITION", "it contains some");
  harbor.instead["GET /projects/team"] = project("true", 3);
  CHECK(harbor.remove("team") == PORTOLAN_CONFLICT);
  CHECK(harbor.host.failure->message == "the project team holds 3 repositories");
  harbor.instead["GET /projects/team"] = project("true", 0);  // Something else is in the way.
  CHECK(harbor.remove("team") == PORTOLAN_CONFLICT);
  CHECK_THAT(harbor.host.failure->message, Catch::Contains("it contains some"));
}

TEST_CASE("a project that is gone is told from one that may not be touched", "[harbor][spaces]") {
  Changes harbor;
  harbor.instead["DELETE /projects/team"] = complaint(404, "NOT_FOUND", "no team");
  CHECK(harbor.remove("team") == PORTOLAN_OK);

  harbor.instead["/projects/team"] = complaint(403, "FORBIDDEN", "forbidden");
  harbor.instead["DELETE /projects/team"] = harbor.instead["/projects/team"];
  harbor.instead["HEAD /projects"] = {404};
  CHECK(harbor.remove("team") == PORTOLAN_OK);
  CHECK(harbor.host.requests.back().url.ends_with("/projects?project_name=team"));
  harbor.set("team", open);
  CHECK(harbor.status == PORTOLAN_NOT_FOUND);

  harbor.instead["HEAD /projects"] = {200};
  CHECK(harbor.remove("team") == PORTOLAN_FORBIDDEN);
  harbor.set("team", open);
  CHECK(harbor.status == PORTOLAN_FORBIDDEN);

  // Read-only mode says nothing of the project.
  harbor.instead["HEAD /projects"] = {404};
  harbor.instead["DELETE /projects/team"] = complaint(403, "DENIED", "in read only mode");
  CHECK(harbor.remove("team") == PORTOLAN_UNAVAILABLE);
}

TEST_CASE("visibility is changed and read back, since Harbor answers 200 to anything",
          "[harbor][spaces]") {
  Changes harbor;
  harbor.instead["PUT /projects/team"] = {200};
  harbor.instead["GET /projects/team"] = project("true");
  CHECK(harbor.set("team", open) == "team 7 public");
  CHECK(harbor.request(0).body == R"({"metadata":{"public":"true"}})");
  CHECK(harbor.set("team", closed).empty());
  CHECK(harbor.status == PORTOLAN_CONFLICT);
}

TEST_CASE("a robot is one of the system's, with a right for each project", "[harbor][robots]") {
  Changes harbor;
  harbor.instead["POST /robots"] = {
      201, R"({"id":9,"name":"robot$ci","secret":"S3cret","expires_at":1795600931})"};
  const auto made = harbor.issue("ci",
                                 {{"team", PORTOLAN_ROBOT_PULL},
                                  {"open", PORTOLAN_ROBOT_PULL | PORTOLAN_ROBOT_PUSH},
                                  {"open", PORTOLAN_ROBOT_PULL}},
                                 30);
  CHECK(made == std::vector<std::string>{"9 robot$ci sealed-1 1795600931000"});
  CHECK(harbor.host.sealed == std::vector<std::string>{"S3cret"});
  const auto& asked = harbor.request(0);
  CHECK(asked.body ==
        R"({"name":"ci","level":"system","description":"made by Portolan","duration":30,)"
        R"("permissions":[{"kind":"project","namespace":"open","access":[)"
        R"({"resource":"repository","action":"pull"},{"resource":"repository","action":"push"}]},)"
        R"({"kind":"project","namespace":"team","access":[)"
        R"({"resource":"repository","action":"pull"}]}]})");
  CHECK(asked.secret_pointer == "/secret");
  CHECK((asked.flags & PORTOLAN_HTTP_IDEMPOTENT) == 0);  // The secret comes once.

  harbor.instead["POST /robots"].body = R"({"id":9,"name":"x","secret":"S","expires_at":-1})";
  CHECK(harbor.issue("ci", {{"team", PORTOLAN_ROBOT_PULL}}).at(0).ends_with(" -1"));
  CHECK_THAT(harbor.host.requests.back().body, Catch::Contains("\"duration\":-1"));
  harbor.instead["POST /robots"] = complaint(409, "CONFLICT", "robot account 0:ci already exists");
  CHECK(harbor.issue("ci", {{"team", PORTOLAN_ROBOT_PULL}}).empty());
  CHECK(harbor.status == PORTOLAN_CONFLICT);
  harbor.instead["POST /robots"] = complaint(404, "NOT_FOUND", "project team not found");
  harbor.issue("ci", {{"team", PORTOLAN_ROBOT_PULL}});
  CHECK(harbor.status == PORTOLAN_NOT_FOUND);
  CHECK_THAT(harbor.host.failure->message, Catch::Contains("project team not found"));
}

TEST_CASE("a robot is rewritten whole, and nothing of it is reset", "[harbor][robots]") {
  Changes harbor;
  harbor.instead["GET /robots/9"] = {
      200, R"({"id":9,"name":"robot$ci","level":"system","description":"a \"b\"","duration":30,)"
           R"("disable":true,"expires_at":1795600931,"permissions":[]})"};
  harbor.instead["PUT /robots/9"] = {200};
  CHECK(harbor.rewrite("9", {{"team", PORTOLAN_ROBOT_PULL}}) ==
        std::vector<std::string>{"9 robot$ci  1795600931000"});
  CHECK(harbor.request(1).body ==
        R"({"id":9,"name":"robot$ci","level":"system","description":"a \"b\"","duration":30,)"
        R"("disable":true,"permissions":[{"kind":"project","namespace":"team","access":[)"
        R"({"resource":"repository","action":"pull"}]}]})");
  harbor.instead["PUT /robots/9"] = complaint(403, "FORBIDDEN", "robot$lead");
  harbor.rewrite("9", {{"team", PORTOLAN_ROBOT_PULL}});
  CHECK(harbor.status == PORTOLAN_FORBIDDEN);
  CHECK_THAT(harbor.host.failure->hint, Catch::Contains("administrator"));
  harbor.instead["GET /robots/9"] = complaint(404, "NOT_FOUND", "robot 9 not found");
  harbor.rewrite("9", {{"team", PORTOLAN_ROBOT_PULL}});
  CHECK(harbor.status == PORTOLAN_NOT_FOUND);
}

TEST_CASE("a robot that is gone is revoked already", "[harbor][robots]") {
  Changes harbor;
  harbor.instead["DELETE /robots/9"] = {200};
  CHECK(harbor.revoke("9") == PORTOLAN_OK);
  harbor.instead["DELETE /robots/9"] = complaint(404, "NOT_FOUND", "robot 9 not found");
  CHECK(harbor.revoke("9") == PORTOLAN_OK);
  harbor.instead["DELETE /robots/9"] = {403};
  CHECK(harbor.revoke("9") == PORTOLAN_FORBIDDEN);
}

TEST_CASE("robots are listed by the name that they were made with, all pages of them",
          "[harbor][robots]") {
  Changes harbor;
  auto& rows = harbor.rows["/robots"];
  for (int i = 1; i <= 250; ++i)
    rows.push_back("{\"id\":" + std::to_string(i) + ",\"name\":\"bot-" + (i % 2 ? "ours-" : "x-") +
                   std::to_string(i) + "\",\"expires_at\":-1}");
  harbor.instead["/configurations"] = {200, R"({"robot_name_prefix":{"value":"bot-"}})"};
  const auto found = harbor.list("ours-");
  CHECK(harbor.status == PORTOLAN_OK);
  CHECK(found.size() == 125);
  CHECK(std::count(found.begin(), found.end(), "249 bot-ours-249  -1") == 1);
  CHECK_THAT(harbor.host.requests.back().url, Catch::Contains("q=Level%3Dsystem"));
  CHECK_THAT(harbor.host.requests.back().url, Catch::Contains("page_size=100"));
  CHECK(harbor.list("bot-").empty());  // Harbor's own prefix is no part of the name.

  harbor.host.budget = 3;
  harbor.list("ours-");
  CHECK(harbor.status == PORTOLAN_LIMIT);
  harbor.host.budget = PORTOLAN_NO_BUDGET;
  harbor.instead["/robots?page=3"] = {500};
  harbor.list("ours-");
  CHECK(harbor.status == PORTOLAN_UNAVAILABLE);
}

TEST_CASE("a robot's name begins behind Harbor's prefix, known or not", "[harbor][robots]") {
  using harbor::begins_with;
  CHECK(begins_with("robot$ours-1", "robot$", "ours-"));
  CHECK(begins_with("robot$ours-1", std::nullopt, "ours-"));
  CHECK(begins_with("ours-1", "", "ours-"));
  CHECK_FALSE(begins_with("robot$not-ours-1", std::nullopt, "ours-"));
  CHECK_FALSE(begins_with("bot-ours-1", "robot$", "ours-"));
  CHECK_FALSE(begins_with("robot$our", "robot$", "ours-"));
}
