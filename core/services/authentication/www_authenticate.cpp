/// `WWW-Authenticate` as registries really send it (RFC 9110 §11.6.1): several header fields,
/// several challenges in one, quoted strings with commas and escapes, names in any case.

#include <algorithm>

#include "services/authentication/authentication.h"

namespace portolan::services {
namespace {

constexpr std::size_t challenges_max = 16;
constexpr std::size_t parameters_max = 32;
constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_token(char c) {
  return letters_and_digits.find(c) != std::string_view::npos ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token68(char c) {
  return letters_and_digits.find(c) != std::string_view::npos ||
         std::string_view("-._~+/").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
  void skip_one() { rest_.remove_prefix(1); }

  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  void skip_separators() {
    while (!rest_.empty() && (is_blank(rest_.front()) || rest_.front() == ',')) skip_one();
  }

  std::string_view token() { return take_while(is_token); }

  /// Credentials in one piece, as Negotiate has them: only when nothing but a comma follows.
  void skip_token68() {
    Reader ahead = *this;
    ahead.take_while(is_token68);
    ahead.take_while([](char c) { return c == '='; });
    ahead.skip_blanks();
    if (ahead.at_end() || ahead.at(',')) *this = ahead;
  }

  std::string value() {
    if (!at('"')) return std::string(take_while([](char c) { return !is_blank(c) && c != ','; }));
    skip_one();
    std::string text;
    while (!at_end() && !at('"')) {
      if (at('\\') && rest_.size() > 1) skip_one();
      text.push_back(rest_.front());
      skip_one();
    }
    if (!at_end()) skip_one();
    return text;
  }

 private:
  template <class Accept>
  std::string_view take_while(Accept accept) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), accept);
    const auto taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
};

}  // namespace

std::string_view Challenge::get(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

void parse_challenges(std::string_view value, std::vector<Challenge>& challenges) {
  Reader reader(value);
  Challenge* current = nullptr;  // Parameters before any scheme belong to nobody.
  for (reader.skip_separators(); !reader.at_end(); reader.skip_separators()) {
    const auto word = reader.token();
    if (word.empty()) {
      reader.skip_one();
      continue;
    }
    reader.skip_blanks();
    if (reader.at('=')) {
      reader.skip_one();
      reader.skip_blanks();
      auto text = reader.value();
      if (current && current->parameters.size() < parameters_max) {
        current->parameters.emplace_back(lower(word), std::move(text));
      }
      continue;
    }
    if (challenges.size() == challenges_max) return;
    current = &challenges.emplace_back(Challenge{lower(word), {}});
    reader.skip_token68();
  }
}

}  // namespace portolan::services
