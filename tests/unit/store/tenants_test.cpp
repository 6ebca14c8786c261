#include "store/tenants.h"

#include <catch2/catch.hpp>

#include "store/connection.h"
#include "support/store_world.h"

using namespace portolan;
using base::Code;
using base::Result;
using model::Role;
using store::Id;
using store::Reader;
using store::Writer;
using test::StoreWorld;

namespace {

struct World : StoreWorld {
  model::Workspace workspace(const std::string& name) {
    return write<model::Workspace>([&](Writer& writer) {
      model::Workspace made;
      made.name = name;
      made.provenance.created_by = "root";
      return insert_workspace(writer, made);
    });
  }
  model::User user(const std::string& name, bool admin = false) {
    return write<model::User>([&](Writer& writer) {
      model::User made;
      made.name = name;
      made.admin = admin;
      return insert_user(writer, made, "hash of " + name);
    });
  }
  model::Token token(Id user, const std::string& name, std::optional<Id> workspace = {}) {
    return write<model::Token>([&](Writer& writer) {
      model::Token made;
      made.user = user;
      made.name = name;
      made.only_workspace = workspace;
      return insert_token(writer, made, base::sha256(name));
    });
  }
  std::optional<model::Token> known(const std::string& name) {
    return read<std::optional<model::Token>>(
        [&](Reader& reader) { return store::find_token(reader, base::sha256(name)); });
  }
  std::optional<store::Session> session(const std::string& secret) {
    return read<std::optional<store::Session>>(
        [&](Reader& reader) { return store::find_session(reader, base::sha256(secret)); });
  }
  void log_in(Id user, const std::string& secret) {
    REQUIRE(code_of([&](Writer& writer) {
              return insert_session(writer, base::sha256(secret), {user, now_ms + 1000});
            }) == Code::ok);
  }
  Code update(const model::User& changed, std::int64_t revision = 0) {
    return code_of([&](Writer& writer) -> Result<void> {
      const auto done = update_user(writer, changed, revision);
      if (!done) return done.error();
      return {};
    });
  }
};

/// A registry of `workspace`, in the fewest words that the table takes.
Id bare_registry(Writer& writer, std::optional<Id> workspace, const std::string& name) {
  return store::insert(
      writer,
      "INSERT INTO registry (workspace, name, type, address, username, trusted_realms, ca_pem, "
      "client_certificate_pem, minimum_version, pin_sha256, skip_verify, proxy, allow_plain_http, "
      "options_json, connect_ms, request_ms, validation_ms, statistics_ms, description, pull_host, "
      "default_visibility, health_s, statistics_s, deep_s, catalogue_s, paused, secret_version, "
      "pull_username, pull_suspended, managed_by, created_by, created_ms, updated_ms, revision) "
      "VALUES (?, ?, 't', 'https://' || ?, '', '[]', '', '', '', '', 0, '', 0, '{}', 1, 1, 1, 1, "
      "'', '', 'private', 0, 0, 0, 0, 0, 0, '', 0, '', '', 0, 0, 1)",
      {workspace, name, name});
}

}  // namespace

