#include "manifest/readers.h"

#include <algorithm>

#include "base/text.h"
#include "model/limits.h"

namespace portolan::manifest {
namespace {

/// The reason why `text` cannot be a manifest whatever it says, or empty.
std::string unreadable(std::string_view text) {
  if (text.size() > model::limits::manifest_bytes) return "the file is larger than 16 MiB";
  if (!base::is_utf8(text)) return "the file is not UTF-8 text";
  // yaml-cpp takes 0x04 for the end of its input; YAML 1.2 §5.1 allows none of these anyway.
  const bool control = std::any_of(text.begin(), text.end(), [](unsigned char c) {
    return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
  return control ? "the file holds control characters" : "";
}

}  // namespace

void read_documents(std::string_view text, const Document& origin, bool json,
                    std::vector<Document>& documents, std::vector<Mistake>& mistakes) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (std::string reason = unreadable(text); !reason.empty()) {
    mistakes.push_back(origin.mistake("", std::move(reason)));
    return;
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool braces = first != std::string_view::npos && text[first] == '{';
  if (json || (braces && is_json(text))) {
    read_json(text, origin, documents, mistakes);
  } else {
    read_yaml(text, origin, documents, mistakes);
  }
}

}  // namespace portolan::manifest
