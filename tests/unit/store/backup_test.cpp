#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "store/connection.h"
#include "store/database.h"
#include "store/jobs.h"
#include "store/tenants.h"
#include "support/store_world.h"

using namespace portolan;
using base::Code;
using base::Result;
using store::Reader;
using store::Writer;
using test::StoreWorld;

namespace fs = std::filesystem;

namespace {

struct World : StoreWorld {
  fs::path file() const { return folder / "data/portolan.db"; }
  void note(const std::string& name, const std::string& value) {
    REQUIRE(code_of([&](Writer& writer) -> Result<void> {
              store::put_meta(writer, name, value);
              return {};
            }) == Code::ok);
  }
  std::string noted(const std::string& name) {
    return read<std::string>([&](Reader& reader) { return store::meta(reader, name); });
  }
  Result<void> restore(const fs::path& from, bool verify_only = false) {
    store.reset();
    auto done = store::restore(from, folder / "data", key, verify_only);
    open();
    return done;
  }
  std::vector<std::string> files(const std::string& prefix) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder / "data")) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(prefix)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

void run(const fs::path& file, const std::string& sql) {
  SQLite::Database database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec(sql);
}

std::int64_t number(const fs::path& file, const std::string& sql) {
  SQLite::Database database(file.string(), SQLite::OPEN_READONLY);
  return database.execAndGet(sql).getInt64();
}

const std::string ours = "PRAGMA application_id = " + std::to_string(store::application_id) + ';';

}  // namespace

TEST_CASE("a backup is everything as of one moment, while others write", "[store][backup]") {
  World world;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    // Both or neither, in every backup.
    for (int i = 1; !done; ++i) {
      (void)world.store->write([&](Writer& w) -> Result<void> {
        store::put_meta(w, "left", std::to_string(i));
        store::put_meta(w, "right", std::to_string(i));
        return {};
      });
    }
  });
  for (int i = 0; i < 10; ++i) {
    const fs::path copy = world.folder / ("copy" + std::to_string(i)).c_str();
    CHECK(world.store->backup(copy));
    CHECK(store::restore(copy, "", world.key, true));
    CHECK(number(copy, "SELECT count(DISTINCT value) FROM meta WHERE name IN ('left', 'right')") <=
          1);
  }
  done = true;
  writer.join();
  CHECK(world.store->verify());
}

TEST_CASE("a backup replaces nothing and leaves nothing half-made", "[store][backup]") {
  World world;
  std::ofstream(world.folder / "mine") << "precious";
  CHECK(world.store->backup(world.folder / "mine").error().code == Code::conflict);
  const auto nowhere = world.store->backup(world.folder / "no/where.db");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == Code::unavailable);
  CHECK(fs::file_size(world.folder / "mine") == 8);
  CHECK(world.files("portolan.db.").empty());
}

TEST_CASE("what was restored is what was backed up, in another installation", "[store][backup]") {
  World world;
  world.note("a", "old");
  world.write<model::Webhook>([](Writer& writer) {
    model::Webhook made;
    made.name = "chat";
    return insert_webhook(writer, made, base::Secret("sign"));
  });
  const auto user = world.write<model::User>([](Writer& writer) {
    model::User made;
    made.name = "alice";
    return insert_user(writer, made, "");
  });
  world.code_of([&](Writer& writer) {
    return insert_session(writer, base::sha256("s"), {user.id, world.now_ms + 1000});
  });
  world.code_of([](Writer& writer) { return add_audit(writer, {}); });
  const std::string installation = world.store->installation();
  REQUIRE(world.store->backup(world.folder / "copy.db"));
  world.note("a", "new");

  REQUIRE(world.restore(world.folder / "copy.db"));
  CHECK(world.noted("a") == "old");
  CHECK(world.store->installation() != installation);
  CHECK(world.store->installation().size() == 12);
  CHECK(world.store->verify());
  world.read<int>([](Reader& reader) {
    CHECK(store::webhook_secret(reader, 1)->reveal() == "sign");
    CHECK_FALSE(store::find_session(reader, base::sha256("s")));
    CHECK(store::verify_audit(reader));
    return 0;
  });
  // The one that was there is kept, whole.
  const auto kept = world.files("portolan.db.replaced-");
  REQUIRE(kept.size() == 1);
  CHECK(number(world.folder / "data" / kept[0],
               "SELECT count(*) FROM meta WHERE name = 'a' AND value = 'new'") == 1);
  CHECK(fs::status(world.file()).permissions() == fs::perms(0600));
}

