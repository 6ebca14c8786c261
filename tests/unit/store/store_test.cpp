#include "store/store.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "store/connection.h"
#include "store/sealed.h"
#include "support/store_world.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using base::Result;
using store::Reader;
using store::Writer;
using test::StoreWorld;

namespace {

Result<void> note(Writer& writer, const std::string& name, const std::string& value) {
  store::put_meta(writer, name, value);
  return {};
}

std::string noted(const StoreWorld& world, const std::string& name) {
  return world.read<std::string>([&](Reader& reader) { return store::meta(reader, name); });
}

mode_t mode_of(const std::filesystem::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a new store is private and knows itself", "[store]") {
  const mode_t before = ::umask(0);
  StoreWorld world;
  REQUIRE(world.store->backup(world.folder / "copy.db"));
  ::umask(before);
  CHECK(mode_of(world.folder / "data") == 0700);
  for (const char* name : {"data/portolan.db", "data/portolan.db-wal", "data/portolan.db-shm",
                           "data/portolan.lock", "copy.db"}) {
    CAPTURE(name);
    CHECK(mode_of(world.folder / name) == 0600);
  }
  const std::string installation = world.store->installation();
  CHECK(installation.size() == 12);
  CHECK(installation.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") ==
        std::string::npos);
  world.reopen();
  CHECK(world.store->installation() == installation);
  CHECK(StoreWorld().store->installation() != installation);
}

TEST_CASE("what a body did is there when it ends well and gone when it does not", "[store]") {
  StoreWorld world;
  const auto before = world.store->revision();
  const auto refused = [](Writer& writer) -> Result<void> {
    store::put_meta(writer, "a", "1");
    return base::Error{.code = Code::conflict};
  };
  CHECK(world.code_of(refused) == Code::conflict);
  CHECK(world.store->revision() == before);
  const auto broken = [](Writer& writer) -> Result<void> {
    store::put_meta(writer, "a", "1");
    store::execute(writer, "INSERT INTO nothing VALUES (1)");
    return {};
  };
  CHECK(world.code_of(broken) == Code::internal);
  CHECK(world.store->revision() == before);
  CHECK(world.code_of([](Writer& writer) { return note(writer, "b", "2"); }) == Code::ok);
  CHECK(world.store->revision() == before + 1);
  CHECK(noted(world, "a").empty());
  world.reopen();
  CHECK(noted(world, "a").empty());
  CHECK(noted(world, "b") == "2");
}

TEST_CASE("a body that throws leaves the store as it was, and usable", "[store]") {
  StoreWorld world;
  struct Foreign {};
  for (int i = 0; i < 20; ++i) {
    CHECK_THROWS_AS(world.store->write([](Writer& writer) -> Result<void> {
      store::put_meta(writer, "a", "1");
      throw Foreign();
    }),
                    Foreign);
    CHECK_THROWS_AS(world.store->read<int>([](Reader&) -> Result<int> { throw Foreign(); }),
                    Foreign);
  }
  CHECK(noted(world, "a").empty());
  CHECK(world.code_of([](Writer& writer) { return note(writer, "a", "1"); }) == Code::ok);
}

TEST_CASE("a reader sees one moment, whatever is written meanwhile", "[store]") {
  StoreWorld world;
  world.code_of([](Writer& writer) { return note(writer, "a", "old"); });
  const auto seen = world.read<std::string>([&](Reader& reader) {
    std::string text = store::meta(reader, "a");
    CHECK(world.code_of([](Writer& writer) { return note(writer, "a", "new"); }) == Code::ok);
    return text + ' ' + store::meta(reader, "a");
  });
  CHECK(seen == "old old");
  CHECK(noted(world, "a") == "new");
}

TEST_CASE("a reader cannot write", "[store]") {
  StoreWorld world;
  const auto answer = world.store->read<int>([](Reader& reader) {
    while (store::query(reader, "DELETE FROM meta").next()) continue;
    return 1;
  });
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::unavailable);
  CHECK_FALSE(noted(world, "installation").empty());
}

TEST_CASE("an answer of a read may be an Error of its own", "[store]") {
  StoreWorld world;
  const auto answer = world.store->read<int>(
      [](Reader&) -> Result<int> { return base::Error{.code = Code::not_found}; });
  CHECK(answer.error().code == Code::not_found);
}

