#include "store/sealed.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "store/jobs.h"
#include "store/tenants.h"
#include "support/store_world.h"

using namespace portolan;
using base::Code;
using base::Result;
using store::Id;
using store::Reader;
using store::SecretPlace;
using store::SecretTable;
using store::Writer;
using test::StoreWorld;

namespace {

struct World : StoreWorld {
  Id webhook(const std::string& name, const std::string& secret) {
    return write<model::Webhook>([&](Writer& writer) {
             model::Webhook made;
             made.name = name;
             return insert_webhook(writer, made, base::Secret(secret));
           })
        .id;
  }
  void put(const SecretPlace& place, const std::string& secret) {
    REQUIRE(code_of([&](Writer& writer) -> Result<void> {
              put_secret(writer, place, base::Secret(secret));
              return {};
            }) == Code::ok);
  }
  void run(const std::string& sql) {
    REQUIRE(code_of([&](Writer& writer) -> Result<void> {
              store::execute(writer, sql);
              return {};
            }) == Code::ok);
  }
  /// The secret, or "!" when its seal does not open.
  std::string get(const SecretPlace& place) {
    const auto secret =
        store->read<base::Secret>([&](Reader& reader) { return get_secret(reader, place); });
    if (!secret) CHECK(secret.error().code == Code::internal);
    return secret ? secret->reveal() : "!";
  }
  std::string fingerprint(Id owner, const char* kind) {
    return read<std::string>([&](Reader& reader) {
      return secret_fingerprint(reader, SecretTable::webhook, owner, kind);
    });
  }
};

SecretPlace at(Id owner, std::string_view kind = "signature", std::string_view origin = "") {
  return {SecretTable::webhook, owner, kind, origin};
}

}  // namespace

TEST_CASE("a secret is kept, replaced and removed at its place", "[store][sealed]") {
  World world;
  const Id one = world.webhook("one", "first");
  CHECK(world.get(at(one)) == "first");
  world.put(at(one, "other", "https://a:443"), "second");
  world.put(at(one), "third");
  CHECK(world.get(at(one)) == "third");
  CHECK(world.get(at(one, "other", "https://a:443")) == "second");
  CHECK(world.get(at(one, "nothing")).empty());
  world.put(at(one), "");
  CHECK(world.get(at(one)).empty());
  CHECK(world.fingerprint(one, "signature").empty());
  CHECK(world.code_of([&](Writer& writer) -> Result<void> {
    drop_secrets(writer, SecretTable::webhook, one);
    return {};
  }) == Code::ok);
  CHECK(world.get(at(one, "other", "https://a:443")).empty());
}

TEST_CASE("a secret opens for the origin that it was sealed for", "[store][sealed]") {
  World world;
  const Id one = world.webhook("one", "x");
  world.put(at(one, "password", "https://a:443"), "p");
  CHECK(world.get(at(one, "password", "https://a:443")) == "p");
  for (const char* origin : {"https://b:443", "http://a:443", "https://a:444", ""}) {
    CHECK(world.get(at(one, "password", origin)) == "!");
  }
  // Not even when the row is made to say so.
  world.run("UPDATE webhook_secret SET origin = 'https://b:443' WHERE kind = 'password'");
  CHECK(world.get(at(one, "password", "https://b:443")) == "!");
}

TEST_CASE("a seal that was moved to another row does not open", "[store][sealed]") {
  World world;
  const Id one = world.webhook("one", "of one"), two = world.webhook("two", "of two");
  world.put(at(one, "other"), "other of one");
  CHECK(world.store->verify());
  world.run(
      "UPDATE webhook_secret SET sealed = (SELECT sealed FROM webhook_secret "
      "WHERE owner = 1 AND kind = 'signature') WHERE owner = 2");
  CHECK(world.get(at(two)) == "!");
  CHECK(world.get(at(one)) == "of one");
  const auto verified = world.store->verify();
  REQUIRE_FALSE(verified);
  CHECK(verified.error().where == "webhook_secret 2 signature");
  world.run("UPDATE webhook_secret SET kind = 'third' WHERE kind = 'other'");
  CHECK(world.get(at(one, "third")) == "!");
}

