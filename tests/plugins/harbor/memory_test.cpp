// Deep collections that ask only for what moved since the one before.
#include <catch2/catch.hpp>

#include "scripted_harbor.h"

namespace {

constexpr std::uint32_t deep = PORTOLAN_LEVEL_DEEP, known = PORTOLAN_MEASURE_KNOWN;
const std::string monday = "2026-11-23T09:54:52.423Z", tuesday = "2026-11-24T09:54:52.423Z";

/// Two projects, "one" with 20 repositories of one image and "two" with one.
struct Changing : ScriptedHarbor {
  Changing() {
    instead["/statistics"] = {
        200,
        R"({"public_project_count":0,"private_project_count":2,"public_repo_count":0,
            "private_repo_count":21,"total_storage_consumption":5000})"};
    project("one", 20);
    project("two", 1);
    for (int i = 10; i < 30; ++i) set("one/r" + std::to_string(i), monday, {"v1"});
    set("two/app", monday, {"v1", "latest"});
  }

  /// The repository with one image that has these tags.
  void set(const std::string& name, const std::string& update_time,
           const std::vector<std::string>& tags, int images = 1) {
    std::erase_if(repositories, [&](const std::string& row) {
      return row.find("\"" + name + "\"") != std::string::npos;
    });
    repository(name, images, update_time);
    std::string texts;
    for (const auto& tag : tags)
      texts += (texts.empty() ? "" : ",") + ("{\"name\":\"" + tag + "\"}");
    auto& list =
        rows["/projects/" + name.substr(0, 3) + "/repositories/" + name.substr(4) + "/artifacts"];
    list = {R"({"id":1,"digest":"sha256:1","size":100,"tags":[)" + texts + "]}"};
    for (int i = 1; i < images; ++i)
      list.push_back("{\"id\":" + std::to_string(i + 1) + R"(,"digest":"sha256:)" +
                     std::to_string(i + 1) + R"(","size":10,"tags":[]})");
  }
  /// As the next collection of a host that keeps notes, or of one that does not.
  std::map<std::string, Measure> collect_next() {
    host.requests.clear();
    host.pass_on();
    return collect(deep);
  }
  std::map<std::string, Measure> collect_anew() const {
    ScriptedHarbor other;
    other.instead = instead;
    other.projects = projects;
    other.repositories = repositories;
    other.rows = rows;
    return other.collect(deep);
  }
  std::ptrdiff_t lists_of_artifacts() const {
    return std::count_if(host.requests.begin(), host.requests.end(), [](const auto& request) {
      return request.url.find("/artifacts?") != std::string::npos;
    });
  }
};

using Numbers = std::map<std::string, std::pair<std::uint32_t, std::int64_t>>;

Numbers numbers(const std::map<std::string, ScriptedHarbor::Measure>& measures) {
  Numbers out;
  for (const auto& [name, measure] : measures) out[name] = {measure.state, measure.value};
  return out;
}

}  // namespace

TEST_CASE("what did not move is not asked for again, and the numbers are the same",
          "[harbor][memory]") {
  Changing harbor;
  const auto first = harbor.collect(deep);
  CHECK(harbor.lists_of_artifacts() == 21);
  CHECK(first.at("tags") == std::make_pair(known, std::int64_t{22}));
  for (int i = 0; i < 3; ++i) {
    CHECK(numbers(harbor.collect_next()) == numbers(first));
    CHECK(harbor.lists_of_artifacts() == 0);
  }
  CHECK(harbor.host.remembered.size() == 21);
}

