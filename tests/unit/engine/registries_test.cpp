#include "store/registries.h"
#include "registry_world.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using engine::RegistryChange;
using engine::Verify;
using model::HealthState;
using model::Id;
using test::RegistryWorld;

TEST_CASE("every mistake of a draft is told with its field", "[engine][registries]") {
  RegistryWorld world;
  const auto all = world.mistakes([](model::RegistryRecord& draft) {
    draft.settings.name = "No Name";
    draft.settings.address = "ftp://x";
    draft.settings.proxy = "socks5://p:1";
    draft.settings.tls.client_certificate_pem = "PEM";
    draft.settings.tls.minimum_version = "1.1";
    draft.settings.tls.pin_sha256 = "short";
    draft.settings.credentials.trusted_realms = {"https://auth.example/path"};
    draft.pull_host = "https://pull.example";
    draft.settings.options_json = R"({"page_size":1000,"pagesize":1})";
  });
  CHECK(all.code == Code::invalid_config);
  CHECK(all.where == "/name");
  for (const char* field :
       {"/name", "/address", "/proxy", "/tls/client_key", "/tls/minimum_version", "/tls/pin_sha256",
        "/credentials/trusted_realms/0", "/pull_host", "/options/page_size", "/options/pagesize"})
    CHECK_THAT(all.message, Catch::Contains(std::string(field) + ":"));
  CHECK(world.transport.sent().empty());
}

TEST_CASE("single mistakes of a draft", "[engine][registries]") {
  RegistryWorld world;
  CHECK(world.mistakes([](auto& draft) { draft.settings.type = "nobodys"; }).code ==
        Code::plugin_missing);
  CHECK(world
            .mistakes([](auto& draft) {
              draft.settings.options_json = R"({"page_size":{"env":"SIZE"}})";
            })
            .where == "/options/page_size");
  CHECK_THAT(
      world.mistakes([](auto& draft) { draft.settings.credentials.password = base::Secret("x"); })
          .message,
      Catch::Contains("/credentials/password"));
  CHECK(world.mistakes([](auto& draft) { draft.settings.credentials.username.clear(); }).code ==
        Code::invalid_config);
  CHECK_THAT(world.mistakes([](auto& draft) { draft.settings.address = "http://registry.example"; })
                 .message,
             Catch::Contains("clear"));
}

TEST_CASE("addresses and hosts are kept in their one spelling", "[engine][registries]") {
  RegistryWorld world;
  auto draft = test::EngineWorld::a_registry("one");
  draft.settings.address = "  Registry.Example:443/prefix/ ";
  draft.pull_host = "Pull.Example:443";
  REQUIRE(world.registries.check_draft(draft));
  CHECK(draft.settings.address == "https://registry.example/prefix");
  CHECK(draft.pull_host == "pull.example");
}

TEST_CASE("trying keeps nothing and shows each check", "[engine][registries]") {
  RegistryWorld world;
  std::string streamed;
  const auto tried =
      world.registries.try_out(test::EngineWorld::a_registry("one"), {},
                               [&](const model::Check& check) { streamed += check.name + " "; });
  REQUIRE(tried);
  CHECK(tried->validation.verdict == model::Verdict::ok);
  CHECK(tried->integration->product == "Site");
  CHECK(streamed ==
        "address dns tcp tls http identity api-version credentials permissions.catalog "
        "capabilities ");
  CHECK(
      world.read<std::vector<Id>>([](store::Reader& reader) { return store::registry_ids(reader); })
          .empty());
}

TEST_CASE("a member's try does not tell closed from forbidden; a platform admin's does",
          "[engine][registries]") {
  RegistryWorld world;
  const auto workspace = world.workspace("team");
  {
    std::lock_guard lock(world.site("one")->mutex);
    world.site("one")->down = true;
  }
  auto draft = test::EngineWorld::a_registry("one");
  const auto told = world.registries.try_out(draft, {}, {});
  REQUIRE(told);
  CHECK(told->validation.checks[2].message == "nothing listens there");
  draft.workspace = workspace;
  std::string streamed;
  const auto veiled = world.registries.try_out(
      draft, {}, [&](const model::Check& check) { streamed += check.message; });
  REQUIRE(veiled);
  CHECK(veiled->validation.verdict == model::Verdict::fail);
  CHECK(veiled->validation.checks[2].message == "the address cannot be reached from here");
  CHECK(streamed.find("nothing listens") == std::string::npos);
}

