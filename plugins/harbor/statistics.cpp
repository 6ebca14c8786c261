#include <unordered_map>
#include <unordered_set>

#include "harbor.h"
#include "tally.h"

namespace harbor {
namespace {

/// A password costs Harbor 95 ms of processor a request, and a summary is one request a project: at
/// level normal a user is given so many.
constexpr std::ptrdiff_t summaries_for_a_password = 10;

const char* const no_quota = "Harbor keeps no quota of this project";

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Reach reach_of(const Listed& listed) {
  Reach reach{listed.whole()};
  if (listed.failed) {
    reach.refused = listed.rows == 0 && refused(listed.failed->code);
    reach.lack = listed.failed->message;
  } else if (listed.short_of_total) {
    reach.lack = "Harbor told of more rows than it gave, or they moved while they were read";
  }
  return reach;
}

class Collection {
 public:
  Collection(Client& client, const Facts& facts, portolan::level level,
             const std::vector<std::string>& only)
      : client_(client),
        who_(facts.privilege),
        has_memory_(tells_changes(facts.version)),
        level_(level),
        only_(only.begin(), only.end()),
        tally_(level, facts.privilege, only.empty()) {}

  Tally& run();

 private:
  void read_totals();
  void read_lists();
  void take_images(Reader& reader, const Repository& repository);
  void read_images(Reader& reader, const Repository& repository);
  void keep_other_notes();
  void read_quotas();
  void read_summaries();
  void read_summary(Reader& reader, const std::string& name, Space& space);

  void take(const Statistics& statistics);
  void take(const Project& project);
  void take(Reader& reader, const Repository& repository);

  bool wants(const std::string& project) const {
    return only_.empty() || only_.count(project) != 0;
  }
  bool admin() const { return who_ == Privilege::administrator; }

  Client& client_;
  const Privilege who_;
  const bool has_memory_;
  const portolan::level level_;
  const std::unordered_set<std::string> only_;
  Tally tally_;
  std::unordered_set<std::string> met_;  ///< Repositories with a note, as far as the list was read.
};

void Collection::take(const Statistics& s) {
  if (admin()) {
    tally_.storage = {s.storage_bytes >= 0, false, "this Harbor does not tell its storage"};
    tally_.storage_bytes = s.storage_bytes;
  }
  if (!only_.empty()) return;
  Totals& told = tally_.told.emplace();
  told.spaces_public = s.public_projects;
  told.spaces_private = s.private_projects;
  told.repositories_public = s.public_repositories;
  told.repositories_private = s.private_repositories;
  told.repositories = add_up(s.public_repositories, s.private_repositories);
}

/// Users are told the sum of what they see; robots are told what is public only (registries.md
/// §1.3), and the lengths of two lists tell the rest.
void Collection::read_totals() {
  Reader reader(client_);
  std::int64_t projects = -1, repositories = -1;
  reader.get("/statistics",
             [&](portolan::response&& answer) { take(to_statistics(answer.json())); });
  if (who_ == Privilege::robot) {
    reader.get("/projects?page=1&page_size=1",
               [&](portolan::response&& answer) { projects = total_of(answer.require()); });
    reader.get("/repositories?page=1&page_size=1",
               [&](portolan::response&& answer) { repositories = total_of(answer.require()); });
  }
  tally_.keep(reader.run());
  if (who_ != Privilege::robot || !tally_.told) return;
  if (projects < 0 || repositories < 0) return tally_.told.reset();
  Totals& told = *tally_.told;
  told.spaces_private = std::max<std::int64_t>(projects - told.spaces_public, 0);
  told.repositories_private = std::max<std::int64_t>(repositories - told.repositories_public, 0);
  told.repositories = std::max(repositories, told.repositories_public);
}

void Collection::take(const Project& project) {
  if (!wants(project.name)) return;
  Space& space = tally_.spaces[project.name];
  space.is_public = project.is_public;
  space.member = project.member;
  space.listed = project.repositories;
}

void Collection::take(Reader& reader, const Repository& repository) {
  const std::string project = repository.project();
  if (!wants(project)) return;
  Space& space = tally_.spaces[project];
  ++space.seen;
  space.artifacts = add_up(space.artifacts, repository.artifacts);
  if (level_ == portolan::level::deep && repository.artifacts > 0) take_images(reader, repository);
}

void Collection::read_lists() {
  Reader reader(client_);
  if (admin())
    reader.get("/statistics", [this](portolan::response&& answer) {
      try {
        take(to_statistics(answer.json()));
      } catch (const portolan::failure& problem) {
        tally_.storage.lack = problem.message;
      }
    });
  reader.list(
      "/projects?sort=project_id", [this](const portolan::json& row) { take(to_project(row)); },
      [this](const Listed& listed) {
        if (listed.failed && listed.rows == 0) throw portolan::failure(*listed.failed);
        tally_.projects = reach_of(listed);
      });
  reader.list(
      "/repositories?sort=name",
      [this, &reader](const portolan::json& row) { take(reader, to_repository(row)); },
      [this](const Listed& listed) { tally_.repositories = reach_of(listed); });
  tally_.keep(reader.run());
}

/// Sizes of one repository's artifacts. An index's size has that of its images in it: those that
/// are listed as well, since they have tags of their own, are not added again.
struct Sizes {
  std::unordered_map<std::string, std::int64_t> listed;
  std::unordered_set<std::string> inside;

