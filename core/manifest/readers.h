#pragma once
/// From text to documents.
#include <string_view>
#include <vector>

#include "manifest/document.h"

namespace portolan::manifest {

/// Appends the documents of `text`. YAML 1.2 with the types of its core schema; no aliases, no
/// tags, no duplicate keys; depth, nodes and bytes are bounded. A text that is one JSON object is
/// read as JSON, and must be one when `json` says so. Mistakes are appended; reading goes on after
/// those that allow it.
void read_documents(std::string_view text, const Document& origin, bool json,
                    std::vector<Document>& documents, std::vector<Mistake>& mistakes);

/// Of a YAML text; empty documents are left out.
void read_yaml(std::string_view text, const Document& origin, std::vector<Document>& documents,
               std::vector<Mistake>& mistakes);

/// Whether the whole text is one JSON value within the limits.
bool is_json(std::string_view text);

/// The one document of a JSON text, or the mistake that makes it none.
void read_json(std::string_view text, const Document& origin, std::vector<Document>& documents,
               std::vector<Mistake>& mistakes);

}  // namespace portolan::manifest
