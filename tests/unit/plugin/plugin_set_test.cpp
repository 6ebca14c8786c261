#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "folder.h"
#include "model/limits.h"
#include "plugin/plugin_set.h"
#include "plugin/sealed_file.h"

using namespace portolan;
using plugin::Plugin;
using plugin::PluginSet;
using plugin::State;

namespace {

Plugin inspected(const std::string& bytes) {
  const Folder folder;
  return plugin::inspect_file(folder.write("x.so", bytes));
}

/// The code of a refusal that says what happened and what to do.
std::string refusal(const Plugin& found) {
  if (!found.refusal) return "ok";
  CHECK(found.state == State::refused);
  CHECK_FALSE(found.refusal->message.empty());
  CHECK_FALSE(found.refusal->hint.empty());
  return found.refusal->code;
}

std::unique_ptr<PluginSet> scan(const Folder& folder, std::set<std::string> enabled) {
  return PluginSet::scan({{folder.path()}, {}, std::move(enabled)});
}

}  // namespace

TEST_CASE("a good file is read without being loaded", "[plugin]") {
  const Plugin found = inspected(built("needy"));  // To load it is impossible.
  CHECK(refusal(found) == "ok");
  REQUIRE(found.note);
  CHECK(found.note->id == "test.needy");
  CHECK(found.note->types[0].type == "needy");
  CHECK(found.note->types[0].extensions.size() == 5);
}

TEST_CASE("each reason to refuse a file has its code", "[plugin]") {
  const std::string good = built("plain");
  CHECK(refusal(inspected("text")) == "not_elf");
  CHECK(refusal(inspected(patched(good, "PORTOLAN", "PORTOLIN"))) == "no_note");
  CHECK(refusal(inspected(patched(good, "\"id\":", "\"ID\":"))) == "bad_note");
  CHECK(refusal(inspected(patched(good, "\"major\":1", "\"major\":2"))) == "abi_too_new");
  CHECK(refusal(inspected(patched(good, "\"major\":1", "\"major\":0"))) == "abi_too_old");
  CHECK(refusal(inspected(patched(good, "\"min_host_minor\":0", "\"min_host_minor\":9"))) ==
        "abi_too_new");
  CHECK(refusal(inspected(patched(good, "portolan_plugin_v1", "portolan_plugin_v9"))) ==
        "no_entry_symbol");
  CHECK(refusal(inspected(patched(good, "[\"portolan.integration/1",
                                  "[\"portolan.integration/9"))) == "missing_extension");
  CHECK(refusal(inspected(patched(good, "\"maxLength\"", "\"maxLengtX\""))) == "bad_schema");
  CHECK(refusal(inspected(patched(good, "\"options\":", "\"optionz\":"))) == "bad_schema");
  CHECK(refusal(inspected(patched(good, "\"options\":{\"type\":\"object\"",
                                  "\"options\":{\"type\":\"array\" "))) == "bad_schema");
  CHECK(refusal(inspected(patched(good, "\"password\":{", "\"passwort\":{"))) == "bad_schema");
}

TEST_CASE("what cannot be read is listed as unreadable", "[plugin]") {
  const Folder folder;
  CHECK(refusal(plugin::inspect_file(folder.path() / "nothing.so")) == "unreadable");
  ::mkfifo((folder.path() / "pipe.so").c_str(), 0600);
  CHECK(refusal(plugin::inspect_file(folder.path() / "pipe.so")) == "unreadable");
}

TEST_CASE("a file beyond the limit is not read", "[plugin]") {
  const Folder folder;
  const auto file = folder.write("x.so", built("plain"));
  std::filesystem::resize_file(file, model::limits::plugin_file_bytes + 1);  // Sparse.
  CHECK(refusal(plugin::inspect_file(file)) == "too_large");
}

