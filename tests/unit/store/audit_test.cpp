#include <catch2/catch.hpp>

#include "rows.h"
#include "store/audit.h"
#include "store/connection.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "store/tenants.h"
#include "support/store_world.h"

using namespace portolan;
using base::Code;
using base::Result;
using store::Reader;
using store::Writer;
using test::StoreWorld;

namespace {

struct World : StoreWorld {
  void note(const std::string& actor, const std::string& action, const std::string& subject) {
    ++now_ms;
    REQUIRE(code_of([&](Writer& writer) {
              model::AuditEntry entry;
              entry.actor = actor;
              entry.action = action;
              entry.subject = subject;
              entry.outcome = "ok";
              return add_audit(writer, entry);
            }) == Code::ok);
  }
  Result<std::size_t> verify() {
    return store->read<std::size_t>([](Reader& reader) { return store::verify_audit(reader); });
  }
  std::string subjects(const store::AuditFilter& filter) {
    const auto page = read<store::Page<model::AuditEntry>>(
        [&](Reader& reader) { return store::list_audit(reader, {}, filter); });
    std::string text;
    for (const auto& entry : page.rows) text += entry.subject;
    return text;
  }
  /// a to e, a millisecond apart.
  void five() {
    for (const char* subject : {"a", "b", "c", "d", "e"}) note("alice", "x", subject);
  }
  void export_through(model::Id id) {
    REQUIRE(code_of([&](Writer& writer) {
              const auto slice = store::audit_after(writer, id - 1, 1);
              return mark_audit_exported(writer, id, slice.entries.at(0).hash);
            }) == Code::ok);
  }
  std::size_t drop(std::int64_t before_ms, bool only_exported) {
    return write<std::size_t>(
        [&](Writer& writer) { return store::drop_audit_before(writer, before_ms, only_exported); });
  }
  store::AuditReach reach() {
    return read<store::AuditReach>(
        [](Reader& reader) { return Result(store::audit_reach(reader)); });
  }
  /// As somebody with the file and a shell would do it.
  void tamper(const std::string& sql) {
    store.reset();
    {
      SQLite::Database other((folder / "data/portolan.db").string(), SQLite::OPEN_READWRITE);
      other.exec("DROP TRIGGER IF EXISTS audit_keeps_its_words");
      other.exec("DROP TRIGGER IF EXISTS audit_keeps_its_entries");
      other.exec(sql);
    }
    open();
  }
};

}  // namespace

TEST_CASE("the audit is listed newest first, by actor, action, subject and time",
          "[store][audit]") {
  World world;
  world.note("alice", "registry.create", "a");
  world.note("bob", "registry.create", "b");
  world.note("alice", "space.create", "c");
  CHECK(world.subjects({}) == "cba");
  CHECK(world.subjects({.actor = "alice", .action = "", .subject = ""}) == "ca");
  CHECK(world.subjects({.actor = "", .action = "registry.create", .subject = ""}) == "ba");
  CHECK(world.subjects({.actor = "", .action = "", .subject = "b"}) == "b");
  CHECK(world.subjects({.actor = "",
                        .action = "",
                        .subject = "",
                        .from_ms = world.now_ms - 1,
                        .to_ms = world.now_ms}) == "b");
  CHECK(world.verify());
  CHECK(*world.verify() == 3);
  CHECK(*World().verify() == 0);
}

TEST_CASE("an undone write leaves no entry, and no gap", "[store][audit]") {
  World world;
  world.note("a", "x", "1");
  CHECK(world.code_of([](Writer& writer) -> Result<void> {
    if (auto done = add_audit(writer, {}); !done) return done;
    return base::Error{.code = Code::conflict};
  }) == Code::conflict);
  world.note("a", "x", "2");
  CHECK(*world.verify() == 2);
}

TEST_CASE("nobody in this program can change or remove an entry", "[store][audit]") {
  World world;
  world.note("a", "x", "1");
  for (const char* sql : {"UPDATE audit SET actor = 'b'", "DELETE FROM audit",
                          "INSERT OR REPLACE INTO audit SELECT * FROM audit"}) {
    CAPTURE(sql);
    CHECK(world.code_of([&](Writer& writer) -> Result<void> {
      store::execute(writer, sql);
      return {};
    }) != Code::ok);
  }
  CHECK(*world.verify() == 1);
}

