#include "manifest/mistake.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace portolan::manifest {

std::string to_text(const Mistake& mistake) {
  std::string text = mistake.file;
  if (mistake.line > 0) {
    text += ':' + std::to_string(mistake.line) + ':' + std::to_string(mistake.column);
  }
  if (!mistake.path.empty()) text += ": " + mistake.path;
  text += ": " + mistake.message;
  if (!mistake.nearest.empty()) text += ", did you mean \"" + mistake.nearest + "\"?";
  return text;
}

std::string message_of(const base::Error& error) {
  if (error.hint.empty()) return error.message;
  const bool sentence = error.hint.front() >= 'A' && error.hint.front() <= 'Z';
  return error.message + (sentence ? ". " : "; ") + error.hint;
}

void sort_mistakes(std::vector<Mistake>& mistakes, const std::vector<std::string>& files) {
  std::map<std::string, std::size_t> order;
  for (const std::string& file : files) order.emplace(file, order.size());
  for (const Mistake& mistake : mistakes) order.emplace(mistake.file, order.size());
  const auto key = [&](const Mistake& m) {
    return std::make_tuple(order.at(m.file), m.line, m.column, std::cref(m.path));
  };
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [&](const Mistake& a, const Mistake& b) { return key(a) < key(b); });
  const auto same = [&](const Mistake& a, const Mistake& b) {
    return key(a) == key(b) && a.message == b.message;
  };
  mistakes.erase(std::unique(mistakes.begin(), mistakes.end(), same), mistakes.end());
}

}  // namespace portolan::manifest