TEST_CASE("a workspace is kept, found, changed and gone", "[store][tenants]") {
  World world;
  const auto made = world.workspace("team-a");
  CHECK(made.id == 1);
  CHECK(made.provenance.revision == 1);
  CHECK(made.provenance.created_ms == world.now_ms);

  world.now_ms += 5;
  auto changed = made;
  changed.name = "team-b";
  changed.description = "words";
  changed.provenance.managed_by = "manifest:m";
  changed.provenance.created_by = "somebody else";
  const auto stored = world.write<model::Workspace>(
      [&](Writer& writer) { return update_workspace(writer, changed, 1); });
  CHECK(stored.provenance.revision == 2);
  CHECK(stored.provenance.updated_ms == world.now_ms);
  world.reopen();
  const auto found = world.read<std::optional<model::Workspace>>(
      [](Reader& reader) { return store::find_workspace(reader, "team-b"); });
  REQUIRE(found);
  CHECK(found->id == made.id);
  CHECK(found->description == "words");
  CHECK(found->provenance.managed_by == "manifest:m");
  CHECK(found->provenance.created_by == "root");
  CHECK(found->provenance.created_ms == made.provenance.created_ms);

  CHECK(world.code_of([&](Writer& writer) { return delete_workspace(writer, made.id, 1); }) ==
        Code::conflict);
  CHECK(world.code_of([&](Writer& writer) { return delete_workspace(writer, made.id, 2); }) ==
        Code::ok);
  CHECK(world.code_of([&](Writer& writer) { return delete_workspace(writer, made.id, 0); }) ==
        Code::not_found);
  CHECK(world.workspace("team-b").id == 2);  // Never the old id again.
}

TEST_CASE("a name is one workspace's, and a stale revision changes nothing", "[store][tenants]") {
  World world;
  const auto one = world.workspace("one");
  auto two = world.workspace("two");
  CHECK_THROWS(world.workspace("one"));
  const auto update = [&](std::int64_t revision) {
    return world.code_of([&](Writer& writer) -> Result<void> {
      const auto done = update_workspace(writer, two, revision);
      if (!done) return done.error();
      return {};
    });
  };
  two.name = "one";
  CHECK(update(0) == Code::conflict);
  two.name = "two";  // Its own name is free for it.
  CHECK(update(7) == Code::conflict);
  CHECK(update(1) == Code::ok);
  CHECK(update(1) == Code::conflict);
  CHECK(update(0) == Code::ok);
  two.id = 99;
  CHECK(update(0) == Code::not_found);
  CHECK(one.id != two.id);
}

TEST_CASE("a workspace that owns something stays", "[store][tenants]") {
  World world;
  const auto workspace = world.workspace("team");
  const Id registry = world.write<Id>(
      [&](Writer& writer) -> Result<Id> { return bare_registry(writer, workspace.id, "r"); });
  const auto refused =
      world.store->write([&](Writer& writer) { return delete_workspace(writer, workspace.id, 0); });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::conflict);
  CHECK(refused.error().message == "the workspace still has 1 registry, 0 bindings and 0 robots");
  CHECK(world.code_of([&](Writer& writer) -> Result<void> {
    store::execute(writer, "DELETE FROM registry WHERE id = ?", {registry});
    return delete_workspace(writer, workspace.id, 0);
  }) == Code::ok);
}

TEST_CASE("the structure itself refuses what a function forgot to ask", "[store][tenants]") {
  World world;
  const auto workspace = world.workspace("team");
  const auto add = [&](std::optional<Id> owner, const char* name) {
    return world.code_of([&](Writer& writer) -> Result<void> {
      bare_registry(writer, owner, name);
      return {};
    });
  };
  CHECK(add(workspace.id, "r") == Code::ok);
  CHECK(add(std::nullopt, "r") == Code::ok);  // Another scope, the same account again.
  CHECK(add(workspace.id, "r") == Code::conflict);
  CHECK(add(std::nullopt, "r") == Code::conflict);
  CHECK(add(77, "x") == Code::conflict);
  CHECK(world.code_of([&](Writer& writer) -> Result<void> {
    store::execute(writer, "DELETE FROM workspace");
    return {};
  }) == Code::conflict);
}

TEST_CASE("workspaces are listed whole, and in part for those who see a part", "[store][tenants]") {
  World world;
  for (const char* name : {"c", "a", "b"}) {
    world.workspace(name);
    ++world.now_ms;
  }
  const auto names = [&](const char* sort, const std::vector<Id>* only) {
    const auto page = world.read<store::Page<model::Workspace>>([&](Reader& reader) {
      return store::list_workspaces(reader, {.limit = 2, .after = "", .search = "", .sort = sort},
                                    only);
    });
    std::string text;
    for (const auto& row : page.rows) text += row.name;
    return text + (page.next.empty() ? "" : "+");
  };
  CHECK(names("", nullptr) == "ab+");
  CHECK(names("-created", nullptr) == "ba+");
  const std::vector<Id> some{1, 99}, none;
  CHECK(names("", &some) == "c");
  CHECK(names("", &none) == "");
}

