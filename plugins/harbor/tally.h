#pragma once
/// What one collection of numbers has added up, and the measures that it makes. No request is made
/// here; memory grows with the projects, not with repositories or artifacts.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <portolan/plugin.hpp>
#include <string>

#include "mapping.h"

namespace harbor {

/// How far one source of numbers was read.
struct Reach {
  bool whole = false;    ///< All of it.
  bool refused = false;  ///< The account may not read it.
  std::string lack{};    ///< Why it is not whole; empty: budget, deadline or cancel ended it.
};

/// Repositories by what became of the lists of their artifacts (level deep).
struct Images {
  std::int64_t open = 0, read = 0, refused = 0, lost = 0;
  std::string why{};  ///< One was lost.
};

/// What was added up for one project.
struct Space {
  std::optional<bool> is_public{};  ///< Nothing: known by its repositories only.
  bool member = false;
  std::int64_t listed = 0;  ///< Repositories, as the project list counts them.
  std::int64_t seen = 0;    ///< Repositories, as the repository list shows them.
  std::int64_t artifacts = 0;
  Contents contents{};
  Images images{};
  Reach storage{};
  std::int64_t storage_bytes = 0;  ///< Quota in use: each blob once inside the project.

  std::int64_t repositories() const { return std::max(listed, seen); }
};

/// Of all projects that the account sees.
struct Totals {
  std::int64_t spaces_public = 0, spaces_private = 0, spaces_unlisted = 0;
  std::int64_t repositories = 0, repositories_public = 0, repositories_private = 0;
};

class Tally {
 public:
  /// `every_project`: not only those that an option names.
  Tally(portolan::level level, Privilege who, bool every_project)
      : level_(level), who_(who), every_project_(every_project) {}

  std::map<std::string, Space> spaces;
  Reach projects, repositories, storage;
  std::optional<Totals> told;      ///< What Harbor itself adds up.
  std::int64_t storage_bytes = 0;  ///< Of the registry, each blob once.
  portolan::ended end = portolan::ended::all;

  void keep(portolan::ended how) {
    if (end == portolan::ended::all) end = how;
  }
  /// The registry's measures, then those of each space.
  void tell(portolan::out<portolan::measure>& out) const;

 private:
  using measure = portolan::measure;

  bool admin() const { return who_ == Privilege::administrator; }
  bool quick() const { return level_ == portolan::level::quick; }
  bool deep() const { return level_ == portolan::level::deep; }

  /// A number with the state that its reach gives it; `right` is what would open it when refused.
  measure number(const char* name, std::int64_t value, const Reach& reach,
                 const char* right = "") const;
  /// The same of what the account sees, unless that is everything.
  measure seen(const char* name, std::int64_t value, const Reach& reach,
               const char* right = "") const {
    return of_account(number(name, value, reach, right));
  }
  measure of_account(measure&& m) const {
    return admin() && every_project_ ? std::move(m) : std::move(m).of_account();
  }

  Totals added_up() const;
  /// Artifacts are counted where repositories are seen; some may be hidden from the account.
  Reach artifacts_of(const Space& space) const;
  Reach images_of(const Images& images, const Reach& artifacts) const;
  void tell_places(portolan::out<measure>& out) const;
  void tell_content(portolan::out<measure>& out) const;
  void tell_space(const std::string& name, const Space& space, portolan::out<measure>& out) const;

  portolan::level level_;
  Privilege who_;
  bool every_project_;
};

}  // namespace harbor
