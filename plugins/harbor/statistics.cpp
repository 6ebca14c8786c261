#include <map>

#include "harbor.h"

namespace harbor {
namespace {

using portolan::ended;
using portolan::measure;
using Measures = portolan::out<measure>;

const std::string deep_hint = "Harbor counts no tags: ask with --level deep";
const std::string not_admin = "only an administrator is told this";

/// What was added up for one project.
struct Space {
  bool is_public = false, member = false, listed = false;
  std::int64_t repositories = -1;  ///< As the project list counts them.
  std::int64_t seen_repositories = 0, artifacts = 0, tags = 0, logical_bytes = 0;
  std::int64_t storage_bytes = -1;  ///< Quota in use: deduplicated inside the project.
  bool storage_refused = false;
};

/// The sums of one collection; memory grows with the projects, not with repositories or artifacts.
struct Sums {
  std::map<std::string, Space> spaces;
  std::int64_t missed = 0;  ///< Repositories whose artifacts could not be read.
  bool quotas_refused = false;
  bool catalog_refused = false;
  ended end = ended::all;

  void keep(ended how) {
    if (end == ended::all) end = how;
  }
  std::string end_hint() const {
    return end == ended::budget ? "the request budget ended it; raise --max-requests"
                                : "the deadline or a cancel ended it; raise --timeout";
  }
};

bool refused(const portolan::response& answer) {
  return answer.code == PORTOLAN_FORBIDDEN || answer.code == PORTOLAN_UNAUTHORIZED;
}

class Collection {
 public:
  Collection(Client& client, Privilege who, std::function<bool(const std::string&)> wants)
      : client_(client), who_(who), wants_(std::move(wants)) {}

  void run(portolan::level level, bool all_projects, Measures& out);

 private:
  void read_statistics();
  void read_lists(bool deep);
  void read_quotas();
  void read_summaries();
  void read_artifacts(portolan::fan& fan, const Repository& repository);

  void tell_totals(portolan::level level, bool all_projects, Measures& out) const;
  void tell_quick(Measures& out) const;
  void tell_space(const std::string& name, const Space& space, portolan::level level,
                  Measures& out) const;

  measure count(std::string name, std::int64_t value) const;
  bool admin() const { return who_ == Privilege::administrator; }

