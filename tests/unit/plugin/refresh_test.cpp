/// What a reload makes of the plugin directories.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "folder.h"
#include "plugin/listing.h"
#include "plugin/plugin_set.h"

using namespace portolan;
using plugin::Plugin;
using plugin::PluginSet;
using plugin::SetOptions;
using plugin::State;
using Names = std::vector<std::string>;

namespace {

SetOptions options(const Folder& folder, std::set<std::string> enabled) {
  return {{folder.path()}, {}, std::move(enabled)};
}

Plugin only(const PluginSet& set) {
  REQUIRE(set.plugins().size() == 1);
  return set.plugins().front();
}

}  // namespace

TEST_CASE("a type that is newly enabled can be used after a refresh", "[plugin][refresh]") {
  const Folder folder;
  folder.write("plain.so", built("plain"));
  folder.write("wicked.so", built("wicked"));
  const auto set = PluginSet::scan(options(folder, {"plain"}));
  const auto* note = set->type("plain");
  const auto loaded = set->load("plain");
  REQUIRE(loaded);
  CHECK_FALSE(set->load("wicked"));
  CHECK(set->refresh(options(folder, {"plain", "wicked"})) == Names{"wicked"});
  CHECK(set->types() == Names{"plain", "wicked"});
  CHECK(set->load("wicked"));
  CHECK(set->type("plain") == note);
  CHECK(*set->load("plain") == *loaded);
  CHECK(set->refresh(options(folder, {"plain", "wicked"})).empty());
}

TEST_CASE("a file that was newly put there is found by a refresh", "[plugin][refresh]") {
  const Folder folder, mine;
  const SetOptions both{{folder.path()}, {mine.path()}, {"plain"}};
  const auto set = PluginSet::scan(both);
  CHECK(set->load("plain").error().code == base::Code::plugin_missing);
  folder.write("plain.so", built("plain"));
  mine.write("next.so", built("next"));
  CHECK(set->refresh(both) == Names{"next", "plain"});
  CHECK(set->load("plain"));
}

TEST_CASE("what is in use stays, and it is said that a restart would change it",
          "[plugin][refresh]") {
  const Folder folder;
  folder.write("plain.so", built("plain"));
  const auto enabled = options(folder, {"plain"});
  const auto set = PluginSet::scan(enabled);
  CHECK(only(*set).needs_restart.empty());

  CHECK(set->refresh(options(folder, {})).empty());
  CHECK_THAT(only(*set).needs_restart, Catch::Contains("type plain is not enabled"));
  CHECK(only(*set).state == State::ready);
  CHECK(set->load("plain"));
  set->refresh(enabled);
  CHECK(only(*set).needs_restart.empty());

  folder.write("plain.so", "no plugin any more");
  set->refresh(enabled);
  CHECK_THAT(only(*set).needs_restart, Catch::Contains("another one"));
  std::filesystem::remove(folder.path() / "plain.so");
  set->refresh(enabled);
  CHECK_THAT(only(*set).needs_restart, Catch::Contains("not there"));
  CHECK(*plugin::to_json(only(*set)).find("needs_restart")->as_string() ==
        only(*set).needs_restart);
  CHECK(set->types() == Names{"plain"});
  CHECK(set->load("plain"));
}

TEST_CASE("a second file for a type in use is the one that is refused", "[plugin][refresh]") {
  const Folder folder;
  folder.write("plain.so", built("plain"));
  const auto enabled = options(folder, {"plain"});
  const auto set = PluginSet::scan(enabled);
  folder.write("a.so", patched(built("plain"), "test.plain", "best.plain"));
  CHECK(set->refresh(enabled).empty());
  REQUIRE(set->plugins().size() == 2);
  CHECK(set->plugins()[0].refusal->code == "duplicate_type");
  CHECK(set->plugins()[1].state == State::ready);
  CHECK(set->load("plain"));
}

TEST_CASE("a refusal is listed, and ends when the file is mended", "[plugin][refresh]") {
  const Folder folder;
  folder.write("x.so", "no plugin");
  folder.write("needy.so", built("needy"));  // Refused by the loader alone.
  const auto enabled = options(folder, {"needy", "plain", "jfrog"});
  const auto set = PluginSet::scan(options(folder, {}));
  const auto told = plugin::refreshed_json(*set, enabled);
  CHECK(told.find("loaded")->items().empty());
  REQUIRE(told.find("refused")->items().size() == 2);
  CHECK(*told.find("refused")->items()[0].find("code")->as_string() == "load_failed");
  CHECK(*told.find("refused")->items()[1].find("code")->as_string() == "not_elf");
  CHECK(base::to_text(*told.find("missing")) == R"(["jfrog","plain"])");
  CHECK(set->types().empty());

  folder.write("x.so", built("plain"));
  std::filesystem::remove(folder.path() / "needy.so");
  const auto then = plugin::refreshed_json(*set, enabled);
  CHECK(base::to_text(*then.find("loaded")) == R"(["plain"])");
  CHECK(then.find("refused")->items().empty());
  CHECK(set->load("plain"));
}

TEST_CASE("a set is read by many threads while it is refreshed", "[plugin][refresh]") {
  const Folder folder;
  folder.write("plain.so", built("plain"));
  folder.write("wicked.so", built("wicked"));
  const auto set = PluginSet::scan(options(folder, {"plain"}));
  std::atomic<bool> over{false};
  std::atomic<int> lost{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!over) {
        const auto* note = set->type("plain");
        if (!note || note->type != "plain" || !set->load("plain") || set->plugins().size() < 2)
          ++lost;
        (void)set->load("wicked");
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    set->refresh(options(folder, {"plain"}));
    folder.write("wicked.so", built(i % 2 ? "wicked" : "needy"));
  }
  CHECK(set->refresh(options(folder, {"plain", "wicked"})) == Names{"wicked"});
  over = true;
  for (auto& reader : readers) reader.join();
  CHECK(lost == 0);
}
