#include <catch2/catch.hpp>

#include "scripted_harbor.h"

namespace {

constexpr std::uint32_t known = PORTOLAN_MEASURE_KNOWN, partial = PORTOLAN_MEASURE_PARTIAL,
                        unknown = PORTOLAN_MEASURE_UNKNOWN, forbidden = PORTOLAN_MEASURE_FORBIDDEN;

std::pair<std::uint32_t, std::int64_t> is(std::uint32_t state, std::int64_t value) {
  return {state, value};
}

const fake::Reply statistics{
    200,
    R"({"public_project_count":1,"private_project_count":249,"public_repo_count":1,
        "private_repo_count":249,"total_storage_consumption":5000})"};

/// 250 projects of one repository with two artifacts each; the first is public.
void fill(ScriptedHarbor& harbor) {
  for (int i = 0; i < 250; ++i) {
    const std::string name = "p" + std::to_string(i);
    harbor.project(name, 1, i == 0);
    harbor.repository(name + "/r", 2);
  }
  harbor.instead["/statistics"] = statistics;
}

std::size_t asked(const ScriptedHarbor& harbor, const std::string& what) {
  return static_cast<std::size_t>(std::count_if(
      harbor.host.requests.begin(), harbor.host.requests.end(),
      [&](const auto& request) { return request.url.find(what) != std::string::npos; }));
}

}  // namespace

TEST_CASE("pages are asked for as often as the total says, in any order of answers", "[harbor]") {
  ScriptedHarbor harbor;
  fill(harbor);
  harbor.host.newest_first = GENERATE(false, true);
  auto all = harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(all.at("spaces") == is(known, 250));
  CHECK(all.at("spaces_public") == is(known, 1));
  CHECK(all.at("repositories_private") == is(known, 249));
  CHECK(all.at("artifacts") == is(known, 500));
  CHECK(all.at("tags") == is(unknown, 0));
  CHECK(all.at("tags").hint.find("--level deep") != std::string::npos);
  CHECK(all.at("storage_bytes") == is(known, 5000));
  CHECK(all.at("p7/artifacts") == is(known, 2));
  CHECK(asked(harbor, "/projects?") == 3);
  CHECK(asked(harbor, "/repositories?") == 3);
  CHECK(harbor.host.requests.size() == 8);
  CHECK(asked(harbor, "page_size=100") == 7);
}

TEST_CASE("what the budget cut off is partial or unknown, never zero", "[harbor]") {
  ScriptedHarbor harbor;
  fill(harbor);
  harbor.privilege = "user";
  harbor.host.budget = 3;
  harbor.host.places = 1;
  auto some = harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(harbor.status == PORTOLAN_OK);
  CHECK(some.at("spaces") == is(partial, 200));
  CHECK(some.at("spaces").cut);
  CHECK(some.at("spaces_public") == is(partial, 1));
  CHECK(some.at("artifacts") == is(partial, 200));
  CHECK(some.at("p0/storage_bytes") == is(unknown, 0));
  CHECK(some.at("p0/storage_bytes").cut);
  CHECK(some.at("p0/artifacts") == is(partial, 2));
  CHECK(some.count("p249/artifacts") == 0);

  harbor.host.budget = 1;
  some = harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(some.at("spaces") == is(partial, 100));
  CHECK(some.at("artifacts") == is(unknown, 0));
  CHECK(some.at("p0/repositories") == is(known, 1));
  CHECK(some.at("p0/artifacts") == is(unknown, 0));
  harbor.host.budget = 0;
  CHECK(harbor.collect(PORTOLAN_LEVEL_QUICK).at("spaces") == is(unknown, 0));
}

TEST_CASE("an administrator's totals stand although the lists were cut off", "[harbor]") {
  ScriptedHarbor harbor;
  fill(harbor);
  harbor.host.budget = 3;
  const auto some = harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(some.at("spaces") == is(known, 250));
  CHECK(some.at("repositories") == is(known, 250));
  CHECK(some.at("storage_bytes") == is(known, 5000));
  CHECK(some.at("artifacts") == is(partial, 200));
}

TEST_CASE("rows that come twice count once, and rows that are missing make a part", "[harbor]") {
  ScriptedHarbor harbor;
  fill(harbor);
  harbor.privilege = "user";
  harbor.projects[149] = harbor.projects[99];  // It moved to the next page meanwhile.
  const auto all = harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(all.at("spaces_private") == is(partial, 248));
  CHECK(all.at("spaces_private").hint.find("moved") != std::string::npos);
}

