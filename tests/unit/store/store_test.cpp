#include "store/store.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "store/connection.h"
#include "support/store_world.h"

using namespace portolan;
using base::Code;
using store::Reader;
using store::Writer;
using test::StoreWorld;

TEST_CASE("a new store is private and knows itself", "[store]") {
  StoreWorld world;
  for (const char* name : {"data/portolan.db", "data/portolan.db-wal", "data/portolan.lock"}) {
    struct stat status {};
    REQUIRE(::stat((world.folder / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
  }
  struct stat folder {};
  REQUIRE(::stat((world.folder / "data").c_str(), &folder) == 0);
  CHECK((folder.st_mode & 07777) == 0700);

  const std::string installation = world.store->installation();
  CHECK(installation.size() == 12);
  world.reopen();
  CHECK(world.store->installation() == installation);
}

TEST_CASE("what a body did is there when it ends well and gone when it does not", "[store]") {
  StoreWorld world;
  const auto before = world.store->revision();
  CHECK(world.code_of([](Writer& writer) -> base::Result<void> {
    store::put_meta(writer, "a", "1");
    return base::Error{.code = Code::conflict};
  }) == Code::conflict);
  CHECK(world.store->revision() == before);
  CHECK(world.code_of([](Writer& writer) -> base::Result<void> {
    store::put_meta(writer, "b", "2");
    return {};
  }) == Code::ok);
  CHECK(world.store->revision() == before + 1);
  world.reopen();
  const auto value = [&](const char* name) {
    return world.read<std::string>([&](Reader& reader) { return store::meta(reader, name); });
  };
  CHECK(value("a").empty());
  CHECK(value("b") == "2");
}