TEST_CASE("many threads write and read, and nothing is lost", "[store]") {
  StoreWorld world;
  world.code_of([](Writer& writer) { return note(writer, "sum", "0"); });
  constexpr int writers = 4, each = 50;
  std::atomic<int> busy = writers, wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < each; ++n) {
        const auto code = world.code_of([](Writer& writer) {
          return note(writer, "sum", std::to_string(std::stoi(store::meta(writer, "sum")) + 1));
        });
        if (code != Code::ok) ++wrong;
      }
      --busy;
    });
  }
  // More than there are connections: some wait for one.
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int last = 0; busy > 0;) {
        const int sum = std::stoi(noted(world, "sum"));
        if (sum < last) ++wrong;
        last = sum;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(noted(world, "sum") == std::to_string(writers * each));
}

TEST_CASE("writers that share a commit do not share their luck", "[store]") {
  StoreWorld world;
  struct Foreign {};
  constexpr int writers = 6, each = 60;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < each; ++n) {
        const std::string name = std::to_string(i) + '-' + std::to_string(n);
        const int fate = (i + n) % 4;
        try {
          const auto done = world.store->write([&](Writer& writer) -> Result<void> {
            store::put_meta(writer, name, "x");
            if (fate == 1) return base::Error{.code = Code::conflict};
            if (fate == 2) store::execute(writer, "INSERT INTO nothing VALUES (1)");
            if (fate == 3) throw Foreign();
            return {};
          });
          const Code expected = fate == 0 ? Code::ok : fate == 1 ? Code::conflict : Code::internal;
          if ((done ? Code::ok : done.error().code) != expected || fate == 3) ++wrong;
        } catch (const Foreign&) {
          if (fate != 3) ++wrong;
        }
        // Durable when it is acknowledged, so it is there for everybody.
        if (noted(world, name).empty() == (fate == 0)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  world.reopen();
  CHECK(world.read<std::optional<int>>([](Reader& reader) {
    return store::scalar<int>(reader, "SELECT count(*) FROM meta WHERE value = 'x'");
  }) == writers * each / 4);
}

TEST_CASE("what was acknowledged is kept when the disk fills up under others", "[store]") {
  StoreWorld world;
  world.code_of([](Writer& writer) -> Result<void> {
    store::query(writer, "PRAGMA max_page_count = 400").next();
    return {};
  });
  std::atomic<int> kept = 0, wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 40; ++n) {
        const std::string name = "full-" + std::to_string(i) + '-' + std::to_string(n);
        const auto done = world.store->write([&](Writer& writer) {
          return note(writer, name, std::string(n % 4 == 0 ? 3'000'000 : 100, 'x'));
        });
        if (done)
          ++kept;
        else if (done.error().code != Code::unavailable)
          ++wrong;
        if (noted(world, name).empty() == done.has_value()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(kept > 0);
  CHECK(kept < 4 * 40 - 10);
  CHECK(world.store->verify());
}

TEST_CASE("one waits for a change until it comes, the time is up, or all are woken", "[store]") {
  StoreWorld world;
  const auto revision = world.store->revision();
  const auto long_from_now = base::Steady::now() + 1min;
  CHECK(world.store->wait_for_change(revision - 1, long_from_now) == revision);
  CHECK(world.store->wait_for_change(revision, base::Steady::now() + 1ms) == revision);
  {
    std::thread writer([&] { world.code_of([](Writer& w) { return note(w, "a", "1"); }); });
    CHECK(world.store->wait_for_change(revision, long_from_now) == revision + 1);
    writer.join();
  }
  std::atomic<bool> back = false;
  std::thread waiting([&] {
    world.store->wait_for_change(revision + 1, long_from_now);
    back = true;
  });
  while (!back) world.store->wake_all();
  waiting.join();
  CHECK(world.store->revision() == revision + 1);
}

TEST_CASE("a second process is refused, and told which has it", "[store]") {
  StoreWorld world;
  const auto again = store::Store::open(world.options());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Code::invalid_config);
  CHECK(again.error().message.find("process " + std::to_string(::getpid())) != std::string::npos);
  CHECK(again.error().hint.find("--store") != std::string::npos);

  const pid_t child = ::fork();
  if (child == 0) {
    const auto opened = store::Store::open(world.options());
    ::_exit(!opened && opened.error().code == Code::invalid_config ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  world.reopen();
}

TEST_CASE("another key is refused, and the right one named", "[store]") {
  StoreWorld world;
  world.store.reset();
  auto options = world.options();
  options.key = base::SealingKey::generate();
  const auto opened = store::Store::open(options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::invalid_config);
  CHECK(opened.error().message.find(world.key.id()) != std::string::npos);
  CHECK(opened.error().hint.find("--key-file") != std::string::npos);
}

TEST_CASE("a folder that cannot be used is refused", "[store]") {
  const test::Folder folder;
  std::ofstream(folder / "file") << "x";
  const auto key = base::SealingKey::generate();
  const auto opened = store::Store::open({folder / "file", key, {}});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::invalid_config);
  CHECK(opened.error().where == (folder / "file").string());
}

TEST_CASE("a damaged database is said to be damaged", "[store]") {
  StoreWorld world;
  world.store.reset();
  std::ofstream(world.folder / "data/portolan.db") << std::string(8192, 'x');
  const auto opened = store::Store::open(world.options());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::internal);
  CHECK(opened.error().message == "the database is damaged");
  CHECK(opened.error().hint.find("portolan restore") != std::string::npos);
}

TEST_CASE("verification finds a page that rotted and a row without its parent", "[store]") {
  StoreWorld world;
  CHECK(world.store->verify());
  {
    SQLite::Database other((world.folder / "data/portolan.db").string(), SQLite::OPEN_READWRITE);
    other.exec("INSERT INTO namespace VALUES ('c', 'n', 77)");  // foreign_keys is off here.
  }
  const auto orphan = world.store->verify();
  REQUIRE_FALSE(orphan);
  CHECK(orphan.error().code == Code::internal);
  CHECK(orphan.error().message.find("namespace") != std::string::npos);
  world.code_of([](Writer& writer) -> Result<void> {
    store::execute(writer, "DELETE FROM namespace");
    return {};
  });
  CHECK(world.store->verify());

  // An entry of an index whose row says something else.
  {
    SQLite::Database other((world.folder / "data/portolan.db").string(), SQLite::OPEN_READWRITE);
    other.exec("PRAGMA writable_schema = ON");
    other.exec(
        "INSERT INTO sqlite_schema VALUES ('index', 'meta_value', 'meta', "
        "(SELECT rootpage FROM sqlite_schema WHERE name = 'users_created'), "
        "'CREATE INDEX meta_value ON meta (value)')");
  }
  world.reopen();
  const auto rotten = world.store->verify();
  REQUIRE_FALSE(rotten);
  CHECK(rotten.error().code == Code::internal);
}

TEST_CASE("the disk that is full is an Error, and what was there stays", "[store]") {
  StoreWorld world;
  const auto fill = [](Writer& writer) -> Result<void> {
    store::query(writer, "PRAGMA max_page_count = 200").next();
    return note(writer, "big", std::string(4'000'000, 'x'));
  };
  world.code_of([](Writer& writer) { return note(writer, "a", "1"); });
  const auto full = world.store->write(fill);
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Code::unavailable);
  CHECK(full.error().message.find("full") != std::string::npos);
  CHECK(noted(world, "a") == "1");
  CHECK(world.code_of([](Writer& writer) { return note(writer, "a", "2"); }) == Code::ok);
  CHECK(world.store->verify());
}