TEST_CASE("a file or directory that others may write is refused, and its type is still known",
          "[plugin]") {
  const Folder folder;
  const auto file = folder.write("x.so", built("plain"));
  for (const mode_t mode : {0664, 0646}) {
    ::chmod(file.c_str(), mode);
    CHECK(refusal(plugin::inspect_file(file)) == "unsafe_mode");
  }
  CHECK(plugin::inspect_file(file).note->types[0].type == "plain");
  ::chmod(file.c_str(), 0644);
  CHECK(refusal(plugin::inspect_file(file)) == "ok");
  ::chmod(folder.path().c_str(), 0775);
  CHECK(refusal(plugin::inspect_file(file)) == "unsafe_mode");
}

TEST_CASE("a link is judged by the directory that it leads to as well", "[plugin]") {
  const Folder open, safe;
  std::filesystem::create_symlink(open.write("x.so", built("plain")), safe.path() / "x.so");
  CHECK(refusal(plugin::inspect_file(safe.path() / "x.so")) == "ok");
  ::chmod(open.path().c_str(), 0777);
  CHECK(refusal(plugin::inspect_file(safe.path() / "x.so")) == "unsafe_mode");
}

TEST_CASE("only root and the running user are trusted owners", "[plugin]") {
  CHECK_FALSE(plugin::check_safe(0, 0644, 1000, "the file"));
  CHECK_FALSE(plugin::check_safe(1000, 0600, 1000, "the file"));
  const auto refused = plugin::check_safe(33, 0644, 1000, "the file");
  REQUIRE(refused);
  CHECK(refused->code == "unsafe_owner");
  CHECK_THAT(refused->message, Catch::Contains("33"));
  if (::geteuid() == 0) {
    const Folder folder;
    const auto file = folder.write("x.so", built("plain"));
    REQUIRE(::chown(file.c_str(), 33, 33) == 0);
    CHECK(refusal(plugin::inspect_file(file)) == "unsafe_owner");
  }
}

TEST_CASE("installed is not enabled", "[plugin]") {
  const Folder folder;
  folder.write("plain.so", built("plain"));
  folder.write("wicked.so", built("wicked"));
  folder.write("readme.txt", "no plugin");
  const auto set = scan(folder, {"plain"});
  REQUIRE(set->plugins().size() == 2);
  CHECK(set->plugins()[0].state == State::ready);
  CHECK(set->plugins()[1].state == State::disabled);
  CHECK(set->types() == std::vector<std::string>{"plain"});
  CHECK(set->type("plain"));
  CHECK_FALSE(set->type("wicked"));
  const auto off = set->load("wicked");
  REQUIRE_FALSE(off);
  CHECK(off.error().code == base::Code::plugin_disabled);
  CHECK_THAT(off.error().hint, Catch::Contains("plugins enable wicked"));
}

TEST_CASE("a type that nobody has is named with the nearest known one", "[plugin]") {
  const Folder folder;
  folder.write("plain.so", built("plain"));
  const auto missing = scan(folder, {"plain"})->load("plian");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == base::Code::plugin_missing);
  CHECK_THAT(missing.error().hint, Catch::Contains("plain"));
}

TEST_CASE("one refused file leaves the others working", "[plugin]") {
  const Folder folder;
  folder.write("bad.so", patched(built("wicked"), "\"major\":1", "\"major\":2"));
  folder.write("plain.so", built("plain"));
  const auto set = scan(folder, {"plain", "wicked"});
  CHECK(refusal(set->plugins()[0]) == "abi_too_new");
  CHECK(set->load("plain"));
  const auto refused = set->load("wicked");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::plugin_refused);
  CHECK_THAT(refused.error().message, Catch::Contains("abi_too_new"));
}

TEST_CASE("two files for one type are both refused", "[plugin]") {
  const Folder one, two;
  one.write("plain.so", built("plain"));
  one.write("wicked.so", built("wicked"));
  two.write("other.so", patched(built("plain"), "test.plain", "best.plain"));
  const auto set = PluginSet::scan({{one.path()}, {two.path()}, {"plain", "wicked"}});
  CHECK(refusal(set->plugins()[0]) == "duplicate_type");
  CHECK(refusal(set->plugins()[1]) == "duplicate_type");
  CHECK(set->types() == std::vector<std::string>{"wicked"});
}