TEST_CASE("what moved, came or went is seen", "[harbor][memory]") {
  Changing harbor;
  harbor.collect(deep);
  const auto same_as_anew = [&](std::ptrdiff_t lists) {
    CHECK(numbers(harbor.collect_next()) == numbers(harbor.collect_anew()));
    CHECK(harbor.lists_of_artifacts() == lists);
  };
  harbor.set("one/r10", tuesday, {"v1", "v2"});  // A tag more,
  harbor.set("one/r11", tuesday, {});            // one less,
  harbor.set("one/r12", tuesday, {"v1"}, 2);     // an image more,
  harbor.set("two/new", tuesday, {"v1"});        // a repository more,
  same_as_anew(4);
  std::erase_if(harbor.repositories, [](const std::string& row) {
    return row.find("one/r13") != std::string::npos;  // one less.
  });
  same_as_anew(0);
  CHECK(harbor.host.remembered.count("one/r13") == 0);
  harbor.set("one/r13", monday, {"a", "b", "c"});  // The same name is another one.
  same_as_anew(1);
  harbor.set("one/r14", monday, {"v1"}, 2);  // The time did not move, the count did.
  same_as_anew(1);
}

TEST_CASE("a Harbor whose times do not move with tags is read whole each time",
          "[harbor][memory]") {
  Changing harbor;
  harbor.version = GENERATE("v2.15.1", "v2.14.4", "v1.99.99", "");
  harbor.collect(deep);
  CHECK(harbor.host.remembered.empty());
  harbor.collect_next();
  CHECK(harbor.lists_of_artifacts() == 21);
}

TEST_CASE("repositories without a time, and those that change while they are read, are read again",
          "[harbor][memory]") {
  Changing harbor;
  harbor.set("one/r10", "", {"v1"});
  harbor.set("one/r11", "0001-01-01T00:00:00.000Z", {"v1"});
  harbor.rows["/projects/one/repositories/r12/artifacts"].push_back(
      R"({"id":2,"digest":"sha256:2","size":10,"tags":[]})");  // One more than the row says.
  harbor.collect(deep);
  harbor.collect_next();
  CHECK(harbor.lists_of_artifacts() == 3);
}

TEST_CASE("a collection that the budget ends leaves notes for the next", "[harbor][memory]") {
  Changing harbor;
  std::ptrdiff_t lists = 0;
  int collections = 0;
  for (bool whole = false; !whole && collections < 20; ++collections) {
    harbor.host.budget = 8;  // Two lists, the statistics, and five more.
    const auto seen = harbor.collect_next();
    lists += harbor.lists_of_artifacts();
    whole = seen.at("tags") == std::make_pair(known, std::int64_t{22});
  }
  CHECK(collections < 8);
  CHECK(lists >= 21);
  // Not even the list of repositories: everything known stays known.
  harbor.host.budget = 1;
  harbor.collect_next();
  harbor.host.budget = PORTOLAN_NO_BUDGET;
  harbor.collect_next();
  CHECK(harbor.lists_of_artifacts() == 0);
}

TEST_CASE("a note tells what is, or nothing", "[harbor][memory]") {
  using namespace harbor;
  Repository repository;
  repository.name = "team/app";
  repository.artifacts = 3;
  repository.updated_ms = 1'795'514'091'856;
  const Contents contents{7, 12'345};
  constexpr std::int64_t now = 1'800'000'000'000, week = 7LL * 24 * 60 * 60 * 1000;
  const std::string note = to_note(repository, contents, now);
  CHECK(from_note(note, repository, now) == contents);
  CHECK(from_note(note, repository, now + week) == contents);
  CHECK_FALSE(from_note(note, repository, now + week + 1));
  CHECK_FALSE(from_note(note, repository, now - 1));  // The clock was set back.
  Repository moved = repository;
  moved.updated_ms -= 1;
  CHECK_FALSE(from_note(note, moved, now));
  moved = repository;
  moved.artifacts = 2;
  CHECK_FALSE(from_note(note, moved, now));
  for (const char* bad :
       {"", "1", "2 1795514091856 3 1800000000000 7 12345", "x",
        "1 1795514091856 3 1800000000000 7", "1 1795514091856 3 1800000000000 -7 1",
        "1 1795514091856 3 1800000000000 7 -1"})
    CHECK_FALSE(from_note(bad, repository, now));
  moved.updated_ms = -1;
  CHECK_FALSE(from_note(to_note(moved, contents, now), moved, now));
}
