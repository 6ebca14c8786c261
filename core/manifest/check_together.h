#pragma once
#include <vector>

#include "manifest/document.h"

namespace portolan::manifest {

/// What can only be seen across documents: names used twice, names that nothing has, and standard
/// input read twice.
void check_together(const std::vector<Document>& documents, std::vector<Mistake>& mistakes);

}  // namespace portolan::manifest