TEST_CASE("whatever is done to the file, verification finds it", "[store][audit]") {
  const std::pair<const char*, const char*> ways[] = {
      {"UPDATE audit SET actor = 'mallory' WHERE id = 2", "entry 2"},
      {"UPDATE audit SET at_ms = at_ms + 1 WHERE id = 1", "entry 1"},
      // The same text when the fields are simply put together.
      {"UPDATE audit SET actor = 'alic', action = 'e' || action WHERE id = 3", "entry 3"},
      {"UPDATE audit SET after_json = '{}' WHERE id = 4", "entry 4"},
      {"UPDATE audit SET hash = upper(hash) WHERE id = 2", "entry 2"},
      {"DELETE FROM audit WHERE id = 1", "entry 1"},
      {"DELETE FROM audit WHERE id = 3", "entry 3"},
      {"DELETE FROM audit WHERE id = 4", "entry 3"},  // The end cut off.
      {"DELETE FROM audit", "entry 0"},
      {"DELETE FROM audit; DELETE FROM meta WHERE name = 'audit_head'; "
       "DELETE FROM sqlite_sequence WHERE name = 'audit'",
       ""},
      {"DELETE FROM meta WHERE name = 'audit_head'", "entry 4"},
  };
  for (const auto& [sql, where] : ways) {
    CAPTURE(sql);
    World world;
    for (const char* subject : {"a", "b", "c", "d"})
      world.note("alice", "registry.create", subject);
    world.tamper(sql);
    const auto found = world.verify();
    if (*where == '\0') {
      // All gone, with every trace: a store that never had an entry. Only a copy elsewhere tells.
      CHECK(found);
      continue;
    }
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Code::internal);
    CHECK(found.error().where == where);
  }
}

TEST_CASE("a chain written anew without the key is found", "[store][audit]") {
  World world, forger;
  world.note("alice", "registry.delete", "a");
  forger.now_ms = world.now_ms - 1;
  forger.note("bob", "registry.delete", "a");
  const std::string file = (forger.folder / "data/portolan.db").string();
  forger.store.reset();
  world.tamper("ATTACH '" + file + "' AS forged; DELETE FROM audit; " +
               "INSERT INTO audit SELECT * FROM forged.audit");
  CHECK(world.subjects({.actor = "bob", .action = "", .subject = ""}) == "a");
  const auto found = world.verify();
  REQUIRE_FALSE(found);
  CHECK(found.error().where == "entry 1");
}

TEST_CASE("what is old and exported goes, and the rest is still proved", "[store][audit]") {
  World world;
  world.five();
  const std::int64_t young = world.now_ms;  // Only the fifth is as young.
  CHECK(world.drop(young, true) == 0);      // Nothing was exported.
  CHECK(world.code_of([](Writer& writer) { return mark_audit_exported(writer, 3, "another"); }) ==
        Code::conflict);
  CHECK(world.code_of([](Writer& writer) { return mark_audit_exported(writer, 9, ""); }) ==
        Code::not_found);
  world.export_through(3);
  world.export_through(2);  // It never goes back.
  CHECK(world.reach().exported == 3);
  CHECK(world.drop(young - 3, true) == 1);  // Old enough is the first alone.
  CHECK(world.drop(young, true) == 2);
  CHECK(world.subjects({}) == "ed");
  CHECK(*world.verify() == 2);
  CHECK(world.reach().first == 4);
  CHECK(world.reach().since_ms == young - 1);
  CHECK(world.drop(young, false) == 1);
  CHECK(world.drop(young + 1000, false) == 0);  // The newest stays.
  world.note("alice", "x", "f");
  world.reopen();
  CHECK(world.subjects({}) == "fe");
  CHECK(*world.verify() == 2);
  REQUIRE(world.store->rotate_key(base::SealingKey::generate()));
  CHECK(*world.verify() == 2);
}

TEST_CASE("an export is proved by its lines alone", "[store][audit]") {
  World world;
  world.five();
  world.export_through(2);
  CHECK(world.drop(world.now_ms, true) == 2);
  const auto slice = world.read<store::AuditSlice>(
      [](Reader& reader) { return Result(store::audit_after(reader, 0, 2)); });
  REQUIRE(slice.entries.size() == 2);
  CHECK(slice.entries[0].id == 3);
  CHECK(store::audit_hash(slice.entries[0], slice.hash_before) == slice.entries[0].hash);
  CHECK(store::audit_hash(slice.entries[1], slice.entries[0].hash) == slice.entries[1].hash);
  const auto rest = world.read<store::AuditSlice>(
      [](Reader& reader) { return Result(store::audit_after(reader, 4, 10)); });
  REQUIRE(rest.entries.size() == 1);
  CHECK(rest.hash_before == slice.entries[1].hash);
}

