// What a namespace needs to pull: exactly the spaces that access resolution gives it.
#include "grant_world.h"
#include "store/catalogue.h"
#include "store/registries.h"
#include "store/tenants.h"

using namespace portolan;
using base::Code;
using test::GrantWorld;
using test::Id;

namespace {

/// A world drawn at random, and what of it is known beside the store.
struct RandomWorld : GrantWorld {
  struct Host {
    Id id;
    std::string identity, host, auth_name;  ///< Whose pull credential it has; may be empty.
    std::optional<Id> workspace;
    bool anonymous, robots, suspended;
  };
  struct Held {
    Id id, registry;
    std::string name;
    bool is_public, open, gone;
    std::set<Id> bound;
  };

  explicit RandomWorld(unsigned seed) : dice(seed) {
    for (const char* name : {"red", "blue"}) workspaces.push_back(workspace(name));
    for (int i = 0; i < 5; ++i) add_registry("r" + std::to_string(i));
    for (int i = 0; i < 14; ++i) add_space("s" + std::to_string(i));
    for (const Held& held : spaces)
      if (!of(held.registry).workspace && !held.gone)
        for (const Id team : workspaces)
          if (flip()) spaces_bound.emplace(held.id, team);
    for (const auto& [space, team] : spaces_bound) bind(space, team);
    for (const Host& host : hosts)
      for (const Id team : workspaces)
        if (host.robots && flip()) add_robot(host, team);
  }

  bool flip() { return dice() % 2 == 0; }
  const Host& of(Id registry) const {
    return *std::find_if(hosts.begin(), hosts.end(),
                         [&](const Host& host) { return host.id == registry; });
  }

  void add_registry(const std::string& name) {
    std::optional<Id> owner;
    if (flip()) owner = workspaces[dice() % 2];
    auto record = a_registry(name, owner);
    Host host{0, "", record.settings.name + ".example", "", owner, dice() % 4 == 0, flip(), false};
    if (!host.robots) record.settings.type = "plain";
    if (host.anonymous) record.settings.credentials = {};
    if (dice() % 3 == 0) record.pull_host = host.host = "shared.example";
    host.id = add(record);
    host.identity = (owner ? (*owner == workspaces[0] ? "red/" : "blue/") : "") + name;
    done(store->write([&](store::Writer& writer) -> base::Result<void> {
      host.suspended = dice() % 5 == 0;
      if (host.suspended)
        if (auto set = store::set_pull_suspended(writer, host.id, true); !set) return set;
      if (!flip()) return {};
      host.auth_name = "pull-" + name;
      return store::set_pull_credential(writer, host.id, {host.auth_name, base::Secret("p"), {}});
    }));
    hosts.push_back(host);
  }
  void add_space(const std::string& name) {
    Held held{0, hosts[dice() % hosts.size()].id, name, flip(), dice() % 4 == 0, dice() % 6 == 0,
              {}};
    held.id = space(held.registry, name, [&](model::SpaceRecord& record) {
      record.is_public = held.is_public;
      if (held.open) record.upstream_visibility = model::Visibility::open;
      if (held.gone) record.gone_ms = clock_ms;
    });
    spaces.push_back(held);
  }
  void add_robot(const Host& host, Id team) {
    model::RobotRecord robot;
    robot.registry = host.id;
    robot.workspace = team;
    robot.username = robot.upstream_id = "robot-" + host.identity + std::to_string(team);
    for (const Held& held : spaces)
      if (held.registry == host.id && flip()) robot.spaces.push_back(held.id);
    done(store->write([&](store::Writer& writer) -> base::Result<void> {
      auto kept = store::insert_robot(writer, robot, base::Secret("p"));
      if (!kept) return kept.error();
      return {};
    }));
  }

  /// The rule, said once more in the plainest way.
  bool needs_credential(const Held& held, std::optional<Id> team) const {
    const Host& host = of(held.registry);
    if (held.gone || held.open) return false;
    if (host.anonymous && host.auth_name.empty()) return false;
    if (host.workspace) return team && *team == *host.workspace;
    return held.is_public || (team && spaces_bound.count({held.id, *team}) != 0);
  }

  std::mt19937 dice;
  std::vector<Id> workspaces;
  std::vector<Host> hosts;
  std::vector<Held> spaces;
  std::set<std::pair<Id, Id>> spaces_bound;
};

}  // namespace