TEST_CASE("a fingerprint tells that a secret changed", "[store][sealed]") {
  World world;
  const Id one = world.webhook("one", "same"), two = world.webhook("two", "same");
  const std::string before = world.fingerprint(one, "signature");
  CHECK(before.size() == 64);
  CHECK(world.fingerprint(two, "signature") != before);  // Rows do not tell of each other.
  world.put(at(one), "same");
  CHECK(world.fingerprint(one, "signature") == before);
  world.put(at(one), "other");
  CHECK(world.fingerprint(one, "signature") != before);
}

TEST_CASE("no secret stands in any file of the store", "[store][sealed]") {
  World world;
  const std::string canary = "canary-7f3a9b";
  const Id one = world.webhook("one", canary + "-1");
  world.put(at(one), canary + "-2");
  const auto user = world.write<model::User>([](Writer& writer) {
    model::User made;
    made.name = "alice";
    return insert_user(writer, made, "");
  });
  world.code_of([&](Writer& writer) {
    return remember(writer, user.id, "k", {"h", 201, "/x", canary + "-3"});
  });
  REQUIRE(world.store->backup(world.folder / "copy.db"));
  REQUIRE(world.store->rotate_key(base::SealingKey::generate()));
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.folder.path())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    CAPTURE(entry.path());
    CHECK(bytes.find(canary) == std::string::npos);
  }
  CHECK(files >= 4);
}

TEST_CASE("a rotated key opens everything, and the old one nothing", "[store][sealed]") {
  World world;
  const Id one = world.webhook("one", "first");
  world.put(at(one, "password", "https://a:443"), "second");
  world.code_of([](Writer& writer) { return add_audit(writer, {}); });
  const std::string print = world.fingerprint(one, "signature");
  const auto revision = world.store->revision();

  const auto old = world.key;
  world.key = base::SealingKey::generate();
  REQUIRE(world.store->rotate_key(world.key));
  CHECK(world.store->revision() == revision + 1);
  const auto holds = [&] {
    CHECK(world.get(at(one)) == "first");
    CHECK(world.get(at(one, "password", "https://a:443")) == "second");
    CHECK(world.fingerprint(one, "signature") != print);
    CHECK(world.store->verify());
    CHECK(
        world.store->read<std::size_t>([](Reader& reader) { return store::verify_audit(reader); }));
  };
  holds();
  world.reopen();
  holds();
  const Id two = world.webhook("two", "third");
  CHECK(world.get(at(two)) == "third");
  world.store.reset();
  auto options = world.options();
  options.key = old;
  CHECK(store::Store::open(options).error().code == Code::invalid_config);
}

TEST_CASE("a key is not rotated when a seal does not open", "[store][sealed]") {
  World world;
  const Id one = world.webhook("one", "first");
  const Id two = world.webhook("two", "second");
  world.run("UPDATE webhook_secret SET sealed = x'01' WHERE owner = 2");
  const auto rotated = world.store->rotate_key(base::SealingKey::generate());
  REQUIRE_FALSE(rotated);
  CHECK(rotated.error().where == "webhook_secret 2 signature");
  CHECK(world.get(at(one)) == "first");
  CHECK(world.get(at(two)) == "!");
  world.reopen();
  CHECK(world.get(at(one)) == "first");
}

TEST_CASE("whoever reads while a key is rotated reads the secret", "[store][sealed]") {
  World world;
  const Id one = world.webhook("one", "first");
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        const auto secret = world.store->read<base::Secret>(
            [&](Reader& reader) { return get_secret(reader, at(one)); });
        if (!secret || secret->reveal() != "first") ++wrong;
      }
    });
  }
  for (int i = 0; i < 20; ++i) CHECK(world.store->rotate_key(base::SealingKey::generate()));
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