TEST_CASE("a server that tells more rows than it has is not asked for ever", "[harbor]") {
  ScriptedHarbor harbor;
  harbor.privilege = "user";
  for (int i = 0; i < 100; ++i) harbor.project("p" + std::to_string(i), 0);
  harbor.total_of_projects = GENERATE(as<std::int64_t>{}, 5000, 1'000'000'000'000);
  SECTION("pages that are empty") {}
  SECTION("the same page again and again") {
    const auto page = "[" + harbor.projects[0] + "]";
    harbor.instead["/projects"] = {
        200, page, {{"x-total-count", std::to_string(harbor.total_of_projects)}}};
  }
  const auto some = harbor.collect(PORTOLAN_LEVEL_NORMAL).at("spaces");
  CAPTURE(some.value, some.hint, harbor.host.requests.size());
  CHECK(some.state == partial);
  CHECK(harbor.host.requests.size() < 20);
}

TEST_CASE("without a total a full page asks for the next", "[harbor]") {
  ScriptedHarbor harbor;
  harbor.privilege = "robot";
  for (int page = 1; page <= 3; ++page) {
    std::string rows;
    for (int i = 0; i < (page < 3 ? 100 : 0); ++i)
      rows += (i ? ",{\"name\":\"p" : "{\"name\":\"p") + std::to_string(page * 100 + i) + "\"}";
    harbor.instead["/projects?page=" + std::to_string(page)] = {200, "[" + rows + "]"};
  }
  CHECK(harbor.collect(PORTOLAN_LEVEL_NORMAL).at("spaces") == is(known, 200));
}

TEST_CASE("one page that fails leaves the others' numbers as a part, with its reason", "[harbor]") {
  ScriptedHarbor harbor;
  fill(harbor);
  harbor.privilege = "user";
  SECTION("of the projects") {
    harbor.instead["/projects?page=3"] = {500};
    const auto some = harbor.collect(PORTOLAN_LEVEL_NORMAL);
    CHECK(harbor.status == PORTOLAN_OK);
    CHECK(some.at("spaces_public") == is(partial, 1));
    CHECK_FALSE(some.at("spaces_public").hint.empty());
    CHECK(some.at("repositories") == is(known, 250));
    CHECK(some.at("artifacts") == is(known, 500));
    // Whether those projects are public was not told.
    CHECK(some.at("spaces_private") == is(partial, 199));
  }
  SECTION("of the repositories") {
    harbor.instead["/repositories?page=2"] = {200, "<html>"};
    const auto some = harbor.collect(PORTOLAN_LEVEL_NORMAL);
    CHECK(some.at("spaces") == is(known, 250));
    CHECK(some.at("artifacts").state == partial);
    CHECK(some.at("p0/repositories") == is(known, 1));
  }
  SECTION("of an administrator's projects, although their sum was told") {
    harbor.privilege = "administrator";
    harbor.instead["/projects"] = {200, "[]", {{"x-total-count", "250"}}};
    const auto some = harbor.collect(PORTOLAN_LEVEL_NORMAL);
    CHECK(some.at("spaces") == is(partial, 250));
    CHECK(some.at("spaces_private") == is(unknown, 0));
  }
  SECTION("nothing can be read at all") {
    harbor.instead["/projects"] = {500};
    CHECK(harbor.collect(PORTOLAN_LEVEL_NORMAL).empty());
    CHECK(harbor.status == PORTOLAN_UNAVAILABLE);
  }
}