TEST_CASE("members come, change and go, with the tokens for that workspace", "[store][tenants]") {
  World world;
  const auto team = world.workspace("team"), other = world.workspace("other");
  const auto alice = world.user("alice"), bob = world.user("bob");
  const auto put = [&](Id workspace, Id user, Role role) {
    return world.code_of([&](Writer& writer) { return put_member(writer, workspace, user, role); });
  };
  CHECK(put(team.id, bob.id, Role::workspace_viewer) == Code::ok);
  CHECK(put(team.id, alice.id, Role::workspace_admin) == Code::ok);
  CHECK(put(team.id, bob.id, Role::workspace_editor) == Code::ok);
  CHECK(put(other.id, bob.id, Role::workspace_admin) == Code::ok);
  CHECK(put(99, bob.id, Role::workspace_viewer) == Code::not_found);
  CHECK(put(team.id, 99, Role::workspace_viewer) == Code::not_found);
  CHECK(put(team.id, bob.id, Role::admin) == Code::invalid_argument);
  const auto members = world.read<std::vector<model::Member>>(
      [&](Reader& reader) { return store::members(reader, team.id); });
  REQUIRE(members.size() == 2);
  CHECK(members[0].user_name == "alice");
  CHECK(members[1].user == bob.id);
  CHECK(members[1].role == Role::workspace_editor);

  const auto who = world.read<std::optional<model::Principal>>(
      [&](Reader& reader) { return store::principal(reader, bob.id); });
  REQUIRE(who);
  CHECK(who->workspaces ==
        std::map<Id, Role>{{team.id, Role::workspace_editor}, {other.id, Role::workspace_admin}});
  CHECK_FALSE(who->admin);

  world.token(bob.id, "for team", team.id);
  world.token(bob.id, "for other", other.id);
  world.token(bob.id, "for all");
  const auto remove = [&] {
    return world.code_of([&](Writer& writer) { return remove_member(writer, team.id, bob.id); });
  };
  CHECK(remove() == Code::ok);
  CHECK_FALSE(world.known("for team"));
  CHECK(world.known("for other"));
  CHECK(world.known("for all"));
  CHECK(remove() == Code::not_found);
}

TEST_CASE("a namespace belongs to one workspace", "[store][tenants]") {
  World world;
  const auto one = world.workspace("one"), two = world.workspace("two");
  const auto assign = [&](Id workspace, bool move) {
    return world.store->write([&](Writer& writer) {
      return assign_namespace(writer, {"k8s", "web", workspace}, move);
    });
  };
  const auto owner = [&] {
    const auto found = world.read<std::optional<model::Namespace>>(
        [](Reader& reader) { return store::find_namespace(reader, "k8s", "web"); });
    return found ? found->workspace : 0;
  };
  CHECK(owner() == 0);
  CHECK(assign(99, false).error().code == Code::not_found);
  CHECK(assign(one.id, false));
  CHECK(assign(one.id, false));
  const auto refused = assign(two.id, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::conflict);
  CHECK(refused.error().message == "the namespace k8s/web belongs to another workspace");
  CHECK(refused.error().where == "one");  // For admins only.
  CHECK(assign(two.id, true));
  CHECK(owner() == two.id);

  const auto release = [&](Id workspace) {
    return world.code_of([&](Writer& writer) {
      return release_namespace(writer, {"k8s", "web", workspace});
    });
  };
  CHECK(release(one.id) == Code::not_found);
  CHECK(world
            .read<std::vector<model::Namespace>>(
                [&](Reader& reader) { return store::namespaces(reader, two.id); })
            .size() == 1);
  CHECK(release(two.id) == Code::ok);
  CHECK(owner() == 0);

  CHECK(assign(one.id, false));
  CHECK(world.code_of([&](Writer& writer) { return delete_workspace(writer, one.id, 0); }) ==
        Code::ok);
  CHECK(owner() == 0);
}

