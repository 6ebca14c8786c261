#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "manifest/document.h"
#include "type_schemas.h"

using namespace portolan;

namespace {

std::string content(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(std::string(PORTOLAN_CONFIG) + "/" + file).rdbuf();
  return text.str();
}

manifest::Reading read(const std::string& file) {
  std::istringstream nothing;
  return manifest::read({std::string(PORTOLAN_CONFIG) + "/" + file}, sample_types(), nothing);
}

/// Pointers of every property that a schema names, with "*" for an item of a list.
void collect(const base::Json& schema, const std::string& pointer, std::set<std::string>& into) {
  if (const base::Json* properties = schema.find("properties")) {
    for (const auto& [name, inside] : properties->members()) {
      into.insert(pointer + '/' + name);
      collect(inside, pointer + '/' + name, into);
    }
  }
  if (const base::Json* items = schema.find("items")) collect(*items, pointer + "/*", into);
}

void collect_used(const base::Json& value, const std::string& pointer,
                  std::set<std::string>& into) {
  for (const auto& [name, inside] : value.members()) {
    into.insert(pointer + '/' + name);
    collect_used(inside, pointer + '/' + name, into);
  }
  for (const auto& item : value.items()) collect_used(item, pointer + "/*", into);
}

}  // namespace

TEST_CASE("the published schema is the one that is checked", "[manifest]") {
  CHECK(manifest::schema_text() == content("manifest.schema.json"));
}

TEST_CASE("every field of the schema is explained", "[manifest]") {
  const auto json = base::parse_json(manifest::schema_text());
  REQUIRE(json);
  std::set<std::string> fields;
  collect(*json, "", fields);
  CHECK(fields.size() > 60);
  for (const std::string& field : fields) {
    std::string pointer;
    std::istringstream parts(field.substr(1));
    for (std::string part; std::getline(parts, part, '/');) {
      pointer += part == "*" ? "/items" : "/properties/" + part;
    }
    INFO(pointer);
    const base::Json* description = json->at_pointer(pointer + "/description");
    REQUIRE(description);
    CHECK(description->as_string()->size() > 5);
  }
}

TEST_CASE("the example shows every field and has no mistake", "[manifest]") {
  const auto reading = read("example.yaml");
  for (const auto& mistake : reading.mistakes) {
    INFO(to_text(mistake));
    CHECK(false);
  }
  std::set<std::string> used, fields;
  for (const auto& document : reading.manifest.documents) collect_used(document.value, "", used);
  collect(*base::parse_json(manifest::schema_text()), "", fields);
  for (const std::string& field : fields) {
    INFO(field);
    CHECK(used.count(field) == 1);
  }
}

TEST_CASE("the demo's document has no mistake", "[manifest]") {
  CHECK(read("demo.yaml").mistakes.empty());
}