  Client& client_;
  Privilege who_;
  std::function<bool(const std::string&)> wants_;
  std::optional<Statistics> statistics_;
  Sums sums_;
};

/// A number that everything asked for stands behind, or the part of it that was reached.
measure Collection::count(std::string name, std::int64_t value) const {
  measure out{std::move(name)};
  if (!admin()) out = std::move(out).of_account();
  if (sums_.end != ended::all) return std::move(out).partial(value, sums_.end_hint()).cut();
  if (sums_.missed > 0)
    return std::move(out).partial(value,
                                  std::to_string(sums_.missed) + " listings could not be read");
  return std::move(out).known(value);
}

void Collection::read_statistics() {
  try {
    const portolan::response answer = client_.get("/statistics");
    if (answer.ok())
      statistics_ = to_statistics(answer.json());
    else if (!refused(answer))
      throw answer.as_failure();
  } catch (const portolan::failure& problem) {
    if (!problem.ended_by_host()) throw;
    sums_.keep((problem.flags & PORTOLAN_ERROR_BUDGET) != 0 ? ended::budget : ended::stopped);
  }
}

void Collection::read_lists(bool deep) {
  portolan::fan fan(client_.call());
  const auto fail = [](const portolan::response& answer) { throw answer.as_failure(); };
  client_.add_pages(
      fan, "/projects?sort=project_id",
      [this](const portolan::json& row) {
        const Project project = to_project(row);
        if (!wants_(project.name)) return;
        Space& space = sums_.spaces[project.name];
        space.listed = true;
        space.is_public = project.is_public;
        space.member = project.member;
        space.repositories = project.repositories;
      },
      fail);
  client_.add_pages(
      fan, "/repositories?sort=name",
      [this, &fan, deep](const portolan::json& row) {
        const Repository repository = to_repository(row);
        if (!wants_(repository.project())) return;
        Space& space = sums_.spaces[repository.project()];
        ++space.seen_repositories;
        if (deep) return read_artifacts(fan, repository);
        space.artifacts += std::max<std::int64_t>(repository.artifacts, 0);
      },
      [this](const portolan::response& answer) {
        if (!refused(answer)) throw answer.as_failure();
        sums_.catalog_refused = true;
      });
  sums_.keep(fan.run());
}

void Collection::read_artifacts(portolan::fan& fan, const Repository& repository) {
  const std::string project = repository.project();
  client_.add_pages(
      fan, repository_path(repository.name) + "/artifacts?with_tag=true&sort=id",
      [this, project](const portolan::json& row) {
        const Artifact artifact = to_artifact(row);
        Space& space = sums_.spaces[project];
        ++space.artifacts;
        space.tags += static_cast<std::int64_t>(artifact.tags.size());
        space.logical_bytes += std::max<std::int64_t>(artifact.bytes, 0);
      },
      [this](const portolan::response&) { ++sums_.missed; });
}

void Collection::read_quotas() {
  portolan::fan fan(client_.call());
  client_.add_pages(
      fan, "/quotas?reference=project&sort=id",
      [this](const portolan::json& row) {
        const std::string name = row["ref"]["name"].string_or("");
        if (wants_(name)) sums_.spaces[name].storage_bytes = row["used"]["storage"].integer_or(-1);
      },
      [this](const portolan::response& answer) {
        if (!refused(answer)) throw answer.as_failure();
        sums_.quotas_refused = true;
      });
  sums_.keep(fan.run());
}

/// One request a project: cheap for a robot, and the only way for those who may not list quotas.
void Collection::read_summaries() {
  portolan::fan fan(client_.call());
  for (auto& [name, space] : sums_.spaces) {
    if (who_ == Privilege::user && !space.member) {
      space.storage_refused = true;
      continue;
    }
    fan.add(client_.request("/projects/" + name + "/summary"),
            [this, &space = space](portolan::response&& answer) {
              if (refused(answer)) {
                space.storage_refused = true;
              } else if (answer.ok()) {
                space.storage_bytes = answer.json()["quota"]["used"]["storage"].integer_or(-1);
              } else {
                ++sums_.missed;
              }
            });
  }
  sums_.keep(fan.run());
}

void Collection::tell_quick(Measures& out) const {
  const Statistics& s = *statistics_;
  const auto tell = [&](const char* name, std::int64_t value) { out.push(count(name, value)); };
  tell("spaces", s.public_projects + s.private_projects);
  tell("spaces_public", s.public_projects);
  tell("spaces_private", s.private_projects);
  tell("repositories", s.public_repositories + s.private_repositories);
  tell("repositories_public", s.public_repositories);
  tell("repositories_private", s.private_repositories);
}

void Collection::tell_space(const std::string& name, const Space& space, portolan::level level,
                            Measures& out) const {
  const auto visibility = !space.listed     ? PORTOLAN_VISIBILITY_UNKNOWN
                          : space.is_public ? PORTOLAN_VISIBILITY_PUBLIC
                                            : PORTOLAN_VISIBILITY_PRIVATE;
  const auto tell = [&](measure&& m) { out.push(std::move(m).in(name, visibility)); };
  tell(count("repositories", std::max(space.repositories, space.seen_repositories)));
  if (sums_.catalog_refused) {
    tell(measure{"artifacts"}.forbidden("needs repository:list in the project"));
  } else {
    tell(count("artifacts", space.artifacts));
  }
  tell(level == portolan::level::deep ? count("tags", space.tags)
                                      : measure{"tags"}.unknown(deep_hint));
  if (space.storage_bytes >= 0) {
    tell(count("storage_bytes", space.storage_bytes).bytes(PORTOLAN_KIND_DEDUPLICATED));
  } else if (space.storage_refused || sums_.quotas_refused) {
    tell(measure{"storage_bytes"}
             .forbidden("needs quota:read in the project, or quota:list")
             .bytes(PORTOLAN_KIND_DEDUPLICATED));
  } else if (sums_.end != ended::all) {
    tell(
        measure{"storage_bytes"}.unknown(sums_.end_hint()).bytes(PORTOLAN_KIND_DEDUPLICATED).cut());
  } else {
    tell(measure{"storage_bytes"}
             .unknown("Harbor keeps no quota of this project")
             .bytes(PORTOLAN_KIND_DEDUPLICATED));
  }
  if (level == portolan::level::deep)
    tell(count("storage_bytes", space.logical_bytes).bytes(PORTOLAN_KIND_LOGICAL));
}

void Collection::tell_totals(portolan::level level, bool all_projects, Measures& out) const {
  std::int64_t open = 0, closed = 0, open_repositories = 0, closed_repositories = 0, artifacts = 0,
               tags = 0, logical = 0;
  for (const auto& [name, space] : sums_.spaces) {
    (space.is_public ? open : closed) += 1;
    const std::int64_t repositories =
        std::max({space.repositories, space.seen_repositories, std::int64_t{0}});
    (space.is_public ? open_repositories : closed_repositories) += repositories;
    artifacts += space.artifacts;
    tags += space.tags;
    logical += space.logical_bytes;
  }
  const auto tell = [&](measure&& m) {
    out.push(all_projects ? std::move(m) : std::move(m).of_account());
  };
  tell(count("spaces", open + closed));
  tell(count("spaces_public", open));
  tell(count("spaces_private", closed));
  tell(count("repositories", open_repositories + closed_repositories));
  tell(count("repositories_public", open_repositories));
  tell(count("repositories_private", closed_repositories));
  tell(sums_.catalog_refused ? measure{"artifacts"}.forbidden("needs repository:list")
                             : count("artifacts", artifacts));
  tell(level == portolan::level::deep ? count("tags", tags) : measure{"tags"}.unknown(deep_hint));
  if (level == portolan::level::deep)
    tell(count("storage_bytes", logical).bytes(PORTOLAN_KIND_LOGICAL));
}

void Collection::run(portolan::level level, bool all_projects, Measures& out) {
  // Only an administrator is told totals; a robot sees public numbers there and nothing else
  // (registries.md §1.3).
  const bool totals_help =
      all_projects && (admin() || (who_ == Privilege::user && level == portolan::level::quick));
  if (totals_help) read_statistics();
  if (level == portolan::level::quick && statistics_) {
    tell_quick(out);
    out.push(measure{"artifacts"}.unknown("ask with --level normal"));
    out.push(measure{"tags"}.unknown(deep_hint));
  } else {
    read_lists(level == portolan::level::deep);
    if (level != portolan::level::quick && sums_.end == ended::all) {
      // A password costs Harbor 95 ms a request, a quota row 17 ms: pages for users, summaries for
      // robots (§1.8.14).
      if (admin())
        read_quotas();
      else
        read_summaries();
    }
    tell_totals(level, all_projects, out);
    for (const auto& [name, space] : sums_.spaces) tell_space(name, space, level, out);
  }
  const auto storage = [] { return measure{"storage_bytes"}; };
  if (admin() && statistics_ && statistics_->storage_bytes >= 0)
    out.push(storage().known(statistics_->storage_bytes).bytes(PORTOLAN_KIND_DEDUPLICATED));
  else if (admin() && sums_.end != ended::all)
    out.push(storage().unknown(sums_.end_hint()).bytes(PORTOLAN_KIND_DEDUPLICATED).cut());
  else if (admin())
    out.push(storage()
                 .unsupported("this Harbor does not tell its storage")
                 .bytes(PORTOLAN_KIND_DEDUPLICATED));
  else
    out.push(storage().forbidden(not_admin).bytes(PORTOLAN_KIND_DEDUPLICATED));
}

}  // namespace

void Harbor::collect(portolan::call& call, portolan::level level, Measures& out) {
  Client client(call, base_);
  Collection(client, facts_.privilege, [this](const std::string& name) {
    return wants(name);
  }).run(level, projects_.empty(), out);
}

}  // namespace harbor