TEST_CASE("a member's try of what is not reached is answered no sooner than settled",
          "[engine][registries]") {
  RegistryWorld world;
  auto draft = test::EngineWorld::a_registry("one");
  draft.workspace = world.workspace("team");
  const auto went = [&] {
    std::lock_guard lock(world.site("one")->mutex);
    world.site("one")->down = true;
  };
  SECTION("whatever was in the way") {
    const auto floor = std::chrono::milliseconds(300);
    world.change([&](config::DaemonSettings& next) { next.limits.try_floor = floor; });
    went();
    const auto began = base::Steady::now();
    REQUIRE(world.registries.try_out(draft, {}, {}));
    CHECK(base::Steady::now() - began >= floor);
  }
  SECTION("not what is reached, nor a platform admin's; and who goes away ends it") {
    world.change([](config::DaemonSettings& next) { next.limits.try_floor = 1h; });
    CHECK(world.registries.try_out(draft, {}, {}));  // Else it would end with the deadline.
    went();
    auto of_platform = draft;
    of_platform.workspace.reset();
    CHECK(world.registries.try_out(of_platform, {}, {}));
    const base::CancelToken cancel;
    std::thread leaver([&] {
      std::this_thread::sleep_for(100ms);
      cancel.cancel();
    });
    (void)world.registries.try_out(draft, cancel, {});
    CHECK(cancel.cancelled());
    leaver.join();
  }
}

TEST_CASE("integrating keeps the registry, its first health, an event and an audit entry",
          "[engine][registries]") {
  RegistryWorld world;
  const auto made = world.integrate(test::EngineWorld::a_registry("one"));
  REQUIRE(made);
  REQUIRE(made->tried);
  const Id id = made->record.id;
  CHECK(world.password(id) == "good");
  CHECK(world.record(id).integration->product == "Site");
  CHECK(world.health(id).state == HealthState::healthy);
  CHECK(world.health(id).last_full_ms != 0);
  CHECK(world.health(id).next_try_ms > world.store->now());
  CHECK(world.events("registry.created").size() == 1);
  CHECK(world.events("registry.health").size() == 1);
  const auto audit = world.audit();
  REQUIRE(audit.size() == 1);
  CHECK(audit[0].action == "registry.create");
  CHECK(audit[0].actor == "alice");
  CHECK(audit[0].subject == "one");
  CHECK_THAT(audit[0].after_json, Catch::Contains(R"("username":"ada")"));
  CHECK(audit[0].after_json.find("good") == std::string::npos);
}

TEST_CASE("require keeps nothing of a registry that fails, warn and skip keep it",
          "[engine][registries]") {
  RegistryWorld world;
  const auto refused = world.integrate(test::EngineWorld::a_registry("one", "wrong"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unauthorized);
  CHECK(refused.error().where == "credentials");
  CHECK(refused.error().http_status == engine::failed_check_status);
  CHECK(world.audit().empty());

  const auto warned = world.integrate(test::EngineWorld::a_registry("one", "wrong"), Verify::warn);
  REQUIRE(warned);
  CHECK(warned->tried->validation.verdict == model::Verdict::fail);
  CHECK(world.health(warned->record.id).state == HealthState::unauthenticated);
  CHECK(world.health(warned->record.id).refused_version == 1);

  const auto sent = world.transport.sent().size();
  const auto skipped = world.integrate(test::EngineWorld::a_registry("two", "wrong"), Verify::skip);
  REQUIRE(skipped);
  CHECK_FALSE(skipped->tried);
  CHECK(world.transport.sent().size() == sent);
  CHECK(world.health(skipped->record.id).next_try_ms == 0);  // Due at once.
}

TEST_CASE("a workspace has no more registries than it may, and nobody is contacted for another",
          "[engine][registries]") {
  RegistryWorld world;
  world.change([](config::DaemonSettings& settings) {
    settings.limits.registries_per_workspace = 1;
    settings.network.allow_workspaces = {"0.0.0.0/0"};
  });
  auto draft = test::EngineWorld::a_registry("one");
  draft.workspace = world.workspace("team");
  REQUIRE(world.integrate(draft));
  const auto sent = world.transport.sent().size();
  draft.settings.name = "two";
  CHECK(world.integrate(draft).error().code == Code::limit);
  CHECK(world.transport.sent().size() == sent);
}

TEST_CASE("only a platform admin is told of the twin", "[engine][registries]") {
  RegistryWorld world;
  world.integrated("one");
  auto twin = test::EngineWorld::a_registry("one");
  twin.settings.name = "another";
  const auto told = world.registries.integrate(twin, Verify::skip, world.admin, {});
  CHECK(told.error().code == Code::conflict);
  CHECK(told.error().where == "one");
  const auto hidden = world.registries.integrate(twin, Verify::skip, world.member, {});
  CHECK(hidden.error().code == Code::conflict);
  CHECK(hidden.error().where.empty());
}

TEST_CASE("a secret goes only where it was given for", "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  const auto refused = [&](const RegistryChange& wanted) {
    const auto done = world.change(id, wanted);
    if (done) FAIL("it was permitted");
    CHECK(done.error().code == Code::invalid_argument);
    CHECK(done.error().where == "/credentials");
  };
  RegistryChange address, port, realm, loose, other_ca;
  address.address = "https://two.example";
  port.address = "https://one.example:8443";
  realm.trusted_realms = {"https://auth.example"};
  loose.tls = model::Tls{};
  loose.tls->skip_verify = true;
  for (const auto& wanted : {address, port, realm, loose}) refused(wanted);

  RegistryChange tight;
  tight.tls = model::Tls{};
  tight.tls->minimum_version = "1.3";
  CHECK(world.change(id, tight));
  CHECK_FALSE(world.record(id).pull_suspended);
  RegistryChange path;
  path.address = "https://one.example/prefix";
  CHECK(world.change(id, path));
  CHECK(world.password(id) == "good");
  CHECK(world.record(id).pull_suspended);  // Another address all the same.

  address.credentials = model::Credentials{"ada", base::Secret("other"), {}};
  REQUIRE(world.change(id, address));
  CHECK(world.password(id) == "other");
  CHECK(world.record(id).settings.address == "https://two.example");
  CHECK(world.record(id).pull_suspended);
  CHECK(world.health(id).last_full_ms == 0);  // Full results count anew.
  CHECK(world.events("registry.updated").size() == 3);
  const auto audit = world.audit();
  CHECK_THAT(audit[0].before_json, Catch::Contains("one.example"));
  CHECK_THAT(audit[0].after_json, Catch::Contains("two.example"));
}