TEST_CASE("what --plugin-dir names is enabled and replaces the installed file of the same id",
          "[plugin]") {
  const Folder installed, mine;
  installed.write("plain.so", built("plain"));
  mine.write("plain.so", built("plain"));
  const auto set = PluginSet::scan({{installed.path(), mine.path()}, {mine.path()}, {}});
  REQUIRE(set->plugins().size() == 2);  // A directory that is named twice is read once.
  CHECK(set->plugins()[0].file == mine.path() / "plain.so");
  CHECK(set->plugins()[0].state == State::ready);
  CHECK(set->plugins()[1].state == State::disabled);
  CHECK(set->plugins()[1].refusal->code == "replaced");
  CHECK(set->load("plain"));
}

TEST_CASE("a directory that was asked for and is not there is said", "[plugin]") {
  const Folder folder;
  CHECK(PluginSet::scan({{folder.path() / "none"}, {}, {}})->plugins().empty());
  const auto set = PluginSet::scan({{}, {folder.path() / "none"}, {}});
  REQUIRE(set->plugins().size() == 1);
  CHECK(refusal(set->plugins()[0]) == "unreadable");
}

TEST_CASE("a symbol that nobody has is found at load", "[plugin]") {
  const Folder folder;
  folder.write("needy.so", built("needy"));
  const auto set = scan(folder, {"needy"});
  for (int i = 0; i < 2; ++i) {  // It is told again.
    const auto refused = set->load("needy");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::Code::plugin_refused);
    CHECK_THAT(refused.error().message, Catch::Contains("load_failed") &&
                                            Catch::Contains("portolan_function_that_nobody_has"));
  }
}

TEST_CASE("a descriptor that says anything else than the note is refused", "[plugin]") {
  const auto mismatch = [](const std::string& from, const std::string& to) {
    const Folder folder;
    folder.write("plain.so", patched(built("plain"), from, to));
    const auto refused = scan(folder, {"plain", "plein"})
                             ->load(to.find("plein") == std::string::npos ? "plain" : "plein");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::Code::plugin_refused);
    CHECK_FALSE(refused.error().hint.empty());
    return refused.error().message;
  };
  CHECK_THAT(mismatch("\"version\":\"1.2.3\"", "\"version\":\"1.2.4\""),
             Catch::Contains("descriptor_mismatch: version"));
  CHECK_THAT(mismatch("\"vendor\":\"Tests\"", "\"vendor\":\"Bests\""), Catch::Contains("vendor"));
  CHECK_THAT(mismatch("\"minor\":0", "\"minor\":7"), Catch::Contains("minors"));
  CHECK_THAT(mismatch("{\"type\":\"plain\"", "{\"type\":\"plein\""),
             Catch::Contains("not in the note"));
  CHECK_THAT(mismatch(",\"portolan.detect/1\"]", ",\"portolan.spaces/1\"]"),
             Catch::Contains("extensions"));
  CHECK_THAT(mismatch("\"maxLength\":64}}}}}}]", "\"maxLength\":65}}}}}}]"),
             Catch::Contains("schema"));
}

TEST_CASE("what is loaded is what was checked, whatever happens to the file meanwhile",
          "[plugin]") {
  const Folder folder;
  const auto file = folder.write("plain.so", built("plain"));
  const auto set = scan(folder, {"plain"});
  folder.write("plain.so", "overwritten");
  CHECK(set->load("plain"));
}

TEST_CASE("two loads of different files do not get each other's code", "[plugin]") {
  for (const char* name :
       {"plain", "next", "wicked"}) {  // Each set is gone before the next is made.
    const Folder folder;
    folder.write("x.so", built(name));
    const auto type = scan(folder, {name})->load(name);
    REQUIRE(type);
    CHECK((*type)->name() == name);
  }
}
