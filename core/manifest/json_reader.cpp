#include "manifest/readers.h"

#include <charconv>

#include "model/limits.h"

namespace portolan::manifest {
namespace {

namespace limits = model::limits;

constexpr base::JsonLimits json_limits{limits::json_depth, limits::manifest_bytes,
                                       limits::manifest_nodes};

/// Finds where the values of a well-formed JSON text stand, walking it beside its tree.
class PlaceFinder {
 public:
  PlaceFinder(std::string_view text, Document& document) : text_(text), document_(document) {}

  void find(const base::Json& value, const std::string& pointer) {
    skip_blanks();
    document_.places[pointer] = {position_, position_};
    find_inside(value, pointer);
  }

 private:
  // Recursion is bounded: parse_json() has refused more than limits::json_depth.
  void find_inside(const base::Json& value, const std::string& pointer) {
    if (value.is_object()) {
      advance();  // The brace; then before each member a brace or comma has been passed.
      for (const auto& [key, member] : value.members()) {
        skip_blanks();
        const Position key_at = position_;
        skip_string();
        skip_past(':');
        const std::string below = base::pointer_below(pointer, key);
        find(member, below);
        document_.places[below].key = key_at;
        skip_separator();
      }
      if (value.members().empty()) skip_separator();
    } else if (value.is_array()) {
      advance();
      for (std::size_t i = 0; i < value.items().size(); ++i) {
        find(value.items()[i], pointer + '/' + std::to_string(i));
        skip_separator();
      }
      if (value.items().empty()) skip_separator();
    } else if (value.is_string()) {
      skip_string();
    } else {
      while (at_ < text_.size() &&
             std::string_view(" \t\r\n,]}").find(text_[at_]) == std::string_view::npos) {
        advance();
      }
    }
  }

  void advance() {
    if (at_ >= text_.size()) return;
    const bool line_end = text_[at_++] == '\n';
    position_ =
        line_end ? Position{position_.line + 1, 1} : Position{position_.line, position_.column + 1};
  }

  void skip_blanks() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      advance();
  }

  void skip_past(char mark) {
    while (at_ < text_.size() && text_[at_] != mark) advance();
    advance();
  }

  /// Past the next comma, or the bracket that closes the list.
  void skip_separator() {
    skip_blanks();
    advance();
  }

  void skip_string() {
    for (advance(); at_ < text_.size() && text_[at_] != '"'; advance()) {
      if (text_[at_] == '\\') advance();
    }
    advance();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Position position_{1, 1};
  Document& document_;
};

/// "3:7" of parse_json().
Position position_of(const std::string& where) {
  Position position;
  const char* end = where.data() + where.size();
  const auto [colon, error] = std::from_chars(where.data(), end, position.line);
  if (error == std::errc{} && colon != end) std::from_chars(colon + 1, end, position.column);
  return position;
}

}  // namespace

bool is_json(std::string_view text) { return base::parse_json(text, json_limits).has_value(); }

void read_json(std::string_view text, const Document& origin, std::vector<Document>& documents,
               std::vector<Mistake>& mistakes) {
  Document document = origin;
  auto value = base::parse_json(text, json_limits);
  if (!value) {
    Mistake mistake = origin.mistake("", value.error().message);
    const Position position = position_of(value.error().where);
    mistake.line = position.line;
    mistake.column = position.column;
    mistakes.push_back(std::move(mistake));
    return;
  }
  document.value = *std::move(value);
  PlaceFinder(text, document).find(document.value, "");
  documents.push_back(std::move(document));
}

}  // namespace portolan::manifest