  std::int64_t add(const Artifact& artifact) {
    const std::int64_t bytes = std::max<std::int64_t>(artifact.bytes, 0);
    std::int64_t more = inside.count(artifact.digest) != 0 ? 0 : bytes;
    listed.emplace(artifact.digest, bytes);
    for (const auto& child : artifact.children)
      if (inside.insert(child).second)
        if (const auto own = listed.find(child); own != listed.end())
          more = add_up(more, -own->second);
    return more;
  }
};

/// Most repositories are as they were at the collection before: only of the others is a list of
/// artifacts read.
void Collection::take_images(Reader& reader, const Repository& repository) {
  const auto note = has_memory_ ? client_.call().recall(repository.name) : std::nullopt;
  if (note) met_.insert(repository.name);
  const auto known = note ? from_note(*note, repository, now_ms()) : std::nullopt;
  if (!known) return read_images(reader, repository);
  Space& space = tally_.spaces[repository.project()];
  ++space.images.read;
  space.contents.add(*known);
  client_.call().remember(repository.name, *note);
}

void Collection::read_images(Reader& reader, const Repository& repository) {
  struct Sum {
    Sizes sizes;
    Contents contents;
  };
  Space& space = tally_.spaces[repository.project()];  // Stays where it is: a std::map.
  ++space.images.open;
  const auto sum = std::make_shared<Sum>();
  reader.list(
      repository_path(repository.name) + "/artifacts?with_tag=true&sort=id",
      [&space, sum](const portolan::json& row) {
        const Artifact artifact = to_artifact(row);
        const Contents more{static_cast<std::int64_t>(artifact.tags.size()),
                            sum->sizes.add(artifact)};
        sum->contents.add(more);
        space.contents.add(more);
      },
      [this, &images = space.images, sum, repository, began = now_ms()](const Listed& listed) {
        --images.open;
        if (!listed.failed || listed.failed->code == PORTOLAN_NOT_FOUND) {
          ++images.read;  // Gone meanwhile: nothing is left to read.
          // Other numbers than the list of repositories told: it is just changing.
          if (has_memory_ && listed.whole() && listed.rows == repository.artifacts)
            client_.call().remember(repository.name, to_note(repository, sum->contents, began));
        } else if (listed.rows == 0 && refused(listed.failed->code)) {
          ++images.refused;
        } else {
          ++images.lost;
          images.why = listed.failed->message;
        }
      });
}

/// Of repositories that a list which was cut short did not come to.
void Collection::keep_other_notes() {
  if (level_ != portolan::level::deep || tally_.repositories.whole) return;
  for (const portolan_kv& note : client_.call().recalled())
    if (met_.count(std::string(portolan::view(note.key))) == 0)
      client_.call().remember(portolan::view(note.key), portolan::view(note.value));
}

void Collection::read_quotas() {
  Reader reader(client_);
  Reach rest;
  reader.list(
      "/quotas?reference=project&sort=id",
      [this](const portolan::json& row) {
        const auto space = tally_.spaces.find(row["ref"]["name"].string_or(""));
        const std::int64_t used = row["used"]["storage"].integer_or(-1);
        if (space == tally_.spaces.end() || used < 0) return;
        space->second.storage = {true};
        space->second.storage_bytes = used;
      },
      [&](const Listed& listed) {
        rest = reach_of(listed);
        if (rest.whole) rest = {false, false, no_quota};
      });
  tally_.keep(reader.run());
  for (auto& [name, space] : tally_.spaces)
    if (!space.storage.whole && (space.storage.refused || space.storage.lack.empty()))
      space.storage = rest;
}

void Collection::read_summary(Reader& reader, const std::string& name, Space& space) {
  reader.get("/projects/" + portolan::percent_encode(name) + "/summary",
             [&space](portolan::response&& answer) {
               try {
                 const std::int64_t used = answer.json()["quota"]["used"]["storage"].integer_or(-1);
                 // Members of any role may read it; for others it is left out without a word.
                 space.storage = {used >= 0, used < 0 && !space.member, no_quota};
                 space.storage_bytes = used;
               } catch (const portolan::failure& problem) {
                 space.storage = {false, refused(problem.code), problem.message};
               }
             });
}

/// One request a project: cheap for a robot, and the only way for those who may not list quotas.
void Collection::read_summaries() {
  const auto members = std::count_if(tally_.spaces.begin(), tally_.spaces.end(),
                                     [](const auto& entry) { return entry.second.member; });
  const bool too_many = level_ != portolan::level::deep && members > summaries_for_a_password;
  Reader reader(client_);
  for (auto& [name, space] : tally_.spaces) {
    if (who_ == Privilege::robot || (space.member && !too_many))
      read_summary(reader, name, space);
    else if (space.member)
      space.storage.lack = "one request for each of " + std::to_string(members) +
                           " projects, and passwords are slow: ask with --level deep";
    else
      space.storage.refused = true;
  }
  tally_.keep(reader.run());
}

Tally& Collection::run() {
  if (level_ == portolan::level::quick && only_.empty()) {
    read_totals();
    return tally_;
  }
  read_lists();
  keep_other_notes();
  if (level_ == portolan::level::quick || tally_.end != portolan::ended::all) return tally_;
  // By password pages of quotas are cheaper than summaries, for a robot the reverse (§1.8.14).
  if (admin()) {
    read_quotas();
    return tally_;
  }
  read_summaries();
  const bool some_refused =
      std::any_of(tally_.spaces.begin(), tally_.spaces.end(),
                  [](const auto& entry) { return entry.second.storage.refused; });
  if (who_ == Privilege::robot && some_refused && tally_.end == portolan::ended::all) read_quotas();
  return tally_;
}

}  // namespace

void Harbor::collect(portolan::call& call, portolan::level level,
                     portolan::out<portolan::measure>& out) {
  Client client(call, base_);
  Collection(client, facts_, level, projects_).run().tell(out);
}

}  // namespace harbor
