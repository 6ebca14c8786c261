#include "model/usable.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

using namespace portolan::model;

namespace {

/// What the sentences of the contract say, one space at a time and slowly: reasons and push.
std::map<Id, std::pair<std::vector<Reason>, bool>> naive(const AccessWorld& world,
                                                         const std::vector<Id>& workspaces) {
  std::map<Id, std::pair<std::vector<Reason>, bool>> answer;
  for (const auto& space : world.spaces) {
    for (const auto& registry : world.registries) {
      if (registry.id != space.registry) continue;
      bool own = false, bound = false, push = false;
      for (const Id workspace : workspaces) {
        own = own || registry.workspace == workspace;
        for (const auto& binding : world.bindings)
          if (!registry.workspace && binding.space == space.id && binding.workspace == workspace) {
            bound = true;
            push = push || binding.push;
          }
      }
      std::vector<Reason> reasons;
      if (own) reasons.push_back(Reason::own_registry);
      if (!registry.workspace && space.is_public) reasons.push_back(Reason::public_space);
      if (bound) reasons.push_back(Reason::bound);
      if (!reasons.empty()) answer[space.id] = {reasons, own || push};
    }
  }
  return answer;
}

void check_same(const AccessWorld& world, const std::vector<UsableSpace>& usable,
                const std::vector<Id>& workspaces) {
  const auto expected = naive(world, workspaces);
  REQUIRE(usable.size() == expected.size());
  std::size_t next = 0;  // Of world.spaces: the order is kept.
  for (const UsableSpace& one : usable) {
    while (next < world.spaces.size() && world.spaces[next].id != one.space) ++next;
    REQUIRE(next < world.spaces.size());
    REQUIRE(world.spaces[next].registry == one.registry);
    const auto found = expected.find(one.space);
    REQUIRE(found != expected.end());
    REQUIRE(one.reasons == found->second.first);
    REQUIRE(one.push == found->second.second);
  }
}

AccessWorld random_world(std::mt19937& random) {
  const auto below = [&](int count) {
    return static_cast<int>(random() % static_cast<unsigned>(count));
  };
  AccessWorld world;
  const int registries = below(6), spaces = below(14), bindings = below(24);
  for (Id id = 1; id <= registries; ++id)
    world.registries.push_back(
        {id, below(2) == 0 ? std::optional<Id>() : std::optional<Id>(1 + below(4))});
  // Some spaces point to a registry that is not there.
  for (Id id = 1; id <= spaces; ++id)
    world.spaces.push_back({id, 1 + below(registries + 1), below(3) == 0});
  std::shuffle(world.spaces.begin(), world.spaces.end(), random);
  // Bindings to spaces that are not there or are no platform's give nothing.
  for (int i = 0; i < bindings; ++i)
    world.bindings.push_back({1 + below(spaces + 2), 1 + below(4), below(2) == 0});
  return world;
}

}  // namespace

TEST_CASE("access resolution is what its sentences say, on random worlds", "[model][usable]") {
  std::mt19937 random(20261124);  // NOLINT(cert-msc51-cpp): repeatable.
  for (int round = 0; round < 4000; ++round) {
    const AccessWorld world = random_world(random);
    check_same(world, usable_spaces(world, std::nullopt), {});
    for (Id workspace = 1; workspace <= 5; ++workspace)
      check_same(world, usable_spaces(world, workspace), {workspace});

    Principal who;
    who.admin = round % 2 == 0;
    who.auditor = round % 3 == 0;
    std::vector<Id> workspaces;
    for (Id workspace = 1; workspace <= 4; ++workspace)
      if (random() % 2 == 0) {
        who.workspaces[workspace] = roles[2 + random() % 3];
        workspaces.push_back(workspace);
      }
    check_same(world, usable_spaces(world, who), workspaces);
    who.only_workspace = 1;
    const bool member = who.workspaces.count(1) != 0;
    check_same(world, usable_spaces(world, who), member ? std::vector<Id>{1} : std::vector<Id>{});
  }
}

TEST_CASE("nothing of another workspace's registry, whatever its flag or binding",
          "[model][usable]") {
  AccessWorld world;
  world.registries = {{1, 10}};
  world.spaces = {{5, 1, true}};
  world.bindings = {{5, 20, true}};
  CHECK(usable_spaces(world, Id{20}).empty());
  CHECK(usable_spaces(world, std::nullopt).empty());
  const auto own = usable_spaces(world, Id{10});
  REQUIRE(own.size() == 1);
  CHECK(own[0].reasons == std::vector{Reason::own_registry});
  CHECK(own[0].push);
}

TEST_CASE("a public space that is bound too has both reasons; only a push binding pushes",
          "[model][usable]") {
  AccessWorld world;
  world.registries = {{1, std::nullopt}};
  world.spaces = {{5, 1, true}};
  world.bindings = {{5, 10, false}, {5, 20, true}};
  const auto ten = usable_spaces(world, Id{10}), twenty = usable_spaces(world, Id{20});
  REQUIRE(ten.size() == 1);
  CHECK(ten[0].reasons == std::vector{Reason::public_space, Reason::bound});
  CHECK_FALSE(ten[0].push);
  REQUIRE(twenty.size() == 1);
  CHECK(twenty[0].push);
  CHECK(to_string(Reason::own_registry) == "own-registry");
  CHECK(to_string(Reason::public_space) == "public");
  CHECK(to_string(Reason::bound) == "bound");
}

TEST_CASE("the longest prefix that ends at a slash owns a repository", "[model][usable]") {
  const std::vector<std::string> prefixes{"team", "team/app", "team/app/deep", "a"};
  CHECK(space_of_repository("team/app/web", prefixes) == "team/app");
  CHECK(space_of_repository("team/app", prefixes) == "team/app");
  CHECK(space_of_repository("team/apple", prefixes) == "team");
  CHECK(space_of_repository("team/app/deep/x/y", prefixes) == "team/app/deep");
  CHECK(space_of_repository("teams/app", prefixes) == "teams");
  CHECK(space_of_repository("ab", prefixes) == "_");
  CHECK(space_of_repository("a", prefixes) == "a");
  CHECK(space_of_repository("library/nginx", {}) == "library");
  CHECK(space_of_repository("nginx", {}) == "_");
  CHECK(space_of_repository("nginx", {""}) == "_");
}
