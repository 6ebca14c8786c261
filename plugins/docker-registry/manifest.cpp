#include "manifest.h"

#include <limits>
#include <portolan/json.hpp>

#include "protocol.h"

namespace docker_registry {
namespace {

/// Docker's foreign layers and OCI's non-distributable ones stay where their URLs say.
bool lives_elsewhere(const portolan::json& part) {
  return part["urls"].size() > 0 ||
         part["mediaType"].string_or("").find(".foreign.") != std::string::npos;
}

void take(const portolan::json& part, std::vector<Descriptor>& to, int& unsized) {
  const auto digest = part["digest"].string_or("");
  const auto size = part["size"].integer_or(-1);
  if (!is_digest(digest) || size < 0 || size > part_bytes_max)
    ++unsized;
  else
    to.push_back({digest, size});
}

}  // namespace

Manifest read_manifest(std::string_view body) {
  const auto document = portolan::json::parse(std::string(body));
  if (!document.is_object())
    throw portolan::failure(PORTOLAN_PROTOCOL, "a manifest that is no JSON object");
  const auto has = [&](std::string_view list) { return document[list].is_array(); };
  if (!has("layers") && !has("manifests") && !has("blobs") && !has("fsLayers"))
    throw portolan::failure(PORTOLAN_PROTOCOL, "a manifest without layers or children");
  Manifest out;
  out.media_type = document["mediaType"].string_or("");
  if (document["config"].is_object()) take(document["config"], out.blobs, out.unsized);
  for (const std::string_view list : {"layers", "blobs"})
    document[list].each([&](const portolan::json& part) {
      if (!lives_elsewhere(part)) take(part, out.blobs, out.unsized);
    });
  document["manifests"].each(
      [&](const portolan::json& child) { take(child, out.manifests, out.unsized); });
  out.unsized += static_cast<int>(document["fsLayers"].size());
  return out;
}

std::int64_t add_up(std::int64_t a, std::int64_t b) {
  return a > std::numeric_limits<std::int64_t>::max() - b ? std::numeric_limits<std::int64_t>::max()
                                                          : a + b;
}

}  // namespace docker_registry