TEST_CASE("marks of the audit that were not written here are found, and nothing is dropped",
          "[store][audit]") {
  const std::pair<const char*, const char*> ways[] = {
      // Entries cut off, and the beginning said to be behind them.
      {"UPDATE audit_mark SET id = 4, hash = (SELECT hash FROM audit WHERE id = 4) WHERE name = "
       "'anchor'; DELETE FROM audit WHERE id <= 4",
       "entry 4"},
      {"DELETE FROM audit_mark WHERE name = 'anchor'", "entry 1"},
      {"UPDATE audit_mark SET fingerprint = '' WHERE name = 'anchor'", "entry 2"},
      {"UPDATE audit_mark SET id = 5, hash = (SELECT hash FROM audit WHERE id = 5) WHERE name = "
       "'exported'",
       "entry 5"},
      {"INSERT OR REPLACE INTO audit_mark SELECT 'exported', id, hash, fingerprint FROM audit_mark "
       "WHERE name = 'anchor'",
       "entry 2"},
      {"DELETE FROM audit WHERE id = 3", "entry 3"},
  };
  for (const auto& [sql, where] : ways) {
    CAPTURE(sql);
    World world;
    world.five();
    world.export_through(3);
    REQUIRE(world.drop(world.now_ms - 2, true) == 2);
    world.tamper(sql);
    const auto found = world.verify();
    REQUIRE_FALSE(found);
    CHECK(found.error().where == where);
  }
  World world;
  world.five();
  world.export_through(1);
  world.tamper("UPDATE audit_mark SET id = 4 WHERE name = 'exported'");
  CHECK(world.code_of([&](Writer& writer) -> Result<void> {
    auto dropped = store::drop_audit_before(writer, world.now_ms, true);
    if (!dropped) return dropped.error();
    return {};
  }) == Code::internal);
  REQUIRE(world.store->rotate_key(base::SealingKey::generate()));
  CHECK_FALSE(world.verify());  // A new key does not make it good.
}

TEST_CASE("a webhook is changed, with a new secret or without", "[store]") {
  test::RowWorld world;
  model::Webhook hook = world.write<model::Webhook>([](store::Writer& writer) {
    model::Webhook wanted;
    wanted.name = "chat";
    wanted.url = "http://one.example/";
    return insert_webhook(writer, wanted, base::Secret("first"));
  });
  const auto secret = [&] {
    return world.read<base::Secret>(
        [&](store::Reader& reader) { return store::webhook_secret(reader, hook.id); });
  };
  const auto change = [&](std::int64_t revision, std::optional<base::Secret> with) {
    hook = world.write<model::Webhook>(
        [&](store::Writer& writer) { return store::update_webhook(writer, hook, revision, with); });
  };
  hook.enabled = false;
  change(1, {});
  CHECK(secret().reveal() == "first");
  CHECK(hook.provenance.revision == 2);
  hook.url = "http://two.example/";
  change(2, base::Secret("second"));
  CHECK(secret().reveal() == "second");
  const auto kept = world.read<std::optional<model::Webhook>>(
      [&](store::Reader& reader) { return Result(store::find_webhook(reader, hook.id)); });
  REQUIRE(kept);
  CHECK(kept->url == "http://two.example/");
  CHECK_FALSE(kept->enabled);
  CHECK(world.code_of([&](store::Writer& writer) -> Result<void> {
    auto stale = store::update_webhook(writer, hook, 2, {});
    if (!stale) return stale.error();
    return {};
  }) == Code::conflict);
}

TEST_CASE("a webhook goes on where it was, from the events after it was made", "[store]") {
  test::RowWorld world;
  const auto happen = [&] {
    return world.write<model::Id>(
        [](store::Writer& writer) { return store::add_event(writer, {}); });
  };
  const model::Id before = happen();
  const model::Id hook = world
                             .write<model::Webhook>([](store::Writer& writer) {
                               model::Webhook wanted;
                               wanted.name = "chat";
                               return insert_webhook(writer, wanted, {});
                             })
                             .id;
  const auto delivered = [&] {
    return world.read<model::Id>(
        [&](store::Reader& reader) { return store::delivered_event(reader, hook); });
  };
  const auto put = [&](model::Id event) {
    world.done(
        [&](store::Writer& writer) { return store::put_delivered_event(writer, hook, event); });
  };
  CHECK(delivered() == before);
  put(before + 2);
  CHECK(delivered() == before + 2);
  put(before + 1);  // It never goes back.
  world.reopen();
  CHECK(delivered() == before + 2);
  CHECK(world.code_of([&](store::Writer& writer) {
    return store::put_delivered_event(writer, hook + 1, 1);
  }) == Code::not_found);
}

