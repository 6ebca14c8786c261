#pragma once
/// The cached catalogue of one registry: its spaces, repositories and tags, read into the store.
#include <functional>
#include <string>
#include <vector>

#include "engine/fleet.h"
#include "router/router.h"

namespace portolan::engine {

class JobRunner;

struct SweepBounds {
  router::CallSettings settings;
  std::function<void(const std::string& progress_json)> progress{};  ///< May be empty.
};

/// Spaces, then every repository page by page, then tags of up to 200 repositories that moved since
/// theirs were read (or, where the registry does not say when, whose are an hour old); a later
/// sweep goes on with the next ones. Interrupted, it goes on where it was. What is not there any
/// more goes only when the registry accepted the credential after the listing: with a refused one
/// some answer less, and 200. Where what robots may pull has changed with it, a job of `jobs` makes
/// them right. {"spaces","repositories","tags_of","gone":[names],"complete"}.
base::Result<std::string> sweep(const Daemon& daemon, const JobRunner& jobs,
                                const Fleet::Live& live, const SweepBounds& bounds);

/// Spaces alone, as sweep() takes them: after it those that were deleted upstream are gone, where
/// the registry has spaces of its own and accepted the credential.
base::Result<void> sweep_spaces(const Daemon& daemon, const JobRunner& jobs,
                                const Fleet::Live& live, const SweepBounds& bounds);

/// All tags of one repository. not_found: neither the registry nor the store knows it.
base::Result<std::string> read_tags(const Daemon& daemon, const Fleet::Live& live,
                                    const std::string& repository, const SweepBounds& bounds);

/// Who keeps others out of a space: the registry where it can issue credentials and does not show
/// the space to everybody; else only the catalogue.
model::Enforcement enforcement_of(const model::RegistryRecord& record, model::Visibility upstream);

/// Spaces of one registry while they are compared with what upstream says. Used in one transaction;
/// the arguments outlive it.
class SpaceBook {
 public:
  /// `started_ms`: of the sweep; rows seen before it and not in it are missing.
  SpaceBook(store::Writer& writer, const model::RegistryRecord& record, std::int64_t started_ms,
            std::int64_t now_ms);

  /// A space that upstream has. Same upstream id (or name, where it gives no ids): the row is seen,
  /// and one that was gone is back. Same name, another id: a new space; the old one is gone, its
  /// bindings with it. New ones get the registry's default visibility. Becoming public upstream
  /// later only asks (confirm_public). Each of these is an event.
  base::Result<model::SpaceRecord> take(const model::Space& upstream);
  /// The row of a space that is there.
  const model::SpaceRecord* find(const std::string& name) const;
  /// Names that somebody declared, for model::space_of_repository().
  std::vector<std::string> declared() const;
  /// Those that were not seen since `started_ms` are gone, declared ones without upstream id
  /// excepted; their names.
  base::Result<std::vector<std::string>> close();
  /// Whether something was taken or closed that changes which spaces robots are needed for.
  bool changes_robots() const { return changes_robots_; }

 private:
  model::SpaceRecord* match(const model::Space& upstream);
  base::Result<model::SpaceRecord> add(const model::Space& upstream);
  base::Result<model::SpaceRecord> see(model::SpaceRecord& row, const model::Space& upstream);
  base::Result<void> lose(model::SpaceRecord& row, bool replaced);
  void tell(const std::string& kind, const model::SpaceRecord& space, bool replaced = false);

  store::Writer& writer_;
  const model::RegistryRecord& record_;
  const std::int64_t started_ms_, now_ms_;
  const bool is_first_;  // No sweep has ended yet: nothing is news.
  std::vector<model::SpaceRecord> rows_;
  bool changes_robots_ = false;
};

/// The mark of sweeps that ended, for SpaceBook.
inline constexpr const char* swept_mark = "swept";

}  // namespace portolan::engine
