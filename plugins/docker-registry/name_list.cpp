#include "name_list.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "protocol.h"

namespace docker_registry {
namespace {
constexpr int empty_pages_max = 16;
}

NameList::NameList(Source of) : of_(std::move(of)) { restart(of_.page_size > 0); }

void NameList::restart(bool with_page_size) {
  sized_ = with_page_size;
  std::string query;
  asked_ = of_.first_page_size > 0 ? of_.first_page_size : of_.page_size;
  if (sized_) query = "n=" + std::to_string(asked_);
  if (!of_.after.empty())
    query += (query.empty() ? "last=" : "&last=") + portolan::percent_encode(of_.after);
  pages_.emplace(query.empty() ? of_.url : of_.url + "?" + query);
}

std::optional<portolan::request> NameList::next() const {
  if (!pages_ || !pages_->next()) return {};
  portolan::request page(*pages_->next());
  page.scope = of_.scope;
  return page;
}

void NameList::end(std::string why) {
  problem_ = std::move(why);
  pages_.reset();
}

std::vector<std::string> NameList::take(const portolan::response& page) {
  if (page.status == 400 && sized_ && !size_is_taken_) {
    restart(false);
    return {};
  }
  std::vector<std::string> names;
  try {
    names = read(page);
  } catch (const portolan::failure& broken) {
    end(broken.message);
    throw;
  }
  if (repeats(names)) {
    if (!guessing_)
      end("the registry's pages of " + of_.key + " repeat");
    else
      end(names.size() < std::size_t(asked_)
              ? std::string()  // It starts again instead of going on, and this is all of it.
              : "the registry cut its list of " + of_.key +
                    " after a page and does not go on: a larger pageSize may hold all");
    std::erase_if(names, [&](const std::string& name) { return is_known(name); });
    return names;
  }
  size_is_taken_ = size_is_taken_ || asked_ == of_.page_size;
  if (!names.empty()) of_.after = names.back();
  look_ahead(page, names);
  return names;
}

std::vector<std::string> NameList::read(const portolan::response& page) const {
  const auto problem = [&](const std::string& what) {
    portolan::failure out(PORTOLAN_PROTOCOL, page.method + " " + page.url + what + of_.key,
                          "see what answers at this address");
    out.url = page.url;
    return out;
  };
  const auto document = page.json();
  const auto list = document[of_.key];
  if (!list.is_array() && !list.is_null()) throw problem(" has no list of ");
  std::vector<std::string> names;
  names.reserve(list.size());
  list.each([&](const portolan::json& name) {
    auto text = name.string();
    if (!text) throw problem(" has something that is no name in its list of ");
    names.push_back(*std::move(text));
  });
  return names;
}

/// From a small first page to the full size. A link in another form keeps the size that it names.
void NameList::grow() {
  if (asked_ == of_.page_size || !pages_->next()) return;
  std::string url = *pages_->next();
  const std::string small = "n=" + std::to_string(std::exchange(asked_, of_.page_size));
  for (const std::string& end : {small, small + "&"}) {
    const std::size_t at = url.find(end);
    const bool whole = at != std::string::npos && (url[at - 1] == '?' || url[at - 1] == '&') &&
                       (end.back() == '&' || at + end.size() == url.size());
    if (!whole) continue;
    url.replace(at, small.size(), "n=" + std::to_string(of_.page_size));
    pages_.emplace(url);
    return;
  }
}

bool NameList::repeats(const std::vector<std::string>& names) const {
  if (names.empty()) return false;
  if (!guessing_) return is_known(names.front()) && is_known(names.back());
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return is_known(name); });
}

bool NameList::is_known(const std::string& name) const {
  return previous_.contains(std::hash<std::string>{}(name));
}

void NameList::look_ahead(const portolan::response& page, const std::vector<std::string>& names) {
  guessing_ = false;
  try {
    pages_->follow(page);
  } catch (const portolan::failure& broken) {
    return end(broken.message);
  }
  empty_pages_ = names.empty() ? empty_pages_ + 1 : 0;
  if (pages_->next() && empty_pages_ > empty_pages_max)
    return end("the registry sends one empty page after another");
  // Distribution 2 leaves the Link out when just as many were left, Nexus and crane whenever: ask.
  if (!pages_->next() && sized_ && names.size() == std::size_t(asked_)) {
    guessing_ = true;
    pages_.emplace(of_.url + "?n=" + std::to_string(of_.page_size) +
                   "&last=" + portolan::percent_encode(names.back()));
  }
  grow();
  if (!pages_->next() || names.empty()) return;
  previous_.clear();
  for (const auto& name : names) previous_.insert(std::hash<std::string>{}(name));
}

}  // namespace docker_registry