TEST_CASE("a try of a URL that the webhook no longer has is not shown as one of its new URL",
          "[store]") {
  test::RowWorld world;
  model::Webhook wanted;
  wanted.name = "chat";
  wanted.url = "https://old.example/";
  wanted = world.write<model::Webhook>(
      [&](store::Writer& writer) { return insert_webhook(writer, wanted, {}); });
  model::Delivery tried;
  tried.event = 7;
  tried.tried_ms = 1;
  const auto put = [&](const std::string& url) {
    return world.write<bool>(
        [&](store::Writer& writer) { return store::put_delivery(writer, wanted.id, url, tried); });
  };
  const auto last = [&] {
    return world
        .read<std::optional<model::Webhook>>([&](store::Reader& reader) {
          return base::Result(store::find_webhook(reader, wanted.id));
        })
        ->last;
  };
  CHECK(put("https://old.example/"));
  CHECK(last()->event == 7);
  wanted.url = "https://new.example/";
  world.write<model::Webhook>(
      [&](store::Writer& writer) { return update_webhook(writer, wanted, 0, {}); });
  CHECK_FALSE(put("https://old.example/"));
  CHECK_FALSE(last());
  CHECK(put("https://new.example/"));
  CHECK(last()->event == 7);
}

TEST_CASE("webhooks are kept with a sealed secret", "[store]") {
  StoreWorld world;
  model::Webhook wanted;
  wanted.name = "chat";
  wanted.url = "https://chat.example/hook";
  wanted.kinds = {"space.gone"};
  const auto insert = [&](Writer& writer) {
    return insert_webhook(writer, wanted, base::Secret("sign me"));
  };
  const auto made = world.write<model::Webhook>(insert);
  CHECK_THROWS(world.write<model::Webhook>(insert));
  world.reopen();
  world.read<int>([&](Reader& reader) {
    const auto all = store::webhooks(reader);
    REQUIRE(all.size() == 1);
    CHECK(all[0].url == wanted.url);
    CHECK(all[0].kinds == wanted.kinds);
    CHECK(all[0].enabled);
    CHECK(store::webhook_secret(reader, made.id)->reveal() == "sign me");
    CHECK(store::webhook_secret(reader, 99)->empty());
    return 0;
  });
  const auto remove = [&](std::int64_t if_revision) {
    return world.code_of(
        [&](Writer& writer) { return delete_webhook(writer, made.id, if_revision); });
  };
  CHECK(remove(99) == Code::conflict);  // It was changed in between: it stays.
  CHECK(remove(0) == Code::ok);
  CHECK(remove(0) == Code::not_found);
  CHECK(world.read<bool>(
      [&](Reader& reader) { return store::webhook_secret(reader, made.id)->empty(); }));
}

TEST_CASE("an answer is remembered for a day, for its user and key", "[store]") {
  StoreWorld world;
  const auto user = world.write<model::User>([](Writer& writer) {
    model::User made;
    made.name = "alice";
    return insert_user(writer, made, "");
  });
  const auto remember = [&](const store::Remembered& answer) {
    return world.code_of(
        [&](Writer& writer) { return store::remember(writer, user.id, "k", answer); });
  };
  const auto recall = [&](store::Id id, const char* key) {
    return world.read<std::optional<store::Remembered>>(
        [&](Reader& reader) { return store::recall(reader, id, key); });
  };
  CHECK_FALSE(recall(user.id, "k"));
  CHECK(remember({"h1", 201, "/api/v1/x", "ptk_shown-once"}) == Code::ok);
  const auto answer = recall(user.id, "k");
  REQUIRE(answer);
  CHECK(answer->request_hash == "h1");
  CHECK(answer->status == 201);
  CHECK(answer->location == "/api/v1/x");
  CHECK(answer->body == "ptk_shown-once");
  CHECK_FALSE(recall(user.id + 1, "k"));
  CHECK_FALSE(recall(user.id, "K"));
  world.now_ms += 24 * 60 * 60 * 1000;
  CHECK_FALSE(recall(user.id, "k"));
  CHECK(remember({"h2", 200, "", ""}) == Code::ok);
  CHECK(recall(user.id, "k")->request_hash == "h2");
}
