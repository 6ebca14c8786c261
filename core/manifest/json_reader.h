#pragma once
#include <string_view>
#include <vector>

#include "manifest/document.h"

namespace portolan::manifest {

/// Whether the whole text is one JSON value within the limits.
bool is_json(std::string_view text);

/// Appends the one document of a JSON text, or the mistake that makes it none.
void read_json(std::string_view text, const Document& origin, std::vector<Document>& documents,
               std::vector<Mistake>& mistakes);

}  // namespace portolan::manifest
