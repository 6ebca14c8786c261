#include "challenge.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace docker_registry {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~/").find(c) != std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  void skip(std::string_view what) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(what), rest_.size()));
  }
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  void drop() { rest_.remove_prefix(1); }

  std::string word() {
    std::string out;
    for (; !rest_.empty() && is_token(rest_.front()); drop()) out += lower(rest_.front());
    return out;
  }
  std::string value() {
    std::string out;
    if (!next_is('"')) {
      for (; !rest_.empty() && rest_.front() != ',' && rest_.front() != ' '; drop())
        out += rest_.front();
      return out;
    }
    for (drop(); !rest_.empty() && rest_.front() != '"'; drop()) {
      if (rest_.front() == '\\' && rest_.size() > 1) drop();
      out += rest_.front();
    }
    if (!rest_.empty()) drop();
    return out;
  }

 private:
  std::string_view rest_;
};

void set(Challenge& of, const std::string& name, std::string value) {
  if (name == "realm") of.realm = std::move(value);
  if (name == "service") of.service = std::move(value);
  if (name == "scope") of.scope = std::move(value);
}

/// A word that "=" follows is a parameter of the challenge before it; any other word begins one.
void append(std::string_view header, std::vector<Challenge>& to) {
  Reader in(header);
  while (true) {
    in.skip(", \t");
    if (in.done()) return;
    const std::string word = in.word();
    if (word.empty()) {
      in.drop();
      continue;
    }
    in.skip(" \t");
    if (!in.next_is('=')) {
      to.push_back({word, {}, {}, {}});
      continue;
    }
    in.drop();
    in.skip(" \t");
    std::string value = in.value();
    if (!to.empty()) set(to.back(), word, std::move(value));
  }
}

}  // namespace

Challenge read_challenge(const portolan::response& answer) {
  std::vector<Challenge> all;
  for (const auto& [name, value] : answer.headers)
    if (name == "www-authenticate") append(value, all);
  for (const std::string_view scheme : {"bearer", "basic"}) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.scheme == scheme; });
    if (found != all.end()) return *found;
  }
  return {};
}

}  // namespace docker_registry
