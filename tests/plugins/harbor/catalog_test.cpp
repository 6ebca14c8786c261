#include <catch2/catch.hpp>

#include "scripted_harbor.h"

using Names = std::vector<std::string>;

TEST_CASE("a list can be gone on with at any place, also inside a page and an artifact",
          "[harbor]") {
  ScriptedHarbor harbor;
  for (int i = 0; i < 250; ++i) harbor.repository("p/r" + std::to_string(1000 + i), 1);
  Names all;
  std::string cursor;
  const std::uint64_t limit = GENERATE(7, 50, 100, 120, 250);
  for (Names some = {""}; !some.empty(); cursor = harbor.host.cursors.back()) {
    some = harbor.list<portolan_repository>(&portolan_ext_catalog::repositories, "", cursor, limit);
    CHECK(harbor.status == PORTOLAN_OK);
    CHECK(some.size() <= limit);
    all.insert(all.end(), some.begin(), some.end());
  }
  REQUIRE(all.size() == 250);
  CHECK(all.front() == "p/r1000");
  CHECK(all.back() == "p/r1249");

  harbor.instead["/projects/p/repositories/app"] = {200, "{}"};
  harbor.rows["/projects/p/repositories/app/artifacts"] = {
      R"({"id":1,"digest":"sha256:1","tags":[{"name":"b"},{"name":"a"},{"name":"c"}]})",
      R"({"id":2,"digest":"sha256:2","tags":[{"name":"d"}]})"};
  const auto tags = [&](const std::string& from, std::uint64_t most) {
    return harbor.list<portolan_tag>(&portolan_ext_catalog::tags, "p/app", from, most);
  };
  CHECK(tags("", 0) == Names{"a", "b", "c", "d"});
  CHECK(tags("", 2) == Names{"a", "b"});
  CHECK(tags(harbor.host.cursors.back(), 0) == Names{"c", "d"});
}

TEST_CASE("a list ends where its receiver has enough, without another page", "[harbor]") {
  ScriptedHarbor harbor;
  for (int i = 0; i < 250; ++i) harbor.project("p" + std::to_string(i), 0);
  harbor.host.receiver = [] { return PORTOLAN_STOP; };
  harbor.list<portolan_space>(&portolan_ext_catalog::spaces, "", "", 0);
  CHECK(harbor.status == PORTOLAN_OK);
  CHECK(harbor.host.requests.size() == 1);
}

TEST_CASE("what is not there and what is no name are told apart from an empty list", "[harbor]") {
  ScriptedHarbor harbor;
  for (const char* name : {"p/none", "alone", "../x/", "/"}) {
    CHECK(harbor.list<portolan_tag>(&portolan_ext_catalog::tags, name, "", 0).empty());
    CHECK(harbor.status == PORTOLAN_NOT_FOUND);
  }
  CHECK(harbor.list<portolan_space>(&portolan_ext_catalog::spaces, "", "x", 0).empty());
  CHECK(harbor.status == PORTOLAN_INVALID_ARGUMENT);
  harbor.instead["/projects"] = {200, "{}"};
  harbor.list<portolan_space>(&portolan_ext_catalog::spaces, "", "", 0);
  CHECK(harbor.status == PORTOLAN_PROTOCOL);
}
