#pragma once
/// What is wrong in documents that could be read. The room's own.
#include <string>
#include <vector>

#include "base/schema.h"
#include "manifest/document.h"
#include "manifest/manifest.h"

namespace portolan::manifest {

/// Checks a document against config/manifest.schema.json.
void check_shape(const Document& document, std::vector<Mistake>& mistakes);

/// `found` in the words of this room, at `pointer` of the document. Unknown and missing fields are
/// told apart by whether `pointer` is there.
Mistake to_mistake(const Document& document, const std::string& pointer,
                   const base::SchemaMistake& found);

/// What the schema of documents cannot say about spec.registries: the address, the type and its own
/// schema, what excludes or needs what. A field of the wrong shape is passed over; it was told.
void check_registries(const Document& document, const TypeSchemas& types,
                      std::vector<Mistake>& mistakes);

/// That every rule of spec.network.allow is one.
void check_network(const Document& document, std::vector<Mistake>& mistakes);

/// `credentials` and `options` of a registry as a type's schema sees them; the password is
/// {"$secret": ...}: a reference is not read here.
base::Json type_document(const base::Json& registry);

/// What can only be seen across documents: names used twice, names that nothing has, and standard
/// input read twice.
void check_together(const std::vector<Document>& documents, std::vector<Mistake>& mistakes);

/// Whether `text` is a network ("10.0.0.0/8", "fd00::/8") or "host:port" ("[::1]:5000").
bool is_network_rule(const std::string& text);

}  // namespace portolan::manifest
