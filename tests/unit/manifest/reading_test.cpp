#include <stdlib.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "manifest/readers.h"
#include "model/limits.h"
#include "type_schemas.h"

using namespace portolan;
namespace fs = std::filesystem;

namespace {

struct Parsed {
  std::vector<manifest::Document> documents;
  std::vector<manifest::Mistake> mistakes;
};

Parsed parsed(const std::string& text, bool json = false) {
  Parsed result;
  manifest::Document origin;
  origin.file = "f";
  read_documents(text, origin, json, result.documents, result.mistakes);
  return result;
}

std::string as_json(const std::string& yaml) {
  const Parsed result = parsed(yaml);
  REQUIRE(result.mistakes.empty());
  REQUIRE(result.documents.size() == 1);
  return base::to_text(result.documents[0].value);
}

std::string complaint(const std::string& text) {
  const Parsed result = parsed(text);
  REQUIRE(result.mistakes.size() == 1);
  return result.mistakes[0].message;
}

std::string place(const manifest::Position& at) {
  return std::to_string(at.line) + ":" + std::to_string(at.column);
}

}  // namespace

TEST_CASE("plain scalars have the types of YAML's core schema", "[manifest]") {
  CHECK(as_json("[true, False, null, ~, , yes, no, on]") ==
        R"([true,false,null,null,null,"yes","no","on"])");
  CHECK(as_json("[0, -7, +7, 12345678901234567890]") == "[0,-7,7,12345678901234567890]");
  CHECK(as_json("[1.5, .5, 5., 1e3, -1.5E-3, 1.2.3, 1_000, 12:30]") ==
        R"([1.5,0.5,5.0,1e3,-1.5E-3,"1.2.3","1_000","12:30"])");
  CHECK(as_json("['1', \"true\", '', \"null\"]") == R"(["1","true","","null"])");
}

TEST_CASE("numbers that readers of YAML disagree on are refused", "[manifest]") {
  for (const char* text : {"010", "-010", "0x1F", "0o17", "00.5"}) {
    INFO(text);
    CHECK(complaint(std::string("a: ") + text).find("in decimal, or in quotes") !=
          std::string::npos);
  }
  CHECK(complaint("a: .inf").find("no finite number") != std::string::npos);
  CHECK(as_json("[0x, 08x, 0b1]") == R"(["0x","08x","0b1"])");
}

TEST_CASE("keys are text whatever they look like", "[manifest]") {
  CHECK(as_json("{1: a, true: b}") == R"({"1":"a","true":"b"})");
}

TEST_CASE("every key and value knows its line and column", "[manifest]") {
  const Parsed result = parsed("a: 1\nb:\n  - c\n  - d: {e: f}\n");
  REQUIRE(result.documents.size() == 1);
  const auto& document = result.documents[0];
  CHECK(place(document.at("/a").key) == "1:1");
  CHECK(place(document.at("/a").value) == "1:4");
  CHECK(place(document.at("/b/0").value) == "3:5");
  CHECK(place(document.at("/b/1/d/e").key) == "4:9");
  CHECK(place(document.at("/b/1/d/e").value) == "4:12");
  CHECK(place(document.at("/b/1/d/missing").value) == "4:8");
}

TEST_CASE("JSON keeps its places too", "[manifest]") {
  const Parsed result = parsed(
      "{\n \"a\" : [1, {\"b\\\"c\":true},\"\\ud83d\\ude00\" ],\n \"d\":{}, \"e\":[], \"f\":-1}");
  REQUIRE(result.mistakes.empty());
  const auto& document = result.documents.at(0);
  CHECK(place(document.at("/a").key) == "2:2");
  CHECK(place(document.at("/a").value) == "2:8");
  CHECK(place(document.at("/a/0").value) == "2:9");
  CHECK(place(document.at("/a/1/b\"c").key) == "2:13");
  CHECK(place(document.at("/a/1/b\"c").value) == "2:20");
  CHECK(place(document.at("/a/2").value) == "2:26");
  CHECK(place(document.at("/d").value) == "3:6");
  CHECK(place(document.at("/e").key) == "3:10");
  CHECK(place(document.at("/f").value) == "3:22");
}

TEST_CASE("paths are written as people write them", "[manifest]") {
  const Parsed result = parsed("a:\n  - 0: x\n");
  CHECK(result.documents.at(0).path("/a/0/0") == "a[0].0");
  CHECK(result.documents.at(0).path("") == "");
}

