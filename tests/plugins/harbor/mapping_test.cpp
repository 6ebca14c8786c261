#include "mapping.h"

#include <catch2/catch.hpp>
#include <limits>
#include <map>

#include "recorded.h"

using namespace harbor;
using Names = std::vector<std::string>;

namespace {
portolan::json parse(const char* text) { return portolan::json::parse(text); }
}  // namespace

TEST_CASE("projects are read as each caller is shown them", "[harbor]") {
  std::map<std::string, Project> seen;
  recorded("projects__dev").each([&](portolan::json row) {
    const Project project = to_project(row);
    seen[project.name] = project;
  });
  CHECK(seen.at("priv").member);
  CHECK_FALSE(seen.at("priv").is_public);
  CHECK(seen.at("priv").repositories == 4);
  CHECK(seen.at("pub").is_public);
  CHECK_FALSE(seen.at("pub").member);
  recorded("projects__sysrobot").each([](portolan::json row) {
    CHECK_FALSE(to_project(row).member);
  });
}

TEST_CASE("a project with a registry behind it is a proxy cache", "[harbor]") {
  const auto project = [](const char* row) { return to_project(parse(row)); };
  CHECK(project(R"({"name":"a","registry_id":1})").proxy_cache);
  CHECK_FALSE(project(R"({"name":"a","registry_id":0})").proxy_cache);
  CHECK_FALSE(project(R"({"name":"a"})").proxy_cache);
}

TEST_CASE("metadata is text, and was a boolean once", "[harbor]") {
  CHECK(to_project(parse(R"({"name":"a","metadata":{"public":"true"}})")).is_public);
  CHECK(to_project(parse(R"({"name":"a","metadata":{"public":true}})")).is_public);
  CHECK_FALSE(to_project(parse(R"({"name":"a","metadata":{"public":"false"}})")).is_public);
  CHECK_FALSE(to_project(parse(R"({"name":"a","metadata":null})")).is_public);
}

TEST_CASE("a repository's name is its project's and its own, slashes and all", "[harbor]") {
  Names names;
  recorded("repositories__admin").each([&](portolan::json row) {
    const Repository repository = to_repository(row);
    if (repository.project() == "priv") names.push_back(repository.name);
    if (repository.name == "priv/a/b") {
      CHECK(repository.artifacts == 3);
      CHECK(repository.pulls == 0);
      CHECK(repository.updated_ms == 1795514091856);
    }
  });
  CHECK(names == Names{"priv/a/b", "priv/app", "priv/empty", "priv/skop"});
}

TEST_CASE("an index has its images' digests and the sum of their sizes", "[harbor]") {
  const Artifact index = to_artifact(first_of(recorded("artifacts_multi__plain__admin")));
  CHECK(index.bytes == 92394);
  CHECK(index.children.size() == 2);
  CHECK(index.tags == Names{"idx"});
  CHECK(index.media_type == "application/vnd.oci.image.index.v1+json");
  const Artifact image = to_artifact(first_of(recorded("artifacts_priv_app__admin")));
  CHECK(image.bytes == 231470);
  CHECK(image.children.empty());
  CHECK(to_artifact(parse(R"({"digest":"sha256:1","tags":null,"references":null})")).tags.empty());
}

TEST_CASE("zeros of the totals are not taken for numbers", "[harbor]") {
  const Statistics admin = to_statistics(recorded("statistics__admin"));
  CHECK(admin.private_projects > 0);
  CHECK(admin.storage_bytes > 0);
  const Statistics user = to_statistics(recorded("statistics__dev"));
  CHECK(user.private_projects == 1);
  CHECK(user.private_repositories == 4);
  CHECK(user.public_projects == 2);
  CHECK(user.public_repositories == 3);
  const Statistics robot = to_statistics(recorded("statistics__sysrobot"));
  CHECK(robot.private_projects == 0);
  CHECK(robot.public_projects == 2);
}

TEST_CASE("counts that are none are refused, never taken for zero", "[harbor]") {
  const std::string count =
      GENERATE("-1", "9223372036854775808", "1e3", "0.5", "\"2\"", "[2]", "{}");
  const auto row = portolan::json::parse(R"({"name":"a/b","digest":"sha256:1","size":)" + count +
                                         R"(,"repo_count":)" + count + R"(,"artifact_count":)" +
                                         count + R"(,"public_project_count":)" + count + "}");
  CHECK_THROWS_AS(to_project(row), portolan::failure);
  CHECK_THROWS_AS(to_repository(row), portolan::failure);
  CHECK_THROWS_AS(to_artifact(row), portolan::failure);
  CHECK_THROWS_AS(to_statistics(row), portolan::failure);
}

TEST_CASE("what is no row of Harbor's is refused", "[harbor]") {
  for (const char* text : {"null", "1", "[]", "{}", R"({"name":""})", R"({"name":5})"}) {
    CHECK_THROWS_AS(to_project(parse(text)), portolan::failure);
    CHECK_THROWS_AS(to_repository(parse(text)), portolan::failure);
    CHECK_THROWS_AS(to_artifact(parse(text)), portolan::failure);
    CHECK_THROWS_AS(to_statistics(parse(text)), portolan::failure);
  }
  for (const char* text : {R"({"name":"alone"})", R"({"name":"/b"})", R"({"name":"a/"})"})
    CHECK_THROWS_AS(to_repository(parse(text)), portolan::failure);
}

