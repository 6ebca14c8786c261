#include "manifest/document.h"

#include "base/text.h"
#include "model/limits.h"

namespace portolan::manifest {
namespace {

std::string_view parent(std::string_view pointer) { return pointer.substr(0, pointer.rfind('/')); }

bool is_number(std::string_view token) {
  return !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string unescaped(std::string_view token) {
  std::string text;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    text += escape ? (token[++i] == '1' ? '/' : '~') : token[i];
  }
  return text;
}

}  // namespace

Place Document::at(std::string_view pointer) const {
  for (;; pointer = parent(pointer)) {
    const auto found = places.find(std::string(pointer));
    if (found != places.end()) return found->second;
    if (pointer.empty()) return {};
  }
}

bool Document::is_broken(std::string_view pointer) const {
  for (;; pointer = parent(pointer)) {
    if (broken.count(std::string(pointer)) != 0) return true;
    if (pointer.empty()) return false;
  }
}

std::string Document::path(std::string_view pointer) const {
  std::string text;
  for (std::size_t from = 1; from <= pointer.size();) {
    const std::size_t end = std::min(pointer.find('/', from), pointer.size());
    const base::Json* holder = value.at_pointer(pointer.substr(0, from - 1));
    const std::string token = unescaped(pointer.substr(from, end - from));
    const bool built = holder && !holder->is_null();  // Not so while the document is being read.
    if (built ? holder->is_array() : is_number(token)) {
      text += '[' + token + ']';
    } else {
      text += (text.empty() ? "" : ".") + base::clean_text(token, 64);
    }
    from = end + 1;
  }
  return text;
}

Mistake Document::mistake(std::string_view pointer, std::string message, bool at_key) const {
  const Place place = at(pointer);
  const Position& position = at_key ? place.key : place.value;
  Mistake mistake;
  mistake.file = file;
  mistake.line = position.line;
  mistake.column = position.column;
  mistake.path = path(pointer);
  mistake.message = base::clean_text(message, model::limits::text_bytes);
  return mistake;
}

}  // namespace portolan::manifest
