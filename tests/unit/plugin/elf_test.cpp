#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "folder.h"
#include "plugin/elf.h"
#include "plugin/note.h"

using namespace portolan::plugin;

namespace {

std::string code(const Checked<ElfFacts>& result) {
  const auto* refusal = std::get_if<Refusal>(&result);
  return refusal ? refusal->code : "ok";
}

/// A change of the ELF header.
template <class Change>
std::string with_header(std::string bytes, Change change) {
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  change(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

}  // namespace

TEST_CASE("a built plugin tells its note and its one export", "[plugin][elf]") {
  const auto result = read_elf(built("plain"));
  REQUIRE(code(result) == "ok");
  const auto& facts = std::get<ElfFacts>(result);
  CHECK(facts.note.rfind(R"({"id":"test.plain")", 0) == 0);
  CHECK(facts.exports == std::vector<std::string>{"portolan_plugin_v1"});
}

TEST_CASE("what is no shared object for this machine is named so", "[plugin][elf]") {
  const std::string good = built("plain");
  CHECK(code(read_elf("")) == "not_elf");
  CHECK(code(read_elf("#!/bin/sh\n")) == "not_elf");
  CHECK(code(read_elf(good.substr(0, 30))) == "not_elf");
  CHECK(code(read_elf(with_header(good, [](auto& h) { h.e_type = ET_EXEC; }))) == "not_elf");
  CHECK(code(read_elf(with_header(good, [](auto& h) { h.e_machine = EM_S390; }))) ==
        "wrong_machine");
  CHECK(code(read_elf(with_header(good, [](auto& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }))) ==
        "wrong_machine");
  CHECK(code(read_elf(with_header(good, [](auto& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; }))) ==
        "wrong_machine");
}

TEST_CASE("a shared object without our note is some other library", "[plugin][elf]") {
  CHECK(code(read_elf(patched(built("plain"), "PORTOLAN", "PORTOLIN"))) == "no_note");
  CHECK(code(read_elf(with_header(built("plain"),
                                  [](auto& h) { h.e_phnum = 0, h.e_shnum = 0; }))) == "no_note");
}

TEST_CASE("a note that only a section holds is found", "[plugin][elf]") {
  const auto result = read_elf(with_header(built("plain"), [](auto& h) { h.e_phnum = 0; }));
  REQUIRE(code(result) == "ok");
  CHECK_FALSE(std::get<ElfFacts>(result).note.empty());
}

TEST_CASE("counts, offsets and sizes beyond the file are survived", "[plugin][elf]") {
  const std::string good = built("plain");
  for (std::uint64_t wild : {std::uint64_t{0xffffffffffffffff}, std::uint64_t{1} << 63,
                             std::uint64_t{good.size() - 1}}) {
    read_elf(with_header(good, [&](auto& h) { h.e_phoff = wild; }));
    read_elf(with_header(good, [&](auto& h) { h.e_phoff = wild, h.e_shoff = wild; }));
    read_elf(with_header(good, [&](auto& h) { h.e_phnum = 0, h.e_shstrndx = 0xffff; }));
  }
  // Each word of the program headers and of the dynamic section in turn.
  for (std::size_t at = sizeof(Elf64_Ehdr); at + 8 < std::min<std::size_t>(good.size(), 2048);
       at += 8) {
    std::string bad = good;
    std::memset(bad.data() + at, 0xff, 8);
    read_elf(bad);
  }
  for (std::size_t size = 0; size < good.size(); size += 97)
    read_elf(std::string_view(good).substr(0, size));
  SUCCEED("no crash, no hang");
}

TEST_CASE("a note must be the JSON that the contract says", "[plugin][note]") {
  const auto problem = [](const std::string& text) {
    const auto result = parse_note(text);
    const auto* refusal = std::get_if<Refusal>(&result);
    return refusal ? refusal->code + ": " + refusal->message : "ok";
  };
  const std::string good = std::get<ElfFacts>(read_elf(built("plain"))).note;
  CHECK(problem(good) == "ok");
  CHECK_THAT(problem("{"), Catch::StartsWith("bad_note: the note is no JSON"));
  CHECK_THAT(problem("[]"), Catch::Contains("\"id\""));
  CHECK_THAT(problem(patched(good, "\"version\":\"1.2.3\"", "\"version\":1234567")),
             Catch::Contains("\"version\""));
  CHECK_THAT(problem(patched(good, "\"minor\":0", "\"minor\":x")), Catch::Contains("no JSON"));
  CHECK_THAT(problem(patched(good, "\"major\":1", "\"major\":\"")), Catch::StartsWith("bad_note"));
  CHECK_THAT(problem(patched(good, "\"type\":\"plain\"", "\"type\":\"PLAIN\"")),
             Catch::Contains("a-z"));
  CHECK_THAT(problem(patched(good, "\"types\":[", "\"typos\":[")), Catch::Contains("\"types\""));
  CHECK_THAT(problem(patched(good, "\"extensions\":[\"portolan.integration/1\",",
                             "\"extensions\":[12,\"tolan.integration/1\",")),
             Catch::StartsWith("bad_note"));
}

TEST_CASE("a newer SDK may say more in the note", "[plugin][note]") {
  const auto result = parse_note(std::get<ElfFacts>(read_elf(built("next"))).note);
  REQUIRE(std::holds_alternative<Note>(result));
  CHECK(std::get<Note>(result).abi_minor == 1);
}
