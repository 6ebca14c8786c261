#pragma once
/// A list of names that comes in pages: the catalog, or the tags of a repository.
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include <portolan/pager.hpp>

namespace docker_registry {

/// Reads pages with the care that registries in the field ask for: a page number that is refused, a
/// Link that is missing after a full page, pages that repeat. No I/O.
class NameList {
 public:
  struct Source {
    std::string url;  ///< Without query.
    std::string key;  ///< "repositories" or "tags".
    std::string scope;
    int page_size = 0;        ///< 0: the registry's own.
    std::string after;        ///< Go on behind this name; empty: from the start.
    int first_page_size = 0;  ///< Smaller than page_size: what is on it can be worked on early.
  };
  explicit NameList(Source of);

  /// The next page to get; nothing after the last, or after a problem.
  std::optional<portolan::request> next() const;

  /// The names of a page, or none when it was not one (a page number that was refused: next() asks
  /// without). Throws failure for an answer that is no page; the list ends there.
  std::vector<std::string> take(const portolan::response& page);

  /// Why the list is not whole though next() has nothing more; empty: it is whole.
  const std::string& problem() const { return problem_; }

 private:
  std::vector<std::string> read(const portolan::response& page) const;
  void restart(bool with_page_size);
  void grow();
  void end(std::string why);
  void look_ahead(const portolan::response& page, const std::vector<std::string>& names);
  bool repeats(const std::vector<std::string>& names) const;
  bool is_known(const std::string& name) const;

  Source of_;
  std::optional<portolan::pager> pages_;
  bool size_is_taken_ = false;  // A page of page_size came, so that a 400 is not about its size.
  bool sized_ = true;           // The page size is in the URL.
  int asked_ = 0;               // The size that was asked for last.
  bool guessing_ = false;       // The last page was full and had no Link: is there another?
  int empty_pages_ = 0;
  std::unordered_set<std::size_t> previous_;  // Hashes of the last page's names.
  std::string problem_;
};

}  // namespace docker_registry