TEST_CASE("health names what is unwell, and the database decides what a 401 proves", "[harbor]") {
  const Health well = to_health(recorded("health__admin"));
  CHECK(well.healthy);
  CHECK(well.database);
  CHECK(well.unwell.empty());
  const Health down = to_health(parse(
      R"({"status":"unhealthy","components":[{"name":"core","status":"healthy"},
          {"name":"database","status":"unhealthy","error":"failed to check health"}]})"));
  CHECK_FALSE(down.healthy);
  CHECK_FALSE(down.database);
  CHECK(down.unwell == Names{"database"});
  CHECK(to_health(parse(R"({"components":[null,{"name":5}]})")).unwell == Names{"?", "?"});
}

TEST_CASE("times are milliseconds since 1970, and Harbor's year 1 is none", "[harbor]") {
  CHECK(to_unix_ms("1970-01-01T00:00:00.000Z") == 0);
  CHECK(to_unix_ms("2026-11-24T09:54:53.539Z") == 1795514093539);
  CHECK(to_unix_ms("2024-02-29T23:59:59Z") == 1709251199000);
  CHECK(to_unix_ms("0001-01-01T00:00:00.000Z") == -1);
  for (const char* none : {"", "now", "2026-11-24", "2026-11-24T09:54:53.539+02:00"})
    CHECK(to_unix_ms(none) == -1);
}

TEST_CASE("slashes in a repository's name are escaped twice", "[harbor]") {
  CHECK(repository_path("priv/app") == "/projects/priv/repositories/app");
  CHECK(repository_path("priv/a/b") == "/projects/priv/repositories/a%252Fb");
  CHECK(repository_path("12345/6") == "/projects/12345/repositories/6");
  CHECK(repository_path("p/..") == "/projects/p/repositories/..");
  CHECK(repository_path("p/a?b=c") == "/projects/p/repositories/a%253Fb%253Dc");
  for (const char* none : {"", "alone", "/b", "a/"}) CHECK(repository_path(none).empty());
}

TEST_CASE("an address that was copied from the browser becomes Harbor's own", "[harbor]") {
  const std::string pasted =
      GENERATE("", "/harbor/projects", "/harbor/projects/3/repositories", "/harbor/sign-in",
               "/api/v2.0", "/api/v2.0/projects", "/api", "/v2", "/v2/library/app/tags/list",
               "/account/sign-in", "/devcenter-api-2.0");
  CHECK(canonical_base("https://h.example" + pasted) == "https://h.example");
  CHECK(canonical_base("https://h.example:8443/tools" + pasted) == "https://h.example:8443/tools");
}

TEST_CASE("a prefix that only looks like Harbor's console stays", "[harbor]") {
  for (const char* base : {"https://h.example/harbor", "https://h.example/harbors/x",
                           "https://h.example/apis", "https://harbor/x", "http://[::1]:80/v2x"})
    CHECK(canonical_base(base) == base);
  CHECK(canonical_base("https://h.example/harbor/api/v2.0") == "https://h.example/harbor");
  CHECK(canonical_base("https://h.example/harbor/v2") == "https://h.example/harbor");
}

TEST_CASE("a Harbor 2 says v2, other products on that path do not", "[harbor]") {
  CHECK(to_api_version(recorded("api_version__anonymous")) == "v2.0");
  CHECK(to_api_version(parse(R"({"version":"v2.1"})")) == "v2.1");
  for (const char* other : {R"({"version":"0.5.1"})", "{}", "[]", R"({"version":2})"})
    CHECK(to_api_version(parse(other)).empty());
}

TEST_CASE("a project robot tells its project", "[harbor]") {
  CHECK(project_of_robot("robot$team+ci") == "team");
  CHECK(project_of_robot("bot-team+ci") == "bot-team");
  CHECK(project_of_robot("robot$ci").empty());
}

TEST_CASE("facts come back as they were kept", "[harbor]") {
  for (const Privilege who :
       {Privilege::anonymous, Privilege::user, Privilege::robot, Privilege::administrator}) {
    const Facts back = to_facts(portolan::json::parse(to_json({"v2.\"15", who})));
    CHECK(back.version == "v2.\"15");
    CHECK(back.privilege == who);
  }
  CHECK(to_facts({}).privilege == Privilege::anonymous);
}

TEST_CASE("sums end at the numbers there are", "[harbor]") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(add_up(1, 2) == 3);
  CHECK(add_up(most, 1) == most);
  CHECK(add_up(-most, -most) == std::numeric_limits<std::int64_t>::min());
  CHECK(add_up(5, -7) == -2);
}

TEST_CASE("a cursor tells a place, and others are refused", "[harbor]") {
  const Place place = to_place(to_cursor({3, 17}));
  CHECK(place.page == 3);
  CHECK(place.given == 17);
  CHECK(to_place("").page == 1);
  for (const char* cursor : {"x", "3", "3.", ".1", "0.1", "3.1x", "-1.0", "3 .1"})
    CHECK_THROWS_AS(to_place(cursor), portolan::failure);
}