TEST_CASE("a restore goes into a folder that is not there yet", "[store][backup]") {
  World world;
  world.note("a", "1");
  REQUIRE(world.store->backup(world.folder / "copy.db"));
  REQUIRE(store::restore(world.folder / "copy.db", world.folder / "other/data", world.key, false));
  const auto opened = store::Store::open({world.folder / "other/data", world.key, {}});
  REQUIRE(opened);
  CHECK(*(*opened)->read<std::string>([](Reader& r) { return store::meta(r, "a"); }) == "1");
}

TEST_CASE("a restore over a damaged database keeps that too", "[store][backup]") {
  World world;
  world.note("a", "1");
  REQUIRE(world.store->backup(world.folder / "copy.db"));
  world.store.reset();
  std::ofstream(world.file()) << std::string(8192, 'x');
  std::ofstream(world.file().string() + "-wal") << "log";
  REQUIRE(store::restore(world.folder / "copy.db", world.folder / "data", world.key, false));
  world.open();
  CHECK(world.noted("a") == "1");
  CHECK(world.files("portolan.db.replaced-").size() >= 1);
}

TEST_CASE("a backup is only checked when that is asked", "[store][backup]") {
  World world;
  REQUIRE(world.store->backup(world.folder / "copy.db"));
  world.note("a", "1");
  const auto before = fs::last_write_time(world.folder / "copy.db");
  REQUIRE(world.restore(world.folder / "copy.db", true));
  CHECK(world.noted("a") == "1");
  CHECK(world.files("portolan.db.").empty());
  CHECK(fs::last_write_time(world.folder / "copy.db") == before);
}

TEST_CASE("what is no good backup is refused, and nothing is touched", "[store][backup]") {
  World world;
  world.note("a", "1");
  const auto refused = [&](const fs::path& file, Code code) {
    CAPTURE(file);
    for (const bool verify_only : {true, false}) {
      const auto done = world.restore(file, verify_only);
      REQUIRE_FALSE(done);
      CHECK(done.error().code == code);
      CHECK_FALSE(done.error().hint.empty());
    }
    CHECK(world.noted("a") == "1");
    CHECK(world.files("portolan.db.").empty());
  };
  refused(world.folder / "absent", Code::invalid_config);
  std::ofstream(world.folder / "text") << std::string(5000, 'x');
  refused(world.folder / "text", Code::internal);
  std::ofstream(world.folder / "empty").flush();
  refused(world.folder / "empty", Code::invalid_config);
  run(world.folder / "foreign", "CREATE TABLE x (y)");
  refused(world.folder / "foreign", Code::invalid_config);

  const auto copy = [&](const char* name, const std::string& sql) {
    REQUIRE(world.store->backup(world.folder / name));
    run(world.folder / name, sql);
    return world.folder / name;
  };
  refused(copy("newer", "PRAGMA user_version = 999"), Code::invalid_config);
  refused(copy("orphan", "INSERT INTO namespace VALUES ('c', 'n', 77)"), Code::internal);
  refused(copy("other key", "UPDATE meta SET value = '0123' WHERE name = 'key_id'"),
          Code::invalid_config);
  const fs::path cut = copy("cut", "");
  fs::resize_file(cut, fs::file_size(cut) / 2);
  refused(cut, Code::internal);
}

TEST_CASE("nothing is restored under a running daemon", "[store][backup]") {
  World world;
  REQUIRE(world.store->backup(world.folder / "copy.db"));
  const auto done =
      store::restore(world.folder / "copy.db", world.folder / "data", world.key, false);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::invalid_config);
  CHECK(done.error().message.find("in use") != std::string::npos);
}

TEST_CASE("an older database is brought up to date, after a backup", "[store][migration]") {
  World world;
  world.store.reset();
  fs::remove_all(world.folder / "data");
  fs::create_directory(world.folder / "data");
  run(world.file(), ours + "CREATE TABLE from_before (x TEXT); INSERT INTO from_before VALUES (1)");
  world.open();
  CHECK(world.store->verify());
  CHECK(world.read<std::optional<int>>([](Reader& reader) {
    return store::scalar<int>(reader, "SELECT count(*) FROM from_before");
  }) == 1);
  REQUIRE(world.files("portolan.db.before-") == std::vector<std::string>{"portolan.db.before-v4"});
  CHECK(number(world.folder / "data/portolan.db.before-v4", "PRAGMA user_version") == 0);
  CHECK(number(world.folder / "data/portolan.db.before-v4", "SELECT count(*) FROM from_before") ==
        1);
  world.store.reset();
  CHECK(number(world.file(), "PRAGMA user_version") ==
        static_cast<std::int64_t>(store::migrations().size()));
}

