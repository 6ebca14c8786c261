#pragma once
/// From files to text, and from text to documents. The room's own.
#include <istream>
#include <string>
#include <string_view>
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

/// What a plain (unquoted) scalar is by the core schema of YAML 1.2 §10.3.2.
struct PlainScalar {
  base::Json value;
  std::string problem;  ///< Why it is refused, with what to write; empty when `value` holds.
};

/// Refused, because readers disagree on them: leading zeros, 0x and 0o, .inf and .nan.
PlainScalar read_plain(const std::string& text);

}  // namespace portolan::manifest
