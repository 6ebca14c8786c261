#pragma once
/// Pages that are linked by `Link: <…>; rel="next"` (RFC 8288, OCI distribution spec), followed
/// with the care that registries in the field ask for.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "call.hpp"

namespace portolan::inline v1 {

/// Whether the parameters of a link (`; rel="prev next"; title=…`) name the relation "next".
inline bool leads_on(std::string_view parameters) {
  std::string text;
  for (const char c : parameters) text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const std::size_t rel = text.find("rel=");
  if (rel == std::string::npos) return false;
  const bool quoted = text.compare(rel + 4, 1, "\"") == 0;
  const std::size_t begin = rel + 4 + (quoted ? 1 : 0);
  const std::size_t end = text.find_first_of(quoted ? "\"" : " ;,", begin);
  const auto relations = " " + text.substr(begin, end == text.npos ? end : end - begin) + " ";
  return relations.find(" next ") != std::string::npos;
}

/// The target of the first link with rel="next", as sent; empty when there is none. Commas inside
/// <…> do not end a link: Harbor and zot send queries unescaped.
inline std::string next_link(const response& page) {
  for (const auto& [name, value] : page.headers) {
    if (name != "link") continue;
    for (std::size_t open = value.find('<'); open != std::string::npos;
         open = value.find('<', open)) {
      const std::size_t close = value.find('>', open);
      if (close == std::string::npos) break;
      const std::size_t following = value.find('<', close);
      const std::size_t length = following == value.npos ? value.npos : following - close - 1;
      if (leads_on(std::string_view(value).substr(close + 1, length)))
        return value.substr(open + 1, close - open - 1);
      open = close;
    }
  }
  return {};
}

/// Walks linked pages: `while (auto url = pages.next()) pages.follow(call.get(*url))`. Only the
/// query of a link is taken: a path prefix that a front end lost (Artifactory, reverse proxies) is
/// kept, and a link to another host leads nowhere.
class pager {
 public:
  explicit pager(std::string first) : next_(std::move(first)) {
    path_ = next_->substr(0, next_->find('?'));
    seen(*next_);
  }

  /// The next page to get; nothing after the last.
  const std::optional<std::string>& next() const { return next_; }

  /// Reads the page's link. PORTOLAN_PROTOCOL: the pages go in circles or the link leads to another
  /// origin; PORTOLAN_LIMIT: more than a hundred thousand pages.
  void follow(const response& page) {
    next_.reset();
    const std::string link = next_link(page);
    if (link.empty()) return;
    refuse_other_origin(link, page);
    const std::size_t query = link.find('?');
    if (query == std::string::npos) throw problem(page, "links to a next page without a query");
    std::string url = path_ + clean(std::string_view(link).substr(query));
    if (!seen(url)) throw problem(page, "links back to a page that was read");
    if (pages_.size() > pages_max)
      throw failure(PORTOLAN_LIMIT, "GET " + page.url + " has more than 100,000 pages");
    next_ = std::move(url);
  }

 private:
  static constexpr std::size_t pages_max = 100'000;

  static failure problem(const response& page, const std::string& what) {
    failure out(PORTOLAN_PROTOCOL, "GET " + page.url + " " + what,
                "the listing ends here; a proxy in front of the registry may rewrite Link headers");
    out.url = page.url;
    return out;
  }
  bool seen(const std::string& url) { return pages_.insert(std::hash<std::string>{}(url)).second; }

  static void refuse_other_origin(std::string_view link, const response& page) {
    const auto authority = [](std::string_view url) {
      const std::size_t begin = url.find("//") + 2;
      return url.substr(begin, url.find_first_of("/?#", begin) - begin);
    };
    const std::size_t scheme = link.find("://");
    const bool absolute =
        link.starts_with("//") || (scheme != std::string_view::npos && scheme < link.find('?'));
    if (absolute && authority(link) != authority(page.url))
      throw problem(page, "links to a next page on another host");
  }

  /// Escapes what may not stand in a URL; what is escaped already stays.
  static std::string clean(std::string_view query) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : query.substr(0, query.find('#'))) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte <= 0x20 || byte >= 0x7F ||
          std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos) {
        ((out += '%') += hex[byte >> 4]) += hex[byte & 15];
      } else {
        out += c;
      }
    }
    return out;
  }

  std::optional<std::string> next_;
  std::string path_;
  std::unordered_set<std::size_t> pages_;
};

template <class Each>
ended call::each_page(std::string first, Each&& each) {
  pager pages(std::move(first));
  while (pages.next()) {
    try {
      const response page = get(*pages.next());
      pages.follow(page.require());
      each(page);
    } catch (const failure& problem) {
      if ((problem.flags & PORTOLAN_ERROR_BUDGET) != 0) return ended::budget;
      // A request's own timeout is a failure like any other.
      if (!problem.ended_by_host() || goes_on()) throw;
      return ended::stopped;
    }
  }
  return ended::all;
}

}  // namespace portolan::inline v1