TEST_CASE("a database of version 1 keeps what it has and gains what is new", "[store][migration]") {
  World world;
  world.store.reset();
  fs::remove_all(world.folder / "data");
  fs::create_directory(world.folder / "data");
  run(world.file(), ours + std::string(store::migrations()[0].sql) +
                        "PRAGMA user_version = 1;"
                        "INSERT INTO workspace VALUES (7, 'team', '', 'api', 'ada', 1, 1, 1);");
  world.open();
  CHECK(world.store->verify());
  CHECK(world.read<std::optional<std::string>>([](Reader& reader) {
    return store::scalar<std::string>(reader, "SELECT name FROM workspace WHERE id = 7");
  }) == "team");
  CHECK(world.read<std::optional<int>>([](Reader& reader) {
    return store::scalar<int>(reader, "SELECT count(*) FROM memory_note");
  }) == 0);
}

TEST_CASE("migrations run in order, each once, all or none", "[store][migration]") {
  const test::Folder folder;
  const auto key = base::SealingKey::generate();
  const store::Surroundings surroundings{key, [] { return std::int64_t{1}; }};
  run(folder / "db", "");
  std::vector<int> backups;
  const auto migrate = [&](std::span<const store::Migration> list) {
    return store::guarded(folder.path(), [&] {
      store::Reader::Connection connection(folder / "db", Reader::Connection::Access::write,
                                           surroundings);
      return store::migrate(connection, list, [&](int to) -> Result<void> {
        backups.push_back(to);
        return {};
      });
    });
  };
  const auto version = [&] { return number(folder / "db", "PRAGMA user_version"); };
  const store::Migration one{
      "CREATE TABLE a (x INTEGER PRIMARY KEY);"
      "CREATE TABLE b (a INTEGER REFERENCES a (x));"
      "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);"};
  // A table made anew, as SQLite wants it: its children must survive.
  const store::Migration two{
      "CREATE TABLE a2 (x INTEGER PRIMARY KEY, y TEXT);"
      "INSERT INTO a2 (x) SELECT x FROM a; DROP TABLE a;"
      "ALTER TABLE a2 RENAME TO a;"};
  const store::Migration three{"INSERT INTO a (x) VALUES (3)"};
  const store::Migration broken{"INSERT INTO a (x) VALUES (4); SELECT * FROM nothing"};
  const store::Migration orphaning{"DELETE FROM a"};

  CHECK(migrate(std::array{one}));
  CHECK(backups.empty());  // Nothing to lose.
  CHECK_FALSE(migrate(std::array{one, two, broken}));
  CHECK(version() == 1);
  CHECK_FALSE(migrate(std::array{one, two, orphaning}));
  CHECK(version() == 1);
  CHECK(backups == std::vector<int>{3, 3});
  CHECK(migrate(std::array{one, two, three}));
  CHECK(migrate(std::array{one, two, three}));
  CHECK(version() == 3);
  CHECK(backups == std::vector<int>{3, 3, 3});
  CHECK(number(folder / "db", "SELECT count(*) FROM a") == 2);
  CHECK(number(folder / "db", "SELECT count(*) FROM b") == 1);
  const auto newer = migrate(std::array{one});
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == Code::invalid_config);
}

TEST_CASE("a database of a newer version or another program is refused untouched",
          "[store][migration]") {
  World world;
  world.store.reset();
  run(world.file(), "PRAGMA user_version = 999");
  const auto newer = store::Store::open(world.options());
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == Code::invalid_config);
  CHECK(newer.error().message.find("newer version") != std::string::npos);
  CHECK(number(world.file(), "PRAGMA user_version") == 999);
  run(world.file(), "PRAGMA user_version = 1; PRAGMA application_id = 7");
  const auto foreign = store::Store::open(world.options());
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == Code::invalid_config);
  CHECK(foreign.error().message.find("another program") != std::string::npos);
}
