#include "manifest.h"

#include <catch2/catch.hpp>
#include <limits>
#include <portolan/failure.hpp>

#include "digest_set.h"

using docker_registry::read_manifest;

namespace {
const std::string digest = "sha256:" + std::string(64, 'a');
std::string part(const std::string& size, const std::string& more = {}) {
  return "{\"digest\":\"" + digest + "\",\"size\":" + size + more + "}";
}
}  // namespace

TEST_CASE("a manifest's bytes are its config and the layers that the registry holds",
          "[docker-registry]") {
  const auto read = read_manifest(
      "{\"config\":" + part("7") + ",\"layers\":[" + part("100") + "," +
      part("5", ",\"urls\":[\"https://example.org/layer\"]") + "," +
      part("6", R"(,"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")") +
      "]}");
  REQUIRE(read.blobs.size() == 2);
  CHECK(read.blobs[0].size == 7);
  CHECK(read.blobs[1].size == 100);
  CHECK(read.manifests.empty());
  CHECK(read.unsized == 0);
}

TEST_CASE("sizes and digests that cannot be believed are told, not added", "[docker-registry]") {
  const std::string size = GENERATE("-1", "1.5", "\"7\"", "null", "1e3", "9223372036854775807");
  const auto read = read_manifest("{\"layers\":[" + part(size) + "]}");
  CHECK(read.blobs.empty());
  CHECK(read.unsized == 1);
  CHECK(read_manifest(R"({"layers":[{"digest":"../../x","size":1}]})").unsized == 1);
  CHECK(read_manifest(R"({"manifests":[{"size":1}]})").unsized == 1);
}

TEST_CASE("schema 1 names layers without sizes", "[docker-registry]") {
  const auto read =
      read_manifest(R"({"schemaVersion":1,"fsLayers":[{"blobSum":"a"},{"blobSum":"b"}]})");
  CHECK(read.unsized == 2);
}

TEST_CASE("what is no manifest is a protocol error", "[docker-registry]") {
  for (const char* body : {"", "[]", "null", "<html>", "{\"layers\":"})
    CHECK_THROWS_AS(read_manifest(body), portolan::failure);
  CHECK_THROWS_AS(read_manifest(R"({"config":[],"layers":{},"manifests":"x"})"), portolan::failure);
  CHECK_THROWS_AS(read_manifest(R"({"schemaVersion":2})"), portolan::failure);
}

TEST_CASE("sums end at the largest number there is", "[docker-registry]") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(docker_registry::add_up(1, 2) == 3);
  CHECK(docker_registry::add_up(most, 1) == most);
  CHECK(docker_registry::add_up(most - 1, 1) == most);
}

TEST_CASE("a digest set knows what it has and when it is full", "[docker-registry]") {
  using docker_registry::DigestSet;
  using docker_registry::key_of;
  DigestSet set(1000);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(set.insert(key_of("sha256:" + std::to_string(i))) == DigestSet::outcome::added);
  CHECK(set.size() == 1000);
  CHECK(set.insert(key_of("sha256:7")) == DigestSet::outcome::known);
  CHECK(set.insert(key_of("sha256:1000")) == DigestSet::outcome::full);
  CHECK(docker_registry::key_in(key_of("a"), 1) != docker_registry::key_in(key_of("a"), 2));
}