TEST_CASE("auths and missing cover exactly what may be used and needs a credential",
          "[engine][grants]") {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    RandomWorld world(seed);
    INFO("seed " << seed);
    for (const std::optional<Id> team : {std::optional<Id>(), std::optional(world.workspaces[0]),
                                         std::optional(world.workspaces[1])}) {
      const auto secret = world.secret(team);
      const auto auths = GrantWorld::auths(secret);
      std::multiset<std::pair<std::string, std::string>> missing;
      for (const auto& one : secret.missing) {
        missing.emplace(one.registry, one.space);
        CHECK_FALSE(one.hint.empty());
      }
      std::map<std::string, std::set<std::string>> users;  // Host to who may stand behind its auth.
      std::size_t needed = 0;
      for (const auto& held : world.spaces) {
        const auto& host = world.of(held.registry);
        const auto is_missing = missing.count({host.identity, held.name});
        if (!world.needs_credential(held, team)) {
          CHECK(is_missing == 0);
          continue;
        }
        needed += is_missing;
        CHECK(is_missing <= 1);
        CHECK((is_missing == 1 || auths.count(host.host) == 1));
        if (host.suspended) {
          CHECK(is_missing == 1);
          continue;
        }
        users[host.host].insert(GrantWorld::auth(host.auth_name, "p"));
        if (host.robots && team)
          users[host.host].insert(
              GrantWorld::auth("robot-" + host.identity + std::to_string(*team), "p"));
      }
      CHECK(needed == missing.size());  // Nothing is missing that is not needed.
      for (const auto& [host, auth] : auths) {
        INFO("host " << host);
        CHECK(users[host].count(auth) == 1);
      }
    }
  }
}

TEST_CASE("a workspace's own registry goes before the platform's at one host", "[engine][grants]") {
  GrantWorld world;
  const Id team = world.workspace("team");
  auto platform = GrantWorld::a_registry("hub");
  auto own = GrantWorld::a_registry("hub", team);
  platform.settings.type = own.settings.type = "plain";
  const Id first = world.add(platform), second = world.add(own);
  world.space(first, "open", [](auto& space) { space.is_public = true; });
  world.space(second, "mine");
  GrantWorld::done(world.store->write([&](store::Writer& writer) -> base::Result<void> {
    auto set = store::set_pull_credential(writer, first, {"theirs", base::Secret("p"), {}});
    if (!set) return set;
    return store::set_pull_credential(writer, second, {"ours", base::Secret("p"), {}});
  }));
  const auto secret = world.secret(team);
  CHECK(GrantWorld::auths(secret).at("hub.example") == GrantWorld::auth("ours", "p"));
  REQUIRE(secret.missing.size() == 1);
  CHECK(secret.missing[0].registry == "hub");
  CHECK(secret.missing[0].reason == "host_taken");
  REQUIRE(secret.notices.size() == 1);
  CHECK_THAT(secret.notices[0], Catch::Contains("one host has one entry"));
  // Others see the platform's.
  CHECK(GrantWorld::auths(world.secret({})).at("hub.example") == GrantWorld::auth("theirs", "p"));
}

TEST_CASE("after a change of address nothing is handed out before a validation",
          "[engine][grants]") {
  GrantWorld world;
  const Id team = world.workspace("team"), one = world.registry("one");
  world.bind(world.space(one, "library"), team);
  world.settle();
  REQUIRE(GrantWorld::auths(world.secret(team)).size() == 1);
  const auto suspend = [&](bool flag) {
    GrantWorld::done(world.store->write(
        [&](store::Writer& writer) { return store::set_pull_suspended(writer, one, flag); }));
  };
  suspend(true);
  const auto secret = world.secret(team);
  CHECK(GrantWorld::auths(secret).empty());
  REQUIRE(secret.missing.size() == 1);
  CHECK(secret.missing[0].reason == "pull_suspended");
  suspend(false);
  CHECK(GrantWorld::auths(world.secret(team)).size() == 1);
}

TEST_CASE("what a node's runtime needs beside the secret is said", "[engine][grants]") {
  GrantWorld world;
  const Id team = world.workspace("team");
  auto record = GrantWorld::a_registry("odd", team);
  record.settings.address = "http://odd.example:5000/below";
  record.settings.type = "plain";
  record.settings.credentials = {};
  record.settings.tls.ca_pem = "a CA";
  world.space(world.add(record), "mine");
  const auto secret = world.secret(team);
  CHECK(GrantWorld::auths(secret).empty());  // Anonymous: nothing is needed.
  CHECK(secret.missing.empty());
  REQUIRE(secret.notices.size() == 1);
  CHECK(secret.notices[0] ==
        "odd.example:5000 speaks plain http, has a private CA, serves below /below: nodes need "
        "/etc/containerd/certs.d/odd.example:5000/hosts.toml with\n"
        "server = \"http://odd.example:5000/below/v2\"\noverride_path = true\n"
        "ca = \"/etc/containerd/certs.d/odd.example:5000/ca.crt\"  # its certificate, PEM");
}

TEST_CASE("a pull secret is for namespaces of the workspace", "[engine][grants]") {
  GrantWorld world;
  const Id team = world.workspace("team"), other = world.workspace("other");
  GrantWorld::done(world.store->write([&](store::Writer& writer) {
    return store::assign_namespace(writer, {"prod", "web", team}, false);
  }));
  CHECK(world.grants->pull_secret(team, "prod/web"));
  CHECK(world.grants->pull_secret(other, "prod/web").error().code == Code::not_found);
  CHECK(world.grants->pull_secret(team, "prod/db").error().code == Code::not_found);
}
