#pragma once
#include <string_view>
#include <vector>

#include "manifest/document.h"

namespace portolan::manifest {

/// Appends the documents of a YAML text; empty ones are left out.
void read_yaml(std::string_view text, const Document& origin, std::vector<Document>& documents,
               std::vector<Mistake>& mistakes);

}  // namespace portolan::manifest