TEST_CASE("a file may hold several documents; empty ones are left out", "[manifest]") {
  const Parsed result = parsed("---\n---\na: 1\n---\n# only a comment\n---\nb: 2\n...\n");
  CHECK(result.mistakes.empty());
  CHECK(result.documents.size() == 2);
}

TEST_CASE("an alias is refused however often it would multiply", "[manifest]") {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
            "]\n";
  }
  const Parsed result = parsed(bomb);
  CHECK(result.mistakes.size() == 58);
  CHECK(result.mistakes[0].message == "aliases are not allowed; write the value out");
}

TEST_CASE("depth, values and bytes are bounded", "[manifest]") {
  CHECK(complaint(std::string(65, '[') + std::string(65, ']')) ==
        "values are nested deeper than 64 levels");
  CHECK(parsed(std::string(64, '[') + std::string(64, ']')).mistakes.empty());
  CHECK_FALSE(parsed(std::string(100'000, '[')).mistakes.empty());
  CHECK_FALSE(parsed(std::string(100'000, '{')).mistakes.empty());
  std::string many = "[";
  for (std::size_t i = 0; i < model::limits::manifest_nodes; ++i) many += "1,";
  CHECK(complaint(std::string(1'000'000, '[')) == "the file has more than 100000 values");
  CHECK(complaint(many + "]") == "the file has more than 100000 values");
  CHECK(complaint(std::string(model::limits::manifest_bytes + 1, ' ')) ==
        "the file is larger than 16 MiB");
}

TEST_CASE("only UTF-8 text is read", "[manifest]") {
  CHECK(complaint("a: \xff") == "the file is not UTF-8 text");
  CHECK(complaint(std::string("a: \x04", 4)) == "the file holds control characters");
  CHECK(complaint(std::string("a: \0b", 5)) == "the file holds control characters");
  CHECK(as_json("\xEF\xBB\xBF"
                "a: \xC3\xA4") == "{\"a\":\"\xC3\xA4\"}");
}

TEST_CASE("a file called .json must be JSON", "[manifest]") {
  CHECK(parsed("a: 1", true).mistakes.size() == 1);
  const Parsed twice = parsed("{\"a\":1,\n \"a\":2}", true);
  REQUIRE(twice.mistakes.size() == 1);
  CHECK(twice.mistakes[0].line == 2);
}

TEST_CASE("a directory gives its manifests in order, and nothing else", "[manifest]") {
  std::string name = (fs::temp_directory_path() / "portolan-manifest-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  const auto write =
      [&](const std::string& file, const std::string& registry) {
        std::ofstream(folder / file)
            << "{\"apiVersion\":\"portolan.dev/"
               "v1\",\"kind\":\"Manifest\",\"metadata\":{\"name\":\"m\"},"
               "\"spec\":{\"registries\":[{\"name\":\""
            << registry << "\",\"type\":\"docker-registry\",\"address\":\"a.example.com\"}]}}";
      };
  fs::create_directory(folder / "inner.yaml");
  write("b.yml", "second");
  write("a.json", "first");
  write("c.yaml", "third");
  write("d.txt", "not-read");
  write(".hidden.yaml", "not-read-either");
  write("inner.yaml/e.yaml", "nor-this");
  std::istringstream nothing;
  const auto reading = manifest::read({folder.string()}, sample_types(), nothing);
  CHECK(reading.mistakes.empty());
  CHECK(registry_names(reading.manifest) == std::vector<std::string>{"first", "second", "third"});
  const auto empty =
      manifest::read({(folder / "inner.yaml").string(), folder.string()}, sample_types(), nothing);
  CHECK(empty.mistakes.empty());
  fs::remove(folder / "inner.yaml/e.yaml");
  const auto none = manifest::read({(folder / "inner.yaml").string()}, sample_types(), nothing);
  REQUIRE(none.mistakes.size() == 1);
  CHECK(none.mistakes[0].message == "the directory holds no *.yaml, *.yml or *.json file");
  fs::remove_all(folder);
}

TEST_CASE("parts that only a daemon uses are noted", "[manifest]") {
  std::istringstream text(
      "apiVersion: portolan.dev/v1\nkind: Manifest\nmetadata: {name: m}\nspec:\n  workspaces: "
      "[]\n");
  const auto reading = manifest::read({"-"}, sample_types(), text);
  CHECK(reading.mistakes.empty());
  REQUIRE(reading.notes.size() == 1);
  CHECK(
      reading.notes[0] ==
      "standard input:5:3: spec.workspaces: checked for its shape; only a daemon makes use of it");
}