TEST_CASE("the last enabled admin stays", "[store][tenants]") {
  World world;
  auto root = world.user("root", true);
  auto second = world.user("second", true);
  const auto remove = [&](Id user, std::int64_t if_revision = 0) {
    return world.code_of([&](Writer& writer) { return delete_user(writer, user, if_revision); });
  };
  CHECK(remove(second.id, second.provenance.revision + 1) == Code::conflict);  // Changed meanwhile.
  second.disabled = true;
  CHECK(world.update(second) == Code::ok);
  for (const auto change : {&model::User::admin, &model::User::disabled}) {
    auto less = root;
    less.*change = !(less.*change);
    CHECK(world.update(less) == Code::conflict);
  }
  CHECK(remove(root.id) == Code::conflict);
  root.display_name = "Root";
  CHECK(world.update(root) == Code::ok);
  second.disabled = false;
  CHECK(world.update(second) == Code::ok);
  CHECK(remove(root.id) == Code::ok);
  CHECK(remove(second.id) == Code::conflict);
  CHECK(remove(99) == Code::not_found);
}

TEST_CASE("a user who is disabled has no way in", "[store][tenants]") {
  World world;
  world.user("root", true);
  auto alice = world.user("alice");
  world.token(alice.id, "ci");
  world.log_in(alice.id, "s");
  CHECK(world.known("ci"));
  CHECK(world.session("s"));
  alice.disabled = true;
  CHECK(world.update(alice, 1) == Code::ok);
  CHECK_FALSE(world.known("ci"));
  CHECK_FALSE(world.session("s"));
  CHECK_FALSE(world.read<std::optional<model::Principal>>(
      [&](Reader& reader) { return store::principal(reader, alice.id); }));
  alice.disabled = false;
  CHECK(world.update(alice, 2) == Code::ok);
  CHECK_FALSE(world.known("ci"));  // Ended, not asleep.
  CHECK(world.update(alice, 2) == Code::conflict);
}

TEST_CASE("a new password ends the sessions of its user and no others", "[store][tenants]") {
  World world;
  const auto alice = world.user("alice"), bob = world.user("bob");
  world.log_in(alice.id, "a");
  world.log_in(bob.id, "b");
  CHECK(world.code_of([&](Writer& writer) { return set_password_hash(writer, alice.id, "new"); }) ==
        Code::ok);
  CHECK(world.code_of([&](Writer& writer) { return set_password_hash(writer, 99, "new"); }) ==
        Code::not_found);
  CHECK_FALSE(world.session("a"));
  CHECK(world.session("b"));
  world.read<int>([&](Reader& reader) {
    CHECK(store::password_hash(reader, alice.id) == "new");
    CHECK(store::password_hash(reader, bob.id) == "hash of bob");
    CHECK(store::password_hash(reader, 99).empty());
    CHECK(store::has_users(reader));
    CHECK(store::list_users(reader, {.limit = 9, .after = "", .search = "ALI", .sort = "name"})
              .rows.size() == 1);
    return 0;
  });
  CHECK_FALSE(World().read<bool>([](Reader& reader) { return store::has_users(reader); }));
}

