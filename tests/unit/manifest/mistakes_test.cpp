#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "manifest/checks.h"
#include "type_schemas.h"

using namespace portolan;
namespace fs = std::filesystem;

namespace {

const fs::path documents = PORTOLAN_DOCUMENTS;

manifest::Reading read(const fs::path& file) {
  std::istringstream nothing;
  return manifest::read({file.string()}, sample_types(), nothing);
}

std::vector<fs::path> files_in(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& each : fs::directory_iterator(documents / folder)) {
    if (each.path().extension() != ".mistakes") files.push_back(each.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE_FALSE(files.empty());
  return files;
}

/// Every mistake on a line, the folder left out of its file's name.
std::string listed(const manifest::Reading& reading) {
  std::string text;
  for (const auto& mistake : reading.mistakes) {
    std::string line = manifest::to_text(mistake);
    const std::string folder = fs::path(mistake.file).parent_path().string() + "/";
    for (auto at = line.find(folder); at != std::string::npos; at = line.find(folder)) {
      line.erase(at, folder.size());
    }
    text += line + "\n";
  }
  return text;
}

std::string content(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a good document has no mistake", "[manifest]") {
  for (const auto& file : files_in("good")) {
    INFO(file.string());
    CHECK(listed(read(file)).empty());
  }
}

TEST_CASE("every mistake of a document is told with its place, path and cure", "[manifest]") {
  const std::string folder = GENERATE("bad-shape", "bad-rules", "bad-yaml");
  for (const auto& file : files_in(folder)) {
    INFO(file.string());
    const fs::path expected = file.string() + ".mistakes";
    REQUIRE(fs::exists(expected));
    CHECK(listed(read(file)) == content(expected));
  }
}

TEST_CASE("what the published schema accepts is of good shape, whatever the rules say of it",
          "[manifest]") {
  const std::string folder = GENERATE("good", "bad-rules");
  for (const auto& file : files_in(folder)) {
    INFO(file.string());
    std::vector<manifest::Mistake> mistakes;
    for (const auto& document : read(file).manifest.documents) check_shape(document, mistakes);
    CHECK(mistakes.empty());
  }
}

TEST_CASE("no mistake shows what may be a secret", "[manifest]") {
  for (const char* folder : {"bad-shape", "bad-rules"}) {
    for (const auto& file : files_in(folder)) {
      for (const auto& mistake : read(file).mistakes) {
        INFO(manifest::to_text(mistake));
        const std::string all = manifest::to_text(mistake) + mistake.found + mistake.expected;
        CHECK(all.find("canary") == std::string::npos);
      }
    }
  }
}

TEST_CASE("the mistakes of all files are told together, in the order of the files", "[manifest]") {
  std::istringstream nothing;
  const auto reading =
      manifest::read({(documents / "bad-shape/no-object.yaml").string(), "/no/such/file",
                      (documents / "bad-yaml/not-yaml.yaml").string()},
                     sample_types(), nothing);
  REQUIRE(reading.mistakes.size() == 3);
  CHECK(reading.mistakes[0].file == (documents / "bad-shape/no-object.yaml").string());
  CHECK(manifest::to_text(reading.mistakes[1]) == "/no/such/file: the file does not exist");
  CHECK(reading.mistakes[2].line == 6);
}

TEST_CASE("a type that is disabled or refused is no mistake of the file", "[manifest]") {
  std::istringstream text(
      "apiVersion: portolan.dev/v1\nkind: Manifest\nmetadata: {name: m}\nspec:\n  registries:\n"
      "    - {name: a, type: jfrog, address: a.example.com, options: {anything: 1}}\n");
  CHECK(manifest::read({"-"}, sample_types(), text).mistakes.empty());
}

TEST_CASE("a mistake keeps what was found, what is expected and the nearest name apart",
          "[manifest]") {
  std::istringstream text(
      "apiVersion: portolan.dev/v1\nkind: Manifest\nmetadata: {name: m}\nspec:\n  registries:\n"
      "    - {name: a, type: habor, address: a.example.com}\n");
  const auto mistakes = manifest::read({"-"}, sample_types(), text).mistakes;
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].file == "standard input");
  CHECK(mistakes[0].line == 6);
  CHECK(mistakes[0].column == 23);
  CHECK(mistakes[0].path == "spec.registries[0].type");
  CHECK(mistakes[0].found == "the string \"habor\"");
  CHECK(mistakes[0].expected == "the type of an installed plugin");
  CHECK(mistakes[0].nearest == "harbor");
}