TEST_CASE("new credentials forget what was known of the old account, realms stay",
          "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  RegistryChange realms;
  realms.trusted_realms = {"https://auth.example"};
  realms.credentials = model::Credentials{"ada", base::Secret("good"), {}};
  REQUIRE(world.change(id, realms));
  RegistryChange wanted;
  wanted.credentials = model::Credentials{"bert", base::Secret("better"), {}};
  REQUIRE(world.change(id, wanted));
  const auto record = world.record(id);
  CHECK(record.settings.credentials.username == "bert");
  CHECK(record.settings.credentials.trusted_realms.size() == 1);
  CHECK(record.integration->product == "Site");
  CHECK(record.integration->facts_json.empty());
  CHECK_FALSE(record.pull_suspended);

  wanted.credentials = model::Credentials{};
  REQUIRE(world.change(id, wanted));
  CHECK(world.record(id).secret_fingerprint.empty());
}

TEST_CASE("a change is verified as the whole would be, with what is kept", "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  RegistryChange wanted;
  wanted.options_json = R"({"page_size":10})";
  const auto done = world.change(id, wanted, Verify::require);
  REQUIRE(done);
  CHECK(done->tried->validation.verdict == model::Verdict::ok);
  CHECK(world.health(id).last_full_ms != 0);
  RegistryChange words;
  words.description = "ours";
  CHECK_FALSE(world.change(id, words, Verify::require)->tried);  // Nothing a validation could see.

  wanted.credentials = model::Credentials{"ada", base::Secret("wrong"), {}};
  const auto refused = world.change(id, wanted, Verify::require);
  CHECK(refused.error().code == Code::unauthorized);
  CHECK(world.password(id) == "good");
  CHECK(world.registries.change(id, words, Verify::skip, 1, world.admin, {}).error().code ==
        Code::conflict);
}

TEST_CASE("a change does not try a secret that rests", "[engine][registries]") {
  RegistryWorld world;
  const Id id = world.integrated("one");
  world.refuse(id, true);
  RegistryChange wanted;
  wanted.options_json = R"({"page_size":10})";
  const int sent = world.site("one")->sent_passwords;
  CHECK(world.change(id, wanted, Verify::require).error().code == Code::unauthorized);
  const auto done = world.change(id, wanted, Verify::warn);
  REQUIRE(done);
  CHECK_FALSE(done->tried);
  CHECK(world.site("one")->sent_passwords == sent);
  wanted.credentials = model::Credentials{"ada", base::Secret("good"), {}};
  REQUIRE(world.change(id, wanted, Verify::require));
  CHECK_FALSE(world.health(id).blocked);
}

TEST_CASE("the client key is kept with its certificate, goes with it, and is asked for elsewhere",
          "[engine][registries]") {
  RegistryWorld world;
  auto draft = test::EngineWorld::a_registry("one");
  draft.settings.tls.client_certificate_pem = "certificate";
  draft.settings.tls.client_key_pem = base::Secret("key");
  const auto id = world.add(draft);  // The scripted network reads no certificates.
  const auto key = [&] {
    return world
        .read<base::Secret>([&](store::Reader& reader) {
          return store::secret(reader, id, store::SecretKind::client_key);
        })
        .reveal();
  };
  RegistryChange wanted;
  wanted.tls = model::Tls{};
  wanted.tls->client_certificate_pem = "certificate";
  wanted.tls->minimum_version = "1.3";
  REQUIRE(world.change(id, wanted));
  CHECK(key() == "key");
  RegistryChange moved;
  moved.address = "https://two.example";
  moved.credentials = model::Credentials{"ada", base::Secret("good"), {}};
  CHECK(world.change(id, moved).error().where == "/tls/client_key");
  wanted.tls->client_certificate_pem.clear();
  REQUIRE(world.change(id, wanted));
  CHECK(key().empty());
}
