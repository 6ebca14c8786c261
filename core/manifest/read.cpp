#include "manifest/checks.h"
#include "manifest/manifest.h"
#include "manifest/readers.h"

namespace portolan::manifest {
namespace {

/// What a run without a daemon has no use for.
std::vector<std::string> notes_on(const Document& document) {
  std::vector<std::string> notes;
  for (const char* part : {"workspaces", "spaces", "bindings"}) {
    const std::string pointer = std::string("/spec/") + part;
    if (!document.value.at_pointer(pointer)) continue;
    notes.push_back(to_text(document.mistake(
        pointer, "checked for its shape; only a daemon makes use of it", /*at_key=*/true)));
  }
  return notes;
}

}  // namespace

Reading read(const std::vector<std::string>& paths, const TypeSchemas& types,
             std::istream& standard_input) {
  Reading reading;
  reading.manifest.types = types;
  Sources sources = read_paths(paths, standard_input, reading.mistakes);
  reading.manifest.documents = std::move(sources.documents);
  for (const Document& document : reading.manifest.documents) {
    check_shape(document, reading.mistakes);
    check_registries(document, types, reading.mistakes);
    check_network(document, reading.mistakes);
    for (std::string& note : notes_on(document)) reading.notes.push_back(std::move(note));
  }
  check_together(reading.manifest.documents, reading.mistakes);
  sort_mistakes(reading.mistakes, sources.files);
  return reading;
}

std::vector<std::string> registry_names(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const Document& document : manifest.documents) {
    const base::Json* registries = document.value.at_pointer("/spec/registries");
    if (!registries) continue;
    for (const base::Json& registry : registries->items()) {
      const base::Json* name = registry.find("name");
      if (name && name->as_string()) names.push_back(*name->as_string());
    }
  }
  return names;
}

}  // namespace portolan::manifest
