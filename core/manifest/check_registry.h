#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "manifest/document.h"
#include "manifest/manifest.h"

namespace portolan::manifest {

/// What the schema of documents cannot say about spec.registries: the address, the type and its own
/// schema, what excludes or needs what. A field of the wrong shape is passed over; it was told.
void check_registries(const Document& document, const TypeSchemas& types,
                      std::vector<Mistake>& mistakes);

/// That every rule of spec.network.allow is one.
void check_network(const Document& document, std::vector<Mistake>& mistakes);

/// `credentials` and `options` of a registry as a type's schema sees them; the password is
/// {"$secret": ...}: a reference is not read here.
base::Json type_document(const base::Json& registry);

}  // namespace portolan::manifest
