#pragma once
/// What a walk over a registry added up. Sums a space, never a row a repository.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <portolan/call.hpp>
#include <portolan/items.hpp>

#include "manifest.h"
#include "protocol.h"

namespace docker_registry {

/// Parts that could not be read.
struct Losses {
  std::int64_t forbidden = 0, failed = 0;
  std::int64_t all() const { return forbidden + failed; }
};

struct SpaceTally {
  std::int64_t repositories = 0, tags = 0;
  std::int64_t artifacts = 0;  ///< Distinct manifests that tags name, a repository at a time.
  std::int64_t bytes = 0;      ///< Every blob and manifest once.
  Losses tag_lists, manifests;
  std::int64_t unsized = 0;  ///< Parts whose size is not known: schema 1, nonsense.
};

struct Tally {
  Access catalog = Access::lost;  ///< Whether it could be listed at all.
  std::string catalog_words;      ///< The registry's reason when it could not.
  bool listed = false;            ///< At least one page of it came.
  std::string list_problem;       ///< Why the list of repositories is not whole; empty: it is.
  portolan::ended end = portolan::ended::all;

  std::map<std::string, SpaceTally> spaces;
  SpaceTally all;
  std::string example;  ///< Words of the first failure among the losses.

  std::int64_t shared_blobs = 0, shared_bytes = 0;  ///< In more than one space.
  Descriptor largest_shared;
  bool full = false;  ///< More distinct blobs than are kept in mind.
};

/// The measures of a level, the registry's first. Pure.
std::vector<portolan::measure> measures_of(const Tally& of, portolan::level level);

}  // namespace docker_registry
