#pragma once
#include <vector>

#include "base/schema.h"
#include "manifest/document.h"

namespace portolan::manifest {

/// Checks a document against config/manifest.schema.json.
void check_shape(const Document& document, std::vector<Mistake>& mistakes);

/// `found` in the words of this room, at `pointer` of the document. Unknown and missing fields are
/// told apart by whether `pointer` is there.
Mistake to_mistake(const Document& document, const std::string& pointer,
                   const base::SchemaMistake& found);

}  // namespace portolan::manifest
