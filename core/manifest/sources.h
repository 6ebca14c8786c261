#pragma once
#include <istream>
#include <string>
#include <vector>

#include "manifest/document.h"

namespace portolan::manifest {

struct Sources {
  std::vector<Document> documents;
  std::vector<std::string> files;  ///< As they are named in mistakes, in the order they were read.
};

/// What files, directories (*.yaml *.yml *.json, sorted, not recursive, no hidden files) and "-"
/// (standard input) hold. Mistakes are appended; what can be read is read.
Sources read_paths(const std::vector<std::string>& paths, std::istream& standard_input,
                   std::vector<Mistake>& mistakes);

/// At most `limit` + 1 bytes, so that the caller sees when there are more.
std::string read_bytes(std::istream& in, std::size_t limit);

}  // namespace portolan::manifest