TEST_CASE("one query may run inside itself", "[store]") {
  StoreWorld world;
  const auto count = world.read<int>([](Reader& reader) {
    int rows = 0;
    const char* sql = "SELECT value FROM json_each('[1,2,3]')";
    for (auto outer = store::query(reader, sql); outer.next();) {
      for (auto inner = store::query(reader, sql); inner.next();) ++rows;
    }
    return rows;
  });
  CHECK(count == 9);
}

TEST_CASE("values come back as they were bound", "[store]") {
  StoreWorld world;
  world.read<int>([](Reader& reader) {
    const std::string bytes("\0\xff'\"", 4);
    const std::optional<std::string> nothing;
    auto rows = store::query(reader, "SELECT ?, ?, ?, ?, ?, ?, ?",
                             {INT64_MIN, true, bytes, store::Blob{bytes}, nothing,
                              std::optional<store::Id>(7), base::Json::array({base::Json()})});
    REQUIRE(rows.next());
    std::int64_t number = 0;
    bool flag = false;
    std::string text;
    store::Blob blob;
    std::optional<std::string> absent = "x";
    std::optional<store::Id> present;
    base::Json json;
    rows.into(number, flag, text, blob, absent, present, json);
    CHECK(number == INT64_MIN);
    CHECK(flag);
    CHECK(text == bytes);
    CHECK(blob.bytes == bytes);
    CHECK_FALSE(absent);
    CHECK(present == 7);
    CHECK(json.items().size() == 1);
    CHECK_FALSE(rows.next());
    return 0;
  });
}
