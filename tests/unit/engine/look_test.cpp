#include "engine/look.h"

#include "store/measures.h"
#include "store/registries.h"
#include "world.h"

using namespace portolan;
using namespace std::chrono_literals;
using model::Id;
using model::Notes;
using test::EngineWorld;

namespace {

/// One registry whose plugin counts its collections by a note.
struct MemoryWorld : EngineWorld {
  MemoryWorld() {
    id = add(a_registry("one"));
    const auto site = EngineWorld::site("one");
    std::lock_guard lock(site->mutex);
    site->counting = [this](services::Call& call) {
      const portolan_call* abi = call.abi();
      recalled = abi->note_count == 0
                     ? ""
                     : std::string(abi->notes[0].value.data, abi->notes[0].value.len);
      const std::string next = recalled + "x", key = "count";
      if (remembers) abi->remember(abi, {key.data(), key.size()}, {next.data(), next.size()});
    };
  }

  engine::Seen look() {
    engine::Look look;
    look.registry = id;
    look.round = engine::Round::statistics;
    return engine::look_at(*daemon, *fleet, jobs, look, {base::Deadline::in(30s), {}, {}});
  }
  void keep(const engine::Seen& seen) {
    const auto kept = store->write([&](store::Writer& writer) -> base::Result<void> {
      const auto done = engine::keep(writer, *daemon, seen, 0);
      return done ? base::Result<void>() : done.error();
    });
    REQUIRE(kept);
  }
  /// A collection that is kept; what it could recall.
  std::string collected() {
    keep(look());
    return recalled;
  }
  void change_registry(const std::function<void(model::RegistryRecord&)>& body) {
    write<model::RegistryRecord>([&](store::Writer& writer) {
      auto record = *store::find_registry(writer, id);
      body(record);
      return store::update_registry(writer, record, 0);
    });
  }

  const engine::JobRunner jobs{*daemon};
  Id id = 0;
  std::string recalled;
  bool remembers = true;
};

}  // namespace

TEST_CASE("what a plugin remembers is there at its next collection", "[engine][look]") {
  MemoryWorld world;
  CHECK(world.collected().empty());
  CHECK(world.collected() == "x");
  CHECK(world.collected() == "xx");
  world.remembers = false;  // Then all stays as it was.
  CHECK(world.collected() == "xxx");
  CHECK(world.collected() == "xxx");
}

TEST_CASE("what a collection remembered is kept with its numbers or not at all", "[engine][look]") {
  MemoryWorld world;
  world.look();  // Given up: nobody keeps it.
  CHECK(world.collected().empty());
  const auto before = world.look();
  world.change_registry([](auto& record) { record.settings.options_json = R"({"page_size":7})"; });
  world.keep(before);  // Of a registry that is another one now.
  CHECK(world.collected().empty());
  CHECK(world.collected() == "x");
}

TEST_CASE("another account recalls nothing of the one before", "[engine][look]") {
  MemoryWorld world;
  world.collected();
  CHECK(world.collected() == "x");
  world.write<model::RegistryRecord>([&](store::Writer& writer) {
    return store::set_credentials(writer, world.id, {"bob", base::Secret("good"), {}}, 0);
  });
  CHECK(world.collected().empty());
  CHECK(world.collected() == "x");
}
