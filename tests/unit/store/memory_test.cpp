#include "store/measures.h"

#include "rows.h"
#include "store/connection.h"
#include "store/registries.h"

using namespace portolan;
using namespace portolan::test;
using model::Notes;

namespace {

struct MemoryWorld : RowWorld {
  Id hub = registry("hub"), other = registry("other");

  void put(Id registry, const std::string& good_for, const Notes& notes) {
    done([&](Writer& writer) -> base::Result<void> {
      store::put_notes(writer, registry, good_for, notes);
      return {};
    });
  }
  Notes get(Id registry, const std::string& good_for) {
    return read<Notes>([&](Reader& reader) { return store::notes(reader, registry, good_for); });
  }
};

}  // namespace

TEST_CASE("notes replace those before, and are of one registry and one account",
          "[store][memory]") {
  MemoryWorld world;
  CHECK(world.get(world.hub, "ada").empty());
  const Notes first{{"a", "1"}, {"b", std::string("2\0x", 3)}, {"c", ""}};
  world.put(world.hub, "ada", first);
  world.put(world.other, "ada", {{"a", "other"}});
  CHECK(world.get(world.hub, "ada") == first);
  CHECK(world.get(world.hub, "bob").empty());

  const Notes second{{"a", "1"}, {"b", "3"}, {"d", "4"}};
  world.put(world.hub, "ada", second);
  CHECK(world.get(world.hub, "ada") == second);
  CHECK(world.get(world.other, "ada") == Notes{{"a", "other"}});

  world.put(world.hub, "bob", {{"e", "5"}});
  CHECK(world.get(world.hub, "ada").empty());
  CHECK(world.get(world.hub, "bob") == Notes{{"e", "5"}});
}

TEST_CASE("notes go with their registry", "[store][memory]") {
  MemoryWorld world;
  world.put(world.hub, "ada", {{"a", "1"}});
  world.done([&](Writer& writer) { return store::delete_registry(writer, world.hub); });
  CHECK(world.read<std::optional<int>>([](Reader& reader) {
    return store::scalar<int>(
        reader, "SELECT (SELECT count(*) FROM memory) + (SELECT count(*) FROM memory_note)");
  }) == 0);
}