TEST_CASE("at level deep each repository's artifacts are read, and one that fails is named",
          "[harbor]") {
  ScriptedHarbor harbor;
  harbor.privilege = "robot";
  harbor.project("a", 3);
  harbor.project("b", 1);
  for (const char* name : {"a/one", "a/two", "b/three"}) harbor.repository(name, 1);
  harbor.repository("a/empty", 0);
  const auto image = [](const char* digest, const char* tags) {
    return std::string(R"({"digest":")") + digest + R"(","size":10,"tags":[)" + tags + "]}";
  };
  const std::string below = "/projects/a/repositories/";
  harbor.rows[below + "one/artifacts"] = {image("x", R"({"name":"1"},{"name":"2"})")};
  harbor.rows["/projects/b/repositories/three/artifacts"] = {image("y", "")};
  SECTION("all are there") {
    harbor.rows[below + "two/artifacts"] = {image("z", R"({"name":"3"})")};
    const auto all = harbor.collect(PORTOLAN_LEVEL_DEEP);
    CHECK(all.at("tags") == is(known, 3));
    CHECK(all.at("storage_bytes:logical") == is(known, 30));
    CHECK(all.at("a/tags") == is(known, 3));
    CHECK(all.at("b/tags") == is(known, 0));
    CHECK(asked(harbor, "empty") == 0);
  }
  SECTION("one went meanwhile") {
    harbor.instead[below + "two/artifacts"] = {404};
    CHECK(harbor.collect(PORTOLAN_LEVEL_DEEP).at("tags") == is(known, 2));
  }
  SECTION("one fails") {
    harbor.instead[below + "two/artifacts"] = {500};
    const auto all = harbor.collect(PORTOLAN_LEVEL_DEEP);
    CHECK(all.at("tags") == is(partial, 2));
    CHECK(all.at("tags").hint.find("1 repositories") != std::string::npos);
    CHECK(all.at("b/storage_bytes:logical") == is(known, 10));
  }
  SECTION("one project's may not be listed") {
    harbor.instead["/projects/b/repositories/three/artifacts"] = {403};
    harbor.rows[below + "two/artifacts"] = {image("z", "")};
    const auto all = harbor.collect(PORTOLAN_LEVEL_DEEP);
    CHECK(all.at("b/tags") == is(forbidden, 0));
    CHECK(all.at("b/artifacts") == is(known, 1));
    CHECK(all.at("tags") == is(partial, 2));
  }
}

TEST_CASE("an image that is in an index and has a tag of its own is weighed once", "[harbor]") {
  ScriptedHarbor harbor;
  harbor.privilege = "robot";
  harbor.project("p", 1);
  harbor.repository("p/r", 3);
  const std::string child = R"({"id":1,"digest":"c","size":100,"tags":[{"name":"amd64"}]})";
  const std::string index =
      R"({"id":2,"digest":"i","size":250,"references":[{"child_digest":"c"},{"child_digest":"d"}]})";
  const std::string other = R"({"id":3,"digest":"o","size":7})";
  harbor.rows["/projects/p/repositories/r/artifacts"] =
      GENERATE_COPY(std::vector{child, index, other}, std::vector{index, other, child});
  const auto all = harbor.collect(PORTOLAN_LEVEL_DEEP);
  CHECK(all.at("storage_bytes:logical") == is(known, 257));
  CHECK(all.at("tags") == is(known, 1));
}

TEST_CASE("repositories that are hidden from the account make its artifacts a part", "[harbor]") {
  ScriptedHarbor harbor;
  harbor.privilege = "robot";
  harbor.project("p", 5);
  harbor.repository("p/r", 3);
  const auto all = harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(all.at("p/repositories") == is(known, 5));
  CHECK(all.at("p/artifacts") == is(partial, 3));
  CHECK(all.at("artifacts") == is(partial, 3));
  harbor.instead["/repositories"] = {403};
  CHECK(harbor.collect(PORTOLAN_LEVEL_NORMAL).at("artifacts") == is(forbidden, 0));
}

TEST_CASE("a robot's storage comes by summaries, and by quotas where those are refused",
          "[harbor]") {
  ScriptedHarbor harbor;
  harbor.privilege = "robot";
  harbor.project("a", 0);
  harbor.project("b", 0);
  harbor.instead["/projects/a/summary"] = {200, R"({"quota":{"used":{"storage":42}}})"};
  harbor.instead["/projects/b/summary"] = {200, R"({"repo_count":0})"};
  harbor.instead["/quotas"] = {403};
  auto all = harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(all.at("a/storage_bytes") == is(known, 42));
  CHECK(all.at("b/storage_bytes") == is(forbidden, 0));
  CHECK(all.at("storage_bytes") == is(forbidden, 0));
  CHECK_FALSE(all.at("storage_bytes").of_account);
  CHECK(all.at("spaces").of_account);

  harbor.instead.erase("/quotas");
  harbor.rows["/quotas"] = {R"({"id":1,"ref":{"name":"b"},"used":{"storage":7}})",
                            R"({"id":2,"ref":{"name":"gone"},"used":{"storage":7}})"};
  all = harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(all.at("b/storage_bytes") == is(known, 7));
  CHECK(all.at("a/storage_bytes") == is(known, 42));
  CHECK(all.count("gone/storage_bytes") == 0);

  harbor.instead["/projects/b/summary"] = harbor.instead["/projects/a/summary"];
  harbor.host.requests.clear();
  harbor.collect(PORTOLAN_LEVEL_NORMAL);
  CHECK(asked(harbor, "/quotas") == 0);
}

TEST_CASE("numbers that cannot be summed end at the largest", "[harbor]") {
  ScriptedHarbor harbor;
  harbor.privilege = "user";
  for (const char* name : {"a", "b"})
    harbor.projects.push_back(std::string(R"({"name":")") + name +
                              R"(","repo_count":9223372036854775807})");
  harbor.total_of_projects = 2;
  CHECK(harbor.collect(PORTOLAN_LEVEL_NORMAL).at("repositories").value ==
        std::numeric_limits<std::int64_t>::max());
}