TEST_CASE("a token ends with its time, its user and its workspace", "[store][tenants]") {
  World world;
  const auto team = world.workspace("team");
  const auto alice = world.user("alice");
  model::Token wanted;
  wanted.user = alice.id;
  wanted.name = "narrow";
  wanted.only = {model::Action::registry_read, model::Action::pull_secret_read};
  wanted.expires_ms = world.now_ms + 10;
  const auto insert = [&](Writer& writer) {
    return insert_token(writer, wanted, base::sha256("narrow"));
  };
  const auto made = world.write<model::Token>(insert);
  CHECK(made.user_name == "alice");
  CHECK_THROWS(world.write<model::Token>(insert));
  auto found = world.known("narrow");
  REQUIRE(found);
  CHECK(found->only == wanted.only);
  CHECK(found->user_name == "alice");
  world.now_ms += 10;
  CHECK_FALSE(world.known("narrow"));

  world.token(alice.id, "team only", team.id);
  world.token(alice.id, "wide");
  CHECK(world.known("team only")->only_workspace == team.id);
  CHECK(world.known("wide")->only.empty());
  const auto count = [&](std::optional<Id> user) {
    return world
        .read<std::vector<model::Token>>(
            [&](Reader& reader) { return store::tokens(reader, user); })
        .size();
  };
  CHECK(count(alice.id) == 3);
  CHECK(count({}) == 3);
  CHECK(count(99) == 0);
  world.code_of([&](Writer& writer) { return delete_workspace(writer, team.id, 0); });
  CHECK_FALSE(world.known("team only"));
  const auto revoke = [&] {
    return world.code_of([&](Writer& writer) { return delete_token(writer, made.id); });
  };
  CHECK(revoke() == Code::ok);
  CHECK(revoke() == Code::not_found);
  world.code_of([&](Writer& writer) { return delete_user(writer, alice.id, 0); });
  CHECK(count({}) == 0);
}

TEST_CASE("a token's last use is written once a minute", "[store][tenants]") {
  World world;
  const auto alice = world.user("alice");
  const auto token = world.token(alice.id, "ci");
  const auto used_at = [&](std::int64_t later) {
    world.now_ms += later;
    world.code_of([&](Writer& writer) -> Result<void> {
      touch_token(writer, token.id);
      return {};
    });
    return world.known("ci")->last_used_ms;
  };
  const auto first = used_at(1);
  CHECK(first == world.now_ms);
  CHECK(used_at(59'999) == first);
  CHECK(used_at(1) == world.now_ms);
}

TEST_CASE("a session lives while it is used", "[store][tenants]") {
  World world;
  const auto alice = world.user("alice");
  world.log_in(alice.id, "s");
  const auto extend = [&] {
    return world.code_of([&](Writer& writer) {
      return extend_session(writer, base::sha256("s"), world.now_ms + 1000);
    });
  };
  world.now_ms += 999;
  CHECK(world.session("s")->user == alice.id);
  CHECK(extend() == Code::ok);
  world.now_ms += 1000;
  CHECK_FALSE(world.session("s"));
  CHECK(extend() == Code::not_found);

  world.log_in(alice.id, "t");  // Sweeps what has ended.
  const auto end = [&](const char* secret) {
    return world.code_of(
        [&](Writer& writer) { return delete_session(writer, base::sha256(secret)); });
  };
  CHECK(end("s") == Code::not_found);
  CHECK(end("t") == Code::ok);
  CHECK_FALSE(world.session("t"));
}

TEST_CASE("a set-up token opens once, and only the newest one", "[store][tenants]") {
  World world;
  const auto put = [&](const char* secret) {
    world.code_of([&](Writer& writer) {
      return put_setup_token(writer, base::sha256(secret), world.now_ms + 100);
    });
  };
  const auto consume = [&](const char* secret) {
    return world.write<bool>([&](Writer& writer) -> Result<bool> {
      return consume_setup_token(writer, base::sha256(secret));
    });
  };
  put("first");
  put("second");
  CHECK_FALSE(consume("first"));
  CHECK(consume("second"));
  CHECK_FALSE(consume("second"));
  put("third");
  world.now_ms += 100;
  CHECK_FALSE(consume("third"));
}
