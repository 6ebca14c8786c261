#pragma once
/// What a manifest says about bytes (OCI image-spec 1.1; Docker image manifest v2, schema 1 and 2).
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace docker_registry {

struct Descriptor {
  std::string digest;
  std::int64_t size = 0;
};

struct Manifest {
  std::string media_type;             ///< Its own word; empty: it does not say.
  std::vector<Descriptor> blobs;      ///< Config and layers that the registry holds.
  std::vector<Descriptor> manifests;  ///< Of an index.
  int unsized = 0;                    ///< Parts without a believable size or digest.
};

/// Reads any manifest. Layers that live elsewhere (foreign, with "urls") are left out; a schema 1
/// manifest names its layers without sizes. PORTOLAN_PROTOCOL when it is no JSON object.
Manifest read_manifest(std::string_view body);

/// Largest size of one part that is believed: 1 PiB.
inline constexpr std::int64_t part_bytes_max = std::int64_t{1} << 50;

/// a + b, or the largest number there is. Neither is negative.
std::int64_t add_up(std::int64_t a, std::int64_t b);

}  // namespace docker_registry
